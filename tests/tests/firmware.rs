//! The examples on the boards: the host's answers bit for bit, within the budgets of `firmware/budgets.toml`.
//!
//! Mutations tried, each seen red: a budget lowered by 5 %; 1 KiB more in the garrote's memory with the RAM budgets
//! lifted (the microbit's limit); no `HardFault` handler (the run spins until its deadline).

use gibbs_core::ising::anneal::{GeometricQ16, anneal};
use gibbs_core::ising::integer::MetropolisQ16;
use gibbs_core::ising::lattice::{Geometry, Lazy, Metropolis, Planes, Probability, Uniform};
use gibbs_core::ising::model::{Dense, Model, Wrap};
use gibbs_core::ising::state::{Order, State};
use gibbs_core::random::stream;
use gibbs_tests::boards::{Board, M0, M3, M4F, RV32, RV32F};
use gibbs_tests::footprint::{
    ANNEALER, DENOISER, GARROTE, LATTICE, Measured, Program, all_budgets, budget, float_routines, measure,
    tables,
};
use gibbs_tests::tools::{Tool, available};
use gibbs_tests::{Failure, book};
use gibbs_workload::Hash;
use gibbs_workload::annealer::{self, Annealer, SPINS, TEMPERATURES};
use gibbs_workload::demo::{TRUTH, demo};
use gibbs_workload::denoiser::Sample;
use gibbs_workload::lattice::{self, BITS, BLOCKS, Critical, SIDE, SWEEPS, Seen, THRESHOLD};

/// What the microbit's 16 KiB must leave to the application: half.
const SMALL_RAM: u64 = 8 * 1024;

fn refused(error: gibbs_core::Error) -> Failure {
    Failure(error.to_string())
}

/// Runs a program and holds it to its budgets; `None` where a tool is missing.
fn within_budgets(program: &Program, board: &Board) -> Result<Option<Measured>, Failure> {
    let mut tools = board.tools().to_vec();
    tools.extend([Tool::Program("gcc"), Tool::Program("arm-none-eabi-size")]);
    if !available(&format!("firmware::{} on {}", program.name, board.name), &tools) {
        return Ok(None);
    }
    let measured = measure(board, program)?;

    // The board's own counter, where it has enough bits, agrees with the plugin but for the marks and calls.
    if let Some(own) = measured.own_count {
        assert!(
            own.abs_diff(measured.insns) <= 50 + own / 10_000,
            "{own} against {measured:?}"
        );
    }
    let budgeted = budget(program, board)?;
    for ((quantity, value), allowed) in program.quantities.iter().zip(&measured.values).zip(budgeted) {
        let line = format!(
            "{} on {}, {}: measured {value}, budget {allowed}",
            program.name, board.name, quantity.key
        );
        println!("{line}");
        assert!(quantity.keeps(*value, allowed), "{line} (2 %)");
    }
    let ram = program.value(&measured.values, "ram");
    assert!(
        board.target != M0.target || ram.is_some_and(|ram| ram <= SMALL_RAM),
        "microbit: {ram:?} bytes of RAM"
    );
    Ok(Some(measured))
}

fn garrote_on(board: &Board) -> Result<(), Failure> {
    let Some(measured) = within_budgets(&GARROTE, board)? else {
        return Ok(());
    };
    let expected = demo().map_err(refused)?;
    let text = &measured.run.text;
    assert_eq!(
        expected.selected, TRUTH,
        "the host does not find the variables: {expected:?}"
    );
    assert!(
        text.contains(&format!("garrote selected {:#06x}\n", expected.selected)),
        "{text}{expected:?}"
    );
    assert!(
        text.contains(&format!("garrote hash {:#018x}\n", expected.hash)),
        "{text}{expected:?}"
    );
    Ok(())
}

#[test]
fn garrote_cortex_m4f() -> Result<(), Failure> {
    garrote_on(&M4F)
}

#[test]
fn garrote_cortex_m3() -> Result<(), Failure> {
    garrote_on(&M3)
}

#[test]
fn garrote_cortex_m0() -> Result<(), Failure> {
    garrote_on(&M0)
}

#[test]
fn garrote_rv32_hard_float() -> Result<(), Failure> {
    garrote_on(&RV32F)
}

#[test]
fn garrote_rv32_soft_float() -> Result<(), Failure> {
    garrote_on(&RV32)
}

