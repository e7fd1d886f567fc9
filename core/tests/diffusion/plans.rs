//! Timesteps and plans: by hand, and the conventions that differ when N does not divide T.

use crate::oracle::table;
use gibbs_core::Error;
use gibbs_core::diffusion::plan::{self, Ending, KarrasGrid, invert};
use gibbs_core::diffusion::timesteps::{fractional, multistep, timesteps};
use gibbs_core::diffusion::{Betas, Hop, Level, Schedule, Spacing};

fn whole(spacing: Spacing, n: usize) -> Vec<u32> {
    let mut chosen = vec![0; n];
    timesteps(spacing, 1000, &mut chosen).unwrap();
    chosen
}

const PLAIN: Spacing = Spacing::Leading { offset: 0 };

// by hand
#[test] // oracle: diffusion-schedule
fn spacings_are_those_of_the_formulas() {
    assert_eq!(whole(PLAIN, 4), [750, 500, 250, 0]);
    assert_eq!(whole(Spacing::Leading { offset: 1 }, 3), [667, 334, 1]);
    assert_eq!(whole(Spacing::Linspace, 4), [999, 666, 333, 0]);
    // 999 / 2 = 499.5 and 249.75, 749.25: halves to even
    assert_eq!(whole(Spacing::Linspace, 3), [999, 500, 0]);
    assert_eq!(whole(Spacing::Linspace, 5), [999, 749, 500, 250, 0]);
    assert_eq!(whole(Spacing::Trailing, 4), [999, 749, 499, 249]);
    // 1000 / 16 = 62.5: 937.5 rounds to 938, 812.5 to 812
    assert_eq!(whole(Spacing::Trailing, 16)[..4], [999, 937, 874, 811]);
    assert_eq!(
        (
            whole(PLAIN, 1),
            whole(Spacing::Linspace, 1),
            whole(Spacing::Trailing, 1)
        ),
        (vec![0], vec![0], vec![999])
    );
    for spacing in [PLAIN, Spacing::Linspace, Spacing::Trailing] {
        assert_eq!(whole(spacing, 1000), (0..1000).rev().collect::<Vec<_>>());
        for n in 1..=1000 {
            let steps = whole(spacing, n);
            assert!(steps.windows(2).all(|pair| pair[0] > pair[1]), "{spacing:?} {n}");
            assert!(steps[0] < 1000);
        }
    }

    let mut times = [0.0; 3];
    fractional(Spacing::Linspace, 1000, &mut times).unwrap();
    assert_eq!(times, [999.0, 499.5, 0.0]);
    fractional(Spacing::Trailing, 1000, &mut times).unwrap();
    assert_eq!(times, [999.0, 666.0, 332.0]);
    fractional(Spacing::Leading { offset: 1 }, 1000, &mut times).unwrap();
    assert_eq!(times, [667.0, 334.0, 1.0]);

    let mut steps = [0; 3];
    multistep(Spacing::Linspace, 1000, &mut steps).unwrap();
    assert_eq!(steps, [999, 666, 333]);
    multistep(Spacing::Leading { offset: 1 }, 1000, &mut steps).unwrap();
    assert_eq!(steps, [751, 501, 251]);
    multistep(Spacing::Trailing, 1000, &mut steps).unwrap();
    assert_eq!(steps, [999, 666, 332]);
}

// N = 7: DDPM goes to the next chosen step, DDIM to t - floor(1000 / 7) = t - 142
#[test] // edge: diffusion-schedule
fn ends_of_hops_follow_their_conventions() {
    let table = table::<f64>(Betas::DDPM);
    let schedule = Schedule::new(&table).unwrap();
    let chosen = whole(Spacing::Trailing, 7);
    assert_eq!(chosen, [999, 856, 713, 570, 428, 285, 142]);
    let (mut ddpm, mut ddim, mut first) = ([Hop::NONE; 7], [Hop::NONE; 7], [Hop::NONE; 7]);
    plan::ddpm(&schedule, &chosen, &mut ddpm).unwrap();
    plan::ddim(&schedule, &chosen, Ending::Data, &mut ddim).unwrap();
    plan::ddim(&schedule, &chosen, Ending::FirstStep, &mut first).unwrap();
    let ends = |hops: &[Hop]| hops.iter().map(|hop| hop.to.timestep()).collect::<Vec<_>>();
    assert_eq!(ends(&ddpm), [856.0, 713.0, 570.0, 428.0, 285.0, 142.0, 0.0]);
    assert_eq!(ends(&ddim), [857.0, 714.0, 571.0, 428.0, 286.0, 143.0, 0.0]);
    assert_eq!(ddpm[6].to, Level::DATA);
    // 142 - 142 = 0 is step 0, not data
    assert_eq!(
        (ddim[6].to, first[6].to),
        (schedule.level(0).unwrap(), schedule.level(0).unwrap())
    );
    for hops in [ddpm, ddim, first] {
        for (hop, t) in hops.iter().zip(&chosen) {
            assert_eq!(hop.from, schedule.level(*t).unwrap());
        }
    }
    let chosen = whole(Spacing::Leading { offset: 1 }, 10);
    let mut hops = [Hop::NONE; 10];
    plan::ddim(&schedule, &chosen, Ending::Data, &mut hops).unwrap();
    assert_eq!((hops[0].to.timestep(), hops[9].to), (801.0, Level::DATA));
    plan::ddim(&schedule, &chosen, Ending::FirstStep, &mut hops).unwrap();
    assert_eq!(hops[9].to, schedule.level(0).unwrap());
    let before = hops;
    invert(&mut hops);
    assert_eq!(
        (hops[0].from, hops[9].to),
        (schedule.level(0).unwrap(), schedule.level(901).unwrap())
    );
    invert(&mut hops);
    assert_eq!(hops, before);
}

