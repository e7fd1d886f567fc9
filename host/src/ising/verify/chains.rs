//! Whether sweeps forget where they began: the transition matrix of each single-spin rule in each order, from the code
//! of the sweeps themselves, on models where couplings are equal. A chain that keeps the right law and has a second closed
//! class gives wrong means with small errors; only its matrix shows it.

use super::{Check, Halted, Task, task};
use crate::ising::transition::{Matrix, boltzmann};
use gibbs_core::Error;
use gibbs_core::ising::integer::quantise;
use gibbs_core::ising::{Dense, HeatBath, HeatBathQ16, Metropolis, MetropolisQ16, Order, Rule, Stored};

const GROUP: &str = "chains";
const SOURCE: &str = "every branch of the random words, played";
const BETA: f64 = 0.7;
/// Rounding of a law of 64 configurations moved by a matrix.
const EXACT: f64 = 1e-13;
/// Of each acceptance in integers: the bound of the exponential variate.
const ACCEPTANCE: f64 = 2.4e-6;

pub(super) fn tasks() -> Vec<Task<'static>> {
    vec![task(|_| floats()), task(|_| integers())]
}

/// Couplings (N x N) and fields (N).
type Case = (Vec<i32>, Vec<i32>);

/// A model of these bonds, without fields.
fn bonds(n: usize, coupled: impl Fn(usize, usize) -> bool) -> Case {
    let coupling = |k: usize| i32::from(coupled(k / n, k % n) || coupled(k % n, k / n));
    ((0..n * n).map(coupling).collect(), vec![0; n])
}

/// Rings, a clique, free spins, and a model without symmetry.
fn cases(order: Order) -> Vec<Case> {
    let ring = |n: usize| bonds(n, move |i, j| (i + 1) % n == j);
    let mut cases = vec![ring(3), bonds(2, |_, _| false), (vec![0, 1, 1, 0], vec![1, -1])];
    if order == Order::Typewriter {
        let glass = vec![0, 1, -2, 1, 1, 0, 1, -1, -2, 1, 0, 2, 1, -1, 2, 0];
        cases.extend([
            ring(4),
            ring(6),
            bonds(5, |i, j| i < j),
            (glass, vec![1, 0, -1, 2]),
        ]);
    }
    cases
}

/// Three checks of a rule in an order: closed classes, period, and the change of Boltzmann's law by a sweep, each the
/// largest over the models. `beta` is where the rule is exact, `off` how far a decision may be from that.
pub(super) fn of_rule<C: Stored, R: Rule<C::Weight>>(
    name: &str,
    (rule, order): (&R, Order),
    of: impl Fn(i32) -> C,
    (beta, off): (f64, f64),
) -> Result<Vec<Check>, Error> {
    let (mut classes, mut period, mut change) = (0, 0, 0.0_f64);
    for (couplings, fields) in cases(order) {
        let couplings: Vec<C> = couplings.iter().map(|c| of(*c)).collect();
        let fields: Vec<C> = fields.iter().map(|h| of(*h)).collect();
        let model = Dense::new(&couplings, &fields)?;
        let sweep = Matrix::sweep(&model, rule, order)?;
        let found = sweep.connections();
        classes = classes.max(found.closed_classes + found.passing);
        period = period.max(found.period);
        change = change.max(sweep.stationarity_violation(&boltzmann(&model, beta)?)?);
    }
    let name = format!("{name}, {order:?}").to_lowercase();
    let check =
        |what: &str, values, off| Check::within(GROUP, format!("{name}: {what}"), SOURCE, values, off);
    Ok(vec![
        check("classes of configurations", [1.0, classes as f64], 0.0),
        check("period", [1.0, period as f64], 0.0),
        check("change of Boltzmann's law by a sweep", [0.0, change], off),
    ])
}

fn floats() -> Result<Vec<Check>, Halted> {
    let mut checks = Vec::new();
    for order in [Order::Typewriter, Order::Random] {
        let metropolis = Metropolis::new(BETA)?;
        checks.extend(of_rule(
            "Metropolis, f64",
            (&metropolis, order),
            f64::from,
            (BETA, EXACT),
        )?);
        let bath = HeatBath::new(BETA)?;
        checks.extend(of_rule(
            "heat bath, f64",
            (&bath, order),
            f64::from,
            (BETA, EXACT),
        )?);
    }
    Ok(checks)
}

fn integers() -> Result<Vec<Check>, Halted> {
    let temperature = quantise(1.0 / BETA)?;
    let exact = (65_536.0 / f64::from(temperature), 6.0 * ACCEPTANCE);
    let mut checks = Vec::new();
    for order in [Order::Typewriter, Order::Random] {
        let metropolis = MetropolisQ16::new(temperature);
        checks.extend(of_rule("Metropolis, Q16", (&metropolis, order), |c| c, exact)?);
        let bath = HeatBathQ16::new(temperature);
        checks.extend(of_rule("heat bath, Q16", (&bath, order), |c| c, exact)?);
    }
    Ok(checks)
}
