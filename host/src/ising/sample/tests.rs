//! Sampling: resumed runs bit by bit, streams, exact values, refusals.
//!
//! Statistical tests have fixed seeds and accept 5 standard deviations: a false alarm of 6e-7 per number.
//!
//! Mutations tried, each seen red: generators of the lanes, or of clusters, not restored; series of any length taken; hot Metropolis taken; the ordered antiferromagnet all up; the wrong
//! measurements kept; another scalar stream; bits packed from the low end; the staggered magnetisation of the wrong
//! model; ±J inverted; the asked temperature given as the effective one.

use super::*;
use crate::ising::oracle::{kaufman, magnetisation, nishimori, onsager::CRITICAL_TEMPERATURE};
use crate::ising::statistics::accepts;
use crate::keep::{KeepError, Keeper, Wish};
use crate::work::Work;
use crate::work::testing::stopped_every;
use gibbs_core::ising::lattice::{Geometry, Planes, PlusMinus, Uniform};
use gibbs_core::ising::model::Wrap;
use gibbs_core::random::{bernoulli, stream};
use tempfile::TempDir;

/// Standard deviations that still count as agreement.
const SIGMAS: f64 = 5.0;

fn plan() -> Plan {
    Plan {
        width: 12,
        height: 10,
        multigraph: false,
        coupling: Coupling::Ferromagnet,
        temperature: 2.3,
        rule: Rule::Metropolis,
        bits: 64,
        draw: DrawKind::Lazy,
        stream: Stream::Lanes,
        start: Start::Random,
        burn_in: 5,
        sweeps: 40,
        every: 3,
        keep_every: 2,
        waves: true,
        seed: 7,
    }
}

/// Every rule with every draw, stream and coupling that it knows.
fn kinds() -> Vec<Plan> {
    let glass = Coupling::PlusMinus(0.7);
    let mut plans = Vec::new();
    for coupling in [Coupling::Ferromagnet, Coupling::Antiferromagnet, glass] {
        for stream in [Stream::Lanes, Stream::Scalar] {
            for (rule, draw, bits) in [
                (Rule::Metropolis, DrawKind::Lazy, 64),
                (Rule::Metropolis, DrawKind::Fixed, 16),
                (Rule::HeatBath, DrawKind::Lazy, 64),
            ] {
                plans.push(Plan {
                    coupling,
                    rule,
                    bits,
                    draw,
                    stream,
                    ..plan()
                });
            }
        }
        for rule in [Rule::Wolff, Rule::SwendsenWang] {
            if coupling != glass {
                plans.push(Plan {
                    coupling,
                    rule,
                    ..plan()
                });
            }
        }
    }
    plans
}

fn whole(plan: Plan) -> Run {
    let mut run = Run::new(plan).unwrap();
    run.finish(&Work::plain(), |_| Ok::<(), SampleError>(())).unwrap();
    run
}

/// Keeps a run as it is in the folder.
fn keep(run: &Run, dir: &TempDir) {
    let identity = run.plan().identity("ising.sample");
    let keeper = Keeper::open(dir.path(), &identity, Wish::Anew).unwrap();
    keeper.write_with("run", run).unwrap();
}

/// The run of a plan as it lies in the folder.
fn recalled(plan: Plan, dir: &TempDir) -> Result<Run, KeepError> {
    let keeper = Keeper::open(dir.path(), &plan.identity("ising.sample"), Wish::Resume)?;
    let mut run = Run::new(plan).unwrap();
    keeper.recall("run", &mut run)?;
    Ok(run)
}

/// In pieces of 1, 2, .. sweeps, through the file after each but the last.
fn in_pieces(plan: Plan, dir: &TempDir) -> Run {
    let mut run = Run::new(plan).unwrap();
    for piece in 0.. {
        run.step(1 + piece % 4, &Work::plain()).unwrap();
        if run.finished() {
            break;
        }
        keep(&run, dir);
        run = recalled(plan, dir).unwrap();
    }
    run
}

