//! What parallel tempering keeps between blocks.

use super::SolveError;
use crate::ising::kept::{put_spins, take_spins};
use crate::keep::{KeepError, Resumable, Shelf};
use gibbs_core::ising::temper::{Leg, Replica, Rung, Tempering};
use gibbs_core::ising::{Model, State, Weight};
use gibbs_core::random::stream;

/// The streams that a set of replicas draws from: its start, its sweeps, its exchanges.
pub(super) struct Streams {
    start: &'static str,
    pub(super) sweeps: &'static str,
    pub(super) exchanges: &'static str,
}

/// Those of the first set and of the second.
pub(super) const STREAMS: [Streams; 2] = [
    Streams {
        start: "ising.temper.start",
        sweeps: "ising.temper",
        exchanges: "ising.temper.exchange",
    },
    Streams {
        start: "ising.temper.second.start",
        sweeps: "ising.temper.second",
        exchanges: "ising.temper.second.exchange",
    },
];

/// What was recorded at one temperature, once a round.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Series {
    /// Energies of the first set in the unit of the weights.
    pub(super) energy: Vec<f64>,
    /// Sums of the spins of the first set.
    pub(super) magnetisation: Vec<f64>,
    /// Σ_i a_i b_i of the replicas of both sets; empty where there is one set.
    pub(super) overlap: Vec<f64>,
}

/// R replicas of N spins, one at each temperature, the best state each has seen, and where it is.
pub(super) struct Set {
    pub(super) spins: Vec<Vec<i8>>,
    pub(super) best: Vec<Vec<i8>>,
    pub(super) replicas: Vec<Replica>,
    pub(super) rungs: Vec<Rung>,
    pub(super) odd: bool,
}

/// The ladder, one or two sets of replicas on it, and what was recorded so far.
pub(super) struct Standing {
    pub(super) blocks: u64,
    /// Inverse temperatures in the unit of the weights, rising.
    pub(super) betas: Vec<f64>,
    pub(super) sets: Vec<Set>,
    /// One for each temperature, from hot to cold.
    pub(super) series: Vec<Series>,
}

impl Standing {
    /// Random spins, replica r at temperature r.
    pub(super) fn new<M: Model>(
        model: &M,
        betas: Vec<f64>,
        sets: usize,
        seed: u64,
    ) -> Result<Self, SolveError> {
        let sets = STREAMS.iter().take(sets);
        let sets = sets.map(|streams| Set::new(model, betas.len(), seed, streams));
        Ok(Self {
            blocks: 0,
            sets: sets.collect::<Result<_, _>>()?,
            series: vec![Series::default(); betas.len()],
            betas,
        })
    }
}

impl Set {
    fn new<M: Model>(model: &M, rungs: usize, seed: u64, streams: &Streams) -> Result<Self, SolveError> {
        let n = model.spins();
        let mut spins = vec![vec![1_i8; n]; rungs];
        let mut fields = vec![M::Weight::ZERO; n];
        for (index, spins) in spins.iter_mut().enumerate() {
            let mut rng = stream(seed, streams.start, index as u64);
            State::new(model, spins, &mut fields)?.randomise(model, &mut rng);
        }
        let (mut replicas, mut rungs) = (vec![Replica::default(); rungs], vec![Rung::default(); rungs]);
        Tempering::new(&mut replicas, &mut rungs)?;
        Ok(Self {
            best: spins.clone(),
            spins,
            replicas,
            rungs,
            odd: false,
        })
    }

    fn put(&self, shelf: &mut Shelf<'_>, place: &str) {
        let name = |name: &str| format!("{place} {name}");
        let counts = |of: &dyn Fn(&Rung) -> u64| self.rungs.iter().map(of).collect::<Vec<u64>>();
        shelf.text(&name("odd"), self.odd);
        put_spins(shelf, &name("spins"), self.spins.iter().map(Vec::as_slice));
        put_spins(shelf, &name("best"), self.best.iter().map(Vec::as_slice));
        let legs: Vec<&str> = self.replicas.iter().map(|replica| word(replica.leg)).collect();
        shelf.text(&name("legs"), legs.join(" "));
        let trips = self.replicas.iter().map(|replica| replica.round_trips);
        shelf.list(&name("round trips"), trips.collect::<Vec<u64>>());
        shelf.list(&name("replicas"), counts(&|rung| u64::from(rung.replica)));
        shelf.list(&name("attempts"), counts(&|rung| rung.attempts));
        shelf.list(&name("accepted"), counts(&|rung| rung.accepted));
    }

