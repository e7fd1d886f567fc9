//! Schedules: closed forms, identities, refusals.

use crate::oracle::table;
use crate::tolerances::ROUNDING;
use gibbs_core::Error;
use gibbs_core::diffusion::schedule::{alpha_bars, rescale_to_zero_terminal};
use gibbs_core::diffusion::{Betas, Schedule, Table};

// the formulas, written with powers and the platform's functions
#[test] // oracle: diffusion-schedule
fn tables_are_products_of_one_minus_beta() {
    for (betas, beta) in [
        (
            Betas::DDPM,
            (|i: f64| 1e-4 + (0.02 - 1e-4) * i / 999.0) as fn(f64) -> f64,
        ),
        (Betas::STABLE_DIFFUSION, |i| {
            (0.000_85_f64.sqrt() + (0.012_f64.sqrt() - 0.000_85_f64.sqrt()) * i / 999.0).powi(2)
        }),
    ] {
        let table = table::<f64>(betas);
        let mut product = 1.0;
        for (i, x) in table.iter().enumerate() {
            product *= 1.0 - beta(i as f64);
            assert!((x / product - 1.0).abs() < ROUNDING, "{betas:?} {i}");
        }
    }
    // telescoped: ab_t = f((t+1)/T) / f(0) until the cap bites at the very end
    let table = table::<f64>(Betas::SquaredCosine);
    let f = |u: f64| ((u + 0.008) / 1.008 * std::f64::consts::FRAC_PI_2).cos().powi(2);
    for (t, x) in table.iter().enumerate().take(999) {
        let exact = f((t as f64 + 1.0) / 1000.0) / f(0.0);
        assert!((x / exact - 1.0).abs() < 1e4 * ROUNDING, "{t}: {x} {exact}");
    }
    assert!((table[999] / table[998] - 0.001).abs() < ROUNDING); // the cap
}

// single precision is the double table, rounded once; the owner holds the same
#[test] // edge: diffusion-schedule
fn tables_in_single_precision_and_in_fixed_memory() {
    for betas in [Betas::DDPM, Betas::STABLE_DIFFUSION, Betas::SquaredCosine] {
        let (double, single) = (table::<f64>(betas), table::<f32>(betas));
        assert!(double.iter().zip(&single).all(|(d, s)| *d as f32 == *s));
        let owned = Table::<f32, 1000>::new(betas).unwrap();
        assert_eq!(owned.schedule().alpha_bar(), single);
        assert_eq!(owned.schedule().steps(), 1000);
    }
    let one = Table::<f64, 1>::new(Betas::DDPM).unwrap();
    assert_eq!(one.schedule().alpha_bar(), [1.0 - 1e-4]);
}

// sigma² SNR = 1, lambda = -2 ln sigma, interpolation linear in sigma
#[test] // law: diffusion-schedule
fn derived_quantities_agree() {
    let table = table::<f64>(Betas::STABLE_DIFFUSION);
    let schedule = Schedule::new(&table).unwrap();
    for t in [0, 1, 400, 999] {
        let (ab, sigma) = (table[t as usize], schedule.sigma(f64::from(t)).unwrap());
        assert!((sigma - ((1.0 - ab) / ab).sqrt()).abs() < ROUNDING * sigma);
        assert!((schedule.signal_to_noise(t).unwrap() * sigma * sigma - 1.0).abs() < ROUNDING);
        assert!((schedule.log_signal_to_noise(t).unwrap() + 2.0 * sigma.ln()).abs() < ROUNDING);
        assert_eq!(schedule.level(t).unwrap().timestep(), f64::from(t));
    }
    let sigma = |t: f64| schedule.sigma(t).unwrap();
    assert!((sigma(333.25) - (0.75 * sigma(333.0) + 0.25 * sigma(334.0))).abs() < ROUNDING);
    let level = schedule.interpolated(333.25).unwrap();
    assert!((level.sigma() - sigma(333.25)).abs() < ROUNDING && level.timestep() == 333.25);
}