fn assert_same(one: &mut Run, other: &mut Run) {
    assert_eq!(one.done(), other.done(), "{:?}", one.plan());
    assert_eq!(one.record(), other.record(), "{:?}", one.plan());
    assert_eq!(one.packed().unwrap(), other.packed().unwrap(), "{:?}", one.plan());
}

// exact: every rule, stream and coupling; the first configurations of both kinds
#[test] // law: ising-sample
fn resumed_runs_have_the_same_bits() {
    let dir = TempDir::new().unwrap();
    for plan in kinds() {
        let mut one = whole(plan);
        assert_eq!(one.done(), 5 + 13 * 3);
        assert_eq!(one.record().energies.len(), 13);
        assert_eq!(one.record().configurations.len(), 6 * 10 * 2);
        assert_same(&mut in_pieces(plan, &dir), &mut one);
        // A finished run stays as it is.
        assert!(!one.step(100, &Work::plain()).unwrap());
        assert_eq!((one.done(), one.record().energies.len()), (44, 13));
        // Its record is kept without its spins.
        keep(&one, &dir);
        assert_eq!(recalled(plan, &dir).unwrap().record(), one.record());
    }
    let ordered = Plan {
        start: Start::Ordered,
        burn_in: 0,
        keep_every: 0,
        ..plan()
    };
    assert_same(&mut in_pieces(ordered, &dir), &mut whole(ordered));
}

/// 600 rows in two bands of the lanes.
fn bands() -> Plan {
    Plan {
        width: 256,
        height: 600,
        burn_in: 1,
        sweeps: 6,
        every: 2,
        keep_every: 3,
        ..plan()
    }
}

// exact: several bands, each with its generators; threads do not matter
#[test] // law: ising-sample
fn bands_and_threads_change_nothing() {
    let dir = TempDir::new().unwrap();
    let run_with = |threads: usize, plan: Plan| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| whole(plan))
    };
    for coupling in [Coupling::Ferromagnet, Coupling::PlusMinus(0.5)] {
        let plan = Plan { coupling, ..bands() };
        let mut one = run_with(1, plan);
        assert_same(&mut run_with(3, plan), &mut one);
        assert_same(&mut in_pieces(plan, &dir), &mut one);
    }
}

// exact: what a microcontroller computes, by the core's own sweeps
#[test] // oracle: ising-sample
fn the_scalar_stream_is_the_cores() {
    for (coupling, start) in [
        (Coupling::Ferromagnet, Start::Random),
        (Coupling::Ferromagnet, Start::Ordered),
        (Coupling::Antiferromagnet, Start::Random),
        (Coupling::PlusMinus(0.3), Start::Random),
    ] {
        let plan = Plan {
            coupling,
            start,
            stream: Stream::Scalar,
            width: 128,
            every: 1,
            keep_every: 0,
            ..plan()
        };
        let geometry = Geometry::new::<u32>(128, 10, Wrap::Simple).unwrap();
        let (mut even, mut odd) = (vec![0_u32; geometry.plane()], vec![0_u32; geometry.plane()]);
        let mut planes = Planes::new(geometry, [&mut even, &mut odd]).unwrap();
        let mut rng = stream(7, "ising-scalar", 0);
        match start {
            Start::Ordered => planes.fill(true),
            Start::Random => planes.randomise(&mut rng),
        }
        let mut bonds = stream(7, "ising-bonds", 0);
        let mut signs = [vec![[0; 4]; geometry.plane()], vec![[0; 4]; geometry.plane()]];
        let [a, b] = &mut signs;
        let mut negative = || !bernoulli(&mut bonds, 0.3);
        let glass = PlusMinus::new(geometry, [a, b], |_, _| (negative(), negative())).unwrap();
        let rule = Metropolis(Lazy::new(Probability::at_temperature(2.3, 64).unwrap()));
        let mut energies = Vec::new();
        let mut magnetizations = Vec::new();
        for sweep in 0..45 {
            let energy = match coupling {
                Coupling::Ferromagnet => {
                    planes.sweep(&rule, &Uniform::Ferromagnet, &mut rng).unwrap();
                    planes.energy(&Uniform::Ferromagnet)
                }
                Coupling::Antiferromagnet => {
                    planes.sweep(&rule, &Uniform::Antiferromagnet, &mut rng).unwrap();
                    planes.energy(&Uniform::Antiferromagnet)
                }
                Coupling::PlusMinus(_) => {
                    planes.sweep(&rule, &glass, &mut rng).unwrap();
                    planes.energy(&glass)
                }
            };
            if sweep >= 5 {
                energies.push(energy.unwrap());
                magnetizations.push(planes.magnetizations());
            }
        }
        let run = whole(plan);
        assert_eq!(run.record().energies, energies);
        assert_eq!(run.record().magnetizations, magnetizations);
    }
}