/// The trajectory of the example, on this machine.
fn trajectory() -> Result<(Seen, u64), Failure> {
    let (mut critical, mut rng, mut hash) = (Critical::new(), Critical::stream(), Hash::default());
    let mut seen = Seen::default();
    for _ in 0..BLOCKS {
        critical.sweeps(&mut rng).map_err(refused)?;
        seen = critical.see(&mut hash).map_err(refused)?;
    }
    Ok((seen, hash.value()))
}

// the library as a host uses it: words on the heap, a temperature in f64, the stream by its name
#[test] // oracle: ising-lattice
fn the_lattice_is_the_scalar_stream_at_the_critical_temperature() -> Result<(), gibbs_core::Error> {
    let critical = 2.0 / f64::ln(1.0 + f64::sqrt(2.0));
    let probability = Probability::at_temperature(critical, BITS)?;
    assert_eq!(probability.threshold(), THRESHOLD);
    assert!((probability.temperature_effective() / critical - 1.0).abs() < 1e-9);
    let geometry = Geometry::new::<u32>(SIDE, SIDE, Wrap::Simple)?;
    let (mut even, mut odd) = (vec![0_u32; geometry.plane()], vec![0_u32; geometry.plane()]);
    assert_eq!(4 * (even.len() + odd.len()), 512);
    let mut planes = Planes::new(geometry, [&mut even, &mut odd])?;
    let mut rng = stream(lattice::SEED, "ising-scalar", 0);
    let (mut hash, mut seen) = (Hash::default(), Seen::default());
    for _ in 0..BLOCKS {
        for _ in 0..SWEEPS {
            planes.sweep(
                &Metropolis(Lazy::new(probability)),
                &Uniform::Ferromagnet,
                &mut rng,
            )?;
        }
        for word in planes.plane(0).iter().chain(planes.plane(1)) {
            hash.word(u64::from(*word));
        }
        // Energy and magnetisation site by site.
        let spin = |x, y| i64::from(planes.spin(x, y));
        let sites = || (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x, y)));
        seen.energy = sites()
            .map(|(x, y)| -spin(x, y) * (spin(x + 1, y) + spin(x, y + 1)))
            .sum();
        seen.magnetization = sites().map(|(x, y)| spin(x, y)).sum();
        hash.word(seen.energy as u64);
        hash.word(seen.magnetization as u64);
    }
    assert_eq!(trajectory().ok(), Some((seen, hash.value())));
    Ok(())
}

fn lattice_on(board: &Board) -> Result<(), Failure> {
    let Some(measured) = within_budgets(&LATTICE, board)? else {
        return Ok(());
    };
    let (seen, hash) = trajectory()?;
    let text = &measured.run.text;
    let line = format!(
        "lattice energy {} magnetization {}\n",
        seen.energy, seen.magnetization
    );
    assert!(text.contains(&line), "{text}{line}");
    assert!(
        text.contains(&format!("lattice hash {hash:#018x}\n")),
        "{text}{hash:#x}"
    );
    Ok(())
}

// on parts without a floating-point unit; the annealer, which checks its model in f64, is the control
#[test] // law: ising-lattice
fn the_lattice_links_no_floating_point() -> Result<(), Failure> {
    for board in [M0, M3, RV32] {
        let mut tools = board.tools().to_vec();
        tools.push(Tool::Program("arm-none-eabi-nm"));
        if !available("firmware::the_lattice_links_no_floating_point", &tools) {
            return Ok(());
        }
        let found = float_routines(&board.build("lattice")?)?;
        assert!(found.is_empty(), "{}: {found:?}", board.name);
        let control = float_routines(&board.build("annealer")?)?;
        assert!(!control.is_empty(), "{}: the check sees nothing", board.name);
    }
    Ok(())
}

// the best of the device's few short runs is the best of many long ones
#[test] // oracle: ising-anneal
fn the_annealer_finds_what_long_runs_find() -> Result<(), gibbs_core::Error> {
    let mut device = Annealer::new();
    device.draw();
    let found = device.anneal()?;
    let external = [0_i8; SPINS];
    let model = Dense::new(device.couplings(), &external)?;
    assert_eq!(model.energy(device.best())?, found.energy);
    let [hot, cold] = TEMPERATURES;
    let mut lowest = i32::MAX;
    for run in 0..40 {
        let mut rng = stream(annealer::SEED, "tests/annealer", run);
        let (mut spins, mut fields, mut best) = ([1; SPINS], [0; SPINS], [0; SPINS]);
        let mut state = State::new(&model, &mut spins, &mut fields)?;
        state.randomise(&model, &mut rng);
        let schedule = GeometricQ16::new(hot, cold, 1000)?.map(MetropolisQ16::new);
        let annealed = anneal(
            &model,
            &mut state,
            schedule,
            Order::Typewriter,
            &mut best,
            &mut rng,
        )?;
        lowest = lowest.min(annealed.best_energy);
    }
    assert_eq!(found.energy, lowest);
    Ok(())
}

