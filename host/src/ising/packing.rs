//! Spins as numbers of a checkpoint: 48 to a number, bit 1 for +1.

const PER_NUMBER: usize = 48;

/// Number of numbers that `spins` take.
pub(super) fn packed_len(spins: usize) -> usize {
    spins.div_ceil(PER_NUMBER)
}

/// Appends the spins.
pub(super) fn pack(spins: &[i8], part: &mut Vec<f64>) {
    part.extend(spins.chunks(PER_NUMBER).map(|chunk| {
        let bits = chunk
            .iter()
            .rev()
            .fold(0_u64, |bits, s| bits << 1 | u64::from(*s > 0));
        bits as f64 // below 2^48: exact
    }));
}

/// Reads them back.
pub(super) fn unpack(numbers: &[f64], spins: &mut [i8]) {
    for (chunk, number) in spins.chunks_mut(PER_NUMBER).zip(numbers) {
        let bits = *number as u64;
        for (k, s) in chunk.iter_mut().enumerate() {
            *s = if bits >> k & 1 == 1 { 1 } else { -1 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spins_come_back() {
        for n in [1_usize, 47, 48, 49, 100] {
            let spins: Vec<i8> = (0..n).map(|k| if k * k % 7 < 3 { 1 } else { -1 }).collect();
            let mut part = Vec::new();
            pack(&spins, &mut part);
            assert_eq!(part.len(), packed_len(n));
            let text: Vec<String> = part.iter().map(|x| format!("{x:?}")).collect();
            let read: Vec<f64> = text.iter().map(|x| x.parse().unwrap()).collect();
            let mut back = vec![0; n];
            unpack(&read, &mut back);
            assert_eq!(back, spins);
        }
    }
}
