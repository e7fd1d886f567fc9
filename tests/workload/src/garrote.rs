//! The garrote end to end, both scalars: streaming, path, selection, joint solver, prediction.

use crate::Hash;
use core::hint::black_box;
use gibbs_core::garrote::energy::gradient;
use gibbs_core::garrote::joint::{Joint, scratch_len};
use gibbs_core::garrote::path::linear_grid;
use gibbs_core::garrote::select::{Rows, information_criterion};
use gibbs_core::garrote::select::{by_information, by_plateau, refit, susceptibility, validation_error};
use gibbs_core::garrote::solver::free_energy_without;
use gibbs_core::garrote::{
    Ascent, Garrote, Noise, Options, PathPoints, PathStore, Solution, Solver, Standardised, State, Stream,
};
use gibbs_core::math::Real;
use gibbs_core::random::{stream, uniform};

/// Variables, gammas.
const N: usize = 8;
const G: usize = 6;

impl Hash {
    fn solution<T: Real>(&mut self, solution: &Solution<T>) {
        self.reals(&[
            solution.gamma,
            solution.total_inclusion,
            solution.free_energy,
            solution.precision,
        ]);
        self.word(u64::from(solution.sweeps));
        self.word(solution.status as u64);
    }

    fn path<T: Real>(&mut self, path: &PathStore<'_, T>) {
        for index in 0..path.reached() {
            if let Some(solution) = path.solution(index) {
                self.solution(solution);
            }
            self.reals(path.inclusion_at(index));
            self.reals(path.weight_at(index));
            self.reals(path.precision_at(index));
            self.reals(susceptibility(path, index).as_slice());
        }
    }
}

/// Row `index` of the sample: uniform variables with an offset, neighbours correlated, two targets that
/// depend on variables 1, 4 and 5.
fn row<T: Real>(index: u64) -> ([T; N], [T; 2]) {
    let mut rng = stream(black_box(3), "workload/garrote", index);
    let mut x = [T::ZERO; N];
    let mut last = T::ZERO;
    for x in &mut x {
        last = uniform::<T>(&mut rng) + last * T::HALF;
        *x = last + T::TWO;
    }
    let [_, a, _, _, b, c, _, _] = x;
    let mut noise = || T::of(0.125) * (uniform::<T>(&mut rng) - T::HALF);
    (x, [a + a - b + noise(), c - T::HALF * a + noise()])
}

/// `count` samples from `start` on, with weights.
fn gather<T: Real, const Q: usize>(start: u64, count: u64, hash: &mut Hash) -> Stream<T, N, Q> {
    let mut sums = Stream::new();
    for index in start..start + count {
        let (x, y) = row::<T>(index);
        let y = y.get(..Q).unwrap_or_default();
        let weight = if index % 5 == 0 { T::TWO } else { T::ONE };
        hash.outcome(sums.push_weighted(&x, y, weight, T::ONE));
    }
    sums
}

fn hash_stream<T: Real, const Q: usize>(hash: &mut Hash, sums: &Stream<T, N, Q>) {
    let view = sums.view();
    hash.reals(&[view.totals.weight, view.totals.weight2, view.samples()]);
    for values in [view.mean, view.target_mean, view.xx, view.xy, view.yy] {
        hash.reals(values);
    }
}

/// Push, forget, merge, remove, refuse, standardise.
#[inline(never)]
pub(crate) fn streaming<T: Real>() -> u64 {
    let mut hash = Hash::default();
    let mut sums = gather::<T, 2>(0, 20, &mut hash);
    let other = gather::<T, 2>(20, 15, &mut hash);
    hash.outcome(sums.merge(&other));
    let (x, y) = row::<T>(7);
    hash.outcome(sums.remove(&x, &y, T::ONE)); // refused in f32
    hash.outcome(sums.push_weighted(&x, &y, T::ONE, T::of(0.9)));
    hash.outcome(sums.push(&[T::ONE / T::ZERO; N], &y));
    hash_stream(&mut hash, &sums);
    let mut data = Standardised::new();
    hash.outcome(data.update(&sums));
    let mut x = x;
    hash.outcome(data.standardise_row(&mut x));
    hash.reals(&x);
    if let Some(moments) = hash.outcome(data.moments()) {
        hash.reals(moments.covariance());
        hash.reals(moments.correlation());
        hash.reals(moments.variance());
        hash.real(moments.strongest_evidence());
    }
    hash.value()
}

/// Coordinate ascent: one gamma, warm start, fixed noise, Delta F, predictions of two targets.
#[inline(never)]
pub(crate) fn ascent<T: Real>() -> u64 {
    let mut hash = Hash::default();
    let mut data = Standardised::new();
    let sums = gather::<T, 2>(0, 40, &mut hash);
    hash.outcome(data.update(&sums));
    let mut garrote = Garrote::<T, N, 2>::new();
    let fixed = Options {
        noise: Noise::Fixed(T::of(8.0)),
        ..Options::default()
    };
    for (gamma, options) in [(-6.0, Options::default()), (-2.0, fixed)] {
        if let Some(solution) = hash.outcome(garrote.fit(&data, T::of(gamma), options)) {
            hash.solution(&solution);
        }
    }
    if let Some(solution) = hash.outcome(garrote.advance(&data, T::of(-4.0), Options::default(), 3)) {
        hash.solution(&solution);
    }
    hash.reals(garrote.inclusion().as_slice());
    hash.reals(garrote.weight().as_slice());
    hash.reals(garrote.precision().as_slice());
    let (x, _) = row::<T>(100);
    for target in 0..3 {
        if let Some(prediction) = hash.outcome(garrote.predict(&data, &x.into(), target)) {
            hash.reals(&[prediction.mean, prediction.variance]);
        }
    }
    hash.value()
}

