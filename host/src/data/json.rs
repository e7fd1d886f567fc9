//! JSON objects from foreign files. A name that stands twice is refused: which of the two counts differs from
//! reader to reader, and `serde_json` silently takes the last.

use super::DataError;
use super::shorten::{shorten, shorten_name};
use super::source::read_bytes;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

/// Most entries taken of an object.
const MOST: usize = 100_000;

/// An object whose names differ from each other.
pub(crate) struct Unique<V>(pub(crate) BTreeMap<String, V>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Unique<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
            type Value = Unique<V>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique<V>, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, V>()? {
                    if entries.len() == MOST {
                        return Err(A::Error::custom(format_args!("more than {MOST} entries")));
                    }
                    if entries.contains_key(&name) {
                        let name = shorten_name(&name);
                        return Err(A::Error::custom(format_args!("`{name}` stands there twice")));
                    }
                    entries.insert(name, value);
                }
                Ok(Unique(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// Reads a file that holds one JSON object.
///
/// # Errors
/// The file missing or unreadable; `Json`.
pub(crate) fn read_object(path: &Path) -> Result<Map<String, Value>, DataError> {
    parse_object(path, &read_bytes(path)?)
}

/// The JSON object in bytes; otherwise as [`read_object`]. `path` is for messages.
///
/// # Errors
/// `Json`.
pub(crate) fn parse_object(path: &Path, bytes: &[u8]) -> Result<Map<String, Value>, DataError> {
    serde_json::from_slice::<Unique<Value>>(bytes)
        .map(|Unique(entries)| entries.into_iter().collect())
        .map_err(|error| DataError::Json {
            path: path.to_owned(),
            reason: shorten_name(&error.to_string()),
        })
}

/// A value for a message: its JSON text, shortened.
pub(crate) fn show(value: &Value) -> String {
    shorten(&value.to_string())
}

#[cfg(test)]
mod tests {
    //! Mutation seen red: the last of two equal names taken.
    use super::*;

    #[test]
    fn takes_objects_and_nothing_else() {
        let parse = |text: &str| parse_object(Path::new("c.json"), text.as_bytes());
        let object = parse("{\"b\": [1, null], \"a\": {\"x\": 1}}\n").unwrap();
        assert_eq!(object["b"], serde_json::json!([1, null]));
        for bad in ["", "[1]", "3", "{\"a\": 1", "{\"a\": 1} x", "{\"a\": NaN}"] {
            let error = parse(bad).unwrap_err();
            assert_eq!(error.code(), "bad_json", "{bad}");
            assert!(error.to_string().starts_with("c.json: "), "{error}");
        }
        let twice = parse("{\"a\": 1, \"b\": 2, \"a\": 1}").unwrap_err();
        assert!(twice.to_string().contains("`a` stands there twice"), "{twice}");
    }
}
