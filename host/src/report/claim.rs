//! Rows of the report: a quantity, where its expected value comes from, what was measured, the verdict.
//!
//! Honesty is part of the type: [`Source`] says who vouches for the expected value; a sampled mean names the largest
//! error that it may have ([`Expected::Sampled`]), so that no claim is met by being noisy; and a shortfall that is known
//! is named as such together with the target that was missed.

use super::number::{plain, significant, tick, with_error};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::borrow::Cow;

/// Standard errors from the exact value that a sampled mean may have, unless a claim says otherwise: 5.7e-7 of a normal
/// deviate lies beyond, about 1.2e-6 when the error itself is known to a few percent.
pub const SIGMAS: f64 = 5.0;

/// Where an expected value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// Printed in a paper that was read: which equation, figure or table.
    Published(Cow<'static, str>),
    /// Closed form, enumeration or an independent program.
    Oracle(Cow<'static, str>),
    /// Our own protocol or an earlier measurement of ours.
    Own(Cow<'static, str>),
}

impl Source {
    /// Printed in a paper that was read.
    pub fn published(place: impl Into<Cow<'static, str>>) -> Self {
        Self::Published(place.into())
    }

    /// Closed form, enumeration or an independent program.
    pub fn oracle(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Oracle(what.into())
    }

    /// A value of our own protocol or of an earlier measurement of ours.
    pub fn own(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Own(what.into())
    }

    /// "published", "oracle" or "own".
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Published(_) => "published",
            Self::Oracle(_) => "oracle",
            Self::Own(_) => "own",
        }
    }

    /// Which paper, which formula, which protocol.
    pub fn detail(&self) -> &str {
        match self {
            Self::Published(text) | Self::Oracle(text) | Self::Own(text) => text,
        }
    }
}

/// What is expected of a measured value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Expected {
    /// `value`, within `tolerance` on either side.
    Equal {
        /// Expected value.
        #[serde(with = "exact")]
        value: f64,
        /// Largest accepted distance.
        #[serde(with = "exact")]
        tolerance: f64,
    },
    /// A sampled mean: at most `sigmas` of its standard errors from `exact`, and that error at most `largest_error`. A
    /// larger one would accept anything.
    Sampled {
        /// The exact value.
        #[serde(with = "exact")]
        exact: f64,
        /// Standard errors that still count as agreement.
        #[serde(with = "exact")]
        sigmas: f64,
        /// Largest accepted standard error.
        #[serde(with = "exact")]
        largest_error: f64,
    },
    /// At least this value.
    AtLeast(#[serde(with = "exact")] f64),
    /// At most this value.
    AtMost(#[serde(with = "exact")] f64),
    /// Between the two, ends included.
    Within {
        /// Smallest accepted value.
        #[serde(with = "exact")]
        low: f64,
        /// Largest accepted value.
        #[serde(with = "exact")]
        high: f64,
    },
    /// Nothing: shown for information.
    Informative,
    /// A target that is known to be missed. When it is met after all, the verdict is "met".
    KnownShortfall {
        /// The target.
        target: Box<Expected>,
        /// Why it is missed.
        reason: Cow<'static, str>,
    },
}

impl Expected {
    /// `value`, within `tolerance` on either side.
    pub fn equal(value: f64, tolerance: f64) -> Self {
        Self::Equal { value, tolerance }
    }

    /// A sampled mean within [`SIGMAS`] standard errors of `exact`, its error at most `largest_error`.
    pub fn sampled(exact: f64, largest_error: f64) -> Self {
        Self::Sampled {
            exact,
            sigmas: SIGMAS,
            largest_error,
        }
    }

    fn holds(&self, measured: f64, error: f64) -> bool {
        match self {
            Self::Equal { value, tolerance } => (measured - value).abs() <= *tolerance,
            Self::Sampled {
                exact,
                sigmas,
                largest_error,
            } => error <= *largest_error && (measured - exact).abs() <= sigmas * error,
            Self::AtLeast(bound) => measured >= *bound,
            Self::AtMost(bound) => measured <= *bound,
            Self::Within { low, high } => *low <= measured && measured <= *high,
            Self::Informative => true,
            Self::KnownShortfall { target, .. } => target.holds(measured, error),
        }
    }

    /// The verdict on a measured value with its standard error (0 when there is none). A value that is no finite number
    /// never passes, whatever was expected: it means that the measurement itself failed.
    pub fn verdict(&self, measured: f64, error: f64) -> Verdict {
        if !measured.is_finite() {
            return Verdict::NotMet;
        }
        match (self, self.holds(measured, error)) {
            (Self::Informative, _) => Verdict::Informative,
            (_, true) => Verdict::Met,
            (Self::KnownShortfall { .. }, false) => Verdict::KnownShortfall,
            (_, false) => Verdict::NotMet,
        }
    }

    /// The expected value in words.
    pub fn text(&self) -> String {
        match self {
            Self::Equal { value, .. } => plain(*value),
            Self::Sampled { exact, .. } => plain(*exact),
            Self::AtLeast(bound) => format!("≥ {}", plain(*bound)),
            Self::AtMost(bound) => format!("≤ {}", plain(*bound)),
            Self::Within { low, high } => format!("{} … {}", plain(*low), plain(*high)),
            Self::Informative => "–".to_owned(),
            Self::KnownShortfall { target, .. } => target.text(),
        }
    }

    /// The tolerance in words.
    pub fn tolerance(&self) -> String {
        match self {
            Self::Equal { tolerance, .. } => format!("± {}", significant(*tolerance, 2)),
            Self::Sampled {
                sigmas,
                largest_error,
                ..
            } => format!("± {} σ, σ ≤ {}", tick(*sigmas), significant(*largest_error, 2)),
            Self::KnownShortfall { target, .. } => target.tolerance(),
            _ => "–".to_owned(),
        }
    }
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The value is as expected.
    Met,
    /// Not as expected: the run ends with exit code 1.
    NotMet,
    /// Nothing was expected.
    Informative,
    /// Missed, and known to be missed.
    KnownShortfall,
}

impl Verdict {
    /// The verdict in words, for people.
    pub fn text(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "NOT MET",
            Self::Informative => "for information",
            Self::KnownShortfall => "known shortfall",
        }
    }

    /// The verdict as a word of JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not_met",
            Self::Informative => "informative",
            Self::KnownShortfall => "known_shortfall",
        }
    }
}