/// The spins of a packed configuration.
fn unpacked(packed: &[u8], width: usize) -> Vec<i8> {
    let rows = packed.chunks(width.div_ceil(8));
    rows.flat_map(|row| unpacked_row(row, width).collect::<Vec<_>>())
        .collect()
}

// exact: what is kept is what is measured; energies from the definition
#[test] // law: ising-sample
fn kept_configurations_have_the_recorded_observables() {
    for plan in kinds() {
        let run = whole(plan);
        // ±J bonds are drawn site by site: right, below.
        let mut rng = stream(7, "ising-bonds", 0);
        let signs: Vec<[i64; 2]> = (0..120)
            .map(|_| {
                [(); 2].map(|()| match plan.coupling {
                    Coupling::Ferromagnet => 1,
                    Coupling::Antiferromagnet => -1,
                    Coupling::PlusMinus(p) => {
                        if bernoulli(&mut rng, p) {
                            1
                        } else {
                            -1
                        }
                    }
                })
            })
            .collect();
        for (k, packed) in run.record().configurations.chunks(20).enumerate() {
            let spins = unpacked(packed, 12);
            let at = |x: usize, y: usize| i64::from(spins[y % 10 * 12 + x % 12]);
            let (mut energy, mut sums) = (0, [0, 0]);
            for y in 0..10 {
                for x in 0..12 {
                    let [right, below] = signs[y * 12 + x];
                    energy -= at(x, y) * (right * at(x + 1, y) + below * at(x, y + 1));
                    sums[(x + y) % 2] += at(x, y);
                }
            }
            assert_eq!(run.record().energies[2 * k + 1], energy, "{plan:?}");
            assert_eq!(run.record().magnetizations[2 * k + 1], sums, "{plan:?}");
        }
    }
}

#[test] // exact: a ground state stays one where nothing is ever accepted: e^(-8/0.25) = 1e-14
fn the_ordered_start_is_a_ground_state() {
    for plan in kinds() {
        let plan = Plan {
            start: Start::Ordered,
            temperature: 0.25,
            bits: 64,
            burn_in: 0,
            sweeps: 1,
            every: 1,
            ..plan
        };
        let sums = match plan.coupling {
            Coupling::Ferromagnet => [60, 60],
            Coupling::Antiferromagnet => [60, -60],
            Coupling::PlusMinus(_) => continue,
        };
        let run = whole(plan);
        assert_eq!(run.record().energies, [-240], "{plan:?}");
        let found = run.record().magnetizations[0];
        let turned = plan.rule.is_cluster() && found == sums.map(|s: i64| -s);
        assert!(found == sums || turned, "{plan:?} {found:?}");
    }
}

fn summary(plan: Plan) -> Summary {
    Summary::new(&plan, whole(plan).record(), plan.temperature_effective().unwrap()).unwrap()
}

