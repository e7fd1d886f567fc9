//! Exact balance: the flip probabilities that the code of a rule has, counted over its random bits, and the
//! transition matrices that they make of four spins.
//!
//! Four spins of which each has four bonds, on two graphs: the square lattice with a helical boundary (i - 1,
//! i + 1 and twice i + 2), where all costs 0, ±4, ±8 occur, and 2 x 2 sites within a frozen 4 x 4 torus, which
//! have two colours.

use super::{Check, Halted, Task, task};
use crate::ising::oracle::onsager::CRITICAL_TEMPERATURE;
use crate::ising::transition::{self, Matrix, acceptance, boltzmann, flip_cost, spins_of};
use gibbs_core::Error;
use gibbs_core::ising::integer::quantise;
use gibbs_core::ising::lattice::{self, Bits as _, Fair, Fixed, Lazy, Probability, Update};
use gibbs_core::ising::model::Wrap;
use gibbs_core::ising::{Dense, HeatBath, HeatBathQ16, Metropolis, MetropolisQ16, Model, Rule, Torus};

const GROUP: &str = "balance";
const SOURCE: &str = "Boltzmann's law, transition matrix";
/// Largest violation accepted.
pub(super) const VIOLATION: f64 = 1e-12;

pub(super) fn tasks() -> Vec<Task<'static>> {
    vec![
        task(|_| lattice_rules()),
        task(|_| scalar_rules()),
        task(|_| integer_rules()),
    ]
}

/// Plays every sequence of random words that a decision can ask for, one after the other: all lanes of a word
/// are equal.
struct Sequences {
    bits: Vec<bool>,
    read: usize,
}

impl Fair<u16> for Sequences {
    fn word(&mut self) -> u16 {
        if self.read == self.bits.len() {
            self.bits.push(false);
        }
        let bit = self.bits[self.read];
        self.read += 1;
        if bit { u16::MAX } else { 0 }
    }
}

/// The exact probabilities with which `update` flips: first a spin that is -1, then one that is +1, each with
/// 0 to 4 neighbours +1.
pub(super) fn flips(update: &impl Update) -> [[f64; 5]; 2] {
    let word = |up: bool| if up { u16::MAX } else { 0 };
    let probability = |spin: u16, up: usize| {
        let neighbours = [0, 1, 2, 3].map(|n| word(n < up));
        let mut all = Sequences {
            bits: Vec::new(),
            read: 0,
        };
        let mut sum = 0.0;
        loop {
            all.read = 0;
            let flipped = !(update.update(spin, neighbours, &mut all) ^ spin).is_none();
            if flipped {
                sum += 0.5_f64.powi(all.bits.len() as i32);
            }
            // the next sequence: the last 0 becomes 1, what follows is asked for anew
            while all.bits.last() == Some(&true) {
                all.bits.pop();
            }
            match all.bits.last_mut() {
                Some(last) => *last = true,
                None => return sum,
            }
        }
    };
    [0, u16::MAX].map(|spin| [0, 1, 2, 3, 4].map(|up| probability(spin, up)))
}

#[rustfmt::skip]
const HELIX: [i32; 16] = [
    0, 1, 2, 1,
    1, 0, 1, 2,
    2, 1, 0, 1,
    1, 2, 1, 0,
];

/// 2 x 2 free sites of a 4 x 4 torus whose other sites are frozen: they are the fields.
fn window(frozen: u32) -> Result<([i32; 16], [i32; 4]), Error> {
    let torus = Torus::new(4, 4, 1, 0, Wrap::Simple)?;
    let free = [5, 6, 10, 9]; // round the square, so that neighbours differ in colour
    let (mut couplings, mut fields) = ([0; 16], [0; 4]);
    for (a, site) in free.into_iter().enumerate() {
        torus.neighbours(site, |j, coupling: i32| {
            match free.iter().position(|other| *other == j) {
                Some(b) => couplings[4 * a + b] += coupling,
                None => fields[a] += if frozen >> j & 1 == 1 { coupling } else { -coupling },
            }
        });
    }
    Ok((couplings, fields))
}

/// Violations by a lattice update at its own effective temperature: of detailed balance on the helix (a site at
/// random) and in the window (each colour), and of stationarity by a sweep of the window.
pub(super) fn violations(update: &impl Update) -> Result<[f64; 3], Error> {
    let flips = flips(update);
    let beta = 1.0 / update.temperature_effective();
    let flip = |model: &Dense<'_, i32>, state: usize, site: usize| {
        let spins = spins_of(state, 4);
        let field = model.local_field(site, &spins);
        let up = usize::try_from(i32::midpoint(field, 4)).unwrap_or(0);
        flips[usize::from(spins[site] > 0)][up.min(4)]
    };
    let helix = Dense::new(&HELIX, &[0; 4])?;
    let chain = Matrix::random_site(4, |state, site| flip(&helix, state, site))?;
    let mut worst = [chain.balance_violation(&boltzmann(&helix, beta)?)?, 0.0, 0.0];
    for frozen in [0, 0x0f3c, 0x9a51, 0xf00f] {
        let (couplings, fields) = window(frozen)?;
        let model = Dense::new(&couplings, &fields)?;
        let law = boltzmann(&model, beta)?;
        let [even, odd] = [[0, 2], [1, 3]]
            .map(|colour| Matrix::together(4, &colour, |state, site| flip(&model, state, site)));
        let (even, odd) = (even?, odd?);
        for half in [&even, &odd] {
            worst[1] = worst[1].max(half.balance_violation(&law)?);
        }
        worst[2] = worst[2].max(even.then(&odd)?.stationarity_violation(&law)?);
    }
    Ok(worst)
}

