//! dimod's binary quadratic models as JSON: `json.dumps(bqm.to_serializable())`, schema 3.
//!
//! ```text
//! variable_type "SPIN" | "BINARY"   linear_biases [h]   quadratic_head, _tail [places]   quadratic_biases [J]   offset
//! ```

use super::super::error::Trouble;
use super::super::{Kind, MOST_SPINS};
use super::{Entries, Entry, Number};
use serde_json::Value;

fn wrong(says: impl Into<String>, hint: &'static str) -> Trouble {
    let says = says.into();
    Trouble::Form { says, hint }
}

const WRITE: &str = "json.dumps(bqm.to_serializable()) writes what is read here";

/// Reads the model.
pub(super) fn entries(bytes: &[u8], kind: Kind) -> Result<Entries, Trouble> {
    let model: Value = serde_json::from_slice(bytes)
        .map_err(|error| wrong(format!("JSON that ends early: {error}"), WRITE))?;
    let text = |field: &str| model.get(field).and_then(Value::as_str);
    if text("type") != Some("BinaryQuadraticModel") {
        return Err(wrong("JSON, but no \"type\": \"BinaryQuadraticModel\"", WRITE));
    }
    let schema = model.pointer("/version/bqm_schema").and_then(Value::as_str);
    if !schema.is_some_and(|schema| schema.starts_with("3.")) {
        let says = format!("bqm_schema {}", schema.unwrap_or("missing"));
        return Err(wrong(
            says,
            "schema 3 is read: write the model again with a newer dimod",
        ));
    }
    if model.get("use_bytes").and_then(Value::as_bool) == Some(true) {
        return Err(wrong(
            "use_bytes: true",
            "to_serializable(use_bytes=False) writes numbers",
        ));
    }
    let binary = match text("variable_type") {
        Some("BINARY") => true,
        Some("SPIN") => false,
        other => {
            let says = format!("variable_type {}", other.unwrap_or("missing"));
            return Err(wrong(says, "BINARY and SPIN are read"));
        }
    };
    let kind = match (kind, binary) {
        (Kind::Ising, false) => Kind::Ising,
        (Kind::Ising | Kind::Qubo, true) => Kind::Qubo,
        (Kind::Qubo, false) => return Err(wrong("variable_type SPIN", "leave out --qubo")),
        (Kind::MaxCut, _) => return Err(wrong("a quadratic model, no graph", "leave out --max-cut")),
    };
    let mut entries = Entries::new("a binary quadratic model of dimod (JSON)", kind);
    entries.list = list(&model)?;
    entries.spins = Some(count(&model)?);
    if let Some(offset) = model.get("offset").filter(|offset| !offset.is_null()) {
        entries.offset = number(offset)?;
    }
    if !binary {
        entries.turn();
    }
    if model
        .get("variable_labels")
        .is_some_and(|labels| !is_range(labels))
    {
        let note = "its variables have labels: they are numbered here from 0 in the order of variable_labels";
        entries.notes.push(note.to_owned());
    }
    Ok(entries)
}

fn array<'m>(model: &'m Value, field: &str) -> Result<&'m [Value], Trouble> {
    let found = model.get(field).and_then(Value::as_array);
    found
        .map(Vec::as_slice)
        .ok_or_else(|| wrong(format!("no array `{field}`"), WRITE))
}

fn count(model: &Value) -> Result<usize, Trouble> {
    let count = array(model, "linear_biases")?.len();
    match model.get("num_variables").and_then(Value::as_u64) {
        Some(said) if said != count as u64 => {
            let says = format!("{said} variables, but {count} linear biases");
            Err(wrong(says, "is the file whole?"))
        }
        _ if count == 0 => Err(Trouble::Empty),
        _ if count as u64 > MOST_SPINS => Err(Trouble::TooMany { index: count as u64 }),
        _ => Ok(count),
    }
}

fn number(value: &Value) -> Result<Number, Trouble> {
    match value {
        // As it stands, all digits of whole numbers; of others the shortest that give the same f64.
        Value::Number(number) => Number::parse(&number.to_string()),
        other => Err(Trouble::Value {
            text: crate::data::shorten(&other.to_string()),
        }),
    }
}

/// Fields that are not 0, then couplings.
fn list(model: &Value) -> Result<Vec<Entry>, Trouble> {
    let count = count(model)?;
    let mut list = Vec::new();
    for (i, bias) in (0..).zip(array(model, "linear_biases")?) {
        let number = number(bias)?;
        if number.value != 0.0 {
            list.push(Entry {
                line: 1,
                i,
                j: i,
                number,
            });
        }
    }
    let [heads, tails, biases] =
        ["quadratic_head", "quadratic_tail", "quadratic_biases"].map(|field| array(model, field));
    let (heads, tails, biases) = (heads?, tails?, biases?);
    if heads.len() != tails.len() || heads.len() != biases.len() {
        return Err(wrong(
            "quadratic arrays of different lengths",
            "is the file whole?",
        ));
    }
    let place = |value: &Value| {
        let place = value.as_u64().filter(|place| *place < count as u64);
        let place = place.and_then(|place| u32::try_from(place).ok());
        place.ok_or_else(|| wrong(format!("place {value} among {count} variables"), WRITE))
    };
    for ((head, tail), bias) in heads.iter().zip(tails).zip(biases) {
        let (i, j) = (place(head)?, place(tail)?);
        if i == j {
            return Err(wrong(format!("a coupling of variable {i} with itself"), WRITE));
        }
        let number = number(bias)?;
        list.push(Entry {
            line: 1,
            i,
            j,
            number,
        });
    }
    Ok(list)
}

/// Whether labels are 0, 1, 2, …
fn is_range(labels: &Value) -> bool {
    let labels = labels.as_array().map(Vec::as_slice).unwrap_or_default();
    (0..).zip(labels).all(|(k, label)| label.as_u64() == Some(k))
}
