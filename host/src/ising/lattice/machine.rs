//! The instruction sets: 512 bits as one AVX-512 register, two of AVX2, or eight words.
//!
//! Intrinsics by name, through pulp's tokens (which prove that the instructions are there, so nothing is
//! unsafe): arrays of words, left to the optimiser, end up scalar as often as not. All three give the same bits.

use std::ops::{BitAnd, BitAndAssign, BitOr, BitOrAssign, BitXor, Not};

use gibbs_core::ising::lattice::Bits;

/// Words of a vector.
pub(super) const LANES: usize = 8;

/// What a vector of eight words can do on one instruction set.
pub(super) trait Machine: Copy {
    /// Eight words.
    type Words: Copy;
    fn load(self, words: [u64; LANES]) -> Self::Words;
    fn store(self, words: Self::Words) -> [u64; LANES];
    fn and(self, a: Self::Words, b: Self::Words) -> Self::Words;
    fn or(self, a: Self::Words, b: Self::Words) -> Self::Words;
    fn xor(self, a: Self::Words, b: Self::Words) -> Self::Words;
    fn xor_three(self, a: Self::Words, b: Self::Words, c: Self::Words) -> Self::Words;
    fn not(self, a: Self::Words) -> Self::Words;
    fn add(self, a: Self::Words, b: Self::Words) -> Self::Words;
    fn shift_17(self, a: Self::Words) -> Self::Words;
    fn rotate_23(self, a: Self::Words) -> Self::Words;
    fn rotate_45(self, a: Self::Words) -> Self::Words;
    fn is_zero(self, a: Self::Words) -> bool;
}

/// No special instructions.
#[derive(Clone, Copy)]
pub(super) struct Baseline;

impl Machine for Baseline {
    type Words = [u64; LANES];
    #[inline(always)]
    fn load(self, words: [u64; LANES]) -> Self::Words {
        words
    }
    #[inline(always)]
    fn store(self, words: Self::Words) -> [u64; LANES] {
        words
    }
    #[inline(always)]
    fn and(self, a: Self::Words, b: Self::Words) -> Self::Words {
        std::array::from_fn(|l| a[l] & b[l])
    }
    #[inline(always)]
    fn or(self, a: Self::Words, b: Self::Words) -> Self::Words {
        std::array::from_fn(|l| a[l] | b[l])
    }
    #[inline(always)]
    fn xor(self, a: Self::Words, b: Self::Words) -> Self::Words {
        std::array::from_fn(|l| a[l] ^ b[l])
    }
    #[inline(always)]
    fn xor_three(self, a: Self::Words, b: Self::Words, c: Self::Words) -> Self::Words {
        std::array::from_fn(|l| a[l] ^ b[l] ^ c[l])
    }
    #[inline(always)]
    fn not(self, a: Self::Words) -> Self::Words {
        a.map(|a| !a)
    }
    #[inline(always)]
    fn add(self, a: Self::Words, b: Self::Words) -> Self::Words {
        std::array::from_fn(|l| a[l].wrapping_add(b[l]))
    }
    #[inline(always)]
    fn shift_17(self, a: Self::Words) -> Self::Words {
        a.map(|a| a << 17)
    }
    #[inline(always)]
    fn rotate_23(self, a: Self::Words) -> Self::Words {
        a.map(|a| a.rotate_left(23))
    }
    #[inline(always)]
    fn rotate_45(self, a: Self::Words) -> Self::Words {
        a.map(|a| a.rotate_left(45))
    }
    #[inline(always)]
    fn is_zero(self, a: Self::Words) -> bool {
        a.iter().fold(0, |or, a| or | a) == 0
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{LANES, Machine};
    use pulp::x86::{V3, V4};
    use std::arch::x86_64::{__m256i, __m512i};

    impl Machine for V4 {
        type Words = __m512i;
        #[inline(always)]
        fn load(self, words: [u64; LANES]) -> __m512i {
            pulp::cast(words)
        }
        #[inline(always)]
        fn store(self, words: __m512i) -> [u64; LANES] {
            pulp::cast(words)
        }
        #[inline(always)]
        fn and(self, a: __m512i, b: __m512i) -> __m512i {
            self.avx512f._mm512_and_si512(a, b)
        }
        #[inline(always)]
        fn or(self, a: __m512i, b: __m512i) -> __m512i {
            self.avx512f._mm512_or_si512(a, b)
        }
        #[inline(always)]
        fn xor(self, a: __m512i, b: __m512i) -> __m512i {
            self.avx512f._mm512_xor_si512(a, b)
        }
        #[inline(always)]
        fn xor_three(self, a: __m512i, b: __m512i, c: __m512i) -> __m512i {
            self.avx512f._mm512_ternarylogic_epi64::<0x96>(a, b, c)
        }
        #[inline(always)]
        fn not(self, a: __m512i) -> __m512i {
            self.avx512f
                ._mm512_xor_si512(a, self.avx512f._mm512_set1_epi64(-1))
        }
        #[inline(always)]
        fn add(self, a: __m512i, b: __m512i) -> __m512i {
            self.avx512f._mm512_add_epi64(a, b)
        }
        #[inline(always)]
        fn shift_17(self, a: __m512i) -> __m512i {
            self.avx512f._mm512_slli_epi64::<17>(a)
        }
        #[inline(always)]
        fn rotate_23(self, a: __m512i) -> __m512i {
            self.avx512f._mm512_rol_epi64::<23>(a)
        }
        #[inline(always)]
        fn rotate_45(self, a: __m512i) -> __m512i {
            self.avx512f._mm512_rol_epi64::<45>(a)
        }
        #[inline(always)]
        fn is_zero(self, a: __m512i) -> bool {
            self.avx512f._mm512_test_epi64_mask(a, a) == 0
        }
    }

    impl Machine for V3 {
        type Words = [__m256i; 2];
        #[inline(always)]
        fn load(self, words: [u64; LANES]) -> [__m256i; 2] {
            let [a, b, c, d, e, f, g, h] = words;
            [pulp::cast([a, b, c, d]), pulp::cast([e, f, g, h])]
        }
        #[inline(always)]
        fn store(self, words: [__m256i; 2]) -> [u64; LANES] {
            let [a, b, c, d]: [u64; 4] = pulp::cast(words[0]);
            let [e, f, g, h]: [u64; 4] = pulp::cast(words[1]);
            [a, b, c, d, e, f, g, h]
        }
        #[inline(always)]
        fn and(self, a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
            [
                self.avx2._mm256_and_si256(a[0], b[0]),
                self.avx2._mm256_and_si256(a[1], b[1]),
            ]
        }
        #[inline(always)]
        fn or(self, a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
            [
                self.avx2._mm256_or_si256(a[0], b[0]),
                self.avx2._mm256_or_si256(a[1], b[1]),
            ]
        }
        #[inline(always)]
        fn xor(self, a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
            [
                self.avx2._mm256_xor_si256(a[0], b[0]),
                self.avx2._mm256_xor_si256(a[1], b[1]),
            ]
        }
        #[inline(always)]
        fn xor_three(self, a: [__m256i; 2], b: [__m256i; 2], c: [__m256i; 2]) -> [__m256i; 2] {
            self.xor(a, self.xor(b, c))
        }
        #[inline(always)]
        fn not(self, a: [__m256i; 2]) -> [__m256i; 2] {
            let ones = self.avx._mm256_set1_epi64x(-1);
            self.xor(a, [ones; 2])
        }
        #[inline(always)]
        fn add(self, a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
            [
                self.avx2._mm256_add_epi64(a[0], b[0]),
                self.avx2._mm256_add_epi64(a[1], b[1]),
            ]
        }
        #[inline(always)]
        fn shift_17(self, a: [__m256i; 2]) -> [__m256i; 2] {
            [
                self.avx2._mm256_slli_epi64::<17>(a[0]),
                self.avx2._mm256_slli_epi64::<17>(a[1]),
            ]
        }
        #[inline(always)]
        fn rotate_23(self, a: [__m256i; 2]) -> [__m256i; 2] {
            let right = [
                self.avx2._mm256_srli_epi64::<41>(a[0]),
                self.avx2._mm256_srli_epi64::<41>(a[1]),
            ];
            self.or(
                [
                    self.avx2._mm256_slli_epi64::<23>(a[0]),
                    self.avx2._mm256_slli_epi64::<23>(a[1]),
                ],
                right,
            )
        }
        #[inline(always)]
        fn rotate_45(self, a: [__m256i; 2]) -> [__m256i; 2] {
            let right = [
                self.avx2._mm256_srli_epi64::<19>(a[0]),
                self.avx2._mm256_srli_epi64::<19>(a[1]),
            ];
            self.or(
                [
                    self.avx2._mm256_slli_epi64::<45>(a[0]),
                    self.avx2._mm256_slli_epi64::<45>(a[1]),
                ],
                right,
            )
        }
        #[inline(always)]
        fn is_zero(self, a: [__m256i; 2]) -> bool {
            let any = self.avx2._mm256_or_si256(a[0], a[1]);
            self.avx._mm256_testz_si256(any, any) == 1
        }
    }
}

/// A vector on its machine.
#[derive(Clone, Copy)]
pub(super) struct Lanes<M: Machine> {
    machine: M,
    words: M::Words,
}

impl<M: Machine> Lanes<M> {
    #[inline(always)]
    pub(super) fn load(machine: M, words: [u64; LANES]) -> Self {
        let words = machine.load(words);
        Self { machine, words }
    }

