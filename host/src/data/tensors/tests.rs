//! Mutations seen red: f32 read as f64 or not held to be finite; shape and type, or metadata, left out of the digest.
use super::*;

const KIND: &str = "gibbs.test";

fn tensor<T: Copy>(shape: &[usize], values: &[T]) -> Tensor<T> {
    Tensor {
        shape: shape.to_vec(),
        values: values.to_vec(),
    }
}

fn mixed() -> TensorFile {
    let mut file = TensorFile::new(KIND, "1");
    let name = str::to_owned;
    file.tensors.insert(name("b"), tensor(&[2], &[1.0, -1e-300]));
    file.singles
        .insert(name("a"), tensor(&[1, 3], &[0.1, f32::MAX, f32::MIN_POSITIVE]));
    file.integers.insert(name("c"), tensor(&[], &[u64::MAX]));
    file.singles.insert(name("empty"), tensor(&[0, 4], &[]));
    file
}

fn read(bytes: &[u8]) -> Result<TensorFile, DataError> {
    TensorFile::from_bytes(Path::new("t.safetensors"), bytes, KIND, "1")
}

fn refused<T: std::fmt::Debug>(result: Result<T, DataError>, expected: &[&str]) {
    let message = result.unwrap_err().to_string();
    assert!(expected.iter().all(|part| message.contains(part)), "{message}");
}

#[test]
fn three_types_come_back_as_they_were() {
    let bytes = mixed().to_bytes().unwrap();
    assert_eq!(bytes, mixed().to_bytes().unwrap());
    let mut file = read(&bytes).unwrap();
    assert_eq!(file.names().count(), 4);
    assert_eq!(file.digest().unwrap(), mixed().digest().unwrap());
    assert_eq!(file.take::<f64>("b", &[2]).unwrap(), [1.0, -1e-300]);
    assert_eq!(
        file.take::<f32>("a", &[1, 3]).unwrap(),
        [0.1, f32::MAX, f32::MIN_POSITIVE]
    );
    assert_eq!(file.take::<u64>("c", &[]).unwrap(), [u64::MAX]);
    assert_eq!(file.take::<f32>("empty", &[0, 4]).unwrap(), [0.0; 0]);
    assert_eq!(file.names().count(), 0);
    refused(file.take::<u64>("c", &[]), &["t.safetensors", "`c`", "missing"]);
}

#[test]
fn types_and_shapes_are_held_to() {
    let mut file = read(&mixed().to_bytes().unwrap()).unwrap();
    refused(file.take::<f64>("a", &[1, 3]), &["`a`", "type F32, expected F64"]);
    refused(file.take::<u64>("b", &[2]), &["`b`", "type F64, expected U64"]);
    refused(file.take::<f32>("c", &[]), &["`c`", "type U64, expected F32"]);
    refused(file.take::<f32>("a", &[3]), &["`a`", "[1, 3]", "[3]"]);
    let mut broken = mixed();
    broken.singles.insert("a".to_owned(), tensor(&[2], &[1.0]));
    refused(broken.to_bytes(), &["`a`", "number of entries"]);
    let mut twice = mixed();
    twice.integers.insert("a".to_owned(), tensor(&[1], &[1]));
    refused(twice.to_bytes(), &["`a`", "taken"]);
    for value in [f32::NAN, f32::NEG_INFINITY] {
        let mut poisoned = mixed();
        poisoned
            .singles
            .insert("a".to_owned(), tensor(&[2], &[1.0, value]));
        refused(read(&poisoned.to_bytes().unwrap()), &["`a`", "entry 1", "finite"]);
    }
}

#[test] // content, name, shape, type and metadata each count
fn the_digest_sees_every_change() {
    let digest = |edit: &dyn Fn(&mut TensorFile)| {
        let mut file = mixed();
        edit(&mut file);
        file.digest().unwrap()
    };
    let digests = [
        digest(&|_| ()),
        digest(&|file| file.tensors.get_mut("b").unwrap().values[1] = 0.0),
        digest(&|file| file.singles.get_mut("a").unwrap().shape = vec![3, 1]),
        digest(&|file| drop(file.metadata.insert("seed".to_owned(), "1".to_owned()))),
        digest(&|file| drop(file.integers.insert("d".to_owned(), tensor(&[], &[u64::MAX])))),
        digest(&|file| {
            let old = file.integers.remove("c").unwrap();
            file.integers.insert("d".to_owned(), old);
        }),
        digest(&|file| {
            file.integers.remove("c");
            file.tensors
                .insert("c".to_owned(), tensor(&[], &[f64::from_bits(u64::MAX)]));
        }),
    ];
    for (index, digest) in digests.iter().enumerate() {
        assert!(!digests[..index].contains(digest), "{index}");
    }
}
