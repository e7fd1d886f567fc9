//! What the owners of the core take of a device's memory, in bytes, held when this crate is compiled for one.

use core::mem::size_of;
use gibbs_core::diffusion::Table;
use gibbs_core::garrote::{Garrote, PathPoints, Standardised, Stream};
use gibbs_core::ising::lattice::Lattice;
use gibbs_core::linalg::Basis;
use gibbs_core::random::Xoshiro256PlusPlus;

/// An owner: its type, what it holds, its bytes on a target of 32 bits.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    /// The type, as one writes it.
    pub name: &'static str,
    /// What it holds.
    pub holds: &'static str,
    /// Bytes.
    pub bytes: usize,
}

macro_rules! owners {
    ($($owner:ty: $bytes:literal, $holds:literal;)*) => {
        /// The owners at the sizes of the examples; in f64 they take about twice as much.
        pub const OWNERS: &[Owner] = &[$(Owner { name: stringify!($owner), holds: $holds, bytes: $bytes }),*];
        // A `usize` makes some a word longer on targets of 64 bits, never more than two.
        $(const _: () = assert!(
            if size_of::<usize>() == 4 {
                size_of::<$owner>() == $bytes
            } else {
                size_of::<$owner>() >= $bytes && size_of::<$owner>() <= $bytes + 16
            }
        );)*
    };
}

owners! {
    Stream<f32, 16>: 1172, "sums of samples of 16 variables and a target: N² + 2 N + 5 numbers";
    Standardised<f32, 16>: 1228, "moments with the centres and scales that made them: N² + 3 N + 3 numbers";
    Garrote<f32, 16>: 196, "inclusions, weights, fields, a precision: 3 N + 1 numbers";
    PathPoints<f32, 16, 16>: 2900, "the solutions of a path over 16 gammas, both passes";
    Lattice<u32, 1, 64>: 512, "64 x 64 spins, one bit each";
    Table<f32, 1000>: 4000, "a noise schedule of 1000 steps";
    Basis<f32, 16, 16, 4>: 1456, "4 singular triplets of a Jacobian of 16 outputs by 16 inputs, with the scratch to find them";
    Xoshiro256PlusPlus: 32, "a random stream";
}
