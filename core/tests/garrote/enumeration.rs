//! Sums over all 2^N selections: Jensen's bound, marginals, and F itself from rows.

use crate::data::{Gates, Table, direct_free_energy, exact, soft};
use crate::tolerances as tol;
use gibbs_core::garrote::{Ascent, Solver};
use gibbs_core::random::{normal, stream, uniform};
use proptest::prelude::*;

/// -ln Σ_s p(y|s,w,beta) p(s), and the marginals p(s_i = 1 | y, w, beta). Gray code over residual rows.
fn enumerate(table: &Table, w: &[f64], beta: f64, gamma: f64) -> (f64, Vec<f64>) {
    let (x, mut residual) = table.standardised();
    let (rows, n) = (residual.len(), w.len());
    let mut logs = Vec::with_capacity(1 << n);
    let mut set = 0_usize;
    for count in 0..1_usize << n {
        let gray = count ^ (count >> 1);
        if gray != set {
            let i = (gray ^ set).trailing_zeros() as usize;
            let sign = if gray > set { -w[i] } else { w[i] };
            for (r, row) in residual.iter_mut().zip(x.chunks_exact(n)) {
                *r += sign * row[i];
            }
            set = gray;
        }
        let squares: f64 = residual.iter().map(|r| r * r).sum();
        let prior = gamma * f64::from(set.count_ones()) - n as f64 * soft(gamma);
        let half = 0.5 * rows as f64;
        logs.push((
            set,
            half * (beta / std::f64::consts::TAU).ln() - 0.5 * beta * squares + prior,
        ));
    }
    let top = logs.iter().map(|l| l.1).fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logs.iter().map(|l| (l.1 - top).exp()).sum();
    let share = |i: usize| -> f64 {
        let chosen = logs.iter().filter(|l| l.0 >> i & 1 == 1);
        chosen.map(|l| (l.1 - top).exp()).sum::<f64>() / total
    };
    (-(top + total.ln()), (0..n).map(share).collect())
}

// N = 12: the bound is tight and the marginals are close on weakly correlated columns
#[test] // oracle: garrote-energy
fn twelve_variables_bound_and_marginals() {
    let mut widest = 0.0_f64;
    for index in 0..4 {
        let table = Table::sparse("twelve", index, 60, 12, 3, 1.0);
        let batch = table.batch::<f64>();
        let mut gates = Gates::of(&batch);
        let solution = Ascent::new(batch.moments(), gates.lend(), exact())
            .unwrap()
            .solve(-3.0);
        let (evidence, marginals) = enumerate(&table, &gates.weight, solution.precision, -3.0);
        let slack = solution.free_energy - evidence;
        assert!((-tol::BOUND..0.1).contains(&slack), "F - (-ln Z) = {slack}");
        let gap = crate::data::gap(&gates.inclusion, &marginals);
        widest = widest.max(gap);
        assert!(gap < tol::MARGINAL, "marginals differ by {gap}");
        // Both sums find the same relevant variables, the three of the truth among them.
        assert!(
            table
                .truth
                .iter()
                .all(|i| marginals[*i] > 0.9 && gates.inclusion[*i] > 0.9)
        );
    }
    assert!(
        widest > 1e-9,
        "a mean field cannot be exact here: the oracle does not bite"
    );
}

// N = 14, strongly correlated columns: the bound needs no luck
#[test] // oracle: garrote-energy
fn fourteen_correlated_variables_bound() {
    let table = Table::correlated("fourteen", 0, 40, 14, 0.8);
    let batch = table.batch::<f64>();
    for gamma in [-6.0, -2.0, 0.5] {
        let mut gates = Gates::of(&batch);
        let solution = Ascent::new(batch.moments(), gates.lend(), exact())
            .unwrap()
            .solve(gamma);
        let (evidence, _) = enumerate(&table, &gates.weight, solution.precision, gamma);
        assert!(
            solution.free_energy >= evidence - tol::BOUND * (1.0 + evidence.abs()),
            "{gamma}"
        );
    }
}

proptest! {
    #![proptest_config(crate::cases(64))]

    // F from moments is F from rows, and it bounds -ln Z, at any state whatever
    #[test] // oracle: garrote-ascent, garrote-energy
    fn any_state(index in 0..1000_u64, n in 1..=9_usize, r in 0.0..0.9_f64, gamma in -8.0..3.0_f64) {
        let table = Table::correlated("any state", index, 25, n, r);
        let batch = table.batch::<f64>();
        let mut rng = stream(12, "state", index);
        let m: Vec<f64> = (0..n).map(|_| uniform(&mut rng)).collect();
        let w: Vec<f64> = (0..n).map(|_| normal(&mut rng)).collect();
        let beta = 0.2 + uniform::<f64>(&mut rng);
        let mut gates = Gates::of(&batch);
        let mut ascent = Ascent::new(batch.moments(), gates.lend(), exact()).unwrap();
        ascent.load(&m, &w, &[beta]);
        let f = ascent.energy(gamma).free_energy;
        let direct = direct_free_energy(&table, &m, &w, beta, gamma);
        prop_assert!((f - direct).abs() < tol::ROUNDING * 100.0 * (1.0 + direct.abs()), "{f} against {direct}");
        let (evidence, _) = enumerate(&table, &w, beta, gamma);
        prop_assert!(f >= evidence - tol::BOUND * (1.0 + f.abs()), "{f} below {evidence}");
    }
}
