//! From entries to couplings and fields: sums over pairs, a QUBO or a cut turned into spins.

use super::Kind;
use std::ops::{AddAssign, Neg};

/// Couplings, fields and a constant, all of them times [`Kind::share`].
#[derive(Clone, Debug)]
pub(super) struct Form<V> {
    /// (i, j, J_ij), i < j, sorted, each pair once.
    pub(super) bonds: Vec<(u32, u32, V)>,
    /// h_i.
    pub(super) fields: Vec<V>,
    /// What is added to the energy.
    pub(super) offset: V,
}

impl<V: Copy + Default + AddAssign + Neg<Output = V>> Form<V> {
    /// Of entries with indices below `spins`, and what the file adds to every energy.
    pub(super) fn new(kind: Kind, spins: usize, entries: &[(u32, u32, V)], added: V) -> Self {
        let mut fields = vec![V::default(); spins];
        let mut offset = V::default();
        for _ in 0..kind.share() {
            offset += added;
        }
        let mut bonds: Vec<(u32, u32, V)> = Vec::with_capacity(entries.len());
        for &(i, j, value) in entries {
            match kind {
                Kind::Ising if i == j => fields[i as usize] += value,
                Kind::Ising => bonds.push((i.min(j), i.max(j), value)),
                Kind::MaxCut => {
                    // -w (1 - s_i s_j)/2
                    bonds.push((i.min(j), i.max(j), -value));
                    offset += -value;
                }
                Kind::Qubo => {
                    // x_i x_j = (1 + s_i + s_j + s_i s_j)/4; with i = j twice the field and the constant.
                    fields[i as usize] += -value;
                    fields[j as usize] += -value;
                    offset += value;
                    if i == j {
                        offset += value;
                    } else {
                        bonds.push((i.min(j), i.max(j), -value));
                    }
                }
            }
        }
        bonds.sort_by_key(|(i, j, _)| (*i, *j));
        bonds.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            if same {
                kept.2 += next.2;
            }
            same
        });
        Self {
            bonds,
            fields,
            offset,
        }
    }
}

impl<V: Copy> Form<V> {
    /// Bonds and fields changed by `change`, or none.
    #[allow(clippy::type_complexity)] // bonds and fields, as they are above
    pub(super) fn map<U>(
        &self,
        mut change: impl FnMut(V) -> Option<U>,
    ) -> Option<(Vec<(u32, u32, U)>, Vec<U>)> {
        let bonds = self
            .bonds
            .iter()
            .map(|(i, j, v)| Some((*i, *j, change(*v)?)))
            .collect::<Option<_>>()?;
        let fields = self.fields.iter().map(|v| change(*v)).collect::<Option<_>>()?;
        Some((bonds, fields))
    }
}
