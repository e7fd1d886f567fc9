//! What is particular to the joint solver: damping, and columns that are exactly dependent.

use crate::data::{Gates, Table, least_squares};
use gibbs_core::garrote::joint::{Joint, scratch_len};
use gibbs_core::garrote::{Noise, Options, Solver, Status};

// undamped steps can cycle between two sets of open gates; damped ones converge, from shut gates, always
#[test] // law: garrote-joint
fn damping_ends_cycles() {
    let cases = [
        (0.5, -20.0, Noise::Fixed(3.0)),
        (0.9, -20.0, Noise::Fixed(3.0)),
        (0.99, -6.0, Noise::Profile { floor: 1e-3 }),
    ];
    for (r, gamma, noise) in cases {
        for index in 0..40 {
            let batch = Table::correlated("search", index, 10, 20, r).batch::<f64>();
            let (mut gates, mut scratch) = (Gates::of(&batch), vec![0.0; scratch_len(20)]);
            let options = Options {
                max_sweeps: 2000,
                noise,
                ..Options::default()
            };
            let mut joint = Joint::new(batch.moments(), gates.lend(), options, &mut scratch).unwrap();
            let status = joint.solve(gamma).status;
            assert!(
                matches!(status, Status::Converged | Status::BetaCapped),
                "draw {index}: {status:?}"
            );
        }
    }
}

// x3 = x1 + x2 with all gates open: the fit is that of two columns, whatever the rounding of the last pivot
#[test] // edge: garrote-joint
fn dependent_columns_fit_like_independent_ones() {
    for index in 0..40 {
        let mut table = Table::correlated("dependent", index, 30, 3, 0.5);
        for row in table.x.chunks_exact_mut(3) {
            row[2] = row[0] + row[1];
        }
        let batch = table.batch::<f64>();
        let (_, rss) = least_squares(&batch, &[0, 1]);
        let (mut gates, mut scratch) = (Gates::of(&batch), vec![0.0; scratch_len(3)]);
        let mut joint = Joint::new(batch.moments(), gates.lend(), Options::default(), &mut scratch).unwrap();
        let solution = joint.solve(60.0);
        assert_eq!(solution.status, Status::Converged);
        // A gate at 1 - 1e-10 shrinks by 1e-10 of its penalty: far below this.
        assert!((solution.precision * rss - 1.0).abs() < 1e-7, "draw {index}");
        assert!(
            joint.weight().iter().all(|w| w.abs() < 1e3),
            "draw {index}: {:?}",
            joint.weight()
        );
    }
}

// closed, a solver forgets what it solved before: a path over it again is the same
#[test] // law: garrote-joint
fn a_closed_solver_is_a_new_one() {
    let batch = Table::correlated("closed", 0, 20, 4, 0.3).batch::<f64>();
    let new = |gates: &mut Gates<f64>, scratch: &mut [f64], before: Option<f64>| {
        let mut joint = Joint::new(batch.moments(), gates.lend(), Options::default(), scratch).unwrap();
        if let Some(gamma) = before {
            let _ = joint.solve(gamma);
            assert!(joint.inclusion().iter().any(|m| *m > 0.5));
            joint.close();
        }
        let solution = joint.solve(-3.0);
        (solution, joint.inclusion().to_vec(), joint.weight().to_vec())
    };
    let [fresh, again] = [None, Some(30.0)].map(|before| {
        let (mut gates, mut scratch) = (Gates::of(&batch), vec![0.0; scratch_len(4)]);
        new(&mut gates, &mut scratch, before)
    });
    assert_eq!(fresh, again);
}
