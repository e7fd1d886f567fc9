//! The spins, as each rule needs them.

use super::clusters::ClusterChain;
use super::wave::Wave;
use super::{AnyUpdate, Coupling, Moves};
use super::{Plan, SampleError, Start, Stream};
use crate::ising::lattice::{Engine, Observation, Packed};
use crate::work::Work;
use gibbs_core::ising::lattice::{Bonds, Geometry, Planes, PlusMinus, Uniform, Word};
use gibbs_core::ising::model::Wrap;
use gibbs_core::random::{Xoshiro256PlusPlus, bernoulli, stream};

/// Signs of ±J bonds that own their memory.
pub(super) struct Signs<W> {
    geometry: Geometry,
    colours: [Vec<[W; 4]>; 2],
}

impl<W: Word> Bonds<W> for Signs<W> {
    #[inline(always)]
    fn signs(&self, colour: usize, index: usize) -> [W; 4] {
        self.colours[colour & 1]
            .get(index)
            .copied()
            .unwrap_or([W::NONE; 4])
    }

    fn fits(&self, geometry: &Geometry) -> bool {
        self.geometry == *geometry
    }
}

pub(super) enum Chain {
    /// Words of 64 bits.
    Wide(Lanes<u64>),
    /// Words of 32 bits, for up to 64 columns.
    Narrow(Lanes<u32>),
    Scalar {
        update: AnyUpdate,
        geometry: Geometry,
        planes: [Vec<u32>; 2],
        signs: Option<Signs<u32>>,
        rng: Xoshiro256PlusPlus,
    },
    Clusters(ClusterChain),
}

fn signs<W: Word>(plan: &Plan, geometry: Geometry) -> Result<Option<Signs<W>>, SampleError> {
    let Coupling::PlusMinus(positive) = plan.coupling else {
        return Ok(None);
    };
    let mut rng = stream(plan.seed, "ising-bonds", 0);
    let mut colours = [(); 2].map(|()| vec![[W::NONE; 4]; geometry.plane()]);
    let [even, odd] = &mut colours;
    let mut negative = || !bernoulli(&mut rng, positive);
    PlusMinus::new(geometry, [even, odd], |_, _| (negative(), negative()))?;
    Ok(Some(Signs { geometry, colours }))
}

fn uniform(coupling: Coupling) -> Uniform {
    match coupling {
        Coupling::Antiferromagnet => Uniform::Antiferromagnet,
        Coupling::Ferromagnet | Coupling::PlusMinus(_) => Uniform::Ferromagnet,
    }
}

/// `$body` with `$bonds` and `$update` of their own types, so that each pair has its own loop.
macro_rules! with_bonds {
    ($plan:expr, $signs:expr, |$bonds:ident| $body:expr) => {
        match $signs {
            Some($bonds) => $body,
            None => {
                let $bonds = &uniform($plan.coupling);
                $body
            }
        }
    };
}
macro_rules! with_update {
    ($update:expr, |$name:ident| $body:expr) => {
        match $update {
            AnyUpdate::Lazy($name) => $body,
            AnyUpdate::Fixed($name) => $body,
            AnyUpdate::HeatBath($name) => $body,
        }
    };
}

/// The ordered configuration: two planes of words.
fn ordered<W: Word>(coupling: Coupling, geometry: &Geometry) -> [Vec<W>; 2] {
    let up = W::mask(geometry.used());
    let other = match coupling {
        Coupling::Antiferromagnet => W::NONE,
        Coupling::Ferromagnet | Coupling::PlusMinus(_) => up,
    };
    [up, other].map(|word| vec![word; geometry.plane()])
}