fn annealer_on(board: &Board) -> Result<(), Failure> {
    let Some(measured) = within_budgets(&ANNEALER, board)? else {
        return Ok(());
    };
    let mut annealer = Annealer::new();
    annealer.draw();
    let expected = annealer.anneal().map_err(refused)?;
    let text = &measured.run.text;
    let line = format!("annealer energy {} flips {}\n", expected.energy, expected.flips);
    assert!(text.contains(&line), "{text}{expected:?}");
    let line = format!("annealer hash {:#018x}\n", expected.hash);
    assert!(text.contains(&line), "{text}{expected:?}");
    Ok(())
}

#[test]
fn lattice_cortex_m4f() -> Result<(), Failure> {
    lattice_on(&M4F)
}

#[test]
fn lattice_cortex_m3() -> Result<(), Failure> {
    lattice_on(&M3)
}

#[test]
fn lattice_cortex_m0() -> Result<(), Failure> {
    lattice_on(&M0)
}

#[test]
fn lattice_rv32_hard_float() -> Result<(), Failure> {
    lattice_on(&RV32F)
}

#[test]
fn lattice_rv32_soft_float() -> Result<(), Failure> {
    lattice_on(&RV32)
}

#[test]
fn annealer_cortex_m4f() -> Result<(), Failure> {
    annealer_on(&M4F)
}

#[test]
fn annealer_cortex_m3() -> Result<(), Failure> {
    annealer_on(&M3)
}

#[test]
fn annealer_cortex_m0() -> Result<(), Failure> {
    annealer_on(&M0)
}

#[test]
fn annealer_rv32_hard_float() -> Result<(), Failure> {
    annealer_on(&RV32F)
}

#[test]
fn annealer_rv32_soft_float() -> Result<(), Failure> {
    annealer_on(&RV32)
}

fn denoiser_on(board: &Board) -> Result<(), Failure> {
    let Some(measured) = within_budgets(&DENOISER, board)? else {
        return Ok(());
    };
    let mut sample = Sample::new();
    sample.prepare().map_err(refused)?;
    let line = format!("denoiser hash {:#018x}\n", sample.sample().map_err(refused)?);
    let text = &measured.run.text;
    assert!(text.contains(&line), "{text}{line}");
    // a sample, not a fixed point nor an escape: it moved from the noise and stayed of its size
    assert!(sample.state().iter().all(|x| x.abs() < 10.0));
    Ok(())
}

#[test]
fn denoiser_cortex_m4f() -> Result<(), Failure> {
    denoiser_on(&M4F)
}

#[test]
fn denoiser_cortex_m3() -> Result<(), Failure> {
    denoiser_on(&M3)
}

#[test]
fn denoiser_cortex_m0() -> Result<(), Failure> {
    denoiser_on(&M0)
}

#[test]
fn denoiser_rv32_hard_float() -> Result<(), Failure> {
    denoiser_on(&RV32F)
}

#[test]
fn denoiser_rv32_soft_float() -> Result<(), Failure> {
    denoiser_on(&RV32)
}

/// A fault must end the run with 70 and say where, not spin: otherwise a broken example looks like a slow one.
fn fault_on(test: &str, board: Board) -> Result<(), Failure> {
    if !available(test, &board.tools()) {
        return Ok(());
    }
    let run = board.run(&board.build("fault")?, None)?;
    assert_eq!(run.code, Some(70), "{run:?}");
    assert!(run.errors.contains(" at 0x"), "{run:?}");
    Ok(())
}

#[test]
fn fault_cortex_m4f() -> Result<(), Failure> {
    fault_on("firmware::fault_cortex_m4f", M4F)
}

#[test]
fn fault_cortex_m0() -> Result<(), Failure> {
    fault_on("firmware::fault_cortex_m0", M0)
}

#[test]
fn fault_rv32() -> Result<(), Failure> {
    fault_on("firmware::fault_rv32", RV32F)
}

#[test]
fn the_book_shows_the_budgets() -> Result<(), Failure> {
    assert!(
        book::shows("footprint", &tables(&all_budgets()?))?,
        "the book's footprint tables are out of date; hint: cargo run -p gibbs-tests --bin footprint -- --write"
    );
    Ok(())
}
