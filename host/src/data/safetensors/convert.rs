//! Bytes of a tensor to numbers, by the bits of the formats (little-endian; IEEE 754 binary64, binary32 and
//! binary16; bfloat16 is the upper half of binary32). Only f64 to f32 rounds, to nearest.

use safetensors::Dtype;

/// Whether NaN and infinity are refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Finite {
    /// An entry that is not finite is an error that names it.
    #[default]
    Check,
    /// Tensors that are not finite are handed on.
    Skip,
}

/// Largest magnitude up to which every integer is an f64: 2^53.
const EXACT: u64 = 1 << 53;

/// f32 numbers from any floating type.
pub(super) fn to_f32(dtype: Dtype, bytes: &[u8], finite: Finite) -> Result<Vec<f32>, String> {
    let values: Vec<f32> = match dtype {
        Dtype::F32 => each(bytes, f32::from_le_bytes),
        Dtype::F16 => each(bytes, |word| from_half(u16::from_le_bytes(word))),
        Dtype::BF16 => each(bytes, |word| from_bfloat(u16::from_le_bytes(word))),
        Dtype::F64 => {
            let wide = each(bytes, f64::from_le_bytes);
            let beyond = |x: &f64| x.is_finite() && !(*x as f32).is_finite();
            if let Some(index) = wide.iter().position(beyond) {
                return Err(format!(
                    "entry {index} is {:e}, beyond the range of f32",
                    wide[index]
                ));
            }
            wide.into_iter().map(|x| x as f32).collect()
        }
        other => return Err(format!("type {other}, expected F32, F64, F16 or BF16")),
    };
    check(&values, finite, |x| f64::from(*x))?;
    Ok(values)
}

/// f64 numbers from any floating type, and from the integer types as far as f64 holds them exactly.
pub(in crate::data) fn to_f64(dtype: Dtype, bytes: &[u8], finite: Finite) -> Result<Vec<f64>, String> {
    let values: Vec<f64> = match dtype {
        Dtype::F64 => each(bytes, f64::from_le_bytes),
        Dtype::F32 | Dtype::F16 | Dtype::BF16 => {
            to_f32(dtype, bytes, finite)?.into_iter().map(f64::from).collect()
        }
        Dtype::I64 | Dtype::I32 | Dtype::U8 => {
            let whole = to_i64(dtype, bytes)?;
            if let Some(index) = whole.iter().position(|n| n.unsigned_abs() > EXACT) {
                return Err(format!("entry {index} is {}, beyond 2^53", whole[index]));
            }
            whole.into_iter().map(|n| n as f64).collect()
        }
        other => {
            return Err(format!(
                "type {other}, expected F32, F64, F16, BF16, I64, I32 or U8"
            ));
        }
    };
    check(&values, finite, |x| *x)?;
    Ok(values)
}

/// Whole numbers.
pub(super) fn to_i64(dtype: Dtype, bytes: &[u8]) -> Result<Vec<i64>, String> {
    match dtype {
        Dtype::I64 => Ok(each(bytes, i64::from_le_bytes)),
        Dtype::I32 => Ok(each(bytes, |word| i64::from(i32::from_le_bytes(word)))),
        Dtype::U8 => Ok(each(bytes, |[byte]| i64::from(byte))),
        other => Err(format!("type {other}, expected I64, I32 or U8")),
    }
}

fn each<const SIZE: usize, T>(bytes: &[u8], number: impl Fn([u8; SIZE]) -> T) -> Vec<T> {
    bytes
        .as_chunks::<SIZE>()
        .0
        .iter()
        .map(|word| number(*word))
        .collect()
}

fn check<T>(values: &[T], finite: Finite, widen: impl Fn(&T) -> f64) -> Result<(), String> {
    let bad = |value: &T| !widen(value).is_finite();
    match (finite, values.iter().position(bad)) {
        (Finite::Check, Some(index)) => Err(format!(
            "entry {index} is {}, expected a finite number",
            widen(&values[index])
        )),
        _ => Ok(()),
    }
}

/// binary16: sign, 5 bits of exponent with bias 15, 10 of fraction.
fn from_half(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let exponent = u32::from(bits >> 10) & 0x1f;
    let fraction = u32::from(bits) & 0x3ff;
    let magnitude = match exponent {
        // Zero and subnormal numbers: fraction * 2^-24, exact in f32.
        0 => (fraction as f32 * (1.0 / 16_777_216.0)).to_bits(),
        0x1f => 0x7f80_0000 | fraction << 13,
        // The bias of binary32 is 127, that is 112 more.
        _ => (exponent + 112) << 23 | fraction << 13,
    };
    f32::from_bits(sign | magnitude)
}

