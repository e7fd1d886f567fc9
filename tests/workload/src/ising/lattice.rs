//! The bit lattice: three words, both ways to draw and the heat bath, one coupling and ±J (lazily: each instance
//! costs flash).

use crate::Hash;
use core::hint::black_box;
use gibbs_core::Error;
use gibbs_core::ising::lattice::{
    Bonds, Fixed, HeatBath, Lattice, Lazy, Metropolis, Planes, PlusMinus, Probability, Uniform, Update, Word,
};
use gibbs_core::ising::model::Wrap;
use gibbs_core::random::{Xoshiro256PlusPlus, below, stream};

const ROWS: usize = 6;

/// Rows shorter than a word, of one word, and of two.
#[inline(never)]
pub(crate) fn lattice() -> u64 {
    let mut hash = Hash::default();
    sides::<u16>(&mut hash);
    sides::<u32>(&mut hash);
    sides::<u64>(&mut hash);
    hash.value()
}

#[inline(never)]
fn sides<W: Word>(hash: &mut Hash) {
    let word = 2 * W::BITS as usize;
    let outcomes = [
        run::<W, 1>(hash, 6),
        run::<W, 1>(hash, word),
        run::<W, 2>(hash, 2 * word),
        run::<W, 2>(hash, 2 * word + 2), // no whole number of words
    ];
    for outcome in outcomes {
        hash.outcome(outcome);
    }
}

fn run<W: Word, const WORDS: usize>(hash: &mut Hash, width: usize) -> Result<(), Error> {
    let mut rng = stream(black_box(11), "workload/lattice", width as u64);
    let mut lattice = Lattice::<W, WORDS, ROWS>::new();
    let mut planes = lattice.view(width, Wrap::Simple)?;
    planes.randomise(&mut rng);
    let temperature = black_box(2.269_185_314_213_022);
    let fixed = Metropolis(Fixed(Probability::at_temperature(temperature, 16)?));
    let lazy = Metropolis(Lazy::new(Probability::at_temperature(temperature, 64)?));
    let heat_bath = HeatBath::at_temperature(temperature)?;
    sweeps(hash, &mut planes, &fixed, &Uniform::Ferromagnet, &mut rng)?;
    sweeps(hash, &mut planes, &lazy, &Uniform::Ferromagnet, &mut rng)?;
    sweeps(hash, &mut planes, &heat_bath, &Uniform::Antiferromagnet, &mut rng)?;

    let geometry = *planes.geometry();
    let mut signs = [[[W::NONE; 4]; 2 * ROWS]; 2];
    let [even, odd] = signs
        .each_mut()
        .map(|signs| signs.get_mut(..geometry.plane()).unwrap_or_default());
    let bonds = PlusMinus::new(geometry, [even, odd], |_, _| {
        let signs = below(&mut rng, 4);
        (signs & 1 == 1, signs & 2 == 2)
    })?;
    sweeps(hash, &mut planes, &lazy, &bonds, &mut rng)?;
    sweeps(hash, &mut planes, &heat_bath, &bonds, &mut rng)
}

#[inline(never)]
fn sweeps<W: Word>(
    hash: &mut Hash,
    planes: &mut Planes<'_, W>,
    update: &impl Update,
    bonds: &impl Bonds<W>,
    rng: &mut Xoshiro256PlusPlus,
) -> Result<(), Error> {
    hash.real(update.temperature_effective());
    for _ in 0..3 {
        planes.sweep(update, bonds, rng)?;
        for word in [0, 1].iter().flat_map(|colour| planes.plane(*colour)) {
            hash.word(word.wide());
        }
        hash.word(planes.energy(bonds)? as u64);
        for sum in planes.magnetizations() {
            hash.word(sum as u64);
        }
    }
    Ok(())
}