    fn take(&mut self, shelf: &mut Shelf<'_>, place: &str) -> Result<(), KeepError> {
        let name = |name: &str| format!("{place} {name}");
        let (rungs, n) = (self.spins.len(), self.spins.first().map_or(0, Vec::len));
        self.odd = shelf.take_text(&name("odd"), |text| text.parse().ok())?;
        self.spins = take_spins(shelf, &name("spins"), rungs, n)?;
        self.best = take_spins(shelf, &name("best"), rungs, n)?;
        let legs: Vec<Leg> = shelf.take_text(&name("legs"), |text| text.split(' ').map(leg).collect())?;
        let mut counts = |what| shelf.take::<u64>(&name(what), &[rungs]);
        let (trips, places) = (counts("round trips")?, counts("replicas")?);
        let (attempts, accepted) = (counts("attempts")?, counts("accepted")?);
        if legs.len() != rungs {
            return Err(shelf.damaged("its replicas do not fit together"));
        }
        for (replica, (leg, round_trips)) in self.replicas.iter_mut().zip(legs.into_iter().zip(trips)) {
            (replica.leg, replica.round_trips) = (leg, round_trips);
        }
        let counts = attempts.into_iter().zip(accepted);
        for (at, (rung, (place, counts))) in self
            .rungs
            .iter_mut()
            .zip(places.into_iter().zip(counts))
            .enumerate()
        {
            let replica = usize::try_from(place)
                .ok()
                .and_then(|place| self.replicas.get_mut(place));
            let Some(replica) = replica else {
                return Err(shelf.damaged("it places a replica that is not there"));
            };
            (replica.rung, rung.replica) = (at as u32, place as u32);
            (rung.attempts, rung.accepted) = counts;
        }
        Ok(())
    }
}

fn word(leg: Leg) -> &'static str {
    match leg {
        Leg::Before => "before",
        Leg::Up => "up",
        Leg::Down => "down",
    }
}

fn leg(word: &str) -> Option<Leg> {
    let legs = [Leg::Before, Leg::Up, Leg::Down];
    legs.into_iter().find(|leg| self::word(*leg) == word)
}

/// The observables by the names under which they are kept.
const OBSERVABLES: [&str; 3] = ["energies", "magnetisations", "overlaps"];

impl Series {
    fn all(&self) -> [&Vec<f64>; 3] {
        [&self.energy, &self.magnetisation, &self.overlap]
    }

    fn all_mut(&mut self) -> [&mut Vec<f64>; 3] {
        [&mut self.energy, &mut self.magnetisation, &mut self.overlap]
    }
}

impl Resumable for Standing {
    fn done(&self) -> u64 {
        self.blocks
    }

    fn put(&self, shelf: &mut Shelf<'_>) {
        shelf.list("blocks", vec![self.blocks]);
        shelf.bits("betas", &self.betas);
        for (set, place) in self.sets.iter().zip(["first", "second"]) {
            set.put(shelf, place);
        }
        for (k, name) in OBSERVABLES.into_iter().enumerate() {
            let values = self.series.iter().flat_map(|series| series.all()[k]);
            shelf.bits(name, &values.copied().collect::<Vec<f64>>());
        }
    }

    fn take(&mut self, shelf: &mut Shelf<'_>) -> Result<(), KeepError> {
        [self.blocks] = shelf.take_counts("blocks")?;
        self.betas = shelf.take_bits("betas")?;
        for (set, place) in self.sets.iter_mut().zip(["first", "second"]) {
            set.take(shelf, place)?;
        }
        let rungs = self.series.len();
        if self.betas.len() != rungs {
            return Err(shelf.damaged("its temperatures do not fit its replicas"));
        }
        for (k, name) in OBSERVABLES.into_iter().enumerate() {
            let values = shelf.take_bits(name)?;
            if !values.len().is_multiple_of(rungs) {
                return Err(shelf.damaged(format_args!("`{name}` are not as many at all temperatures")));
            }
            let rounds = (values.len() / rungs).max(1);
            for (series, values) in self.series.iter_mut().zip(values.chunks(rounds)) {
                values.clone_into(series.all_mut()[k]);
            }
        }
        Ok(())
    }
}
