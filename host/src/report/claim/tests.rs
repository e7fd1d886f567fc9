//! Mutations seen red: `>` for `>=` in `AtLeast`; NaN passing as informative; twelve digits in place of
//! the exact text; four digits shown whatever the verdict; a clock row not marked; the bound of the error left out.
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
        assert_eq!(
            expected.verdict(measured, 0.0),
            verdict,
            "{expected:?} {measured}"
        );
        for broken in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(
                expected.verdict(broken, 0.0),
                Verdict::NotMet,
                "{expected:?} {broken}"
            );
        }
    }
    assert_eq!(Expected::AtLeast(f64::NAN).verdict(1.0, 0.0), Verdict::NotMet);
}

#[test] // near in standard errors is not enough: the error itself is bounded
fn no_sampled_claim_is_met_by_being_noisy() {
    let sampled = Expected::sampled(1.0, 0.02);
    for (measured, error, verdict) in [
        (1.04, 0.01, Verdict::Met),
        (1.049, 0.01, Verdict::Met),
        (1.06, 0.01, Verdict::NotMet),
        (0.94, 0.01, Verdict::NotMet),
        (1.0, 0.02, Verdict::Met),
        (1.0, 0.021, Verdict::NotMet),
        (1.3, 0.1, Verdict::NotMet),
        (1.0, 0.0, Verdict::Met),
        (1.001, 0.0, Verdict::NotMet),
        (1.0, f64::NAN, Verdict::NotMet),
        (f64::NAN, 0.01, Verdict::NotMet),
    ] {
        assert_eq!(sampled.verdict(measured, error), verdict, "{measured} ± {error}");
    }
    let missed = shortfall(sampled.clone());
    assert_eq!(missed.verdict(1.0, 0.021), Verdict::KnownShortfall);
    let row = Row::new("e", Source::oracle("exact"), sampled, 1.04).with_error(0.01);
    assert_eq!(row.z().map(|z| (z * 1e6).round()), Some(4e6));
    let [_, _, expected, tolerance, measured, _] = row.cells();
    assert_eq!(
        (expected.as_str(), tolerance.as_str(), measured.as_str()),
        ("1.0000", "± 5 σ, σ ≤ 0.020", "1.040 ± 0.010 (+4.0 σ)")
    );
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

#[test] // a clock time says so in the table and in the checkpoint; older rows without the mark are untimed
fn clock_times_are_marked() {
    let row = Row::new("one path", Source::own("median"), Expected::Informative, 0.25).on_the_clock();
    assert!(row.cells()[0].contains("clock time"));
    let mut value = serde_json::to_value(&row).expect("rows are plain data");
    assert_eq!(
        serde_json::from_value::<Row>(value.clone()).expect("as written"),
        row
    );
    value.as_object_mut().expect("an object").remove("timed");
    assert!(
        !serde_json::from_value::<Row>(value)
            .expect("as before the mark")
            .timed
    );
}
