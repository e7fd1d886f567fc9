//! The gradient solver (S3): weights and gate logits together by Adam, for any linear operator.
//!
//! Minimises over (w, theta), m = sigmoid(theta), v = m w, with r = y - X v:
//!
//! ```text
//! ehat = r'r/M + Σ m_i (1 - m_i) d_i w_i²
//! L = (M/2) [ ln(ehat + floor s2) + 1 + ln 2π ] - S(m) - gamma Σ m_i + N softplus(gamma)     noise profiled
//! L = (M/2) [ beta ehat - ln beta + ln 2π ]     - S(m) - gamma Σ m_i + N softplus(gamma)     beta fixed
//! ```
//! The floor is a smooth inverse-gamma prior on the noise, without which L is unbounded below for N >= M
//! (any M columns interpolate). The gradient of a gate is [`gate_gradient`] with pull -`X_i`'r/M and
//! beta = 1/(ehat + floor s2); X enters only through two products a step. y is scaled to s2 = 1 inside,
//! since Adam's steps have the size of the rate whatever the scale; results are in the caller's units.
//!
//! Steps: Adam with b1 = .9, b2 = .999, eps = 1e-8 (`AdamW` with weight decay 0: the prior on w is flat). The
//! rate is halved when L has not fallen by a fraction 1e-7 in 100 steps; the end is a rate below 1e-6. Cost of
//! a step: one `forward`, one `adjoint` and O(N).
//!
//! From the dense start (theta = 4, small w) it finds other minima than coordinate ascent from the empty one:
//! gradient descent on the product m w has a bias of its own. For sparse regression the path of coordinate
//! ascent is better and far cheaper; this solver is for inverse problems. A result names its solver.
//!
//! Sources: Soh, Lee, Periwal, Jo, arXiv 2509.06383 (eqs. 9-13, Adam, m near 1, w normal, end at 1e-6);
//! Kingma, Ba, arXiv 1412.6980. The plateau rule's patience, factor and threshold are ours: no paper gives them.

mod operator;

pub use operator::LinearOperator;

use super::design::{Design, FitError};
use gibbs_core::Error;
use gibbs_core::garrote::energy::{assemble, gate_gradient};
use gibbs_core::garrote::{Noise, Status};
use gibbs_core::math::Real;
use gibbs_core::math::{dot, sigmoid};
use gibbs_core::random::{normal, stream};

/// Name of this solver in results and files.
pub const SOLVER: &str = "gradient";

/// Noise model, start, and schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradientOptions {
    /// Noise model; a fixed beta is in 1/y².
    pub noise: Noise<f64>,
    /// theta of every gate at the dense start.
    pub initial_logit: f64,
    /// Standard deviation of the random weights at the dense start, in units of sd(y).
    pub initial_weight: f64,
    /// Seed of those weights.
    pub seed: u64,
    /// First learning rate.
    pub rate: f64,
    /// The rate below which the solve ends.
    pub least_rate: f64,
    /// Factor of a reduction of the rate.
    pub factor: f64,
    /// Steps without improvement before a reduction.
    pub patience: u32,
    /// Relative fall of the loss that counts as improvement.
    pub threshold: f64,
    /// Step limit.
    pub max_steps: u32,
}

impl Default for GradientOptions {
    fn default() -> Self {
        Self {
            noise: Noise::Profile { floor: 1e-3 },
            initial_logit: 4.0,
            initial_weight: 1e-2,
            seed: 0,
            rate: 0.05,
            least_rate: 1e-6,
            factor: 0.5,
            patience: 100,
            threshold: 1e-7,
            max_steps: 50_000,
        }
    }
}

impl GradientOptions {
    fn check(&self) -> Result<(), FitError> {
        let (Noise::Profile { floor: scale } | Noise::Fixed(scale)) = self.noise;
        let positive = |name: &str, value: f64| match value {
            v if v > 0.0 && v.is_finite() => Ok(()),
            v => Err(FitError::Option(format!(
                "gradient solver: {name} = {v} must be finite and above 0"
            ))),
        };
        positive("noise floor or precision", scale)?;
        positive("learning rate", self.rate)?;
        positive("least learning rate", self.least_rate)?;
        positive("threshold", self.threshold)?;
        positive("factor", self.factor)?;
        if self.factor >= 1.0 {
            return Err(FitError::Option(format!(
                "gradient solver: factor = {} must be below 1",
                self.factor
            )));
        }
        if self.max_steps == 0 {
            return Err(FitError::Option(
                "gradient solver: at least one step is needed".into(),
            ));
        }
        if !(self.initial_logit.is_finite() && self.initial_weight.is_finite() && self.initial_weight >= 0.0)
        {
            return Err(FitError::Option(
                "gradient solver: the start must be finite, its weights' deviation not negative".into(),
            ));
        }
        Ok(())
    }
}

