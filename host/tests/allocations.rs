//! Passes plan their memory once: later calls at the same shape keep nothing more, and use no more than the lists of a launch
//! (slices of rows and heads), some hundredth of what the values take.

use allocation_counter::{AllocationInfo, measure};
use gibbs::diffusion::folder::{Checkpoint, LoadOptions};
use gibbs::diffusion::model::{Point, Unet};
use std::path::Path;

/// Bytes of lists alive at once.
const LISTS: u64 = 1 << 16;

#[test]
fn later_calls_take_no_memory_for_values() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/models/discs");
    let checkpoint = Checkpoint::load(&folder, LoadOptions::default()).unwrap();
    let unet: Unet<f32> = Unet::from_checkpoint(&checkpoint, None, 0).unwrap();
    let [image, hidden] = [unet.image(), unet.hidden()].map(|sides| sides.iter().product::<usize>());
    let batch = 8;
    let x: Vec<f32> = (0..batch * image).map(|i| (i as f32).sin()).collect();
    let t = vec![300.0; batch];
    let several = Point {
        x: &x,
        t: &t,
        context: None,
    };
    let one = Point {
        x: &x[..image],
        t: &t[..1],
        context: None,
    };
    let mut eps = vec![0.0; batch * image];
    let mut h = vec![0.0; hidden];
    let (mut moved, mut pulled) = (vec![0.0; batch * hidden], vec![0.0; batch * image]);
    let cotangents: Vec<f32> = (0..batch * hidden).map(|i| (i as f32).cos()).collect();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        let mut denoiser = unet.denoiser();
        let mut encoder = unet.encoder();
        let mut calls = || -> [AllocationInfo; 4] {
            [
                measure(|| denoiser.eps(several, &mut eps, None).unwrap()),
                measure(|| encoder.move_to(one, &mut h).unwrap()),
                measure(|| encoder.jvp(batch, &x, &mut moved)),
                measure(|| encoder.vjp(batch, &cotangents, &mut pulled)),
            ]
        };
        let first = calls();
        // What it keeps beside the values (packed weights) depends on the caches of the processor, the values do not.
        let values = (batch * (image + hidden) * size_of::<f32>()) as i64;
        assert!(
            first[0].bytes_current > values.max(4 * LISTS as i64),
            "the first call plans: {first:?}"
        );
        for again in calls() {
            assert_eq!((again.bytes_current, again.count_current), (0, 0));
            assert!(again.bytes_max <= LISTS, "{again:?}");
        }
    });
}
