//! The bit-packed lattice: word by word on any generator, against the exact energy (Kaufman) and the exact law
//! of the magnetisation (transfer matrix).

use super::{Check, Halted, Setting, Task, glasses, task};
use crate::ising::oracle::{kaufman, onsager};
use crate::ising::series::{Plan, Scalar, Series, planes, record};
use crate::ising::statistics::z;
use crate::report::claim::{Expected, SIGMAS};
use gibbs_core::ising::Dense;
use gibbs_core::ising::enumerate::Enumeration;
use gibbs_core::ising::lattice::{
    Bonds, Fixed, Geometry, HeatBath, Lazy, Metropolis, Planes, PlusMinus, Probability, Uniform, Update, Word,
};
use gibbs_core::ising::model::Wrap;
use onsager::CRITICAL_TEMPERATURE;
use rand_core::Rng;

pub(super) const GROUP: &str = "lattice";
pub(super) const KAUFMAN: &str = "Kaufman, finite torus";
pub(super) const LAW: &str = "transfer matrix";
const STREAM: &str = "ising.verify.lattice";
/// Sides of the small lattices.
const SIDES: [usize; 3] = [4, 6, 8];

pub(super) fn tasks<'a, R: Rng>(make: &'a (impl Fn(&str, u64) -> R + Sync)) -> Vec<Task<'a>> {
    let mut tasks: Vec<Task<'a>> = Vec::new();
    for (index, temperature) in [1.5, 2.0, 2.5, 3.0].into_iter().enumerate() {
        tasks.push(task(move |setting| {
            large(temperature, make(STREAM, 100 + index as u64), setting)
        }));
    }
    tasks.push(task(move |setting| {
        effective_temperature(make(STREAM, 200), setting)
    }));
    for (index, side) in SIDES.into_iter().enumerate() {
        let index = 10 * index as u64;
        let lazy = |temperature| {
            Probability::at_temperature(temperature, 64)
                .map(Lazy::new)
                .map(Metropolis)
        };
        tasks.push(task(move |setting| {
            let update = lazy(CRITICAL_TEMPERATURE)?;
            let mut checks = small::<u16>(
                "Metropolis, u16 words",
                side,
                &update,
                make(STREAM, index),
                setting,
            )?;
            let rng = make(STREAM, index + 1);
            checks.extend(small::<u32>(
                "Metropolis, u32 words",
                side,
                &update,
                rng,
                setting,
            )?);
            let rng = make(STREAM, index + 2);
            checks.extend(small::<u64>(
                "Metropolis, u64 words",
                side,
                &update,
                rng,
                setting,
            )?);
            Ok(checks)
        }));
        tasks.push(task(move |setting| {
            let mut checks = Vec::new();
            for (at, temperature) in [2.0, 2.5].into_iter().enumerate() {
                let rng = make(STREAM, index + 3 + at as u64);
                let update = lazy(temperature)?;
                checks.extend(small::<u32>(
                    "Metropolis, u32 words",
                    side,
                    &update,
                    rng,
                    setting,
                )?);
            }
            Ok(checks)
        }));
        tasks.push(task(move |setting| {
            let bath = HeatBath::at_temperature(CRITICAL_TEMPERATURE)?;
            let mut checks = small::<u32>(
                "heat bath, u32 words",
                side,
                &bath,
                make(STREAM, index + 5),
                setting,
            )?;
            let fixed = Metropolis(Fixed(Probability::at_temperature(2.5, 16)?));
            let rng = make(STREAM, index + 6);
            checks.extend(small::<u64>(
                "Metropolis, 16 fixed bits",
                side,
                &fixed,
                rng,
                setting,
            )?);
            Ok(checks)
        }));
    }
    tasks.push(task(move |setting| antiferromagnet(make(STREAM, 300), setting)));
    tasks.push(task(move |setting| spin_glass(make(STREAM, 301), setting)));
    tasks
}

/// Runs a square lattice from all spins up.
fn measure<W: Word>(
    geometry: Geometry,
    update: &impl Update,
    bonds: &impl Bonds<W>,
    staggered: bool,
    (rng, plan): (impl Rng, Plan),
    setting: Setting<'_>,
) -> Result<Series, Halted> {
    let [mut even, mut odd] = planes::<W>(&geometry);
    let mut planes = Planes::new(geometry, [&mut even, &mut odd])?;
    planes.fill(true);
    let mut sampler = Scalar {
        planes,
        update,
        bonds,
        rng,
        staggered,
    };
    record(&mut sampler, plan, setting.work.interrupted)
}

