//! The hash vector as a WebAssembly module without imports: `count()` and `hash(index)`.

use std::sync::OnceLock;

fn vector() -> &'static [(&'static str, u64)] {
    // Computed once: an interpreter is slow.
    static VECTOR: OnceLock<Vec<(&'static str, u64)>> = OnceLock::new();
    VECTOR.get_or_init(|| gibbs_workload::hashes().collect())
}

/// Number of entries.
#[unsafe(no_mangle)]
pub extern "C" fn count() -> u32 {
    vector().len() as u32
}

/// Entry number `index`; 0 past the end.
#[unsafe(no_mangle)]
pub extern "C" fn hash(index: u32) -> u64 {
    vector().get(index as usize).map_or(0, |(_, hash)| *hash)
}