/// Where a solve ended, in the units of the caller's y.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientFit {
    /// The name of the solver, [`SOLVER`].
    pub solver: &'static str,
    /// The prior log-odds gamma in nats.
    pub gamma: f64,
    /// The inclusions m_i (N).
    pub inclusion: Vec<f64>,
    /// theta (N); -infinity for a dead column.
    pub logit: Vec<f64>,
    /// The weights w_i (N).
    pub weight: Vec<f64>,
    /// beta: 1/(ehat + floor s2), or the fixed one.
    pub precision: f64,
    /// F at this beta, comparable with the other solvers'.
    pub free_energy: f64,
    /// The value of L, which was minimised.
    pub loss: f64,
    /// The number of steps spent.
    pub steps: u32,
    /// `Converged` when the rate ran out, `BetaCapped` when moreover ehat <= floor s2 (an interpolation).
    pub status: Status,
}

/// Solves from the dense start: theta = `initial_logit`, w normal from `stream(seed, "garrote.gradient", 0)`.
///
/// # Errors
/// Those of [`solve_from`].
pub fn solve_dense(
    operator: &impl LinearOperator,
    y: &[f64],
    gamma: f64,
    options: &GradientOptions,
) -> Result<GradientFit, FitError> {
    let (n, scale) = (operator.columns(), (dot(y, y) / y.len().max(1) as f64).sqrt());
    let mut rng = stream(options.seed, "garrote.gradient", 0);
    let weight: Vec<f64> = (0..n)
        .map(|_| scale * options.initial_weight * normal::<f64>(&mut rng))
        .collect();
    solve_from(
        operator,
        y,
        gamma,
        (&weight, &vec![options.initial_logit; n]),
        options,
    )
}

/// Solves from given weights (in units of y) and gate logits.
///
/// # Errors
/// `Option` for an option outside its range; `Core(Shape)` if lengths disagree; `NoVariables`; `TooFewRows`
/// below 3; `Core(NonFinite)` for a target, gamma or start that is not finite, or an operator that makes
/// one; `Core(ConstantTarget)` for y = 0.
pub fn solve_from(
    operator: &impl LinearOperator,
    y: &[f64],
    gamma: f64,
    (weight, logit): (&[f64], &[f64]),
    options: &GradientOptions,
) -> Result<GradientFit, FitError> {
    options.check()?;
    let mut problem = Problem::new(operator, y, gamma, options.noise)?;
    let n = operator.columns();
    if weight.len() != n || logit.len() != n {
        return Err(Error::Shape.into());
    }
    if !weight.iter().chain(logit).all(|x| x.is_finite()) {
        return Err(Error::NonFinite.into());
    }
    let mut point = Point {
        weight: weight.to_vec(),
        logit: logit.to_vec(),
    };
    point.weight.iter_mut().for_each(|w| *w /= problem.scale);
    problem.bury_dead(&mut point);
    let (mut adam, mut plateau) = (Adam::new(n), Plateau::new(options));
    let (mut slope, mut steps) = (point.clone(), 0);
    let mut value = problem.evaluate(&point, &mut slope)?;
    while steps < options.max_steps && plateau.rate >= options.least_rate {
        adam.step(&mut point, &slope, plateau.rate);
        value = problem.evaluate(&point, &mut slope)?;
        plateau.observe(value.loss);
        steps += 1;
    }
    let done = plateau.rate < options.least_rate;
    Ok(problem.finish(point, value, steps, done))
}

/// Fits a standardised design from the dense start.
///
/// # Errors
/// Those of [`solve_from`].
pub fn fit_dense(design: &Design, gamma: f64, options: &GradientOptions) -> Result<GradientFit, FitError> {
    solve_dense(design, &design.y, gamma, options)
}

/// Weights and gate logits, or the gradient with respect to them.
#[derive(Clone, Debug)]
struct Point {
    weight: Vec<f64>,
    logit: Vec<f64>,
}

/// The loss at a point.
#[derive(Clone, Copy, Debug)]
struct Value {
    loss: f64,
    free_energy: f64,
    precision: f64,
    capped: bool,
}

/// The problem scaled to s2 = 1, with scratch.
struct Problem<'a, O> {
    operator: &'a O,
    target: Vec<f64>,
    /// sqrt(s2) of the caller's y.
    scale: f64,
    gamma: f64,
    /// In scaled units.
    noise: Noise<f64>,
    diagonal: Vec<f64>,
    inclusion: Vec<f64>,
    effect: Vec<f64>,
    residual: Vec<f64>,
    pull: Vec<f64>,
}