/// The checks of one lattice update.
pub(super) fn of_update(name: &str, update: &impl Update) -> Result<Vec<Check>, Error> {
    let what = [
        "detailed balance of a site, helix",
        "detailed balance of a colour, window",
        "a sweep keeps the law, window",
    ];
    let checks = violations(update)?.into_iter().zip(what).map(|(off, what)| {
        let name = format!("{name}: {what}");
        Check::within(GROUP, name, SOURCE, [0.0, off], VIOLATION)
    });
    Ok(checks.collect())
}

/// The lattice updates as they are quantised.
fn lattice_rules() -> Result<Vec<Check>, Halted> {
    let at = |bits| Probability::at_temperature(CRITICAL_TEMPERATURE, bits);
    let mut checks = of_update("Metropolis, 8 bits, fixed", &lattice::Metropolis(Fixed(at(8)?)))?;
    for bits in [8, 16, 64] {
        let update = lattice::Metropolis(Lazy::new(at(bits)?));
        checks.extend(of_update(&format!("Metropolis, {bits} bits, lazy"), &update)?);
    }
    let bath = lattice::HeatBath::at_temperature(CRITICAL_TEMPERATURE)?;
    checks.extend(of_update("heat bath, 64 bits", &bath)?);
    Ok(checks)
}

/// Couplings ±1 and ±2 with fields, no symmetry.
const GLASS: ([f64; 16], [f64; 4]) = (
    [
        0.0, 1.0, -2.0, 1.0, 1.0, 0.0, 1.0, -1.0, -2.0, 1.0, 0.0, 2.0, 1.0, -1.0, 2.0, 0.0,
    ],
    [1.0, 0.0, -1.0, 2.0],
);

/// The rules of the core on floats: their code's acceptances, by bisection of its random word.
fn scalar_rules() -> Result<Vec<Check>, Halted> {
    let model = Dense::new(&GLASS.0, &GLASS.1)?;
    let beta = 0.45;
    let law = boltzmann(&model, beta)?;
    let (metropolis, bath) = (Metropolis::new(beta)?, HeatBath::new(beta)?);
    let flips = |rule: &dyn Fn(i8, f64, &mut transition::Word) -> bool| {
        Matrix::random_site(4, |state, site| {
            let spins = spins_of(state, 4);
            let field = model.local_field(site, &spins);
            acceptance(|word| rule(spins[site], field, word))
        })
    };
    let mut checks = Vec::new();
    for (name, chain) in [
        ("Metropolis", flips(&|s, f, word| metropolis.flips(s, f, word))?),
        ("heat bath", flips(&|s, f, word| bath.flips(s, f, word))?),
    ] {
        let name = format!("{name}, f64: detailed balance of a site, spin glass");
        let off = chain.balance_violation(&law)?;
        checks.push(Check::within(GROUP, name, SOURCE, [0.0, off], VIOLATION));
    }
    Ok(checks)
}

/// The rules in integers: their exact acceptances are near the right ones, so is the law they keep.
fn integer_rules() -> Result<Vec<Check>, Halted> {
    let couplings = GLASS.0.map(|c| c as i32);
    let fields = GLASS.1.map(|h| h as i32);
    let model = Dense::new(&couplings, &fields)?;
    let temperature = quantise(2.2)?;
    let exact = f64::from(temperature) / 65_536.0;
    let law = boltzmann(&model, 1.0 / exact)?;
    let (metropolis, bath) = (MetropolisQ16::new(temperature), HeatBathQ16::new(temperature));
    let by_metropolis =
        |state: usize, site: usize| metropolis.acceptance(flip_cost(&model, state, site) as i32);
    let by_bath = |state: usize, site: usize| {
        let spins = spins_of(state, 4);
        let up = bath.up(model.local_field(site, &spins));
        if spins[site] > 0 { 1.0 - up } else { up }
    };
    let mut checks = Vec::new();
    for (name, chain, exact) in [
        (
            "Metropolis, Q16",
            Matrix::random_site(4, by_metropolis)?,
            Matrix::random_site(4, |s, i| transition::metropolis(flip_cost(&model, s, i) / exact))?,
        ),
        (
            "heat bath, Q16",
            Matrix::random_site(4, by_bath)?,
            Matrix::random_site(4, |s, i| transition::heat_bath(flip_cost(&model, s, i) / exact))?,
        ),
    ] {
        let mut stationary = law.clone();
        for _ in 0..2000 {
            stationary = chain.moved(&stationary)?;
        }
        let off = transition::total_variation(&stationary, &law)?;
        let what = format!("{name}: total variation of the law it keeps");
        checks.push(Check::within(GROUP, what, SOURCE, [0.0, off], 1e-4));
        let pairs = (0..16).flat_map(|s| (0..4).map(move |i| (s, s ^ 1 << i)));
        let off = pairs
            .map(|(s, t)| 4.0 * (chain.probability(s, t) - exact.probability(s, t)).abs())
            .fold(0.0, f64::max);
        let what = format!("{name}: largest error of an acceptance");
        checks.push(Check::within(
            GROUP,
            what,
            "e^(-beta dE), logistic law",
            [0.0, off],
            2.3e-6,
        ));
    }
    Ok(checks)
}
