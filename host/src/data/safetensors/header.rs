//! The header of a safetensors file, read strictly.
//!
//! ```text
//! u64 little-endian N | N bytes of JSON, first byte `{`, may end in spaces | data
//! JSON: name -> {dtype, shape, data_offsets: [begin, end)}, optional __metadata__: name -> text
//! ```
//!
//! From the `safetensors` crate come the grammar of one entry (a known type, whole non-negative numbers, no
//! field twice) and the sizes of the types. Its reading of the whole header is not used: of two entries with
//! one name it silently takes the last, it lets white space stand before the `{`, its refusals do not name
//! the tensor, and its sum of the last offset and the header length can overflow. All that is checked here,
//! with the layout: tensors sorted by offset follow each other from 0 to the end of the file.
//! Source of the format: the description in the `safetensors` repository.

use super::Fault;
use crate::data::json::Unique;
use crate::data::shorten_name;
use safetensors::{Dtype, tensor::TensorInfo};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::ops::Range;

/// Longest header taken from a foreign file, in bytes: a hundred times that of the largest checkpoints in use. It is
/// judged by its announced length, before any of it is read.
pub(super) const LONGEST: u64 = 1 << 24;
/// Longest header taken from a file of this project, whose metadata may name a million variables: what the format allows.
pub(in crate::data) const LONGEST_OWN: u64 = 100_000_000;
/// Most tensors taken from one file.
const MOST: usize = 100_000;
const METADATA: &str = "__metadata__";

/// What the header says of one tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The type of the numbers.
    pub dtype: Dtype,
    /// Length of each dimension.
    pub shape: Vec<usize>,
    /// Where its bytes stand in the file; inside the file, by [`Header::parse`].
    pub(in crate::data) bytes: Range<usize>,
}

/// A header that fits its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::data) struct Header {
    pub(in crate::data) entries: BTreeMap<String, Entry>,
    pub(in crate::data) metadata: BTreeMap<String, String>,
}

impl Header {
    /// Reads the header of `file`, the bytes of a whole file; a header of more than `longest` bytes is not looked at.
    pub(in crate::data) fn parse(file: &[u8], longest: u64) -> Result<Self, Fault> {
        let short = Fault::Short {
            length: file.len() as u64,
        };
        let (announced, rest) = file.split_first_chunk::<8>().ok_or(short)?;
        let announced = u64::from_le_bytes(*announced);
        if announced > longest {
            return Err(Fault::HeaderTooLong {
                found: announced,
                longest,
            });
        }
        let past_end = Fault::HeaderPastEnd {
            found: announced,
            rest: rest.len() as u64,
        };
        let length = usize::try_from(announced).map_err(|_| past_end.clone())?;
        let (json, data) = rest.split_at_checked(length).ok_or(past_end)?;
        match json.first() {
            Some(b'{') => {}
            Some(found) => return Err(Fault::FirstByte { found: *found }),
            None => {
                return Err(Fault::Json {
                    reason: "it is empty".to_owned(),
                });
            }
        }
        let text = std::str::from_utf8(json).map_err(|error| Fault::Encoding {
            position: error.valid_up_to(),
        })?;
        let (metadata, infos) = read(text)?;
        let entries = lay_out(infos, data.len(), 8 + length)?;
        Ok(Self { entries, metadata })
    }
}

type Named = Vec<(String, TensorInfo)>;

fn read(text: &str) -> Result<(BTreeMap<String, String>, Named), Fault> {
    let mut progress = Progress::default();
    let mut json = serde_json::Deserializer::from_str(text);
    let outcome = progress.deserialize(&mut json).and_then(|()| json.end());
    if let Some(name) = progress.twice {
        return Err(Fault::DuplicateName {
            name: shorten_name(&name),
        });
    }
    match outcome {
        Ok(()) => Ok((progress.metadata, progress.tensors)),
        Err(error) => {
            let reason = shorten_name(&error.to_string());
            Err(match progress.current {
                Some(name) => Fault::Entry {
                    tensor: shorten_name(&name),
                    reason,
                },
                None => Fault::Json { reason },
            })
        }
    }
}

/// What has been read so far: after a refusal it tells at which entry.
#[derive(Default)]
struct Progress {
    tensors: Named,
    metadata: BTreeMap<String, String>,
    seen: HashSet<String>,
    current: Option<String>,
    twice: Option<String>,
}

impl<'de> DeserializeSeed<'de> for &mut Progress {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Progress {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if self.tensors.len() == MOST {
                return Err(A::Error::custom(format_args!("more than {MOST} tensors")));
            }
            if !self.seen.insert(name.clone()) {
                self.twice = Some(name);
                return Err(A::Error::custom("a name stands twice"));
            }
            self.current = Some(name.clone());
            if name == METADATA {
                self.metadata = map.next_value::<Unique<String>>()?.0;
            } else {
                self.tensors.push((name, map.next_value()?));
            }
            self.current = None;
        }
        Ok(())
    }
}

/// Checks that the tensors fill the `length` bytes of data exactly; `start` is where those begin in the file.
fn lay_out(mut infos: Named, length: usize, start: usize) -> Result<BTreeMap<String, Entry>, Fault> {
    // An empty tensor may stand where the next one begins, hence the end in the key.
    infos.sort_by(|(a, left), (b, right)| (left.data_offsets, a).cmp(&(right.data_offsets, b)));
    let mut entries = BTreeMap::new();
    let mut filled = 0_usize;
    let mut before = String::new();
    for (name, info) in infos {
        let (begin, end) = info.data_offsets;
        let tensor = shorten_name(&name);
        if begin > end {
            return Err(Fault::Backwards {
                tensor,
                begin: begin as u64,
                end: end as u64,
            });
        }
        if end > length {
            return Err(Fault::PastEnd {
                tensor,
                end: end as u64,
                length: length as u64,
            });
        }
        if begin < filled {
            return Err(Fault::Overlap {
                tensor,
                begin: begin as u64,
                other: before,
                end: filled as u64,
            });
        }
        if begin > filled {
            return Err(Fault::Hole {
                tensor,
                begin: begin as u64,
                expected: filled as u64,
            });
        }
        let needed = size(&info);
        if needed != Ok(end - begin) {
            return Err(Fault::Size {
                tensor,
                dtype: info.dtype.to_string(),
                shape: info.shape,
                expected: needed.map_or_else(str::to_owned, |needed| needed.to_string()),
                found: (end - begin) as u64,
            });
        }
        filled = end;
        before = tensor;
        // No overflow: `end <= length`, and the file holds `start + length` bytes.
        let bytes = start + begin..start + end;
        let entry = Entry {
            dtype: info.dtype,
            shape: info.shape,
            bytes,
        };
        entries.insert(name, entry);
    }
    if filled < length {
        return Err(Fault::Trailing {
            expected: filled as u64,
            found: length as u64,
        });
    }
    Ok(entries)
}

/// Bytes that type and shape need, or why there is no such number.
fn size(info: &TensorInfo) -> Result<usize, &'static str> {
    let bits = info
        .shape
        .iter()
        .try_fold(info.dtype.bitsize(), |bits, length| bits.checked_mul(*length))
        .ok_or("more than any file holds")?;
    if bits.is_multiple_of(8) {
        Ok(bits / 8)
    } else {
        Err("no whole number")
    }
}