// Lin et al.: last exactly 0, first kept, roots moved along a line
#[test] // law: diffusion-schedule
fn zero_terminal_tables() {
    let before = table::<f64>(Betas::STABLE_DIFFUSION);
    let mut after = before.clone();
    rescale_to_zero_terminal(&mut after).unwrap();
    assert_eq!(after[999], 0.0);
    assert!((after[0] - before[0]).abs() < ROUNDING);
    let (first, last) = (before[0].sqrt(), before[999].sqrt());
    for (a, b) in after.iter().zip(&before) {
        let moved = first * (b.sqrt() - last) / (first - last);
        assert!((a.sqrt() - moved).abs() < 1e-8 && (a - moved * moved).abs() < ROUNDING);
    }
    assert_eq!(Schedule::new(&after).err(), Some(Error::Domain));
    let schedule = Schedule::zero_terminal(&after).unwrap();
    assert_eq!(schedule.sigma(999.0), Err(Error::Domain));
    assert_eq!(schedule.log_signal_to_noise(999), Err(Error::Domain));
    assert_eq!(
        (
            schedule.signal_to_noise(999),
            schedule.level(999).unwrap().noise()
        ),
        (Ok(0.0), 1.0)
    );
    assert_eq!(rescale_to_zero_terminal(&mut after), Err(Error::Domain));
    assert_eq!(rescale_to_zero_terminal(&mut [0.5]), Err(Error::Shape));
}

#[test] // edge: diffusion-schedule
fn refusals() {
    let refuse = |table: &[f64]| Schedule::new(table).err();
    assert_eq!(refuse(&[0.9, 0.5, 0.1]), None);
    assert_eq!(refuse(&[]), Some(Error::Shape));
    assert_eq!(refuse(&[0.9, f64::NAN]), Some(Error::NonFinite));
    for bad in [
        &[0.9, 0.9][..],
        &[0.5, 0.6],
        &[1.0, 0.5],
        &[1.1],
        &[0.5, 0.0],
        &[0.5, -0.1],
    ] {
        assert_eq!(refuse(bad), Some(Error::Domain), "{bad:?}");
    }
    assert!(Schedule::zero_terminal(&[0.5, 0.0]).is_ok());
    assert_eq!(
        Schedule::zero_terminal(&[0.5, 0.0, -0.0]).err(),
        Some(Error::Domain)
    );
    let make = |first, last| {
        let betas = Betas::Linear { first, last };
        let scaled = alpha_bars(Betas::ScaledLinear { first, last }, &mut [0.0; 3]).err();
        let plain = alpha_bars(betas, &mut [0.0; 3]).err();
        assert_eq!(scaled, plain);
        plain
    };
    assert_eq!(make(0.1, 0.2), None);
    assert_eq!(make(f64::NAN, 0.2), Some(Error::NonFinite));
    assert_eq!(make(0.1, f64::INFINITY), Some(Error::NonFinite));
    for (first, last) in [(0.0, 0.1), (-0.1, 0.1), (0.1, 1.0), (0.1, 0.0)] {
        assert_eq!(make(first, last), Some(Error::Domain), "{first} {last}");
    }
    assert_eq!(alpha_bars::<f64>(Betas::DDPM, &mut []), Err(Error::Shape));
    // 1e-9 is lost in f32: two entries of the table would be equal
    let tiny = Betas::Linear {
        first: 1e-9,
        last: 1e-9,
    };
    assert_eq!(alpha_bars::<f32>(tiny, &mut [0.0; 3]), Err(Error::Domain));
    assert_eq!(alpha_bars::<f64>(tiny, &mut [0.0; 3]), Ok(()));

    let table = [0.9, 0.5, 0.1];
    let schedule = Schedule::new(&table).unwrap();
    assert_eq!(schedule.level(3), Err(Error::Domain));
    assert_eq!(schedule.signal_to_noise(3), Err(Error::Domain));
    assert_eq!(schedule.log_signal_to_noise(3), Err(Error::Domain));
    assert!(schedule.sigma(2.0).is_ok());
    for t in [2.000_1, 3.0, -0.1, 1e300] {
        assert_eq!(schedule.sigma(t), Err(Error::Domain), "{t}");
        assert_eq!(schedule.interpolated(t), Err(Error::Domain), "{t}");
    }
    assert_eq!(schedule.sigma(f64::NAN), Err(Error::NonFinite));
}
