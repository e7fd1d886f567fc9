//! `gibbs_core::ising::lattice`: every word, every update, every kind of bond.
#![no_std]
#![no_main]

use gibbs_core::ising::lattice::bits::{Drawn, Fair, Word};
use gibbs_core::ising::lattice::bonds::{Bonds, PlusMinus, Uniform};
use gibbs_core::ising::lattice::geometry::{Geometry, looks_right};
use gibbs_core::ising::lattice::owned::Lattice;
use gibbs_core::ising::lattice::planes::Planes;
use gibbs_core::ising::lattice::probability::{Draw, Fixed, Lazy, Probability, Proposal};
use gibbs_core::ising::lattice::update::{HeatBath, Metropolis, Update, rests, seen};
use gibbs_core::ising::model::Wrap;
use gibbs_core::random::{Xoshiro256PlusPlus, stream};
use gibbs_panic_proof::{given, taken};

gibbs_panic_proof::program!(lattice);

type Random = Xoshiro256PlusPlus;

fn lattice() {
    let mut rng = stream(given(1), given("name"), given(2));
    taken(Probability::at_temperature(given(2.3), given(16)));
    if let (Ok(p), Ok(heat_bath)) = (
        Probability::new(given(5), given(16)),
        HeatBath::at_temperature(given(2.3)),
    ) {
        taken((p.threshold(), p.bits(), p.value(), p.temperature_effective()));
        let (fixed, lazy) = (given(Fixed(p)), given(Lazy::new(p)));
        updates(&given(Metropolis(fixed)), &mut rng);
        updates(&given(Metropolis(lazy)), &mut rng);
        if let Ok(heat_bath) = HeatBath::from_thresholds(given(heat_bath.thresholds())) {
            updates(&given(heat_bath), &mut rng);
        }
        draws(&fixed, &mut rng);
        draws(&lazy, &mut rng);
    }
}

fn draws(draw: &impl Draw, rng: &mut Random) {
    let mut random = Drawn(rng);
    let word: u32 = random.word();
    taken(draw.draw(word, given(7), &mut random));
    let mut group = given(
        [Proposal {
            spins: word,
            open: word,
            single: word,
        }; 3],
    );
    draw.decide(some(&mut group), &mut random);
    taken(group);
    taken(draw.probability());
}

fn updates(update: &impl Update, rng: &mut Random) {
    taken(update.temperature_effective());
    words::<u16>(update, rng);
    words::<u32>(update, rng);
    words::<u64>(update, rng);
}

/// A slice of a length that only the running program knows.
fn some<T>(values: &mut [T]) -> &mut [T] {
    let length = given(values.len());
    values.get_mut(..length).unwrap_or_default()
}

fn words<W: Word>(update: &impl Update, rng: &mut Random) {
    let word = given(W::random(rng));
    taken((word.count(), word.wide(), W::narrow(given(9)), W::lane(given(40))));
    taken((
        W::mask(given(40)),
        word.rotate_up(given(9)),
        word.rotate_down(given(9)),
    ));
    taken((word.is_none(), word.none(), word.all()));
    taken(seen([word; 4], given([word; 4]), given(word)));
    taken(rests::<Metropolis<Fixed>>(|| given(7)));

    let mut owned = given(Lattice::<W, 2, 6>::new());
    if let Ok(mut planes) = owned.view(given(64), given(Wrap::Simple)) {
        everything(&mut planes, &given(Uniform::Antiferromagnet), update, rng);
    }
    let Ok(geometry) = Geometry::new::<W>(given(64), given(6), given(Wrap::Multigraph)) else {
        return;
    };
    taken((
        geometry.width(),
        geometry.height(),
        geometry.words(),
        geometry.used(),
    ));
    taken((
        geometry.sites(),
        geometry.plane(),
        geometry.locate(given(70), given(70)),
    ));
    let (mut even, mut odd) = (given([W::NONE; 12]), given([W::NONE; 12]));
    taken(looks_right(given(1), given(1)));
    let (mut even_signs, mut odd_signs) = (given([[W::NONE; 4]; 12]), given([[W::NONE; 4]; 12]));
    let bonds = PlusMinus::new(geometry, [some(&mut even_signs), some(&mut odd_signs)], |x, y| {
        given((x == 3, y == 4))
    });
    let planes = Planes::new(geometry, [some(&mut even), some(&mut odd)]);
    if let (Ok(bonds), Ok(mut planes)) = (bonds, planes) {
        everything(&mut planes, &bonds, update, rng);
    }
}

fn everything<W: Word>(
    planes: &mut Planes<'_, W>,
    bonds: &impl Bonds<W>,
    update: &impl Update,
    rng: &mut Random,
) {
    taken((bonds.signs(given(1), given(5)), bonds.fits(planes.geometry())));
    planes.fill(given(true));
    planes.randomise(rng);
    planes.set(given(70), given(70), given(-1));
    taken((planes.spin(given(70), given(70)), planes.plane(given(1)).len()));
    taken(planes.half_sweep(given(1), update, bonds, rng));
    taken(planes.sweep(update, bonds, rng));
    taken((
        planes.unsatisfied(bonds),
        planes.energy(bonds),
        planes.magnetizations(),
    ));
}