fn from_bfloat(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

#[cfg(test)]
mod tests {
    //! Oracle: the definition of the formats, evaluated in f64, for all 65536 patterns. Mutations seen red:
    //! 112 to 111; 2^-24 to 2^-25; the sign dropped; the infinite exponent treated as any other; bfloat
    //! shifted by 15; `beyond` without the rounding; the bound 2^53 dropped; `Finite::Skip` ignored.
    use super::*;

    /// (-1)^s * 2^(e - bias) * (1 + f / 2^width); no leading 1 for e = 0; e all ones: infinity or NaN.
    fn defined(bits: u16, width: i32) -> f64 {
        let fraction = f64::from(bits & ((1 << width) - 1)) / 2_f64.powi(width);
        let exponents = 15 - width;
        let exponent = i32::from(bits >> width) & ((1 << exponents) - 1);
        let bias = (1 << (exponents - 1)) - 1;
        let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
        sign * if exponent == (1 << exponents) - 1 {
            if fraction == 0.0 { f64::INFINITY } else { f64::NAN }
        } else if exponent == 0 {
            fraction * 2_f64.powi(1 - bias)
        } else {
            (1.0 + fraction) * 2_f64.powi(exponent - bias)
        }
    }

    #[test]
    fn half_and_bfloat_are_what_their_definition_says() {
        for bits in 0..=u16::MAX {
            for (dtype, width) in [(Dtype::F16, 10), (Dtype::BF16, 7)] {
                let got = to_f32(dtype, &bits.to_le_bytes(), Finite::Skip).unwrap()[0];
                let wanted = defined(bits, width);
                let same = f64::from(got).to_bits() == wanted.to_bits();
                assert!(
                    same || (got.is_nan() && wanted.is_nan()),
                    "{dtype} {bits:#x}: {got}"
                );
                let refused = to_f32(dtype, &bits.to_le_bytes(), Finite::Check).is_err();
                assert_eq!(refused, !wanted.is_finite());
            }
        }
    }

    #[test]
    fn wide_numbers_round_to_nearest_and_are_refused_beyond_the_range() {
        let read = |x: f64| to_f32(Dtype::F64, &x.to_le_bytes(), Finite::Check);
        assert_eq!(read(0.1).unwrap(), [0.1_f32]);
        assert_eq!(read(f64::from(f32::MAX)).unwrap(), [f32::MAX]);
        let beyond = read(-1e39).unwrap_err();
        assert!(beyond.contains("entry 0 is -1e39, beyond"), "{beyond}");
        assert!(read(f64::NAN).unwrap_err().contains("entry 0 is NaN"));
        let infinite = to_f32(Dtype::F64, &f64::INFINITY.to_le_bytes(), Finite::Skip);
        assert_eq!(infinite.unwrap(), [f32::INFINITY]);
    }

    #[test]
    fn whole_numbers_are_exact_or_refused() {
        assert_eq!(to_i64(Dtype::U8, &[255, 1]).unwrap(), [255, 1]);
        assert_eq!(to_i64(Dtype::I32, &(-3_i32).to_le_bytes()).unwrap(), [-3]);
        let large = (1_i64 << 53) + 1;
        assert_eq!(to_i64(Dtype::I64, &large.to_le_bytes()).unwrap(), [large]);
        assert_eq!(
            to_f64(Dtype::I64, &(large - 1).to_le_bytes(), Finite::Check).unwrap(),
            [9_007_199_254_740_992.0]
        );
        assert!(to_f64(Dtype::I64, &large.to_le_bytes(), Finite::Check).is_err());
        assert!(to_f64(Dtype::I64, &i64::MIN.to_le_bytes(), Finite::Check).is_err());
    }

    #[test]
    fn types_that_do_not_fit_are_named() {
        assert!(
            to_f32(Dtype::I64, &[0; 8], Finite::Check)
                .unwrap_err()
                .contains("type I64")
        );
        assert!(to_i64(Dtype::F32, &[0; 4]).unwrap_err().contains("type F32"));
        assert!(
            to_f64(Dtype::BOOL, &[0], Finite::Check)
                .unwrap_err()
                .contains("type BOOL")
        );
    }

    #[test]
    fn the_first_entry_that_is_not_finite_is_named() {
        let bytes: Vec<u8> = [1.0, f64::NEG_INFINITY, f64::NAN]
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        let error = to_f64(Dtype::F64, &bytes, Finite::Check).unwrap_err();
        assert_eq!(error, "entry 1 is -inf, expected a finite number");
        assert!(to_f64(Dtype::F64, &bytes, Finite::Skip).unwrap()[2].is_nan());
    }
}