#[test] // edge: diffusion-schedule
fn refusals() {
    for spacing in [PLAIN, Spacing::Linspace, Spacing::Trailing] {
        assert_eq!(timesteps(spacing, 1000, &mut []), Err(Error::Shape));
        assert_eq!(timesteps(spacing, 0, &mut [0]), Err(Error::Shape));
        assert_eq!(timesteps(spacing, 3, &mut [0; 4]), Err(Error::Domain));
        assert_eq!(fractional(spacing, 3, &mut [0.0; 4]), Err(Error::Domain));
        assert_eq!(multistep(spacing, 3, &mut [0; 4]), Err(Error::Domain));
        assert_eq!(fractional(spacing, 3, &mut []), Err(Error::Shape));
        assert_eq!(multistep(spacing, 3, &mut []), Err(Error::Shape));
        assert_eq!(timesteps(spacing, 3, &mut [0; 3]), Ok(()));
    }
    let past = Spacing::Leading { offset: 1 };
    assert_eq!(timesteps(past, 3, &mut [0; 3]), Err(Error::Domain));
    assert_eq!(
        timesteps(Spacing::Leading { offset: u32::MAX }, 3, &mut [0; 2]),
        Err(Error::Domain)
    );
    assert_eq!(multistep(PLAIN, 3, &mut [0; 3]), Err(Error::Domain));

    let table = table::<f64>(Betas::DDPM);
    let schedule = Schedule::new(&table).unwrap();
    let both = |chosen: &[u32], hops: &mut [Hop]| {
        let ddpm = plan::ddpm(&schedule, chosen, hops).err();
        assert_eq!(plan::ddim(&schedule, chosen, Ending::Data, hops).err(), ddpm);
        ddpm
    };
    let mut hops = [Hop::NONE; 2];
    assert_eq!(both(&[5, 1], &mut hops), None);
    assert_eq!(both(&[5, 1, 0], &mut hops), Some(Error::Shape));
    assert_eq!(both(&[], &mut []), Some(Error::Shape));
    assert_eq!(both(&[5, 5], &mut hops), Some(Error::Domain));
    assert_eq!(both(&[1, 5], &mut hops), Some(Error::Domain));
    assert_eq!(both(&[1000, 5], &mut hops), Some(Error::Domain));
    let times = |times: &[f64], hops: &mut [Hop]| plan::sigmas(&schedule, times, hops).err();
    assert_eq!(times(&[5.5, 0.0], &mut hops), None);
    assert_eq!(times(&[5.5], &mut hops), Some(Error::Shape));
    assert_eq!(times(&[], &mut []), Some(Error::Shape));
    assert_eq!(times(&[5.0, 5.0], &mut hops), Some(Error::Domain));
    assert_eq!(times(&[5.0, 6.0], &mut hops), Some(Error::Domain));
    assert_eq!(times(&[999.5, 6.0], &mut hops), Some(Error::Domain));
    assert_eq!(times(&[f64::NAN, 6.0], &mut hops), Some(Error::NonFinite));
    let grid = |largest, smallest, exponent, hops: &mut [Hop]| {
        let grid = KarrasGrid {
            largest,
            smallest,
            exponent,
        };
        grid.plan(|_| 0.0, hops).err()
    };
    assert_eq!(grid(80.0, 0.1, 7.0, &mut hops), None);
    assert_eq!(grid(80.0, 0.1, 7.0, &mut []), Some(Error::Shape));
    assert_eq!(grid(f64::INFINITY, 0.1, 7.0, &mut hops), Some(Error::NonFinite));
    assert_eq!(grid(80.0, f64::NAN, 7.0, &mut hops), Some(Error::NonFinite));
    for (largest, smallest, exponent) in [
        (80.0, 0.0, 7.0),
        (1.0, 1.0, 7.0),
        (1.0, 2.0, 7.0),
        (80.0, 0.1, 0.9),
    ] {
        assert_eq!(grid(largest, smallest, exponent, &mut hops), Some(Error::Domain));
    }
    assert_eq!(
        KarrasGrid::EDM.plan(|_| f64::NAN, &mut hops),
        Err(Error::NonFinite)
    );
}