/// One row of the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What was measured, with the protocol in short.
    pub quantity: String,
    /// Unit; empty for none.
    pub unit: Cow<'static, str>,
    /// Where the expected value comes from.
    pub source: Source,
    /// The expected value.
    pub expected: Expected,
    /// The measured value.
    #[serde(with = "exact")]
    pub measured: f64,
    /// Its standard error; 0 when there is none.
    #[serde(with = "exact")]
    pub error: f64,
    /// Why there is no measured value, if so.
    #[serde(default)]
    pub remark: Option<String>,
    /// A time on the clock: the one kind of value that another run, or another machine, does not repeat.
    #[serde(default)]
    pub timed: bool,
}

impl Row {
    /// A row without unit and error.
    pub fn new(quantity: impl Into<String>, source: Source, expected: Expected, measured: f64) -> Self {
        Self {
            quantity: quantity.into(),
            unit: Cow::Borrowed(""),
            source,
            expected,
            measured,
            error: 0.0,
            remark: None,
            timed: false,
        }
    }

    /// A row for information: nothing is expected.
    pub fn informative(quantity: impl Into<String>, source: Source, measured: f64) -> Self {
        Self::new(quantity, source, Expected::Informative, measured)
    }

    /// With the standard error of the measured value.
    #[must_use]
    pub fn with_error(mut self, error: f64) -> Self {
        self.error = error;
        self
    }

    /// The row with a unit.
    #[must_use]
    pub fn with_unit(mut self, unit: impl Into<Cow<'static, str>>) -> Self {
        self.unit = unit.into();
        self
    }

    /// Marked as a time on the clock, see [`Row::timed`](Self#structfield.timed).
    #[must_use]
    pub fn on_the_clock(mut self) -> Self {
        self.timed = true;
        self
    }

    /// What became of the claim.
    pub fn verdict(&self) -> Verdict {
        self.expected.verdict(self.measured, self.error)
    }

    /// Whether chance has a part in the verdict.
    pub fn is_sampled(&self) -> bool {
        matches!(self.expected, Expected::Sampled { .. })
    }

    /// Distance of a sampled mean from the exact value in standard errors.
    pub fn z(&self) -> Option<f64> {
        match self.expected {
            Expected::Sampled { exact, .. } if self.measured == exact => Some(0.0),
            Expected::Sampled { exact, .. } => Some((self.measured - exact) / self.error),
            _ => None,
        }
    }

