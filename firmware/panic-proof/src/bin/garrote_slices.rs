//! `gibbs_core::garrote`, the bodies over slices that every size shares: lengths that the compiler does not
//! know, and that need not fit together. Both scalars.
#![no_std]
#![no_main]

use gibbs_core::garrote::energy::{assemble, gate_gradient, gradient, measure};
use gibbs_core::garrote::gate::{entropy, evidence, inclusion};
use gibbs_core::garrote::path::{activation_grid, default_limit, kappen_grid, linear_grid, trace};
use gibbs_core::garrote::predict::{Fitted, importance, ties, unbiased_precision};
use gibbs_core::garrote::select::{
    Rows, Score, by_information, by_plateau, by_validation, calm_limit, information_criterion,
    longest_plateau, refit, same_support, selected, support_len, susceptibility, undecided, validation_error,
};
use gibbs_core::garrote::solver::{free_energy_without, rounding_floor};
use gibbs_core::garrote::stream::{StandardisedMut, Sums, Totals, standardise_row};
use gibbs_core::garrote::{
    Ascent, Joint, Moments, Noise, Options, Pass, PathStore, Solution, Solver, State, Status, joint, select,
};
use gibbs_core::math::Real;
use gibbs_panic_proof::{given, taken};

gibbs_panic_proof::program!(slices);

fn slices() {
    both_scalars::<f32>();
    both_scalars::<f64>();
}

/// A slice of a length that only the running program knows.
fn some<T>(values: &mut [T]) -> &mut [T] {
    let length = given(values.len());
    values.get_mut(..length).unwrap_or_default()
}

fn both_scalars<T: Real>() {
    streaming::<T>();
    let (mut c, mut b, mut s2) = ([T::ONE; 36], [T::ONE; 12], [T::ONE; 2]);
    let Ok(data) = Moments::new(some(&mut c), some(&mut b), some(&mut s2), given(T::TWO)) else {
        return;
    };
    taken((
        data.covariance(),
        data.correlation(),
        data.variance(),
        data.samples(),
        data.diagonal().count(),
    ));
    taken((data.variables(), data.targets(), data.strongest_evidence()));
    gates(&data);
    state(&data);
    solvers(&data);
    prediction::<T>();
}

fn streaming<T: Real>() {
    let mut totals = given(Totals::default());
    let (mut mean, mut target_mean, mut xx) = ([T::ONE; 6], [T::ONE; 2], [T::ONE; 36]);
    let (mut xy, mut yy, mut x, mut y) = ([T::ONE; 12], [T::ONE; 2], [T::ONE; 6], [T::ONE; 2]);
    let mut sums = Sums {
        totals: &mut totals,
        mean: some(&mut mean),
        target_mean: some(&mut target_mean),
        xx: some(&mut xx),
        xy: some(&mut xy),
        yy: some(&mut yy),
    };
    let (x, y) = (some(&mut x), some(&mut y));
    taken(sums.push(x, y, given(T::ONE), given(T::ONE)));
    taken(sums.remove(x, y, given(T::ONE)));
    let (mut mean, mut target_mean, mut xx) = ([T::ONE; 6], [T::ONE; 2], [T::ONE; 36]);
    let (mut xy, mut yy, mut totals) = ([T::ONE; 12], [T::ONE; 2], Totals::default());
    let other = Sums {
        totals: &mut totals,
        mean: some(&mut mean),
        target_mean: some(&mut target_mean),
        xx: some(&mut xx),
        xy: some(&mut xy),
        yy: some(&mut yy),
    };
    taken(sums.merge(&other.view()));
    let (mut covariance, mut correlation) = ([T::ONE; 36], [T::ONE; 12]);
    let (mut variance, mut scale, mut centre) = ([T::ONE; 2], [T::ONE; 6], [T::ONE; 6]);
    taken(sums.view().standardise(&mut StandardisedMut {
        covariance: some(&mut covariance),
        correlation: some(&mut correlation),
        variance: some(&mut variance),
        scale: some(&mut scale),
    }));
    taken(standardise_row(x, some(&mut centre), some(&mut scale)));
}

fn gates<T: Real>(data: &Moments<'_, T>) {
    let (x, mut m) = (given(T::HALF), given([T::HALF; 6]));
    taken((evidence(x, x, x, x), inclusion(x, x), entropy(x), selected(x)));
    taken(gate_gradient(x, x, x, x, x, x));
    let m = some(&mut m);
    taken((
        support_len(m),
        undecided(m),
        same_support(m, m),
        default_limit(given(6), x),
    ));
    taken(assemble([(x, x)].into_iter(), m, x, x).solution(x, given(1), given(Status::Converged)));
    let (mut w, mut g, mut beta) = ([T::ONE; 12], [T::ONE; 12], [T::ONE; 2]);
    taken(measure(data, m, some(&mut w), some(&mut g), some(&mut beta), x));
    let (mut by_weight, mut by_logit) = ([T::ONE; 6], [T::ONE; 6]);
    let (by_weight, by_logit) = (some(&mut by_weight), some(&mut by_logit));
    taken(gradient(
        data,
        some(&mut w),
        m,
        some(&mut g),
        x,
        x,
        by_weight,
        by_logit,
    ));
    let mut grid = [T::ONE; 5];
    taken(linear_grid(x, x, some(&mut grid)));
    taken(activation_grid(x, some(&mut grid)));
    taken(kappen_grid(data, some(&mut grid)));
    let score = given(Score {
        criterion: x,
        size: 1,
        undecided: x,
    });
    taken(score.beats(&given(score)));
}

