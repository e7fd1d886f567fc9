//! The square lattice with periodic sides, finite: Kaufman's partition function and its derivatives.
//!
//! ```text
//! Z = 1/2 (2 sinh 2K)^(mn/2) [ P1 + P2 + P3 + P4 ]         K = beta, J = 1, no field, n x m sites
//! P1 = Π 2 cosh(m g_k / 2), P2 = Π 2 sinh(m g_k / 2)       k = 1, 3, .., 2n - 1
//! P3 = Π 2 cosh(m g_k / 2), P4 = Π 2 sinh(m g_k / 2)       k = 0, 2, .., 2n - 2
//! cosh g_k = cosh² 2K / sinh 2K - cos(pi k / n)            g_0 = 2K + ln tanh K
//! ```
//! g_0 is negative above the critical temperature, and P4 with it. With s = sinh 2K, the definition of all
//! g_k is sinh²(g_k / 2) = (s - 1)²/(2 s) + sin²(pi k / 2n) (derived: cosh g - 1 = 2 sinh²(g/2)), which loses
//! no digits near the critical point; the root of k = 0 is (s - 1)/sqrt(2 s), with its sign.
//!
//! Derivatives (derived): from d cosh g_k/dK = 2 cosh 2K (1 - 1/s²), for k = 0 simply g_0' = 2 + 2/s. The
//! products are logarithms with log-derivatives; only the factor of g_0 in P4, which may be zero, is kept as a
//! value. The second derivative is taken about the first, (e^(-u K) P)'' with u = (ln Z)', so that it is a sum
//! of terms of its own size.
//!
//! A side of 2 has each of its bonds twice. Cost: O(n). Source: B. Kaufman, Phys. Rev. 76, 1232 (1949).

use super::Thermodynamics;
use gibbs_core::Error;
use gibbs_core::math::Real;

/// Largest beta: sinh 2K stays far from overflow, and Z is that of the two ground states in every digit.
const COLDEST: f64 = 100.0;

/// f and its first two derivatives by K.
#[derive(Clone, Copy)]
struct Jet(f64, f64, f64);

impl Jet {
    fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0, self.1 + other.1, self.2 + other.2)
    }

    fn times(self, factor: f64) -> Self {
        Self(self.0 * factor, self.1 * factor, self.2 * factor)
    }

    /// f(x) of this jet x, from f, f' and f'' at x.
    fn chain(self, value: f64, first: f64, second: f64) -> Self {
        Self(value, first * self.1, first * self.2 + second * self.1 * self.1)
    }

    /// ln 2 cosh x of this jet x >= 0.
    fn log_cosh(self) -> Self {
        let q = Real::exp(-2.0 * self.0);
        let tanh = (1.0 - q) / (1.0 + q);
        self.chain(self.0 + Real::ln_1p(q), tanh, 4.0 * q / ((1.0 + q) * (1.0 + q)))
    }

    /// ln 2 sinh x of this jet x > 0.
    fn log_sinh(self) -> Self {
        let q = Real::exp(-2.0 * self.0);
        let coth = (1.0 + q) / (1.0 - q);
        self.chain(self.0 + Real::ln_1p(-q), coth, -4.0 * q / ((1.0 - q) * (1.0 - q)))
    }
}

/// One of the four products: e^log (with derivatives) times a factor that may vanish or be negative.
struct Product {
    log: Jet,
    factor: Jet,
}

/// arsinh x.
fn arsinh(x: f64) -> f64 {
    let a = x.abs();
    Real::ln_1p(a + a * a / (1.0 + (1.0 + a * a).sqrt())).copysign(x)
}

