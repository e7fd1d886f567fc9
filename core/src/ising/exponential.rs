//! Exponential and logistic variates in integers, for parts without a floating-point unit.
//!
//! A random word w of 1..2^32 stands for U = w / 2^32. With z leading zeros and the mantissa m = 2^(z+1) U of
//! [1, 2),
//!
//! ```text
//! X = -ln U = (z + 1) ln 2 - ln m          is Exp(1):    P(X >= x) = e^-x
//! L = ln(U / (1 - U)) = X(2^32 - w) - X(w) is logistic:  P(L >= -x) = 1 / (1 + e^-x)
//! ```
//! ln m is read from 256 chords, so it is never too large: X is too large by at most 1 / (8 256²) = 1.91e-6 for
//! the chord, 2.4e-7 for the 14 bits kept of the place on it, and 1e-7 for the rounding of the table. In all
//! -1e-7 < X + ln U < 2.3e-6 (derived; measured over every word: -5.6e-9 and 2.16e-6). Largest X: 32 ln 2 =
//! 22.18. Q26 means 26 bits of fraction. Cost: one 32-bit product, no division; flash: 1 KiB.

use rand_core::Rng;

/// Bits of fraction of the variates.
pub const FRACTION_BITS: u32 = 26;

const SEGMENTS: usize = 256;

/// ln(1 + k / 256) in Q26 for k = 0..=256, rounded to nearest. From ln((d + 1) / (d - 1)) = 2 artanh(1 / d)
/// with d = 2 (256 + k) + 1, three terms in Q58.
const fn logarithms() -> [u32; SEGMENTS + 1] {
    let mut table = [0; SEGMENTS + 1];
    let mut ln = 0_u64;
    let mut k = 0;
    while k < SEGMENTS {
        let d = 2 * (SEGMENTS + k) as u64 + 1;
        let first = (1 << 59) / d;
        ln += first + first / (3 * d * d) + first / (5 * d * d * d * d);
        k += 1;
        table[k] = ((ln + (1 << 31)) >> 32) as u32;
    }
    table
}

static LN: [u32; SEGMENTS + 1] = logarithms();

/// ln 2 in Q26: the last entry of the table, so that X has no step where the number of leading zeros changes.
const LN_2: u32 = {
    let [.., last] = logarithms();
    last
};

/// A word of 1..2^32: zeros are drawn again.
#[inline]
pub fn word(rng: &mut impl Rng) -> u32 {
    loop {
        let word = rng.next_u32();
        if word != 0 {
            return word;
        }
    }
}

/// X = -ln(word / 2^32) in Q26, below 2^31; never rises with `word`. 0 is read as 1.
pub fn exponential(word: u32) -> u32 {
    let zeros = (word | 1).leading_zeros();
    let mantissa = word << zeros;
    let segment = ((mantissa >> 23) & 0xFF) as usize;
    let place = (mantissa >> 9) & 0x3FFF;
    let ln = |k: usize| LN.get(k).copied().unwrap_or(LN_2);
    let low = ln(segment);
    // a segment rises by less than 2^18, the place has 14 bits: the product fits
    let ln_mantissa = low + (((ln(segment + 1) - low) * place) >> 14);
    (zeros + 1) * LN_2 - ln_mantissa
}

/// L = ln(word / (2^32 - word)) in Q26, odd about the word 2^31; never falls with `word`. 0 is read as 1.
pub fn logit(word: u32) -> i32 {
    let word = word | u32::from(word == 0);
    exponential(word.wrapping_neg()) as i32 - exponential(word) as i32
}
