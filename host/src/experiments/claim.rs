//! Rows of the report: a quantity, where its expected value comes from, what was measured, the verdict.
//!
//! Honesty is part of the type: [`Source`] says who vouches for the expected value, and a shortfall that
//! is known is named as such together with the target that was missed.

use crate::report::number::{plain, significant, with_error};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

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

    /// Our own protocol.
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
    /// This or more.
    AtLeast(#[serde(with = "exact")] f64),
    /// This or less.
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
    fn holds(&self, measured: f64) -> bool {
        match self {
            Self::Equal { value, tolerance } => (measured - value).abs() <= *tolerance,
            Self::AtLeast(bound) => measured >= *bound,
            Self::AtMost(bound) => measured <= *bound,
            Self::Within { low, high } => *low <= measured && measured <= *high,
            Self::Informative => true,
            Self::KnownShortfall { target, .. } => target.holds(measured),
        }
    }

    /// The verdict on a measured value. A value that is no finite number never passes, whatever was
    /// expected: it means that the measurement itself failed.
    pub fn verdict(&self, measured: f64) -> Verdict {
        if !measured.is_finite() {
            return Verdict::NotMet;
        }
        match (self, self.holds(measured)) {
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
            Self::KnownShortfall { target, .. } => target.tolerance(),
            _ => "–".to_owned(),
        }
    }
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As expected.
    Met,
    /// Not as expected: the run ends with exit code 1.
    NotMet,
    /// Nothing was expected.
    Informative,
    /// Missed, and known to be missed.
    KnownShortfall,
}

impl Verdict {
    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "NOT MET",
            Self::Informative => "for information",
            Self::KnownShortfall => "known shortfall",
        }
    }

    /// For JSON.
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
        }
    }

    /// With the standard error of the measured value.
    #[must_use]
    pub fn with_error(mut self, error: f64) -> Self {
        self.error = error;
        self
    }

    /// With a unit.
    #[must_use]
    pub fn with_unit(mut self, unit: impl Into<Cow<'static, str>>) -> Self {
        self.unit = unit.into();
        self
    }

    /// What became of the claim.
    pub fn verdict(&self) -> Verdict {
        self.expected.verdict(self.measured)
    }

    /// The measured value in words. As many digits as it takes not to contradict the verdict: 0.98499
    /// does not print as 0.9850 beside "at least 0.985, not met".
    pub fn measured_text(&self) -> String {
        let verdict = self.verdict();
        let agrees = |text: &str| {
            let number = text.split(' ').next().unwrap_or_default();
            number
                .parse()
                .is_ok_and(|shown: f64| self.expected.verdict(shown) == verdict)
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

    /// quantity, source, expected, tolerance, measured, verdict.
    pub fn cells(&self) -> [String; 6] {
        let verdict = match (&self.expected, self.verdict()) {
            (Expected::KnownShortfall { reason, .. }, Verdict::KnownShortfall) => {
                format!("known shortfall: {reason}")
            }
            (_, verdict) => verdict.text().to_owned(),
        };
        [
            self.quantity.clone(),
            format!("{}: {}", self.source.kind(), self.source.detail()),
            self.expected.text(),
            self.expected.tolerance(),
            self.measured_text(),
            verdict,
        ]
    }
}

/// Numbers as text in the checkpoint: the shortest digits that give the same bits back, NaN and infinities
/// included. JSON numbers have neither, and a JSON reader may round.
pub(super) mod exact {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[allow(clippy::trivially_copy_pass_by_ref)] // the signature serde asks for
    pub(in crate::experiments) fn serialize<S: Serializer>(value: &f64, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&format!("{value:?}"))
    }

    pub(in crate::experiments) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<f64, D::Error> {
        let text = String::deserialize(input)?;
        text.parse()
            .map_err(|_| D::Error::custom(format!("`{text}` is not a number")))
    }
}

#[cfg(test)]
mod tests {
    //! Mutations seen red: `>=` for `>` in `AtLeast`; NaN passing as informative; a JSON number in place of
    //! the exact text.
    use super::*;

    fn shortfall(target: Expected) -> Expected {
        Expected::KnownShortfall {
            target: Box::new(target),
            reason: "rule under-selects".into(),
        }
    }

    #[test]
    fn verdicts_at_and_beside_the_bounds() {
        let equal = Expected::Equal {
            value: 1.0,
            tolerance: 0.25,
        };
        let within = Expected::Within { low: 0.5, high: 1.5 };
        let cases = [
            (equal.clone(), 1.25, Verdict::Met),
            (equal, 1.26, Verdict::NotMet),
            (Expected::AtLeast(0.5), 0.5, Verdict::Met),
            (Expected::AtLeast(0.5), 0.499, Verdict::NotMet),
            (Expected::AtMost(0.5), 0.5, Verdict::Met),
            (Expected::AtMost(0.5), 0.501, Verdict::NotMet),
            (within.clone(), 1.5, Verdict::Met),
            (within.clone(), 0.5, Verdict::Met),
            (within, 1.6, Verdict::NotMet),
            (Expected::Informative, -7.0, Verdict::Informative),
            (shortfall(Expected::AtLeast(0.6)), 0.5, Verdict::KnownShortfall),
            (shortfall(Expected::AtLeast(0.6)), 0.7, Verdict::Met),
        ];
        for (expected, measured, verdict) in cases {
            assert_eq!(expected.verdict(measured), verdict, "{expected:?} {measured}");
            for broken in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                assert_eq!(expected.verdict(broken), Verdict::NotMet, "{expected:?} {broken}");
            }
        }
        assert_eq!(Expected::AtLeast(f64::NAN).verdict(1.0), Verdict::NotMet);
    }

    #[test]
    fn digits_shown_agree_with_the_verdict() {
        let row = |measured| Row::new("F1", Source::own("B"), Expected::AtLeast(0.985), measured);
        assert_eq!(row(0.984_99).measured_text(), "0.98499");
        assert_eq!(row(0.985_01).measured_text(), "0.9850");
        assert_eq!(row(0.984_99).with_error(0.01).measured_text(), "0.98499 ± 0.010");
        assert_eq!(row(f64::NAN).measured_text(), "NaN");
        assert_eq!(row(1.5).with_unit("nats").measured_text(), "1.500 nats");
    }

    #[test]
    fn rows_come_back_with_the_same_bits() -> Result<(), serde_json::Error> {
        let numbers = [
            0.1 + 0.2,
            f64::MIN_POSITIVE / 3.0,
            -0.0,
            f64::INFINITY,
            1.0 / 3.0,
            2.0_f64.powi(60) + 1.0,
        ];
        for measured in numbers {
            let expected = shortfall(Expected::Within {
                low: measured,
                high: 1e-300,
            });
            let row = Row::new("q", Source::oracle("closed form"), expected, measured).with_error(measured);
            let back: Row = serde_json::from_str(&serde_json::to_string(&row)?)?;
            assert_eq!(back, row);
            assert_eq!(back.measured.to_bits(), measured.to_bits());
        }
        let row = Row::new("q", Source::published("eq. 1"), Expected::Informative, f64::NAN);
        let back: Row = serde_json::from_str(&serde_json::to_string(&row)?)?;
        assert!(back.measured.is_nan());
        Ok(())
    }
}
