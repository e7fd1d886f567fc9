//! The spin-glass instances of the spec (1.8), made from splitmix64.

/// Signs from the top bits of splitmix64 (Steele, Lea, Flood 2014): 1 is +1.
fn signs(seed: u64) -> impl FnMut() -> i32 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        if (z ^ (z >> 31)) >> 63 == 1 { 1 } else { -1 }
    }
}

/// Sherrington-Kirkpatrick with J = ±1: dense, row-major; pairs i < j drawn row by row.
pub(crate) fn sk(n: usize, seed: u64) -> Vec<i32> {
    let mut sign = signs(seed);
    let mut couplings = vec![0; n * n];
    for i in 0..n {
        for j in i + 1..n {
            let value = sign();
            couplings[i * n + j] = value;
            couplings[j * n + i] = value;
        }
    }
    couplings
}

/// Edwards-Anderson with J = ±1 on a periodic lattice (sides > 2): dense, row-major; for each row and column,
/// the bond to the right, then the bond down.
pub(crate) fn edwards_anderson(width: usize, height: usize, seed: u64) -> Vec<i32> {
    let mut sign = signs(seed);
    let n = width * height;
    let mut couplings = vec![0; n * n];
    for y in 0..height {
        for x in 0..width {
            let i = y * width + x;
            for j in [y * width + (x + 1) % width, (y + 1) % height * width + x] {
                let value = sign();
                couplings[i * n + j] = value;
                couplings[j * n + i] = value;
            }
        }
    }
    couplings
}