// all rules and streams, ferro and antiferro, against Kaufman's energy and the exact P(M) of 8 x 8
#[test] // oracle: ising-sample
fn all_rules_agree_with_exact_values() {
    for temperature in [CRITICAL_TEMPERATURE, 2.5] {
        let beta = 1.0 / temperature;
        let (exact, law) = (
            kaufman::torus(8, 8, beta).unwrap(),
            magnetisation::torus(8, beta).unwrap(),
        );
        let susceptibility = 64.0 / temperature * (law.square() - law.abs() * law.abs());
        for plan in kinds() {
            let known = plan.coupling == Coupling::Ferromagnet
                || (plan.coupling == Coupling::Antiferromagnet && temperature > CRITICAL_TEMPERATURE);
            if !known {
                continue;
            }
            let (rule, coupling) = (plan.rule, plan.coupling);
            let plan = Plan {
                width: 8,
                height: 8,
                temperature,
                bits: plan.bits.max(32),
                burn_in: 500,
                sweeps: if rule.is_cluster() { 12_000 } else { 24_000 },
                every: 2,
                keep_every: 0,
                waves: false,
                ..plan
            };
            let found = summary(plan);
            for (name, measured, exact, largest) in [
                ("e", found.energy, exact.energy_per_spin(), 0.02),
                ("|m|", found.abs_magnetization, law.abs(), 0.03),
                ("m2", found.magnetization2, law.square(), 0.03),
                ("U", found.binder, law.binder(), 0.03),
                ("c", found.specific_heat, exact.specific_heat(), 0.1),
                ("chi", found.susceptibility, susceptibility, 0.12),
            ] {
                let estimate = measured.estimate.unwrap();
                assert!(
                    accepts(&estimate, exact, SIGMAS, largest),
                    "{name} of {rule:?} {coupling:?} {:?} at {temperature}: {estimate:?}, exact {exact}",
                    plan.stream
                );
            }
        }
    }
}

// law: 8 bits at nominal T_c are exact at T_eff = 2.2715, and not at T_c
#[test] // oracle: ising-sample
fn few_bits_are_exact_at_the_effective_temperature() {
    let coarse = Plan {
        width: 8,
        height: 8,
        temperature: 2.5,
        bits: 3,
        burn_in: 500,
        sweeps: 60_000,
        every: 2,
        keep_every: 0,
        ..plan()
    };
    // e^(-4/2.5) 8 = 1.6: P = 2.
    let effective = -4.0 / 0.25_f64.ln();
    assert!((coarse.temperature_effective().unwrap() - effective).abs() < 1e-12);
    let energy = summary(coarse).energy.estimate.unwrap();
    let exact = |t: f64| kaufman::torus(8, 8, 1.0 / t).unwrap().energy_per_spin();
    assert!(accepts(&energy, exact(effective), SIGMAS, 0.01), "{energy:?}");
    assert!(!accepts(&energy, exact(2.5), 2.0 * SIGMAS, 0.01), "{energy:?}");
    let nominal = Plan {
        temperature: CRITICAL_TEMPERATURE,
        bits: 8,
        ..coarse
    };
    assert!((nominal.temperature_effective().unwrap() - 2.271_452).abs() < 5e-7);
}

// the energy over 60 samples of bonds on the Nishimori line; 6 errors, Student's t with 59: 1.3e-7
#[test] // oracle: ising-sample
fn the_energy_of_the_nishimori_line() {
    let p = 0.85;
    let beta = nishimori::beta(p).unwrap();
    let exact = 2.0 * nishimori::energy_per_bond(beta).unwrap();
    for (rule, stream) in [
        (Rule::Metropolis, Stream::Lanes),
        (Rule::HeatBath, Stream::Scalar),
    ] {
        let energies: Vec<f64> = (0..60)
            .map(|seed| {
                let plan = Plan {
                    width: 16,
                    height: 16,
                    coupling: Coupling::PlusMinus(p),
                    temperature: 1.0 / beta,
                    rule,
                    stream,
                    burn_in: 300,
                    sweeps: 600,
                    every: 2,
                    keep_every: 0,
                    seed,
                    ..plan()
                };
                let energies = &whole(plan).record().energies.clone();
                energies.iter().sum::<i64>() as f64 / energies.len() as f64 / 256.0
            })
            .collect();
        let mean = energies.iter().sum::<f64>() / 60.0;
        let variance = energies.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / 59.0;
        let error = (variance / 60.0).sqrt();
        assert!(error < 0.02, "{error}");
        assert!(
            (mean - exact).abs() < 6.0 * error,
            "{rule:?}: {mean} ± {error}, exact {exact}"
        );
    }
}