struct Memory<T> {
    inclusion: [T; 6],
    weight: [T; 12],
    field: [T; 12],
    precision: [T; 2],
}

impl<T: Real> Memory<T> {
    fn new() -> Self {
        Self {
            inclusion: [T::ZERO; 6],
            weight: [T::ZERO; 12],
            field: [T::ZERO; 12],
            precision: [T::ZERO; 2],
        }
    }

    fn state(&mut self) -> State<'_, T> {
        State {
            inclusion: some(&mut self.inclusion),
            weight: some(&mut self.weight),
            field: some(&mut self.field),
            precision: some(&mut self.precision),
        }
    }
}

fn state<T: Real>(data: &Moments<'_, T>) {
    let mut memory = Memory::new();
    let mut state = memory.state();
    let noise = given(Noise::Profile { floor: T::HALF });
    state.close(data, noise);
    state.refresh(data);
    taken(state.sweep(data, given(T::ONE), noise, given(Some(3))).largest());
}

fn solvers<T: Real>(data: &Moments<'_, T>) {
    let options = given(Options::default());
    let (mut memory, mut other) = (Memory::new(), Memory::new());
    taken(Ascent::resume(*data, other.state(), options).map(|a| a.energy(given(T::ONE))));
    if let Ok(mut solver) = Ascent::new(*data, memory.state(), options) {
        let mut scratch = [T::ONE; joint::scratch_len(6)];
        taken(solver.advance(given(T::ONE), given(3)));
        let mut solver = solver.with_scratch(some(&mut scratch));
        taken(solver.advance(given(T::ONE), given(9)));
        path(data, &mut solver);
    }
    let mut scratch = [T::ZERO; joint::scratch_len(6)];
    joint::settle_weights(data, &mut other.state(), some(&mut scratch));
    taken(given(joint::scratch_len(given(6))));
    if let Ok(mut solver) = Joint::new(*data, other.state(), options, some(&mut scratch)) {
        path(data, &mut solver);
    }
}

fn path<T: Real>(data: &Moments<'_, T>, solver: &mut impl Solver<T>) {
    let (mut forward, mut backward, mut pass) =
        ([Solution::EMPTY; 5], [Solution::EMPTY; 5], [Pass::Forward; 5]);
    let (mut inclusion, mut weight, mut precision) = ([T::ZERO; 30], [T::ZERO; 60], [T::ZERO; 10]);
    let mut grid = given([T::ONE; 5]);
    let Ok(mut store) = PathStore::new(
        data,
        (some(&mut forward), some(&mut backward), some(&mut pass)),
        (some(&mut inclusion), some(&mut weight), some(&mut precision)),
    ) else {
        return;
    };
    taken(trace(solver, &mut store, some(&mut grid), given(T::TWO)));
    let at = given(3);
    taken((store.reached(), store.solution(at), susceptibility(&store, at)));
    let (m, w) = (store.inclusion_at(at), store.weight_at(at));
    taken(store.precision_at(at));
    let present = given(Solution::EMPTY);
    taken(free_energy_without(
        solver,
        &present,
        (m, w, store.precision_at(at)),
        at,
    ));

    let mut scratch = [T::ZERO; select::scratch_len(6)];
    taken(given(select::scratch_len(given(6))));
    taken(by_information(data, &store, given(T::ONE), some(&mut scratch)));
    taken(information_criterion(data, m, given(T::ONE), some(&mut scratch)));
    taken(rounding_floor::<T>());
    taken(ties(data, m, given(1)).count());
    let mut weights = [T::ZERO; 12];
    taken(refit(data, m, some(&mut weights), some(&mut scratch)));
    taken(by_plateau(&store));
    let decided = |k: usize| store.inclusion_at(k).iter().all(|m| *m < calm_limit(4));
    let gamma = |k: usize| store.solution(k).map_or(T::ZERO, |s| s.gamma);
    taken(longest_plateau(store.reached(), gamma, decided, |i, j| i == j));
    let (mut x, mut y) = (given([T::ONE; 18]), given([T::ONE; 6]));
    let rows = Rows {
        x: some(&mut x),
        y: some(&mut y),
    };
    taken(by_validation(&store, &rows));
    taken(validation_error(&rows, m, w));
}

fn prediction<T: Real>() {
    let (mut mean, mut scale, mut inclusion) = ([T::ONE; 6], [T::ONE; 6], [T::ONE; 6]);
    let (mut weight, mut x, mut factor, mut z) = ([T::ONE; 6], [T::ONE; 6], [T::ONE; 36], [T::ONE; 6]);
    let fitted = Fitted {
        mean: some(&mut mean),
        scale: some(&mut scale),
        inclusion: some(&mut inclusion),
        weight: some(&mut weight),
        target_mean: given(T::ONE),
        precision: given(T::ONE),
    };
    let x = some(&mut x);
    taken(fitted.predict(x));
    taken(fitted.predict_hard(x, some(&mut factor), given(T::ONE), some(&mut z)));
    taken(importance(&fitted, given(T::ONE), given(T::ONE), given(2)));
    taken(unbiased_precision(given(T::ONE), given(T::ONE), fitted.inclusion));
}
