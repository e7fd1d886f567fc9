//! Meant to be seen: the seal not looked at; an entry of the identity not compared; a kept run overwritten unasked.
use super::*;

const SEED: u64 = 3;

fn identity() -> Identity {
    Identity::new("test.keep", SEED).with("rule", "a").data(5)
}

fn kept(folder: &Path) -> PathBuf {
    let keeper = Keeper::open(folder, &identity(), Wish::Unsaid).unwrap();
    assert!(keeper.is_empty());
    keeper.keep("t/0", &vec![1.5, f64::NAN]).unwrap();
    keeper.write().unwrap();
    assert!(!keeper.is_empty());
    keeper.path().to_owned()
}

#[test] // law
/// What was kept comes back bit for bit, NaN included.
fn parts_come_back() {
    let folder = tempfile::tempdir().unwrap();
    kept(folder.path());
    let keeper = Keeper::open(folder.path(), &identity(), Wish::Resume).unwrap();
    let part = keeper.part::<Vec<f64>>("t/0").unwrap().unwrap();
    assert_eq!(part[0], 1.5);
    assert!(part[1].is_nan());
    assert!(keeper.part::<Vec<f64>>("t/1").unwrap().is_none());
}

#[test] // E3: nothing is overwritten unless it is said
fn a_kept_run_is_not_overwritten_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let path = kept(folder.path());
    let before = std::fs::read(&path).unwrap();
    let refused = Keeper::open(folder.path(), &identity(), Wish::Unsaid).unwrap_err();
    assert_eq!(refused, KeepError::Lies { path: path.clone() });
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert!(
        Keeper::open(folder.path(), &identity(), Wish::Anew)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn another_run_is_refused_by_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    kept(folder.path());
    for (other, name) in [
        (Identity::new("test.keep", 4).with("rule", "a").data(5), "seed"),
        (Identity::new("test.keep", SEED).with("rule", "b").data(5), "rule"),
        (Identity::new("test.keep", SEED).with("rule", "a").data(6), "data"),
        (Identity::new("other.keep", SEED).with("rule", "a").data(5), "run"),
    ] {
        match Keeper::open(folder.path(), &other, Wish::Resume).unwrap_err() {
            KeepError::Other { what, .. } => assert_eq!(what, name),
            error => panic!("{error}"),
        }
    }
}

#[test] // R3: every byte counts
fn no_changed_byte_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    let path = kept(folder.path());
    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(
            Keeper::open(folder.path(), &identity(), Wish::Resume).is_err(),
            "byte {at}"
        );
    }
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    assert!(Keeper::open(folder.path(), &identity(), Wish::Resume).is_err());
}

#[test]
fn files_of_earlier_versions_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(identity().file());
    std::fs::write(&path, r#"{"schema": "gibbs.test.keep.checkpoint/1"}"#).unwrap();
    let refused = Keeper::open(folder.path(), &identity(), Wish::Resume).unwrap_err();
    assert!(refused.to_string().contains("an earlier version"), "{refused}");
    let old = TensorFile::new("gibbs.train.checkpoint", "1");
    old.save(&path).unwrap();
    let refused = Keeper::open(folder.path(), &identity(), Wish::Resume).unwrap_err();
    assert!(
        refused.to_string().contains("gibbs.train.checkpoint"),
        "{refused}"
    );
}

#[test] // R5: a folder or a FIFO is neither read nor replaced
fn only_regular_files_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(identity().file())).unwrap();
    for wish in [Wish::Unsaid, Wish::Resume, Wish::Anew] {
        let refused = Keeper::open(folder.path(), &identity(), wish).unwrap_err();
        assert!(refused.to_string().contains("regular"), "{refused}");
    }
}
