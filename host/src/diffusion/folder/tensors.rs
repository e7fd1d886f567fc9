//! The tensors that are there beside those that must be.

use crate::data::safetensors::Dtype;
use crate::data::{shorten_list, shorten_name};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// All differences between the tensors of a file and those of a net. The message shows the first of each kind;
/// the lists are complete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// Tensors of the net that the file lacks.
    pub missing: Vec<String>,
    /// Tensors of the file that the net lacks.
    pub unexpected: Vec<String>,
    /// Tensors of another shape.
    pub misshapen: Vec<Mismatch>,
    /// Tensors of integers, with their type.
    pub not_floating: Vec<(String, String)>,
}

/// A tensor of another shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The name of the tensor in the file.
    pub tensor: String,
    /// The shape in the net.
    pub expected: Vec<usize>,
    /// The shape in the file.
    pub found: Vec<usize>,
}

impl Problems {
    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        const SHOWN: usize = 8;
        let quoted = |names: &[String]| {
            names
                .iter()
                .map(|name| format!("`{}`", shorten_name(name)))
                .collect()
        };
        let misshapen = self.misshapen.iter().map(|one| {
            let (name, found, expected) = (shorten_name(&one.tensor), &one.found, &one.expected);
            format!(
                "`{name}` is {}, expected {}",
                shorten_list(found),
                shorten_list(expected)
            )
        });
        let types = self
            .not_floating
            .iter()
            .map(|(name, dtype)| format!("`{}` is {dtype}", shorten_name(name)));
        let kinds: [(&str, Vec<String>); 4] = [
            ("missing", quoted(&self.missing)),
            ("unexpected", quoted(&self.unexpected)),
            ("of another shape", misshapen.collect()),
            ("not of a floating type", types.collect()),
        ];
        for (kind, list) in kinds.iter().filter(|(_, list)| !list.is_empty()) {
            write!(
                f,
                "\n  {} {kind}: {}",
                list.len(),
                list[..list.len().min(SHOWN)].join(", ")
            )?;
            if list.len() > SHOWN {
                write!(f, " and {} more", list.len() - SHOWN)?;
            }
        }
        let only_unexpected = Self {
            unexpected: Vec::new(),
            ..self.clone()
        };
        if !self.unexpected.is_empty() && only_unexpected.is_empty() {
            f.write_str("\nhint: --allow-extra leaves unexpected tensors out")?;
        }
        Ok(())
    }
}

/// A tensor of the net and where it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) name: String,
    pub(super) stored: String,
    pub(super) shape: Vec<usize>,
}

/// Finds every tensor of `expected` among `found`. With `legacy`, the attention of old files of
/// `UNet2DModel` is found under its old names.
pub(super) fn compare(
    expected: Vec<(String, Vec<usize>)>,
    found: &BTreeMap<&str, (Dtype, &[usize])>,
    legacy: bool,
) -> (Vec<Match>, Problems) {
    let mut problems = Problems::default();
    let mut matches = Vec::with_capacity(expected.len());
    let mut used = BTreeSet::new();
    for (name, shape) in expected {
        let old = legacy_name(&name).filter(|_| legacy && !found.contains_key(name.as_str()));
        let stored = old.clone().unwrap_or_else(|| name.clone());
        let Some(((dtype, stored_shape), key)) = found.get(stored.as_str()).zip(Some(stored.clone())) else {
            problems.missing.push(name);
            continue;
        };
        used.insert(key);
        // Old weights were 1x1 convolutions.
        let squeezed = match stored_shape {
            [outputs, inputs, 1, 1] if old.is_some() => &[*outputs, *inputs],
            other => *other,
        };
        if !matches!(dtype, Dtype::F64 | Dtype::F32 | Dtype::F16 | Dtype::BF16) {
            problems.not_floating.push((stored.clone(), dtype.to_string()));
        }
        if squeezed != shape {
            problems.misshapen.push(Mismatch {
                tensor: stored.clone(),
                expected: shape.clone(),
                found: stored_shape.to_vec(),
            });
        }
        matches.push(Match { name, stored, shape });
    }
    let unused = found.keys().filter(|name| !used.contains(**name));
    problems.unexpected = unused.map(|name| (*name).to_owned()).collect();
    (matches, problems)
}

/// What the weights and biases of the 2-D attention were called in old files.
fn legacy_name(name: &str) -> Option<String> {
    let (layer, part) = name.rsplit_once('.')?;
    let names = [
        (".to_q", ".query"),
        (".to_k", ".key"),
        (".to_v", ".value"),
        (".to_out.0", ".proj_attn"),
    ];
    names.iter().find_map(|(new, old)| {
        let path = layer.strip_suffix(new)?;
        Some(format!("{path}{old}.{part}"))
    })
}
