//! Sampling: resumed runs bit by bit, streams, exact values, refusals.
//!
//! Statistical tests have fixed seeds and accept 5 standard deviations: a false alarm of 6e-7 per number.
//!
//! Mutations tried, each seen red: generators of the lanes, or of clusters, not restored; a hash of names alone; no
//! version in the file; series of any length taken; hot Metropolis taken; the ordered antiferromagnet all up; the wrong
//! measurements kept; another scalar stream; bits packed from the low end; the staggered magnetisation of the wrong
//! model; ±J inverted; the asked temperature given as the effective one.

use super::*;
use crate::ising::oracle::{kaufman, magnetisation, nishimori, onsager::CRITICAL_TEMPERATURE};
use crate::ising::statistics::accepts;
use gibbs_core::ising::lattice::{Geometry, Planes, PlusMinus, Uniform};
use gibbs_core::ising::model::Wrap;
use gibbs_core::random::{bernoulli, stream};
use std::path::PathBuf;
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

fn finish(run: &mut Run) {
    while !run.finished() {
        run.step(u64::MAX).unwrap();
    }
}

fn whole(plan: Plan) -> Run {
    let mut run = Run::new(plan).unwrap();
    finish(&mut run);
    run
}

/// In pieces of 1, 2, .. sweeps, through the file after each.
fn in_pieces(plan: Plan, file: &std::path::Path) -> Run {
    let mut run = Run::new(plan).unwrap();
    for piece in 0.. {
        run.save(file).unwrap();
        run = Run::load(plan, file).unwrap();
        if run.finished() {
            break;
        }
        run.step(1 + piece % 4).unwrap();
    }
    run
}

fn assert_same(one: &mut Run, other: &mut Run) {
    assert_eq!(one.done(), other.done(), "{:?}", one.plan());
    assert_eq!(one.record(), other.record(), "{:?}", one.plan());
    assert_eq!(one.packed().unwrap(), other.packed().unwrap(), "{:?}", one.plan());
}

fn file(dir: &TempDir) -> PathBuf {
    dir.path().join("sample.checkpoint")
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
        assert_same(&mut in_pieces(plan, &file(&dir)), &mut one);
        // A finished run stays as it is.
        assert!(!one.step(100).unwrap());
        assert_eq!((one.done(), one.record().energies.len()), (44, 13));
    }
    let ordered = Plan {
        start: Start::Ordered,
        burn_in: 0,
        keep_every: 0,
        ..plan()
    };
    assert_same(&mut in_pieces(ordered, &file(&dir)), &mut whole(ordered));
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
        assert_same(&mut in_pieces(plan, &file(&dir)), &mut one);
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
                sweeps: 48_000,
                every: 2,
                keep_every: 0,
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

/// A run halfway, in its file.
fn halfway(plan: Plan, dir: &TempDir) -> Vec<u8> {
    let mut run = Run::new(plan).unwrap();
    for _ in 0..5 {
        run.step(100).unwrap();
    }
    run.save(&file(dir)).unwrap();
    std::fs::read(file(dir)).unwrap()
}

#[test] // edge: ising-sample
fn damaged_checkpoints_are_refused() {
    let dir = TempDir::new().unwrap();
    for plan in [
        plan(),
        Plan {
            stream: Stream::Scalar,
            ..plan()
        },
        Plan {
            rule: Rule::Wolff,
            ..plan()
        },
    ] {
        let bytes = halfway(plan, &dir);
        let load = |bytes: &[u8]| {
            std::fs::write(file(&dir), bytes).unwrap();
            Run::load(plan, &file(&dir)).err()
        };
        assert!(load(&bytes).is_none());
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1 << (at % 8);
            assert!(load(&bytes).is_some(), "byte {at}");
        }
        for length in (0..bytes.len()).step_by(13) {
            assert!(
                matches!(load(&bytes[..length]), Some(CheckpointError::Damaged(_))),
                "{length}"
            );
        }
        assert!(matches!(
            load(&[bytes.as_slice(), b"x"].concat()),
            Some(CheckpointError::Damaged(_))
        ));
    }
    std::fs::remove_file(file(&dir)).unwrap();
    assert!(matches!(
        Run::load(plan(), &file(&dir)),
        Err(CheckpointError::Io(_))
    ));
}

#[test] // well hashed, and yet impossible
fn inconsistent_checkpoints_are_refused() {
    let dir = TempDir::new().unwrap();
    let tampers: [fn(&mut Run); 7] = [
        |run| run.done += 3,
        |run| run.done -= 3,
        |run| run.record.energies.truncate(3),
        |run| run.record.magnetizations.truncate(3),
        |run| run.record.configurations.truncate(19),
        |run| run.record.configurations.clear(),
        |run| run.done = u64::MAX,
    ];
    for tamper in tampers {
        let mut run = Run::new(plan()).unwrap();
        for _ in 0..5 {
            run.step(100).unwrap();
        }
        run.save(&file(&dir)).unwrap();
        assert!(Run::load(plan(), &file(&dir)).is_ok());
        tamper(&mut run);
        run.save(&file(&dir)).unwrap();
        let refused = Run::load(plan(), &file(&dir)).err();
        assert!(
            matches!(refused, Some(CheckpointError::Damaged(_))),
            "{refused:?}"
        );
    }
}

// a run goes on with its own plan and program, and says what differs
#[test] // edge: ising-sample
fn checkpoints_of_other_runs_are_refused() {
    let dir = TempDir::new().unwrap();
    let bytes = halfway(plan(), &dir);
    let differs = |plan: Plan| match Run::load(plan, &file(&dir)).err() {
        Some(CheckpointError::Other { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    for (other, what) in [
        (Plan { width: 14, ..plan() }, "size"),
        (Plan { height: 12, ..plan() }, "height"),
        (
            Plan {
                multigraph: true,
                ..plan()
            },
            "multigraph",
        ),
        (
            Plan {
                coupling: Coupling::Antiferromagnet,
                ..plan()
            },
            "coupling",
        ),
        (
            Plan {
                temperature: 2.300_000_000_000_000_3,
                ..plan()
            },
            "temperature",
        ),
        (
            Plan {
                rule: Rule::HeatBath,
                ..plan()
            },
            "rule",
        ),
        (Plan { bits: 63, ..plan() }, "bits"),
        (
            Plan {
                draw: DrawKind::Fixed,
                ..plan()
            },
            "draw",
        ),
        (
            Plan {
                stream: Stream::Scalar,
                ..plan()
            },
            "stream",
        ),
        (
            Plan {
                start: Start::Ordered,
                ..plan()
            },
            "start",
        ),
        (Plan { burn_in: 6, ..plan() }, "burn-in"),
        (Plan { sweeps: 41, ..plan() }, "sweeps"),
        (Plan { every: 4, ..plan() }, "every"),
        (
            Plan {
                keep_every: 3,
                ..plan()
            },
            "keep-every",
        ),
        (Plan { seed: 8, ..plan() }, "seed"),
    ] {
        assert_eq!(differs(other), what);
    }
    for (from, to, what) in [
        ("checkpoint/1", "checkpoint/2", "schema"),
        (env!("CARGO_PKG_VERSION"), "9.9.9", "version"),
    ] {
        assert_eq!(from.len(), to.len());
        let at = bytes
            .windows(from.len())
            .position(|window| window == from.as_bytes())
            .unwrap();
        let mut bytes = bytes.clone();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        std::fs::write(file(&dir), &bytes).unwrap();
        assert_eq!(differs(plan()), what);
    }
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