impl<'a, O: LinearOperator> Problem<'a, O> {
    fn new(operator: &'a O, y: &[f64], gamma: f64, noise: Noise<f64>) -> Result<Self, FitError> {
        let (rows, n) = (operator.rows(), operator.columns());
        if n == 0 {
            return Err(FitError::NoVariables);
        }
        if y.len() != rows {
            return Err(Error::Shape.into());
        }
        if rows < 3 {
            return Err(FitError::TooFewRows { rows, needed: 3 });
        }
        let variance = dot(y, y) / rows as f64;
        let mut diagonal = vec![0.0; n];
        operator.diagonal(&mut diagonal);
        if !(gamma.is_finite() && variance.is_finite() && diagonal.iter().all(|d| d.is_finite())) {
            return Err(Error::NonFinite.into());
        }
        if variance <= 0.0 {
            return Err(Error::ConstantTarget.into());
        }
        let scale = variance.sqrt();
        let noise = match noise {
            Noise::Fixed(beta) => Noise::Fixed(beta * variance),
            profile @ Noise::Profile { .. } => profile,
        };
        Ok(Self {
            operator,
            target: y.iter().map(|y| y / scale).collect(),
            scale,
            gamma,
            noise,
            diagonal,
            inclusion: vec![0.0; n],
            effect: vec![0.0; n],
            residual: vec![0.0; rows],
            pull: vec![0.0; n],
        })
    }

    /// Shuts the gates of dead columns for ever: m = 0, w = 0, no gradient.
    fn bury_dead(&self, point: &mut Point) {
        for (d, (w, theta)) in self
            .diagonal
            .iter()
            .zip(point.weight.iter_mut().zip(&mut point.logit))
        {
            if *d <= 0.0 {
                (*w, *theta) = (0.0, f64::NEG_INFINITY);
            }
        }
    }

    /// L at `point` and its gradient.
    fn evaluate(&mut self, point: &Point, slope: &mut Point) -> Result<Value, FitError> {
        let samples = self.target.len() as f64;
        let mut spread = 0.0;
        for (i, (w, theta)) in point.weight.iter().zip(&point.logit).enumerate() {
            let m = if self.diagonal[i] > 0.0 {
                sigmoid(*theta)
            } else {
                0.0
            };
            self.inclusion[i] = m;
            self.effect[i] = m * w;
            spread += m * (1.0 - m) * self.diagonal[i] * w * w;
        }
        self.operator.forward(&self.effect, &mut self.residual);
        self.residual
            .iter_mut()
            .zip(&self.target)
            .for_each(|(r, y)| *r = y - *r);
        self.operator.adjoint(&self.residual, &mut self.pull);
        let energy = dot(&self.residual, &self.residual) / samples + spread;
        let (precision, virtual_noise) = match self.noise {
            Noise::Profile { floor } => (1.0 / (energy + floor), floor),
            Noise::Fixed(beta) => (beta, 0.0),
        };
        let gates = self
            .diagonal
            .iter()
            .zip(&self.pull)
            .zip(point.weight.iter().zip(&point.logit));
        let slopes = slope.weight.iter_mut().zip(&mut slope.logit);
        for (((d, q), (w, theta)), (dw, dt)) in gates.zip(slopes) {
            (*dw, *dt) = if *d > 0.0 {
                gate_gradient(*w, *theta, -q / samples, *d, precision * samples, self.gamma)
            } else {
                (0.0, 0.0)
            };
        }
        let total = |energy: f64| {
            assemble(
                [(precision, energy)].into_iter(),
                &self.inclusion,
                samples,
                self.gamma,
            )
            .free_energy
        };
        let value = Value {
            loss: total(energy + virtual_noise),
            free_energy: total(energy),
            precision,
            capped: energy <= virtual_noise,
        };
        if value.loss.is_finite() {
            Ok(value)
        } else {
            Err(Error::NonFinite.into())
        }
    }

    /// Back to the caller's units: w -> c w, beta -> beta/c², F -> F + M ln c for y = c y'.
    fn finish(self, point: Point, value: Value, steps: u32, done: bool) -> GradientFit {
        let shift = self.target.len() as f64 * Real::ln(self.scale);
        GradientFit {
            solver: SOLVER,
            gamma: self.gamma,
            inclusion: self.inclusion,
            logit: point.logit,
            weight: point.weight.into_iter().map(|w| w * self.scale).collect(),
            precision: value.precision / (self.scale * self.scale),
            free_energy: value.free_energy + shift,
            loss: value.loss + shift,
            steps,
            status: match (done, value.capped) {
                (true, true) => Status::BetaCapped,
                (true, false) => Status::Converged,
                (false, _) => Status::MaxSweeps,
            },
        }
    }
}

mod adam;
use adam::{Adam, Plateau};

#[cfg(test)]
mod tests;
