//! Checkpoints in Python's pickle format: refused, since reading one runs whatever program it contains.

use super::DataError;
use std::path::Path;

/// Whether this is a pickle: by its name, or by its first bytes (a zip archive, as `torch.save` writes it; the
/// opcode PROTO of a bare pickle), unless a safetensors header follows them.
pub(crate) fn is_pickle(path: &Path, bytes: &[u8]) -> bool {
    let begins = bytes.starts_with(b"PK\x03\x04") || matches!(bytes, [0x80, 2..=5, ..]);
    has_pickle_name(path) || (begins && bytes.get(8) != Some(&b'{'))
}

/// Whether the name ends as those of pickles do.
pub(crate) fn has_pickle_name(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    ["bin", "pt", "pth", "ckpt", "pkl"]
        .iter()
        .any(|name| extension.eq_ignore_ascii_case(name))
}

/// The error that says what to do instead.
pub(crate) fn refuse(path: &Path) -> DataError {
    DataError::Pickle {
        path: path.to_owned(),
        converted: path.with_extension("safetensors"),
    }
}

#[cfg(test)]
mod tests {
    //! Mutations seen red: the first bytes not looked at; the header of a safetensors file not looked at.
    use super::*;

    #[test]
    fn known_by_name_or_by_first_bytes() {
        for name in ["a.bin", "a.PT", "b.ckpt", "c.pth", "d.pkl"] {
            assert!(is_pickle(Path::new(name), b""), "{name}");
        }
        let is = |bytes: &[u8]| is_pickle(Path::new("a.safetensors"), bytes);
        assert!(is(b"PK\x03\x04 and so on"));
        assert!(is(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."));
        assert!(!is(b"\x80\x02\0\0\0\0\0\0{}"), "a header of 640 bytes");
        assert!(!is(b""));
    }

    #[test]
    fn the_refusal_holds_the_command() {
        let text = refuse(Path::new("unet/diffusion_pytorch_model.bin")).to_string();
        assert!(
            text.contains("torch.load('unet/diffusion_pytorch_model.bin'"),
            "{text}"
        );
        assert!(
            text.contains("'unet/diffusion_pytorch_model.safetensors')"),
            "{text}"
        );
    }
}
