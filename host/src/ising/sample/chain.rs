//! The spins, as each rule needs them.

use super::{AnyUpdate, Clusters, Coupling, MOST_CLUSTER_SITES, MOST_SITES, Moves};
use super::{Plan, SampleError, Start, Stream};
use crate::ising::lattice::{Engine, Observation, Packed};
use gibbs_core::ising::lattice::{Bonds, Geometry, Planes, PlusMinus, Uniform, Word};
use gibbs_core::ising::model::Wrap;
use gibbs_core::ising::swendsen_wang::SwendsenWang;
use gibbs_core::ising::wolff::Wolff;
use gibbs_core::ising::{Model, Torus};
use gibbs_core::random::{Xoshiro256PlusPlus, bernoulli, stream};
use rand_core::Rng;

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
    Cluster {
        clusters: Clusters,
        beta: f64,
        model: Torus<i32>,
        spins: Vec<i8>,
        scratch: Vec<u32>,
        rng: Xoshiro256PlusPlus,
    },
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
        let moves = plan.moves()?;
        let wrap = if plan.multigraph {
            Wrap::Multigraph
        } else {
            Wrap::Simple
        };
        let most = match moves {
            Moves::Words(_) => MOST_SITES,
            Moves::Clusters(..) => MOST_CLUSTER_SITES,
        };
        let sites = (plan.width as u64).checked_mul(plan.height as u64);
        if sites.is_none_or(|sites| sites > most) {
            let message = format!("{} x {} sites are more than {most}", plan.width, plan.height);
            return Err(SampleError::Plan(message));
        }
        match (moves, plan.stream) {
            (Moves::Words(update), Stream::Lanes) if plan.width <= 64 => {
                Lanes::new(plan, wrap, update).map(Self::Narrow)
            }
            (Moves::Words(update), Stream::Lanes) => Lanes::new(plan, wrap, update).map(Self::Wide),
            (Moves::Words(update), Stream::Scalar) => Self::scalar(plan, wrap, update),
            (Moves::Clusters(clusters, beta), _) => Self::cluster(plan, wrap, clusters, beta),
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

    fn cluster(plan: &Plan, wrap: Wrap, clusters: Clusters, beta: f64) -> Result<Self, SampleError> {
        let coupling = match plan.coupling {
            Coupling::Ferromagnet => 1,
            Coupling::Antiferromagnet => -1,
            Coupling::PlusMinus(_) => {
                let message = "cluster rules percolate on frustrated bonds: use metropolis or heat-bath";
                return Err(SampleError::Plan(message.to_owned()));
            }
        };
        let model = Torus::new(plan.width, plan.height, coupling, 0, wrap)?;
        let mut rng = stream(plan.seed, "ising-cluster", 0);
        let mut spins = vec![1; model.spins()];
        for (i, spin) in spins.iter_mut().enumerate() {
            let up = match plan.start {
                Start::Ordered => coupling > 0 || (i % plan.width + i / plan.width).is_multiple_of(2),
                Start::Random => rng.next_u32() >> 31 == 1,
            };
            *spin = if up { 1 } else { -1 };
        }
        let scratch = vec![0; spins.len()];
        Ok(Self::Cluster {
            clusters,
            beta,
            model,
            spins,
            scratch,
            rng,
        })
    }

    /// `sweeps` steps of the burn-in: as [`Self::advance`], but under Wolff's rule a step is as many clusters as flip all
    /// sites once. (A cluster may be one site or nearly all: a number of clusters says nothing of equilibrium.)
    pub(super) fn burn_in(&mut self, plan: &Plan, sweeps: u64) -> Result<(), SampleError> {
        let Self::Cluster {
            clusters: Clusters::One,
            beta,
            model,
            spins,
            scratch,
            rng,
        } = self
        else {
            return self.advance(plan, sweeps);
        };
        let sites = spins.len();
        let mut wolff = Wolff::new(model, *beta, spins, scratch)?;
        for _ in 0..sweeps {
            let mut flipped = 0;
            while flipped < sites {
                flipped += wolff.step(rng).size;
            }
        }
        Ok(())
    }

    /// `sweeps` steps of the plan's rule.
    pub(super) fn advance(&mut self, plan: &Plan, sweeps: u64) -> Result<(), SampleError> {
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
            Self::Cluster {
                clusters,
                beta,
                model,
                spins,
                scratch,
                rng,
            } => match clusters {
                Clusters::One => {
                    let mut wolff = Wolff::new(model, *beta, spins, scratch)?;
                    for _ in 0..sweeps {
                        wolff.step(rng);
                    }
                }
                Clusters::All => {
                    let mut all = SwendsenWang::new(model, *beta, spins, scratch, &mut [])?;
                    for _ in 0..sweeps {
                        all.sweep(rng);
                    }
                }
            },
        }
        Ok(())
    }

    /// As [`Self::advance`], and what is measured then: where words are updated, while they are.
    pub(super) fn advance_observed(&mut self, plan: &Plan, sweeps: u64) -> Result<Observation, SampleError> {
        match self {
            Self::Wide(lanes) => lanes.advance_observed(plan, sweeps),
            Self::Narrow(lanes) => lanes.advance_observed(plan, sweeps),
            Self::Scalar { .. } | Self::Cluster { .. } => {
                self.advance(plan, sweeps)?;
                self.observe(plan)
            }
        }
    }

    /// Energy and magnetisations.
    pub(super) fn observe(&mut self, plan: &Plan) -> Result<Observation, SampleError> {
        Ok(match self {
            Self::Wide(lanes) => lanes.observe(plan)?,
            Self::Narrow(lanes) => lanes.observe(plan)?,
            Self::Scalar {
                geometry,
                planes: [even, odd],
                signs,
                ..
            } => observation(&Planes::new(*geometry, [even, odd])?, plan, signs.as_ref())?,
            Self::Cluster { model, spins, .. } => {
                let mut magnetizations = [0; 2];
                for (y, row) in spins.chunks_exact(plan.width).enumerate() {
                    for (x, spin) in row.iter().enumerate() {
                        magnetizations[(x + y) & 1] += i64::from(*spin);
                    }
                }
                Observation {
                    energy: i64::from(model.energy(spins)?),
                    magnetizations,
                }
            }
        })
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
            Self::Cluster { spins, .. } => spins.chunks_exact(plan.width).for_each(visit),
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

    fn advance_observed(&mut self, plan: &Plan, sweeps: u64) -> Result<Observation, SampleError> {
        let Some(before) = sweeps.checked_sub(1) else {
            return self.observe(plan);
        };
        self.advance(plan, before)?;
        let Self {
            update,
            engine,
            signs,
        } = self;
        Ok(with_bonds!(plan, signs, |bonds| with_update!(update, |update| {
            engine.sweep_observed(update, bonds)?
        })))
    }

    fn observe(&mut self, plan: &Plan) -> Result<Observation, SampleError> {
        observation(&self.engine.planes(), plan, self.signs.as_ref())
    }
}
