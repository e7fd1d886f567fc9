//! The six golden nets of fixtures/unet in f32 against diffusers, and the adjoint identity of their Jacobians.

#[path = "../../fixtures/tolerances.rs"]
#[allow(dead_code, unreachable_pub)] // one table for all tests
mod tolerances;

use gibbs::data::safetensors::{Finite, SafetensorsFile};
use gibbs::diffusion::compare::compare;
use gibbs::diffusion::folder::{LoadOptions, ModelFolder};
use gibbs::diffusion::model::{Point, Unet};
use std::path::{Path, PathBuf};
use tolerances::{ADJOINT, GOLDEN_DERIVATIVE, GOLDEN_NET};

const FAMILIES: [&str; 6] = ["cifar", "padded", "heads", "sd15", "sd21", "legacy"];

fn folder(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures/unet")
        .join(family)
}

fn checkpoint(family: &str) -> ModelFolder {
    ModelFolder::load(&folder(family), LoadOptions::default()).unwrap()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

#[test]
fn every_output_is_that_of_diffusers() {
    for family in FAMILIES {
        let io = folder(family).join("io.safetensors");
        let compared = compare::<f32>(&checkpoint(family), &io).unwrap();
        let outputs: Vec<&str> = compared.iter().map(|one| one.output).collect();
        assert_eq!(outputs, ["eps", "h", "jvp", "vjp"], "{family}");
        for one in &compared {
            let tolerance = match one.output {
                "eps" | "h" => GOLDEN_NET,
                _ => GOLDEN_DERIVATIVE,
            };
            assert!(one.scale > 0.0);
            assert!(
                one.error <= tolerance,
                "{family} {}: {:.2e}",
                one.output,
                one.error
            );
        }
    }
}

#[test] // <J v, u> = <v, J^T u> for every pair of the stored directions
fn jacobian_and_transpose_are_adjoint() {
    for family in FAMILIES {
        let file = SafetensorsFile::open(&folder(family).join("io.safetensors")).unwrap();
        let read = |name: &str| file.read_f32(name, Finite::Check).unwrap();
        let (x, t) = (read("x"), read("t"));
        let context = file.entries().contains_key("ctx").then(|| read("ctx"));
        let rows = context.as_ref().map_or(0, |context| context.shape[1]);
        let size = [x.shape[2], x.shape[3]];
        let unet: Unet<f32> = Unet::from_folder(&checkpoint(family), Some(size), rows).unwrap();
        let mut encoder = unet.encoder();
        let [of_x, of_h] = encoder.dimensions().map(|d| d.iter().product::<usize>());
        let point = Point {
            x: &x.values[..of_x],
            t: &t.values[..1],
            context: context
                .as_ref()
                .map(|context| &context.values[..context.values.len() / 2]),
        };
        encoder.move_to(point, &mut vec![0.0; of_h]).unwrap();
        let (tangents, cotangents) = (read("tangents").values, read("cotangents").values);
        let k = tangents.len() / of_x;
        let (mut moved, mut pulled) = (vec![0.0; k * of_h], vec![0.0; k * of_x]);
        encoder.jvp(k, &tangents, &mut moved).unwrap();
        encoder.vjp(k, &cotangents, &mut pulled).unwrap();
        for (v, jv) in tangents.chunks_exact(of_x).zip(moved.chunks_exact(of_h)) {
            for (u, ju) in cotangents.chunks_exact(of_h).zip(pulled.chunks_exact(of_x)) {
                let scale = (dot(jv, jv) * dot(u, u)).sqrt();
                let off = (dot(jv, u) - dot(v, ju)).abs() / scale;
                assert!(off <= ADJOINT, "{family}: {off:.2e}");
            }
        }
    }
}
