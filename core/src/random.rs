//! Randomness over any `rand_core::Rng`: independent streams, uniform, normal, exponential, Bernoulli,
//! integers below a bound, shuffles.
//!
//! Streams: `stream(seed, name, index)` hashes the name with FNV-1a (64 bits), mixes seed, hash and index
//! through splitmix64 (Steele, Lea, Flood 2014) and seeds `Xoshiro256PlusPlus` (Blackman, Vigna 2019) with
//! four outputs. A result depends on (seed, name, index) alone: never on threads, SIMD width or `usize`.

use crate::math::Real;
pub use rand_core::{Rng, SeedableRng};
pub use rand_xoshiro::Xoshiro256PlusPlus;

const fn splitmix64(state: u64) -> (u64, u64) {
    let next = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = next;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (next, z ^ (z >> 31))
}

/// FNV-1a hash (64 bits) of a byte string, continued from `hash`; start from [`FNV_OFFSET`].
pub fn fnv1a(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |h, byte| {
        (h ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

/// The offset basis of FNV-1a, 64 bits.
pub const FNV_OFFSET: u64 = 0xCBF2_9CE4_8422_2325;

/// The independent stream number `index` called `name` under `seed`.
pub fn stream(seed: u64, name: &str, index: u64) -> Xoshiro256PlusPlus {
    let (_, seed) = splitmix64(seed);
    let (_, index) = splitmix64(index ^ 0xD1B5_4A32_D192_ED03);
    let mut state = seed ^ fnv1a(FNV_OFFSET, name.as_bytes()).rotate_left(17) ^ index.rotate_left(41);
    let mut bytes = [0_u8; 32];
    for word in bytes.chunks_exact_mut(8) {
        let (next, z) = splitmix64(state);
        state = next;
        for (byte, value) in word.iter_mut().zip(z.to_le_bytes()) {
            *byte = value;
        }
    }
    Xoshiro256PlusPlus::from_seed(bytes)
}

/// Uniform on [0, 1): one word; 24 bits in f32, 53 bits in f64.
pub fn uniform<T: Real>(rng: &mut impl Rng) -> T {
    T::unit(rng.next_u64())
}

/// True with probability `p` (one word; p is compared with 53 random bits).
pub fn bernoulli(rng: &mut impl Rng, p: f64) -> bool {
    uniform::<f64>(rng) < p
}

/// Standard normal by Box and Muller (1958), cosine branch: two words a draw, no state kept.
pub fn normal<T: Real>(rng: &mut impl Rng) -> T {
    let radius = (-T::TWO * (T::ONE - uniform::<T>(rng)).ln()).sqrt();
    let angle = T::of(core::f64::consts::TAU) * uniform::<T>(rng);
    radius * angle.cos()
}

/// Exponential with mean 1 by inversion: one word.
pub fn exponential<T: Real>(rng: &mut impl Rng) -> T {
    -(T::ONE - uniform::<T>(rng)).ln()
}

/// Uniform integer in 0..bound by 32-bit multiply-shift with rejection (Lemire 2019): exactly uniform.
/// `bound` = 0 gives 0.
pub fn below(rng: &mut impl Rng, bound: u32) -> u32 {
    let threshold = bound.wrapping_neg().checked_rem(bound).unwrap_or(0);
    loop {
        let product = u64::from(rng.next_u32()) * u64::from(bound);
        if product as u32 >= threshold {
            return (product >> 32) as u32;
        }
    }
}

/// Fisher-Yates shuffle in place, from the last entry down. Entries past 2^32 - 1 stay in place.
pub fn shuffle<X>(rng: &mut impl Rng, items: &mut [X]) {
    let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
    for last in (1..count).rev() {
        let other = below(rng, last + 1);
        if other != last && (other as usize) < items.len() && (last as usize) < items.len() {
            items.swap(other as usize, last as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    //! Statistical tests: fixed seeds; each |z| < 6 bound has a false-alarm probability below 2e-9.
    use super::*;
    use std::vec::Vec;

    #[test] // law: random
    fn streams_differ_by_seed_name_and_index_and_repeat() {
        let first = |seed, name, index| stream(seed, name, index).next_u64();
        let base = first(1, "folds", 0);
        assert_eq!(base, first(1, "folds", 0));
        for other in [first(2, "folds", 0), first(1, "fold", 0), first(1, "folds", 1)] {
            assert_ne!(base, other);
        }
    }

    // moments of 1e5 draws against the exact law
    #[test] // oracle: random
    fn moments_match_the_law() {
        let n = 100_000_u32;
        let mut rng = stream(7, "moments", 0);
        let mean = |draw: &mut dyn FnMut() -> f64| (0..n).map(|_| draw()).sum::<f64>() / f64::from(n);
        let root = f64::from(n).sqrt();
        let z = |got: f64, mean: f64, sd: f64| ((got - mean) / sd * root).abs();
        assert!(z(mean(&mut || uniform(&mut rng)), 0.5, 12.0_f64.sqrt().recip()) < 6.0);
        assert!(z(mean(&mut || normal(&mut rng)), 0.0, 1.0) < 6.0);
        assert!(z(mean(&mut || normal::<f64>(&mut rng).powi(2)), 1.0, 2.0_f64.sqrt()) < 6.0);
        assert!(
            z(
                mean(&mut || normal::<f64>(&mut rng).powi(4)),
                3.0,
                96.0_f64.sqrt()
            ) < 6.0
        );
        assert!(z(mean(&mut || exponential(&mut rng)), 1.0, 1.0) < 6.0);
        let p = 0.3_f64;
        assert!(
            z(
                mean(&mut || f64::from(bernoulli(&mut rng, p))),
                p,
                (p * (1.0 - p)).sqrt()
            ) < 6.0
        );
    }

    #[test] // law: random
    fn below_is_uniform_and_shuffle_permutes() {
        let mut rng = stream(8, "below", 0);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[below(&mut rng, 7) as usize] += 1;
        }
        for c in counts {
            assert!((f64::from(c) - 10_000.0).abs() < 6.0 * 92.6, "{counts:?}");
        }
        assert_eq!(below(&mut rng, 0), 0);
        let mut items: Vec<u32> = (0..50).collect();
        shuffle(&mut rng, &mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
    }
}