/// The path with both passes and every selection rule.
#[inline(never)]
pub(crate) fn path<T: Real>() -> u64 {
    let mut hash = Hash::default();
    let mut data = Standardised::new();
    let sums = gather::<T, 1>(0, 40, &mut hash);
    hash.outcome(data.update(&sums));
    let mut garrote = Garrote::<T, N>::new();
    let mut points = PathPoints::<T, N, G>::new();
    if let Some(ending) = hash.outcome(garrote.path(&data, Options::default(), &mut points)) {
        hash.word(ending as u64);
    }
    let chosen = rules(&mut hash, &data, &mut points);
    hash.outcome(garrote.adopt(&points, chosen));
    hash.reals(garrote.inclusion().as_slice());
    hash.value()
}

#[inline(never)]
fn rules<T: Real>(hash: &mut Hash, data: &Standardised<T, N>, points: &mut PathPoints<T, N, G>) -> usize {
    let Some(moments) = hash.outcome(data.moments()) else {
        return 0;
    };
    let Some(store) = hash.outcome(points.store(&moments)) else {
        return 0;
    };
    hash.path(&store);
    let mut scratch = [T::ZERO; gibbs_core::garrote::select::scratch_len(N)];
    let mut chosen = 0;
    for g in [0.0, 0.5, 1.0] {
        if let Some(index) = hash.outcome(by_information(&moments, &store, T::of(g), &mut scratch)) {
            hash.word(index as u64);
            chosen = index;
        }
    }
    if let Some(index) = hash.outcome(by_plateau(&store)) {
        hash.word(index as u64);
    }
    let (inclusion, weight) = (store.inclusion_at(chosen), store.weight_at(chosen));
    let mut weights = [T::ZERO; N];
    hash.outcome(refit(&moments, inclusion, &mut weights, &mut scratch));
    hash.reals(&weights);
    if let Some(value) = hash.outcome(information_criterion(&moments, inclusion, T::ONE, &mut scratch)) {
        hash.real(value);
    }
    let (mut x, [y, _]) = row::<T>(200);
    hash.outcome(data.standardise_row(&mut x));
    let y = [y - data.target_mean().x];
    if let Some(error) = hash.outcome(validation_error(&Rows { x: &x, y: &y }, inclusion, weight)) {
        hash.real(error);
    }
    chosen
}

/// The joint solver, the gradient at its solution, and Delta F of one variable by coordinate ascent.
#[inline(never)]
pub(crate) fn joint<T: Real>() -> u64 {
    let mut hash = Hash::default();
    let mut data = Standardised::new();
    let sums = gather::<T, 1>(0, 40, &mut hash);
    hash.outcome(data.update(&sums));
    let (mut inclusion, mut weight, mut field, mut precision) =
        ([T::ZERO; N], [T::ZERO; N], [T::ZERO; N], [T::ZERO]);
    let state = State {
        inclusion: &mut inclusion,
        weight: &mut weight,
        field: &mut field,
        precision: &mut precision,
    };
    let Some(moments) = hash.outcome(data.moments()) else {
        return hash.value();
    };
    let mut scratch = [T::ZERO; scratch_len(N)];
    let lent = State {
        inclusion: &mut *state.inclusion,
        weight: &mut *state.weight,
        field: &mut *state.field,
        precision: &mut *state.precision,
    };
    if let Some(mut solver) = hash.outcome(Joint::new(moments, lent, Options::default(), &mut scratch)) {
        let mut grid = [T::ZERO; 3];
        hash.outcome(linear_grid(T::of(-8.0), T::of(-2.0), &mut grid));
        for gamma in grid {
            hash.solution(&solver.solve(gamma));
        }
        hash.reals(solver.inclusion());
        hash.reals(solver.weight());
    }
    let (mut by_weight, mut by_logit) = ([T::ZERO; N], [T::ZERO; N]);
    hash.outcome(gradient(
        &moments,
        state.weight,
        &[T::HALF; N],
        state.field,
        T::TWO,
        T::of(-3.0),
        &mut by_weight,
        &mut by_logit,
    ));
    hash.reals(&by_weight);
    hash.reals(&by_logit);
    if let Some(mut solver) = hash.outcome(Ascent::new(moments, state, Options::default())) {
        let present = solver.solve(T::of(-3.0));
        let (mut m, mut w) = ([T::ZERO; N], [T::ZERO; N]);
        m.copy_from_slice(solver.inclusion());
        w.copy_from_slice(solver.weight());
        let beta = solver.precision().first().copied().unwrap_or(T::ONE);
        hash.real(free_energy_without(&mut solver, &present, (&m, &w, &[beta]), 4));
    }
    hash.value()
}
