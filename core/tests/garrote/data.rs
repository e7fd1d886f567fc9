//! Samples, moments from them by two passes (independent of `stream`), and heap storage to lend.

pub(crate) use crate::oracle::{corner, direct_free_energy, eliminate, exact, gap, least_squares, soft};
use gibbs_core::garrote::{Moments, Pass, PathStore, Solution, State};
use gibbs_core::math::Real;
use gibbs_core::random::{normal, shuffle, stream};

/// Rows of N variables and Q targets.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) columns: usize,
    pub(crate) targets: usize,
    pub(crate) x: Vec<f64>,
    pub(crate) y: Vec<f64>,
    /// Indices of the relevant variables, rising.
    pub(crate) truth: Vec<usize>,
}

impl Table {
    /// Protocol B: x iid normal, `ones` weights 1 at random places, noise of this standard deviation.
    pub(crate) fn sparse(
        name: &str,
        index: u64,
        rows: usize,
        columns: usize,
        ones: usize,
        noise: f64,
    ) -> Self {
        let mut rng = stream(11, name, index);
        let mut places: Vec<usize> = (0..columns).collect();
        shuffle(&mut rng, &mut places);
        let mut truth = places[..ones].to_vec();
        truth.sort_unstable();
        let x: Vec<f64> = (0..rows * columns).map(|_| normal(&mut rng)).collect();
        let y = x
            .chunks_exact(columns)
            .map(|row| truth.iter().map(|i| row[*i]).sum::<f64>() + noise * normal::<f64>(&mut rng))
            .collect();
        Self {
            columns,
            targets: 1,
            x,
            y,
            truth,
        }
    }

    /// As `sparse`, with columns mixed to neighbouring correlation `r` (AR(1)) and graded weights.
    pub(crate) fn correlated(name: &str, index: u64, rows: usize, columns: usize, r: f64) -> Self {
        let mut table = Self::sparse(name, index, rows, columns, 0, 1.0);
        for row in table.x.chunks_exact_mut(columns) {
            for i in 1..columns {
                row[i] = r * row[i - 1] + (1.0 - r * r).sqrt() * row[i];
            }
        }
        table.truth = (0..columns).step_by(3).collect();
        for (row, y) in table.x.chunks_exact(columns).zip(&mut table.y) {
            for (k, i) in table.truth.iter().enumerate() {
                *y += row[*i] * (1.0 - 0.15 * k as f64);
            }
        }
        table
    }

    pub(crate) fn rows(&self) -> usize {
        self.y.len() / self.targets
    }

    pub(crate) fn each(&self) -> impl Iterator<Item = (&[f64], &[f64])> {
        self.x
            .chunks_exact(self.columns)
            .zip(self.y.chunks_exact(self.targets))
    }

    /// Standardised moments by two passes with weights `omega` per row.
    pub(crate) fn weighted<T: Real>(&self, omega: &[f64]) -> Batch<T> {
        let (n, q) = (self.columns, self.targets);
        let total: f64 = omega.iter().sum();
        let mut mean = vec![0.0; n];
        let mut target_mean = vec![0.0; q];
        for ((x, y), w) in self.each().zip(omega) {
            for (m, x) in mean.iter_mut().zip(x) {
                *m += w * x / total;
            }
            for (m, y) in target_mean.iter_mut().zip(y) {
                *m += w * y / total;
            }
        }
        let (mut c, mut b, mut s2) = (vec![0.0; n * n], vec![0.0; n * q], vec![0.0; q]);
        for ((x, y), w) in self.each().zip(omega) {
            for i in 0..n {
                let xi = w * (x[i] - mean[i]) / total;
                for j in 0..=i {
                    c[i * n + j] += xi * (x[j] - mean[j]);
                }
                for t in 0..q {
                    b[t * n + i] += xi * (y[t] - target_mean[t]);
                }
            }
            for t in 0..q {
                s2[t] += w * (y[t] - target_mean[t]).powi(2) / total;
            }
        }
        let scale: Vec<f64> = (0..n).map(|i| c[i * n + i].sqrt()).collect();
        for i in 0..n {
            for j in 0..i {
                c[i * n + j] /= scale[i] * scale[j];
                c[j * n + i] = c[i * n + j];
            }
            c[i * n + i] = 1.0;
            for t in 0..q {
                b[t * n + i] /= scale[i];
            }
        }
        let squares: f64 = omega.iter().map(|w| w * w).sum();
        Batch {
            c: cast(&c),
            b: cast(&b),
            s2: cast(&s2),
            mean: cast(&mean),
            scale: cast(&scale),
            target_mean: cast(&target_mean),
            samples: T::of(total * total / squares),
        }
    }