    #[inline(always)]
    pub(super) fn store(self) -> [u64; LANES] {
        self.machine.store(self.words)
    }

    #[inline(always)]
    fn with(self, words: M::Words) -> Self {
        Self {
            machine: self.machine,
            words,
        }
    }

    #[inline(always)]
    pub(super) fn plus(self, other: Self) -> Self {
        self.with(self.machine.add(self.words, other.words))
    }

    #[inline(always)]
    pub(super) fn xor_two(self, b: Self, c: Self) -> Self {
        self.with(self.machine.xor_three(self.words, b.words, c.words))
    }

    #[inline(always)]
    pub(super) fn shift_17(self) -> Self {
        self.with(self.machine.shift_17(self.words))
    }

    #[inline(always)]
    pub(super) fn rotate_23(self) -> Self {
        self.with(self.machine.rotate_23(self.words))
    }

    #[inline(always)]
    pub(super) fn rotate_45(self) -> Self {
        self.with(self.machine.rotate_45(self.words))
    }
}

macro_rules! lanewise {
    ($trait:ident, $method:ident, $op:ident) => {
        impl<M: Machine> $trait for Lanes<M> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                self.with(self.machine.$op(self.words, other.words))
            }
        }
    };
}

lanewise!(BitAnd, bitand, and);
lanewise!(BitOr, bitor, or);
lanewise!(BitXor, bitxor, xor);

impl<M: Machine> Not for Lanes<M> {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        self.with(self.machine.not(self.words))
    }
}

impl<M: Machine> BitAndAssign for Lanes<M> {
    #[inline(always)]
    fn bitand_assign(&mut self, other: Self) {
        *self = *self & other;
    }
}

impl<M: Machine> BitOrAssign for Lanes<M> {
    #[inline(always)]
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl<M: Machine> Bits for Lanes<M> {
    #[inline(always)]
    fn is_none(self) -> bool {
        self.machine.is_zero(self.words)
    }
}