    /// The measured value in words. As many digits as it takes not to contradict the verdict: 0.98499
    /// does not print as 0.9850 beside "at least 0.985, not met".
    pub fn measured_text(&self) -> String {
        let verdict = self.verdict();
        let agrees = |text: &str| {
            let number = text.split(' ').next().unwrap_or_default();
            number
                .parse()
                .is_ok_and(|shown: f64| self.expected.verdict(shown, self.error) == verdict)
        };
        let short = with_error(self.measured, self.error);
        let text = if agrees(&short) {
            short
        } else {
            let exact = || format!("{:?}", self.measured);
            let longer = (4..17)
                .map(|digits| significant(self.measured, digits))
                .find(|text| agrees(text));
            let number = longer.unwrap_or_else(exact);
            if self.error > 0.0 {
                format!("{number} ± {}", significant(self.error, 2))
            } else {
                number
            }
        };
        if self.unit.is_empty() {
            text
        } else {
            format!("{text} {}", self.unit)
        }
    }

    /// The expected value in words: that of a sampled mean with one more digit than its error gives.
    fn expected_text(&self) -> String {
        let Expected::Sampled { exact, .. } = self.expected else {
            return self.expected.text();
        };
        let shown = with_error(self.measured, self.error);
        let decimals = match shown.split_once(" ± ").map(|(mean, _)| mean.split_once('.')) {
            Some(Some((_, decimals))) if !decimals.contains('e') => decimals.len(),
            _ => return plain(exact),
        };
        format!("{exact:.*}", decimals + 1)
    }

    /// quantity, source, expected, tolerance, measured, verdict.
    pub fn cells(&self) -> [String; 6] {
        let verdict = match (&self.expected, self.verdict()) {
            (Expected::KnownShortfall { reason, .. }, Verdict::KnownShortfall) => {
                format!("known shortfall: {reason}")
            }
            (_, verdict) => match &self.remark {
                Some(remark) => format!("{}: {remark}", verdict.text()),
                None => verdict.text().to_owned(),
            },
        };
        let distance = self.z().filter(|z| z.is_finite());
        let distance = distance.map_or(String::new(), |z| format!(" ({z:+.1} σ)"));
        let clock = if self.timed {
            " (clock time, differs from run to run)"
        } else {
            ""
        };
        [
            format!("{}{clock}", self.quantity),
            format!("{}: {}", self.source.kind(), self.source.detail()),
            self.expected_text(),
            self.expected.tolerance(),
            self.measured_text() + &distance,
            verdict,
        ]
    }
}

impl Expected {
    /// For JSON: its kind and its numbers.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Equal { value, tolerance } => {
                json!({"kind": "equal", "value": value, "tolerance": tolerance})
            }
            Self::Sampled {
                exact,
                sigmas,
                largest_error,
            } => json!({"kind": "sampled", "value": exact, "sigmas": sigmas, "largest_error": largest_error}),
            Self::AtLeast(bound) => json!({"kind": "at_least", "value": bound}),
            Self::AtMost(bound) => json!({"kind": "at_most", "value": bound}),
            Self::Within { low, high } => json!({"kind": "within", "low": low, "high": high}),
            Self::Informative => json!({"kind": "informative"}),
            Self::KnownShortfall { target, reason } => {
                json!({"kind": "known_shortfall", "target": target.to_json(), "reason": reason})
            }
        }
    }
}

impl Row {
    /// For JSON. A number that JSON cannot hold (NaN, infinity) is null.
    pub fn to_json(&self) -> Value {
        json!({
            "quantity": self.quantity,
            "source": {"kind": self.source.kind(), "detail": self.source.detail()},
            "expected": self.expected.to_json(),
            "measured": self.measured,
            "error": self.error,
            "unit": self.unit,
            "verdict": self.verdict().key(),
            "remark": self.remark,
            "timed": self.timed,
        })
    }
}

/// Numbers as text in the checkpoint: the shortest digits that give the same bits back, NaN and infinities
/// included. JSON numbers have neither, and a JSON reader may round.
pub(crate) mod exact {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[allow(clippy::trivially_copy_pass_by_ref)] // the signature serde asks for
    pub(crate) fn serialize<S: Serializer>(value: &f64, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&format!("{value:?}"))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<f64, D::Error> {
        let text = String::deserialize(input)?;
        text.parse()
            .map_err(|_| D::Error::custom(format!("`{text}` is not a number")))
    }
}

#[cfg(test)]
mod tests;
