//! Bases and edits stopped after every few passes end in the bits of a run that was left alone.
//!
//! Mutations seen red (before the answers moved to `gibbs::keep`): questions not compared; the point left out of the question to
//! its Jacobian.

use crate::diffusion::eps::Guidance as Told;
use crate::diffusion::error::DiffusionError;
use crate::diffusion::folder::{LoadOptions, ModelFolder, SchedulerConfig};
use crate::diffusion::geometry::editing::{Edit, run as edit};
use crate::diffusion::geometry::global::Samples;
use crate::diffusion::geometry::{Boost, Failure, Geometry};
use crate::diffusion::model::Unet;
use crate::diffusion::pullback::edit::Guidance;
use crate::diffusion::pullback::krylov::Search;
use crate::diffusion::pullback::{GeometryError, PullbackError};
use crate::diffusion::sampling::drawn;
use crate::diffusion::schedule::NoiseSchedule;
use crate::keep::{Identity, Keeper, Wish};
use crate::work::testing::stopped_every;
use crate::work::{Stopped, Work};
use std::path::Path;

fn legacy() -> (Unet<f32>, NoiseSchedule) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/unet/legacy");
    let folder = ModelFolder::load(&folder, LoadOptions::default()).unwrap();
    let unet = Unet::from_folder(&folder, None, 0).unwrap();
    (unet, NoiseSchedule::new(&SchedulerConfig::ddpm(1000)).unwrap())
}

fn geometry<'a>(unet: &'a Unet<f32>, schedule: &'a NoiseSchedule, work: &Work<'a>) -> Geometry<'a> {
    Geometry::new(unet, schedule, Told::None, *work).unwrap()
}

/// A basis, or an edit with bases, of the net `legacy`: all the bits that come out.
fn result(latent: &mut Geometry<'_>, edited: bool) -> Result<Vec<f32>, Failure> {
    let t = 300.0;
    let mut x = drawn(0, 1, 64);
    let hops = latent
        .schedule()
        .way(None, Some(t), 5)
        .map_err(PullbackError::Operator)?;
    latent.sample(&mut x, &hops).map_err(PullbackError::Operator)?;
    let search = Search {
        limit: 5,
        ..Search::new(2)
    };
    let basis = latent.basis(&x, t, &search)?;
    if !edited {
        return Ok([basis.v, basis.u].concat());
    }
    let what = Edit {
        guidance: Guidance {
            steps: 2,
            ..Guidance::new(1.0)
        },
        shoot: Some(search),
        keep_contrast: true,
    };
    let hops = latent
        .schedule()
        .way(Some(t), None, 10)
        .map_err(PullbackError::Operator)?;
    latent.boost(Some(Boost {
        below: 200.0,
        seed: 4,
    }));
    let direction = basis.direction(0).map_err(GeometryError::widen)?;
    let edited = edit(latent, &x, t, direction, &what, &hops)?;
    Ok([edited.x, edited.original, edited.edited].concat())
}

#[test]
fn stopped_bases_and_edits_end_in_the_same_bits() {
    let (unet, schedule) = legacy();
    for edited in [false, true] {
        let run = |work: &Work<'_>| result(&mut geometry(&unet, &schedule, work), edited);
        let whole = run(&Work::plain()).unwrap();
        for steps in [1, 3] {
            let (resumed, stops) = stopped_every(steps, run);
            assert!(stops > 0, "{steps}");
            assert!(resumed == whole, "{edited} {steps}");
        }
    }
}

#[test] // between and within samples
fn stopped_bases_of_many_samples_end_in_the_same_bits() {
    let (unet, schedule) = legacy();
    let (way, search) = (schedule.way(None, Some(300.0), 5).unwrap(), Search::new(2));
    let samples = Samples {
        count: 3,
        seed: 4,
        way: &way,
        timestep: 300.0,
        search: &search,
    };
    let run = |work: &Work<'_>| samples.bases(&mut geometry(&unet, &schedule, work), work);
    let whole = run(&Work::plain()).unwrap();
    let (resumed, stops) = stopped_every(9, run);
    assert!(stops >= 2, "{stops}");
    assert!(resumed == whole && whole.len() == 3);
}

#[test] // the first block of a basis is the same everywhere, what J makes of it is not
fn a_basis_at_another_sample_or_time_is_refused() {
    let (unet, schedule) = legacy();
    let dir = tempfile::tempdir().unwrap();
    let basis = |sample: u64, t: f64, wish: Wish| {
        let keeper = Keeper::open(dir.path(), &Identity::new("test.basis", 0), wish).unwrap();
        let work = Work {
            keeper: Some(&keeper),
            ..Work::plain()
        };
        let mut geometry = geometry(&unet, &schedule, &work);
        let found = geometry.basis(&drawn(sample, 1, 64), t, &Search::new(2));
        keeper.write().unwrap();
        found
    };
    let whole = basis(1, 300.0, Wish::Unsaid).unwrap();
    assert_eq!(basis(1, 300.0, Wish::Resume).unwrap(), whole);
    for (sample, t) in [(2, 300.0), (1, 301.0)] {
        let refused = basis(sample, t, Wish::Resume).unwrap_err();
        let kept = matches!(
            refused,
            PullbackError::Operator(DiffusionError::Stopped(Stopped::Keep(_)))
        );
        assert!(kept, "{refused}");
    }
}
