//! The hash vector as a WebAssembly module without imports: `count()` and `hash(index)`.

/// Number of entries.
#[unsafe(no_mangle)]
pub extern "C" fn count() -> u32 {
    gibbs_workload::hashes().len() as u32
}

/// Entry number `index`, computed on the call; 0 past the end.
#[unsafe(no_mangle)]
pub extern "C" fn hash(index: u32) -> u64 {
    gibbs_workload::hashes()
        .get(index as usize)
        .map_or(0, |(_, hash)| *hash)
}
