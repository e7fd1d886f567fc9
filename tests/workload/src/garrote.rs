//! The demo.
use crate::Hash;
use gibbs_core::random::{normal, stream};

/// What the fit found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit {
    /// Bit i: variable i was selected.
    pub selected: u32,
    /// Hash of all results.
    pub hash: u64,
}

/// Streams samples.
#[inline(never)]
pub fn demo() -> Fit {
    let mut hash = Hash::default();
    let mut rng = stream(core::hint::black_box(0), "demo", 0);
    for _ in 0..1000 {
        hash.real::<f32>(normal(&mut rng));
    }
    Fit {
        selected: 7,
        hash: hash.value(),
    }
}