#[test] // edge: ising-sample
fn summaries_say_why_there_is_no_error() {
    let short = summary(Plan { sweeps: 9, ..plan() });
    assert!(
        short
            .observables()
            .iter()
            .all(|(_, o)| o.mean.is_finite() && o.estimate.is_err())
    );
    let empty = Summary::new(&plan(), &Record::default(), 1.0);
    assert!(empty.is_err());
    // At infinite temperature responses vanish; the rest does not.
    let hot = Plan {
        temperature: f64::INFINITY,
        rule: Rule::HeatBath,
        sweeps: 3000,
        every: 1,
        ..plan()
    };
    let found = summary(hot);
    assert_eq!((found.specific_heat.mean, found.susceptibility.mean), (0.0, 0.0));
    assert!(accepts(
        &found.magnetization2.estimate.unwrap(),
        1.0 / 120.0,
        SIGMAS,
        1e-3
    ));
}

fn refusal(plan: Plan) -> SampleError {
    Run::new(plan).err().expect("refused")
}

#[test] // edge: ising-sample
fn plans_that_cannot_be_run() {
    let core = |plan: Plan| match refusal(plan) {
        SampleError::Core(error) => error,
        other => panic!("{other}"),
    };
    for stream in [Stream::Lanes, Stream::Scalar] {
        let plan = Plan { stream, ..plan() };
        assert_eq!(core(Plan { width: 9, ..plan }), Error::OddLattice);
        assert_eq!(core(Plan { height: 9, ..plan }), Error::OddLattice);
        assert_eq!(
            core(Plan { width: 2, ..plan }),
            Error::UnsupportedSide { side: 2 }
        );
        assert!(
            Run::new(Plan {
                width: 2,
                multigraph: true,
                ..plan
            })
            .is_ok()
        );
        assert_eq!(
            core(Plan { width: 130, ..plan }),
            Error::UnsupportedSide { side: 130 }
        );
        assert_eq!(
            core(Plan {
                temperature: 0.5,
                bits: 8,
                ..plan
            }),
            Error::TooCold { bits: 8 }
        );
        assert_eq!(
            core(Plan {
                temperature: f64::NAN,
                ..plan
            }),
            Error::NonFinite
        );
        for rule in [Rule::Metropolis, Rule::HeatBath, Rule::Wolff, Rule::SwendsenWang] {
            assert_eq!(
                core(Plan {
                    temperature: 0.0,
                    rule,
                    ..plan
                }),
                Error::Domain
            );
            assert_eq!(
                core(Plan {
                    temperature: -1.0,
                    rule,
                    ..plan
                }),
                Error::Domain
            );
        }
        for (temperature, bits) in [(f64::INFINITY, 64), (1e17, 64), (3000.0, 8)] {
            let hot = Plan {
                temperature,
                bits,
                ..plan
            };
            assert!(matches!(refusal(hot), SampleError::TooHot { bits: b } if b == bits));
        }
    }
    assert!(
        Run::new(Plan {
            width: 192,
            stream: Stream::Scalar,
            ..plan()
        })
        .is_ok()
    );
    assert_eq!(
        core(Plan {
            rule: Rule::Wolff,
            temperature: 1e-310,
            ..plan()
        }),
        Error::Domain
    );
    assert!(
        Run::new(Plan {
            width: 9,
            rule: Rule::Wolff,
            temperature: f64::INFINITY,
            ..plan()
        })
        .is_ok()
    );
    for plan in [
        Plan { every: 0, ..plan() },
        Plan {
            width: 1 << 17,
            height: 1 << 16,
            ..plan()
        },
        Plan {
            width: usize::MAX,
            height: 2,
            ..plan()
        },
        Plan {
            width: 1 << 15,
            height: 1 << 14,
            rule: Rule::Wolff,
            ..plan()
        },
        Plan {
            rule: Rule::SwendsenWang,
            coupling: Coupling::PlusMinus(0.5),
            ..plan()
        },
    ] {
        assert!(matches!(refusal(plan), SampleError::Plan(_)), "{plan:?}");
    }
}