/// The four observables of a small lattice at the temperature where the update is exact.
fn small<W: Word>(
    name: &str,
    side: usize,
    update: &impl Update,
    rng: impl Rng,
    setting: Setting<'_>,
) -> Result<Vec<Check>, Halted> {
    let plan = Plan {
        burn_in: 200,
        samples: setting.size.samples(200_000),
        every: 2,
    };
    let geometry = Geometry::new::<W>(side, side, Wrap::Simple)?;
    let series = measure::<W>(
        geometry,
        update,
        &Uniform::Ferromagnet,
        false,
        (rng, plan),
        setting,
    )?;
    observables(
        GROUP,
        name,
        side,
        update.temperature_effective(),
        &series,
        setting,
    )
}

/// e, |m|, m² and U4 against the exact ones.
pub(super) fn observables(
    group: &'static str,
    name: &str,
    side: usize,
    temperature: f64,
    series: &Series,
    setting: Setting<'_>,
) -> Result<Vec<Check>, Halted> {
    let beta = 1.0 / temperature;
    let energy = kaufman::torus(side, side, beta)?.energy_per_spin();
    let law = setting.laws.torus(side, beta)?;
    let checks = [
        ("e", KAUFMAN, energy, series.energy(), 3e-3),
        ("|m|", LAW, law.abs(), series.abs(), 3e-3),
        ("m²", LAW, law.square(), series.square(), 3e-3),
        ("U4", LAW, law.binder(), series.binder(), 3e-3),
    ]
    .map(|(what, source, exact, estimate, largest)| {
        let name = format!("{name}, L = {side}, T = {temperature:.3}: {what}");
        Check::sampled(group, name, source, exact, &estimate, setting.size.limit(largest))
    });
    Ok(checks.into())
}

/// L = 64: the energy against Kaufman; in the cold |m| against Yang, from which it differs by e^(-L/xi) alone.
fn large(temperature: f64, rng: impl Rng, setting: Setting<'_>) -> Result<Vec<Check>, Halted> {
    let update = Metropolis(Lazy::new(Probability::at_temperature(temperature, 64)?));
    let plan = Plan {
        burn_in: 1000,
        samples: setting.size.samples(25_000),
        every: 4,
    };
    let geometry = Geometry::new::<u32>(64, 64, Wrap::Simple)?;
    let series = measure::<u32>(
        geometry,
        &update,
        &Uniform::Ferromagnet,
        false,
        (rng, plan),
        setting,
    )?;
    let beta = 1.0 / temperature;
    let name = format!("Metropolis, u32 words, L = 64, T = {temperature}");
    let limit = setting.size.limit(5e-4);
    let exact = kaufman::torus(64, 64, beta)?.energy_per_spin();
    let mut checks = vec![Check::sampled(
        GROUP,
        format!("{name}: e"),
        KAUFMAN,
        exact,
        &series.energy(),
        limit,
    )];
    if temperature <= 2.0 {
        let exact = onsager::magnetisation(beta)?;
        let estimate = series.abs();
        checks.push(Check::sampled(
            GROUP,
            format!("{name}: |m|"),
            "Yang",
            exact,
            &estimate,
            limit,
        ));
    }
    Ok(checks)
}

/// The law of T_eff: at 8 bits the sampler is exact at T_eff = 2.271452, and is seen not to be at T_c.
fn effective_temperature(rng: impl Rng, setting: Setting<'_>) -> Result<Vec<Check>, Halted> {
    let update = Metropolis(Fixed(Probability::at_temperature(CRITICAL_TEMPERATURE, 8)?));
    let found = update.temperature_effective();
    let mut checks = vec![Check::within(
        GROUP,
        "T_eff of 8 bits at T_c",
        "-4/ln(44/256)",
        [2.271_452, found],
        5e-7,
    )];
    checks.extend(quantised(&update, rng, setting)?);
    Ok(checks)
}