impl Chain {
    /// The first configuration of a plan.
    pub(super) fn new(plan: &Plan) -> Result<Self, SampleError> {
        plan.check()?;
        let moves = plan.moves()?;
        let wrap = if plan.multigraph {
            Wrap::Multigraph
        } else {
            Wrap::Simple
        };
        match (moves, plan.stream) {
            (Moves::Words(update), Stream::Lanes) if plan.width <= 64 => {
                Lanes::new(plan, wrap, update).map(Self::Narrow)
            }
            (Moves::Words(update), Stream::Lanes) => Lanes::new(plan, wrap, update).map(Self::Wide),
            (Moves::Words(update), Stream::Scalar) => Self::scalar(plan, wrap, update),
            (Moves::Clusters(clusters, beta), _) => {
                ClusterChain::new(plan, wrap, clusters, beta).map(Self::Clusters)
            }
        }
    }

    fn scalar(plan: &Plan, wrap: Wrap, update: AnyUpdate) -> Result<Self, SampleError> {
        let geometry = Geometry::new::<u32>(plan.width, plan.height, wrap)?;
        let mut rng = stream(plan.seed, "ising-scalar", 0);
        let mut planes = ordered(plan.coupling, &geometry);
        if plan.start == Start::Random {
            let [even, odd] = &mut planes;
            Planes::new(geometry, [even, odd])?.randomise(&mut rng);
        }
        let signs = signs(plan, geometry)?;
        Ok(Self::Scalar {
            update,
            geometry,
            planes,
            signs,
            rng,
        })
    }

    /// `sweeps` steps of the plan's rule; returns how many were made: fewer, if the user wants to stop ([`ClusterChain`]; sweeps
    /// of words are too quick for it).
    pub(super) fn advance(
        &mut self,
        plan: &Plan,
        sweeps: u64,
        burn_in: bool,
        work: &Work<'_>,
    ) -> Result<u64, SampleError> {
        match self {
            Self::Wide(lanes) => lanes.advance(plan, sweeps)?,
            Self::Narrow(lanes) => lanes.advance(plan, sweeps)?,
            Self::Scalar {
                update,
                geometry,
                planes: [even, odd],
                signs,
                rng,
            } => {
                let mut planes = Planes::new(*geometry, [even, odd])?;
                with_bonds!(plan, signs, |bonds| with_update!(update, |update| {
                    for _ in 0..sweeps {
                        planes.sweep(update, bonds, rng)?;
                    }
                }));
            }
            Self::Clusters(chain) => return chain.advance(sweeps, burn_in, work),
        }
        Ok(sweeps)
    }

    /// One step, and what is measured after it: where words are updated, while they are. `None` if the user wants to stop
    /// before it is made.
    pub(super) fn sweep_observed(
        &mut self,
        plan: &Plan,
        work: &Work<'_>,
    ) -> Result<Option<Observation>, SampleError> {
        let made = match self {
            Self::Wide(lanes) => return lanes.sweep_observed(plan).map(Some),
            Self::Narrow(lanes) => return lanes.sweep_observed(plan).map(Some),
            Self::Scalar { .. } | Self::Clusters(_) => self.advance(plan, 1, false, work)?,
        };
        if made == 0 {
            return Ok(None);
        }
        self.observe(plan).map(Some)
    }

    /// Energy and magnetisations.
    pub(super) fn observe(&mut self, plan: &Plan) -> Result<Observation, SampleError> {
        match self {
            Self::Wide(lanes) => observation(&lanes.engine.planes(), plan, lanes.signs.as_ref()),
            Self::Narrow(lanes) => observation(&lanes.engine.planes(), plan, lanes.signs.as_ref()),
            Self::Scalar {
                geometry,
                planes: [even, odd],
                signs,
                ..
            } => observation(&Planes::new(*geometry, [even, odd])?, plan, signs.as_ref()),
            Self::Clusters(chain) => chain.observe(plan.width),
        }
    }

    /// Power of the longest wave along the columns.
    pub(super) fn power(&self, plan: &Plan, wave: &Wave) -> f64 {
        match self {
            Self::Wide(lanes) => row_power([0, 1].map(|colour| lanes.engine.plane(colour)), plan, wave),
            Self::Narrow(lanes) => row_power([0, 1].map(|colour| lanes.engine.plane(colour)), plan, wave),
            Self::Scalar {
                planes: [even, odd], ..
            } => row_power([even, odd], plan, wave),
            Self::Clusters(chain) => chain.power(plan, wave),
        }
    }