    pub(crate) fn batch<T: Real>(&self) -> Batch<T> {
        self.weighted(&vec![1.0; self.rows()])
    }

    /// Standardised rows and centred targets.
    pub(crate) fn standardised(&self) -> (Vec<f64>, Vec<f64>) {
        let batch = self.batch::<f64>();
        let x = self.x.iter().enumerate().map(|(k, x)| {
            let i = k % self.columns;
            (x - batch.mean[i]) / batch.scale[i]
        });
        let y = self.y.iter().enumerate();
        let y = y.map(|(k, y)| y - batch.target_mean[k % self.targets]);
        (x.collect(), y.collect())
    }
}

pub(crate) fn cast<T: Real>(values: &[f64]) -> Vec<T> {
    values.iter().map(|v| T::of(*v)).collect()
}

/// Moments on the heap, with the centres and scales that made them.
#[derive(Clone, Debug)]
pub(crate) struct Batch<T> {
    pub(crate) c: Vec<T>,
    pub(crate) b: Vec<T>,
    pub(crate) s2: Vec<T>,
    pub(crate) mean: Vec<T>,
    pub(crate) scale: Vec<T>,
    pub(crate) target_mean: Vec<T>,
    pub(crate) samples: T,
}

impl<T: Real> Batch<T> {
    /// Moments given as they are, unit scales.
    pub(crate) fn raw(c: Vec<T>, b: Vec<T>, s2: T, samples: T) -> Self {
        let n = b.len();
        Self {
            c,
            b,
            s2: vec![s2],
            mean: vec![T::ZERO; n],
            scale: vec![T::ONE; n],
            target_mean: vec![T::ZERO],
            samples,
        }
    }

    pub(crate) fn moments(&self) -> Moments<'_, T> {
        Moments::new(&self.c, &self.b, &self.s2, self.samples).unwrap()
    }

    pub(crate) fn variables(&self) -> usize {
        self.b.len() / self.s2.len()
    }
}

/// Variational state on the heap.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gates<T> {
    pub(crate) inclusion: Vec<T>,
    pub(crate) weight: Vec<T>,
    pub(crate) field: Vec<T>,
    pub(crate) precision: Vec<T>,
}

impl<T: Real> Gates<T> {
    pub(crate) fn of<U: Real>(batch: &Batch<U>) -> Self {
        Self {
            inclusion: vec![T::ZERO; batch.variables()],
            weight: vec![T::ZERO; batch.b.len()],
            field: vec![T::ZERO; batch.b.len()],
            precision: vec![T::ZERO; batch.s2.len()],
        }
    }

    pub(crate) fn lend(&mut self) -> State<'_, T> {
        State {
            inclusion: &mut self.inclusion,
            weight: &mut self.weight,
            field: &mut self.field,
            precision: &mut self.precision,
        }
    }
}

pub(crate) fn support<T: Real>(inclusion: &[T]) -> Vec<usize> {
    (0..inclusion.len()).filter(|i| inclusion[*i] > T::HALF).collect()
}

/// Path storage on the heap.
pub(crate) struct Curves<T> {
    pub(crate) forward: Vec<Solution<T>>,
    pub(crate) backward: Vec<Solution<T>>,
    pub(crate) pass: Vec<Pass>,
    pub(crate) inclusion: Vec<T>,
    pub(crate) weight: Vec<T>,
    pub(crate) precision: Vec<T>,
}

impl<T: Real> Curves<T> {
    pub(crate) fn of(batch: &Batch<T>, gammas: usize) -> Self {
        Self {
            forward: vec![Solution::EMPTY; gammas],
            backward: vec![Solution::EMPTY; gammas],
            pass: vec![Pass::Forward; gammas],
            inclusion: vec![T::ZERO; gammas * batch.variables()],
            weight: vec![T::ZERO; gammas * batch.b.len()],
            precision: vec![T::ZERO; gammas * batch.s2.len()],
        }
    }

    pub(crate) fn store(&mut self, data: &Moments<'_, T>) -> PathStore<'_, T> {
        let curves = (&mut self.forward[..], &mut self.backward[..], &mut self.pass[..]);
        let kept = (
            &mut self.inclusion[..],
            &mut self.weight[..],
            &mut self.precision[..],
        );
        PathStore::new(data, curves, kept).unwrap()
    }
}