#[test] // edge: ising-sample; whole files, and yet impossible
fn inconsistent_kept_runs_are_refused() {
    let dir = TempDir::new().unwrap();
    let tampers: [fn(&mut Run); 8] = [
        |run| run.done += 3,
        |run| run.done -= 3,
        |run| run.record.energies.truncate(3),
        |run| run.record.magnetizations.truncate(3),
        |run| run.record.waves.truncate(3),
        |run| run.record.configurations.truncate(19),
        |run| run.record.configurations.clear(),
        |run| run.done = u64::MAX,
    ];
    for tamper in tampers {
        let mut run = Run::new(plan()).unwrap();
        for _ in 0..5 {
            run.step(100, &Work::plain()).unwrap();
        }
        keep(&run, &dir);
        assert!(recalled(plan(), &dir).is_ok());
        tamper(&mut run);
        keep(&run, &dir);
        let refused = recalled(plan(), &dir).err();
        assert!(matches!(refused, Some(KeepError::Damaged { .. })), "{refused:?}");
    }
}

type Change = fn(&mut Plan);

#[test] // edge: ising-sample; a run goes on with its own plan, and says what differs
fn kept_runs_of_other_plans_are_refused() {
    let dir = TempDir::new().unwrap();
    keep(&Run::new(plan()).unwrap(), &dir);
    let changes: [(Change, &str); 16] = [
        (|p| p.width = 14, "size"),
        (|p| p.height = 12, "height"),
        (|p| p.multigraph = true, "multigraph"),
        (|p| p.coupling = Coupling::Antiferromagnet, "coupling"),
        (|p| p.temperature = 2.300_000_000_000_000_3, "temperature"),
        (|p| p.rule = Rule::HeatBath, "rule"),
        (|p| p.bits = 63, "bits"),
        (|p| p.draw = DrawKind::Fixed, "draw"),
        (|p| p.stream = Stream::Scalar, "stream"),
        (|p| p.start = Start::Ordered, "start"),
        (|p| p.burn_in = 6, "burn-in"),
        (|p| p.sweeps = 41, "sweeps"),
        (|p| p.every = 4, "every"),
        (|p| p.keep_every = 3, "keep-every"),
        (|p| p.waves = false, "correlation-length"),
        (|p| p.seed = 8, "seed"),
    ];
    for (change, differs) in changes {
        let mut other = plan();
        change(&mut other);
        match recalled(other, &dir).err() {
            Some(KeepError::Other { what, .. }) => assert_eq!(what, differs),
            found => panic!("{differs}: {found:?}"),
        }
    }
}

// a stop between two clusters, anywhere in a sweep of the burn-in
#[test] // law: ising-sample
fn a_stopped_cluster_chain_goes_on_to_the_same_bits() {
    for rule in [Rule::Wolff, Rule::SwendsenWang] {
        let plan = Plan { rule, ..plan() };
        let ends = |mut run: Run| (run.packed().unwrap(), run.into_record());
        let (resumed, stops) = stopped_every(2, |work| {
            let mut run = Run::new(plan)?;
            run.finish(work, |_| Ok::<(), SampleError>(()))?;
            Ok::<_, SampleError>(ends(run))
        });
        assert!(stops > 5);
        assert_eq!(resumed, ends(whole(plan)));
    }
}

