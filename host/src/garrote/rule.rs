//! Selection rules and their names on the command line.

use super::design::FitError;
use std::fmt;
use std::str::FromStr;

/// How gamma, and with it the set of variables, is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Smallest EBIC_g over path and search; g = 0 is BIC, g = 1/2 suits weak or correlated signals.
    Ebic(f64),
    /// Smallest K-fold cross-validation error (K = 5) on the path.
    Cv,
    /// Smallest error on rows held out (one third, or a file of their own).
    Validation,
    /// The density of the transition signal of a bootstrap ensemble.
    Transition,
    /// The longest interval of gamma with an unchanged, decided support.
    Plateau,
}

impl FromStr for Rule {
    type Err = FitError;

    fn from_str(text: &str) -> Result<Self, FitError> {
        let number = |g: &str| g.parse::<f64>().ok().filter(|g| g.is_finite() && *g >= 0.0);
        match text.split_once(':') {
            None if text == "ebic" => Some(Self::Ebic(1.0)),
            None if text == "bic" => Some(Self::Ebic(0.0)),
            None if text == "cv" => Some(Self::Cv),
            None if text == "validation" => Some(Self::Validation),
            None if text == "transition" => Some(Self::Transition),
            None if text == "plateau" => Some(Self::Plateau),
            Some(("ebic", g)) => number(g).map(Self::Ebic),
            _ => None,
        }
        .ok_or_else(|| {
            FitError::Option(format!(
                "unknown rule {text:?}: expected ebic, ebic:G (G >= 0), bic, cv, validation, transition or plateau"
            ))
        })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ebic(g) if *g == 1.0 => f.write_str("ebic"),
            Self::Ebic(g) if *g == 0.0 => f.write_str("bic"),
            Self::Ebic(g) => write!(f, "ebic:{g}"),
            Self::Cv => f.write_str("cv"),
            Self::Validation => f.write_str("validation"),
            Self::Transition => f.write_str("transition"),
            Self::Plateau => f.write_str("plateau"),
        }
    }
}