/// The n x m torus at inverse temperature `beta`; n is `width`, m is `height`, which may be exchanged.
///
/// # Errors
/// [`Error::Shape`] for a side below 2, [`Error::Domain`] unless 0 < beta <= 100 (NaN as well).
pub fn torus(width: usize, height: usize, beta: f64) -> Result<Thermodynamics, Error> {
    let spins = width.checked_mul(height).ok_or(Error::Shape)?;
    if width < 2 || height < 2 {
        return Err(Error::Shape);
    }
    if !(beta > 0.0 && beta <= COLDEST) {
        return Err(Error::Domain);
    }
    let modes = Modes::new(width, beta);
    let half = height as f64 / 2.0;
    let nothing = || Product {
        log: Jet(0.0, 0.0, 0.0),
        factor: Jet(1.0, 0.0, 0.0),
    };
    let [mut p1, mut p2, mut p3, mut p4] = [nothing(), nothing(), nothing(), nothing()];
    for k in 0..2 * width {
        let x = modes.gamma(k).times(half);
        if k == 0 {
            // 2 cosh x = e^|x| (1 + q) and 2 sinh x = ± e^|x| (1 - q), q = e^-2|x|; x'' and x'² by the chain rule
            let size = if x.0 < 0.0 { x.times(-1.0) } else { x };
            let q = Real::exp(-2.0 * size.0);
            let (cosh, sinh) = (1.0 + q, (1.0 - q).copysign(x.0));
            p3.log = p3.log.plus(size.log_cosh());
            p4.log = p4.log.plus(Jet(size.0, 0.0, 0.0));
            p4.factor = x.chain(sinh, cosh, sinh);
            continue;
        }
        let (even, odd) = if k % 2 == 1 {
            (&mut p1, &mut p2)
        } else {
            (&mut p3, &mut p4)
        };
        even.log = even.log.plus(x.log_cosh());
        odd.log = odd.log.plus(x.log_sinh());
    }
    Ok(combine(&[p1, p2, p3, p4], &modes, spins, beta))
}

/// ln Z and derivatives from the four products and the prefactor (2 sinh 2K)^(mn/2) / 2.
fn combine(products: &[Product; 4], modes: &Modes, spins: usize, beta: f64) -> Thermodynamics {
    let largest = products.iter().fold(f64::NEG_INFINITY, |a, p| a.max(p.log.0));
    let weighted = |term: &dyn Fn(&Product) -> f64| -> f64 {
        products
            .iter()
            .map(|p| Real::exp(p.log.0 - largest) * term(p))
            .sum()
    };
    let sum = weighted(&|p| p.factor.0);
    let slope = weighted(&|p| p.factor.0 * p.log.1 + p.factor.1) / sum;
    let curvature = weighted(&|p| {
        let about = p.log.1 - slope;
        p.factor.0 * (about * about + p.log.2) + 2.0 * p.factor.1 * about + p.factor.2
    }) / sum;
    let sites = spins as f64;
    let (s, coth) = (modes.sinh, modes.cosh / modes.sinh);
    let log_z = 0.5 * sites * Real::ln(2.0 * s) - core::f64::consts::LN_2 + largest + Real::ln(sum);
    Thermodynamics {
        spins,
        log_z,
        energy: -(sites * coth + slope),
        heat_capacity: beta * beta * (curvature - 2.0 * sites / (s * s)),
    }
}

/// The angles g_k.
struct Modes {
    width: f64,
    sinh: f64,
    cosh: f64,
}

impl Modes {
    fn new(width: usize, beta: f64) -> Self {
        let (up, down) = (Real::exp(2.0 * beta), Real::exp(-2.0 * beta));
        Self {
            width: width as f64,
            sinh: 0.5 * (up - down),
            cosh: 0.5 * (up + down),
        }
    }

    /// g_k with its derivatives by K.
    fn gamma(&self, k: usize) -> Jet {
        let (s, c) = (self.sinh, self.cosh);
        let root = (s - 1.0) / (2.0 * s).sqrt();
        if k == 0 {
            return Jet(2.0 * arsinh(root), 2.0 + 2.0 / s, -4.0 * c / s / s);
        }
        let sine = Real::sin(core::f64::consts::PI * k as f64 / (2.0 * self.width));
        let half = (root * root + sine * sine).sqrt(); // sinh(g/2)
        let sinh = 2.0 * half * (1.0 + half * half).sqrt();
        let coth = (1.0 + 2.0 * half * half) / sinh;
        let first = 2.0 * c * (1.0 - 1.0 / (s * s)) / sinh;
        // d² cosh g / dK²
        let bend = 4.0 * (s - 1.0 / s) + 8.0 * (1.0 + 1.0 / (s * s)) / s;
        Jet(2.0 * arsinh(half), first, bend / sinh - coth * first * first)
    }
}

#[cfg(test)]
mod tests;