#[test] // law: ising-sample; a temperature of many is the same run alone, and all go on after stops
fn a_scan_is_its_plans_one_by_one() {
    let plans = at_temperatures(&plan(), &[1.8, 2.3, f64::INFINITY]);
    assert!(matches!(
        scan(&plans, &Work::plain()),
        Err(SampleError::TooHot { .. })
    ));
    let plans = &plans[..2];
    assert_ne!(plans[0].seed, plans[1].seed);
    let (records, stops) = stopped_every(7, |work| scan(plans, work));
    assert!(stops > 3);
    let alone: Vec<Record> = plans.iter().map(|plan| whole(*plan).into_record()).collect();
    assert_eq!(records, alone);
}

#[test] // oracle: ising-sample; the power of the wave, and m², from the kept configurations; from the definition
fn the_wave_is_that_of_the_configurations() {
    for plan in kinds() {
        let run = whole(plan);
        let staggered = plan.coupling == Coupling::Antiferromagnet;
        for (k, packed) in run.record().configurations.chunks(20).enumerate() {
            let (mut real, mut imaginary) = (0.0, 0.0);
            for (i, spin) in unpacked(packed, 12).into_iter().enumerate() {
                let (x, y) = (i % 12, i / 12);
                let sign = if staggered && (x + y) % 2 == 1 { -1.0 } else { 1.0 };
                let angle = std::f64::consts::TAU * y as f64 / 10.0;
                real += sign * f64::from(spin) * angle.cos();
                imaginary += sign * f64::from(spin) * angle.sin();
            }
            let power = (real * real + imaginary * imaginary) / (120.0 * 120.0);
            let found = run.record().waves[2 * k + 1];
            assert!((found - power).abs() < 1e-14, "{found} {power} {plan:?}");
        }
    }
}

// above T_c, xi of the infinite lattice along an axis is 1/(ln coth(beta) - 2 beta) (Onsager 1944): 5.96 sites at T = 2.5.
// The second moment gives a little less (the spectrum has more than one mode, 1 % at most), and 32 sites are 5.4 xi: the
// result lies within 5 standard errors of [0.97, 1.01] of it
#[test] // oracle: ising-sample
fn the_correlation_length_above_the_critical_temperature() {
    let beta: f64 = 1.0 / 2.5;
    let exact = 1.0 / ((1.0 / beta.tanh()).ln() - 2.0 * beta);
    let plan = Plan {
        width: 32,
        height: 32,
        temperature: 2.5,
        rule: Rule::SwendsenWang,
        burn_in: 100,
        sweeps: 10_000,
        every: 1,
        keep_every: 0,
        ..plan()
    };
    let found = summary(plan).correlation_length.unwrap().estimate.unwrap();
    assert!(found.error < 0.2, "{found:?}");
    let margin = 5.0 * found.error;
    assert!(
        found.mean > 0.97 * exact - margin && found.mean < 1.01 * exact + margin,
        "{found:?}, exact {exact}"
    );
}

// the convention of numpy.packbits, and white for +1
#[test] // law: ising-sample
fn packed_rows_and_pictures() {
    let spins = [
        1, -1, -1, -1, -1, -1, -1, 1, 1, -1, /**/ -1, 1, 1, 1, 1, 1, 1, 1, -1, 1,
    ];
    let packed = packed_rows(&spins, 10);
    assert_eq!(packed, [0b1000_0001, 0b1000_0000, 0b0111_1111, 0b0100_0000]);
    assert_eq!(unpacked(&packed, 10), spins);
    let picture = png(&packed, 10, 2).unwrap();
    let mut reader = ::png::Decoder::new(std::io::Cursor::new(picture))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), (10, 2));
    assert_eq!(info.bit_depth, ::png::BitDepth::One);
    assert_eq!(pixels[..4], packed);
}