/// The energy of an update of 8 bits at T_c, L = 32: that of T_eff, and in a full run not that of T_c.
pub(super) fn quantised(
    update: &impl Update,
    rng: impl Rng,
    setting: Setting<'_>,
) -> Result<Vec<Check>, Halted> {
    const SIDE: usize = 32;
    let plan = Plan {
        burn_in: 1000,
        samples: setting.size.samples(300_000),
        every: 5,
    };
    let geometry = Geometry::new::<u16>(SIDE, SIDE, Wrap::Simple)?;
    let series = measure::<u16>(
        geometry,
        update,
        &Uniform::Ferromagnet,
        false,
        (rng, plan),
        setting,
    )?;
    let energy =
        |temperature: f64| kaufman::torus(SIDE, SIDE, 1.0 / temperature).map(|t| t.energy_per_spin());
    let estimate = series.energy();
    let exact = energy(update.temperature_effective())?;
    let name = format!("Metropolis, 8 bits at T_c, L = {SIDE}: e");
    let limit = setting.size.limit(8e-4);
    let mut checks = vec![Check::sampled(
        GROUP,
        format!("{name}, that of T_eff"),
        KAUFMAN,
        exact,
        &estimate,
        limit,
    )];
    if setting.size == super::Size::Full {
        let critical = energy(CRITICAL_TEMPERATURE)?;
        let distance = estimate.as_ref().map(|found| z(found, critical).abs());
        checks.push(Check::new(
            GROUP,
            format!("{name}, errors away from that of T_c"),
            KAUFMAN,
            Expected::AtLeast(SIGMAS),
            distance.unwrap_or(f64::NAN),
        ));
    }
    Ok(checks)
}

/// J = -1: the energies of the ferromagnet, and its magnetisation between the colours.
fn antiferromagnet(rng: impl Rng, setting: Setting<'_>) -> Result<Vec<Check>, Halted> {
    let update = Metropolis(Lazy::new(Probability::at_temperature(CRITICAL_TEMPERATURE, 64)?));
    let plan = Plan {
        burn_in: 200,
        samples: setting.size.samples(200_000),
        every: 2,
    };
    let geometry = Geometry::new::<u32>(8, 8, Wrap::Simple)?;
    let series = measure::<u32>(
        geometry,
        &update,
        &Uniform::Antiferromagnet,
        true,
        (rng, plan),
        setting,
    )?;
    let name = "antiferromagnet (staggered m)";
    observables(GROUP, name, 8, update.temperature_effective(), &series, setting)
}

/// ±J: the golden 4 x 4 instance against enumeration.
fn spin_glass(rng: impl Rng, setting: Setting<'_>) -> Result<Vec<Check>, Halted> {
    let [_, _, _, golden, ..] = glasses::golden();
    let model = Dense::new(&golden.couplings, &[0; glasses::SPINS])?;
    let update = Metropolis(Lazy::new(Probability::at_temperature(2.0, 64)?));
    let (mut spins, mut fields) = ([1; glasses::SPINS], [0; glasses::SPINS]);
    let exact = Enumeration::new(&model, &mut spins, &mut fields)?
        .thermal(0.5)?
        .energy;
    let geometry = Geometry::new::<u16>(4, 4, Wrap::Simple)?;
    let [mut even, mut odd] = [(); 2].map(|()| vec![[0_u16; 4]; geometry.plane()]);
    let coupling =
        |x: usize, y: usize, x2: usize, y2: usize| golden.couplings[16 * (4 * y + x) + 4 * y2 + x2];
    let bonds = PlusMinus::new(geometry, [&mut even, &mut odd], |x, y| {
        (
            coupling(x, y, (x + 1) % 4, y) < 0,
            coupling(x, y, x, (y + 1) % 4) < 0,
        )
    })?;
    let plan = Plan {
        burn_in: 200,
        samples: setting.size.samples(100_000),
        every: 2,
    };
    let series = measure::<u16>(geometry, &update, &bonds, false, (rng, plan), setting)?;
    let name = format!("{} on ±J bonds, u16 words, T = 2: e", golden.name);
    let limit = setting.size.limit(2e-3);
    Ok(vec![Check::sampled(
        GROUP,
        name,
        "enumeration",
        exact / 16.0,
        &series.energy(),
        limit,
    )])
}
