//! `scheduler_config.json`.
//!
//! Mutations seen red: an escaped quotation mark taken as the end of a text; the last beta not compared with
//! the first; the offset T let through; one default of one class.

use super::super::{BetaSchedule, FolderError, Prediction, SchedulerConfig, Spacing, Variance};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;

fn parse(text: &str) -> Result<SchedulerConfig, FolderError> {
    SchedulerConfig::from_bytes(Path::new("s.json"), text.as_bytes())
}

fn cifar() -> Value {
    json!({
        "_class_name": "DDPMScheduler", "_diffusers_version": "0.1.1", "beta_end": 0.02,
        "beta_schedule": "linear", "beta_start": 0.0001, "clip_sample": true, "num_train_timesteps": 1000,
        "trained_betas": null, "variance_type": "fixed_large",
    })
}

fn stable() -> Value {
    json!({
        "_class_name": "PNDMScheduler", "_diffusers_version": "0.6.0", "beta_end": 0.012,
        "beta_schedule": "scaled_linear", "beta_start": 0.00085, "num_train_timesteps": 1000,
        "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1, "trained_betas": null,
        "clip_sample": false,
    })
}

#[test]
fn the_reference_schedules() {
    let wanted = SchedulerConfig {
        variance: Variance::FixedLarge,
        ..SchedulerConfig::ddpm(1000)
    };
    assert_eq!(parse(&cifar().to_string()).unwrap(), wanted);
    let wanted = SchedulerConfig {
        class: "PNDMScheduler",
        beta_schedule: BetaSchedule::ScaledLinear,
        beta_start: 0.00085,
        beta_end: 0.012,
        clip_sample: false,
        steps_offset: 1,
        set_alpha_to_one: false,
        ..SchedulerConfig::ddpm(1000)
    };
    assert_eq!(parse(&stable().to_string()).unwrap(), wanted);
}

#[test]
fn absent_fields_depend_on_the_class() {
    for (class, clip, spacing, to_one) in [
        ("DDPMScheduler", true, Spacing::Leading, true),
        ("DDIMScheduler", true, Spacing::Leading, true),
        ("PNDMScheduler", false, Spacing::Leading, false),
        ("EulerDiscreteScheduler", false, Spacing::Linspace, true),
        ("HeunDiscreteScheduler", false, Spacing::Linspace, true),
        ("DPMSolverMultistepScheduler", false, Spacing::Linspace, true),
    ] {
        let text = json!({
            "_class_name": class, "beta_start": 0.1, "beta_end": 0.2, "beta_schedule": "linear",
            "num_train_timesteps": 10,
        });
        let got = parse(&text.to_string()).unwrap();
        let wanted = SchedulerConfig {
            class,
            beta_start: 0.1,
            beta_end: 0.2,
            clip_sample: clip,
            timestep_spacing: spacing,
            set_alpha_to_one: to_one,
            ..SchedulerConfig::ddpm(10)
        };
        assert_eq!(got, wanted);
        assert_eq!(parse(&got.to_json().to_string()).unwrap(), got);
    }
}

#[test]
fn a_schedule_is_read_back_as_it_was_written() {
    let ddim = SchedulerConfig {
        class: "DDIMScheduler",
        beta_schedule: BetaSchedule::SquaredCosine,
        prediction: Prediction::Velocity,
        clip_sample: false,
        clip_sample_range: 2.5,
        timestep_spacing: Spacing::Trailing,
        steps_offset: 3,
        set_alpha_to_one: false,
        ..SchedulerConfig::ddpm(500)
    };
    assert_eq!(parse(&ddim.to_json().to_string()).unwrap(), ddim);
    let ddpm = SchedulerConfig {
        variance: Variance::FixedLarge,
        beta_schedule: BetaSchedule::ScaledLinear,
        ..SchedulerConfig::ddpm(2)
    };
    assert_eq!(parse(&ddpm.to_json().to_string()).unwrap(), ddpm);
}

#[test] // Python writes -Infinity; inside of a text it is a text
fn an_infinity_of_python_is_taken_as_null() {
    let text = r#"{"_note": "quoted \" -Infinity \\", "_class_name": "DPMSolverMultistepScheduler",
        "beta_start": 0.1, "beta_end": 0.2, "beta_schedule": "linear", "num_train_timesteps": 10,
        "lambda_min_clipped": -Infinity, "solver_order": 2, "variance_type": null}"#;
    parse(text).unwrap();
    let error = parse(&text.replace("-Infinity,", "-5.1,")).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("field `lambda_min_clipped` is -5.1, expected null"),
        "{error}"
    );
    let error = parse(&text.replace("0.2", "\"-Infinity\"")).unwrap_err();
    assert!(
        error.to_string().contains("field `beta_end` is \"-Infinity\""),
        "{error}"
    );
    assert_eq!(
        parse(&text.replace("-Infinity,", "Infinity,"))
            .unwrap_err()
            .code(),
        "bad_json"
    );
}

#[test]
fn values_that_are_not_supported_are_named() {
    for (field, value) in [
        ("_class_name", json!("ScoreSdeVeScheduler")),
        ("_class_name", json!(null)),
        ("num_train_timesteps", json!(0)),
        ("num_train_timesteps", json!(1_000_001)),
        ("num_train_timesteps", json!("1000")),
        ("beta_schedule", json!("sigmoid")),
        ("beta_start", json!(0)),
        ("beta_start", json!(-0.1)),
        ("beta_start", json!(1)),
        ("beta_end", json!(1)),
        ("beta_end", json!(0.00001)),
        ("beta_end", json!(null)),
        ("trained_betas", json!([0.1])),
        ("prediction_type", json!("sample")),
        ("prediction_type", json!("flow_prediction")),
        ("variance_type", json!("learned_range")),
        ("clip_sample", json!("yes")),
        ("clip_sample_range", json!(0)),
        ("timestep_spacing", json!("karras")),
        ("steps_offset", json!(1000)),
        ("steps_offset", json!(-1)),
        ("set_alpha_to_one", json!(0)),
        ("thresholding", json!(true)),
        ("rescale_betas_zero_snr", json!(true)),
        ("use_karras_sigmas", json!(true)),
        ("solver_order", json!(3)),
        ("algorithm_type", json!("sde-dpmsolver++")),
        ("final_sigmas_type", json!("sigma_min")),
        ("a_field_of_tomorrow", json!(1)),
    ] {
        let mut config = cifar();
        config[field] = value;
        let error = parse(&config.to_string()).unwrap_err();
        assert!(
            matches!(&error, FolderError::Field { field: named, .. } if named == field),
            "{error}"
        );
    }
    for field in [
        "_class_name",
        "beta_start",
        "beta_end",
        "beta_schedule",
        "num_train_timesteps",
    ] {
        let mut config = cifar();
        config.as_object_mut().unwrap().remove(field);
        let error = parse(&config.to_string()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with(&format!("s.json: field `{field}` is missing")),
            "{error}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn mutated_schedules_are_sound_or_refused(
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), b'0'..=b'9']), 1..5),
    ) {
        let mut bytes = stable().to_string().into_bytes();
        for (place, byte) in edits {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(config) = SchedulerConfig::from_bytes(Path::new("s.json"), &bytes) {
            prop_assert!(0.0 < config.beta_start && config.beta_start <= config.beta_end && config.beta_end < 1.0);
            prop_assert!(config.steps_offset < config.num_train_timesteps);
            prop_assert!(config.clip_sample_range > 0.0 && config.clip_sample_range.is_finite());
        }
    }
}