    /// Visits the rows from top to bottom, as spins ±1.
    pub(super) fn rows(&mut self, plan: &Plan, visit: impl FnMut(&[i8])) -> Result<(), SampleError> {
        match self {
            Self::Wide(lanes) => rows(&lanes.engine.planes(), plan, visit),
            Self::Narrow(lanes) => rows(&lanes.engine.planes(), plan, visit),
            Self::Scalar {
                geometry,
                planes: [even, odd],
                ..
            } => rows(&Planes::new(*geometry, [even, odd])?, plan, visit),
            Self::Clusters(chain) => chain.spins.chunks_exact(plan.width).for_each(visit),
        }
        Ok(())
    }
}

/// Energy and magnetisations of a lattice of bits.
fn observation<W: Word>(
    planes: &Planes<'_, W>,
    plan: &Plan,
    signs: Option<&Signs<W>>,
) -> Result<Observation, SampleError> {
    let energy = with_bonds!(plan, signs, |bonds| planes.energy(bonds)?);
    Ok(Observation {
        energy,
        magnetizations: planes.magnetizations(),
    })
}

/// Power of the wave of a lattice of bits: each row's sum from the bits that are set in both planes.
fn row_power<W: Packed>(planes: [&[W]; 2], plan: &Plan, wave: &Wave) -> f64 {
    let words = planes[0].len() / plan.height.max(1);
    let up = |row: &[W]| row.iter().map(|word| i64::from(word.count())).sum::<i64>();
    let half = (plan.width / 2) as i64;
    let [even, odd] = planes.map(|plane| plane.chunks_exact(words.max(1)).map(up));
    let staggered = plan.coupling == Coupling::Antiferromagnet;
    wave.power(even.zip(odd).map(|(even, odd)| {
        let (even, odd) = (2 * even - half, 2 * odd - half);
        if staggered { even - odd } else { even + odd }
    }))
}

/// Visits the rows of a lattice of bits.
fn rows<W: Word>(planes: &Planes<'_, W>, plan: &Plan, mut visit: impl FnMut(&[i8])) {
    let mut row = vec![0; plan.width];
    for y in 0..plan.height {
        for (x, spin) in row.iter_mut().enumerate() {
            *spin = planes.spin(x, y);
        }
        visit(&row);
    }
}

/// The engine's chain.
pub(super) struct Lanes<W> {
    update: AnyUpdate,
    pub(super) engine: Engine<W>,
    signs: Option<Signs<W>>,
}

impl<W: Packed> Lanes<W> {
    fn new(plan: &Plan, wrap: Wrap, update: AnyUpdate) -> Result<Self, SampleError> {
        let mut engine = Engine::new(plan.width, plan.height, wrap, plan.seed)?;
        match plan.start {
            Start::Ordered => {
                let planes = ordered(plan.coupling, engine.geometry());
                engine.restore(planes, &engine.generators())?;
            }
            Start::Random => engine
                .planes()
                .randomise(&mut stream(plan.seed, "ising-start", 0)),
        }
        let signs = signs(plan, *engine.geometry())?;
        Ok(Self {
            update,
            engine,
            signs,
        })
    }

    fn advance(&mut self, plan: &Plan, sweeps: u64) -> Result<(), SampleError> {
        let Self {
            update,
            engine,
            signs,
        } = self;
        with_bonds!(plan, signs, |bonds| with_update!(update, |update| {
            for _ in 0..sweeps {
                engine.sweep(update, bonds)?;
            }
        }));
        Ok(())
    }

    fn sweep_observed(&mut self, plan: &Plan) -> Result<Observation, SampleError> {
        let Self {
            update,
            engine,
            signs,
        } = self;
        Ok(with_bonds!(plan, signs, |bonds| with_update!(update, |update| {
            engine.sweep_observed(update, bonds)?
        })))
    }
}
