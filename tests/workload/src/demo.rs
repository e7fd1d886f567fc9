//! The device example: samples arrive one by one, then a path of 16 gammas over 16 variables is fitted and the
//! extended information criterion picks the variables. Single precision, fixed memory.

use crate::Hash;
use core::hint::black_box;
use gibbs_core::Error;
use gibbs_core::garrote::select::{by_information, scratch_len, selected};
use gibbs_core::garrote::{Garrote, Options, PathPoints, Standardised, Stream};
use gibbs_core::random::{stream, uniform};

/// The number of variables.
pub const VARIABLES: usize = 16;
/// Points of the path.
pub const GAMMAS: usize = 16;
/// Samples in the stream.
pub const SAMPLES: u64 = 96;
/// The variables that the target depends on: bit i for variable i.
pub const TRUTH: u32 = 1 << 2 | 1 << 7 | 1 << 11;

/// What the fit found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit {
    /// Bit i: variable i was selected.
    pub selected: u32,
    /// Hash of the chosen solution and of one prediction.
    pub hash: u64,
}

/// The path points, lent to [`Demo::fit`] by the caller.
pub type Points = PathPoints<f32, VARIABLES, GAMMAS>;

/// All other memory of the example: statistics, moments, solver, and scratch of the selection rule. New, it is
/// all zeros: a static costs no flash.
#[derive(Debug)]
pub struct Demo {
    sums: Stream<f32, VARIABLES>,
    data: Standardised<f32, VARIABLES>,
    garrote: Garrote<f32, VARIABLES>,
    scratch: [f32; scratch_len(VARIABLES)],
}

/// One sample.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// The variables, uniform with an offset, neighbours correlated.
    pub x: [f32; VARIABLES],
    /// `2 x_2 - 1.5 x_7 + x_11` and uniform noise.
    pub y: f32,
}

/// Sample number `index` of the stream.
#[inline(never)]
pub fn sample(index: u64) -> Sample {
    let mut rng = stream(black_box(4), "workload/demo", index);
    let mut x = [0.0_f32; VARIABLES];
    let mut last = 0.0;
    for x in &mut x {
        last = uniform::<f32>(&mut rng) + 0.25 * last;
        *x = 5.0 + last;
    }
    let noise = uniform::<f32>(&mut rng) - 0.5;
    let at = |i: usize| x.get(i).copied().unwrap_or_default();
    Sample {
        x,
        y: 2.0 * at(2) - 1.5 * at(7) + at(11) + 0.5 * noise,
    }
}

impl Default for Demo {
    fn default() -> Self {
        Self::new()
    }
}

impl Demo {
    /// No samples yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            sums: Stream::new(),
            data: Standardised::new(),
            garrote: Garrote::new(),
            scratch: [0.0; scratch_len(VARIABLES)],
        }
    }

    /// Takes one sample in.
    ///
    /// # Errors
    /// Those of [`Stream::push`].
    #[inline(never)]
    pub fn push(&mut self, sample: &Sample) -> Result<(), Error> {
        self.sums.push(&sample.x, &[sample.y])
    }

    /// Fits the path, selects, predicts. The steps are not inlined: their stack frames are not needed at once.
    ///
    /// # Errors
    /// Those of the path and of the selection rule.
    #[inline(never)]
    pub fn fit(&mut self, points: &mut Points) -> Result<Fit, Error> {
        self.standardise()?;
        self.trace(points)?;
        let index = self.choose(points)?;
        self.digest(index)
    }

    #[inline(never)]
    fn standardise(&mut self) -> Result<(), Error> {
        self.data.update(&self.sums)
    }

    #[inline(never)]
    fn trace(&mut self, points: &mut Points) -> Result<(), Error> {
        let _ending = self.garrote.path(&self.data, Options::default(), points)?;
        Ok(())
    }

    #[inline(never)]
    fn choose(&mut self, points: &mut Points) -> Result<usize, Error> {
        let moments = self.data.moments()?;
        let store = points.store(&moments)?;
        let index = by_information(&moments, &store, 1.0, &mut self.scratch)?;
        self.garrote.adopt(points, index)?;
        Ok(index)
    }

    #[inline(never)]
    fn digest(&self, index: usize) -> Result<Fit, Error> {
        let prediction = self.garrote.predict(&self.data, &sample(SAMPLES).x.into(), 0)?;
        let mut hash = Hash::default();
        hash.word(index as u64);
        for values in [
            self.garrote.inclusion().as_slice(),
            self.garrote.weight().as_slice(),
        ] {
            hash.reals(values);
        }
        hash.reals(&[self.garrote.precision().x, prediction.mean, prediction.variance]);
        let bits = self.garrote.inclusion().iter().enumerate();
        let selected = bits.fold(0, |set, (i, m)| set | u32::from(selected(*m)) << i);
        Ok(Fit {
            selected,
            hash: hash.value(),
        })
    }
}

/// The whole example.
///
/// # Errors
/// Those of [`Demo::push`] and [`Demo::fit`].
pub fn demo() -> Result<Fit, Error> {
    let mut demo = Demo::new();
    for index in 0..SAMPLES {
        demo.push(&sample(index))?;
    }
    demo.fit(&mut Points::new())
}
