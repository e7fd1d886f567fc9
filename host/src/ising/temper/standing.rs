//! What parallel tempering keeps between blocks.

use super::SolveError;
use crate::ising::kept::{put_spins, take_spins};
use crate::keep::{KeepError, Resumable, Shelf};
use gibbs_core::ising::temper::{Leg, Replica, Rung, Tempering};
use gibbs_core::ising::{Model, State, Weight};
use gibbs_core::random::stream;

/// What was recorded at one temperature, once a round.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Series {
    /// Energies in the unit of the weights.
    pub(super) energy: Vec<f64>,
}

/// R replicas of N spins, their places, the best states they have seen, and what was recorded so far.
pub(super) struct Standing {
    pub(super) blocks: u64,
    pub(super) spins: Vec<Vec<i8>>,
    pub(super) best: Vec<Vec<i8>>,
    pub(super) replicas: Vec<Replica>,
    pub(super) rungs: Vec<Rung>,
    pub(super) odd: bool,
    /// One for each temperature, from hot to cold.
    pub(super) series: Vec<Series>,
}

impl Standing {
    /// Random spins, replica r at temperature r.
    pub(super) fn new<M: Model>(model: &M, rungs: usize, seed: u64) -> Result<Self, SolveError> {
        let n = model.spins();
        let mut spins = vec![vec![1_i8; n]; rungs];
        let mut fields = vec![M::Weight::ZERO; n];
        for (index, spins) in spins.iter_mut().enumerate() {
            let mut rng = stream(seed, "ising.temper.start", index as u64);
            State::new(model, spins, &mut fields)?.randomise(model, &mut rng);
        }
        let (mut replicas, mut rungs) = (vec![Replica::default(); rungs], vec![Rung::default(); rungs]);
        Tempering::new(&mut replicas, &mut rungs)?;
        Ok(Self {
            blocks: 0,
            series: vec![Series::default(); rungs.len()],
            best: spins.clone(),
            spins,
            replicas,
            rungs,
            odd: false,
        })
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
    [Leg::Before, Leg::Up, Leg::Down]
        .into_iter()
        .find(|leg| self::word(*leg) == word)
}

impl Resumable for Standing {
    fn done(&self) -> u64 {
        self.blocks
    }

    fn put(&self, shelf: &mut Shelf<'_>) {
        shelf.list("blocks", vec![self.blocks]);
        shelf.text("odd", self.odd);
        put_spins(shelf, "spins", self.spins.iter().map(Vec::as_slice));
        put_spins(shelf, "best", self.best.iter().map(Vec::as_slice));
        let legs: Vec<&str> = self.replicas.iter().map(|replica| word(replica.leg)).collect();
        shelf.text("legs", legs.join(" "));
        shelf.list(
            "round trips",
            self.replicas.iter().map(|replica| replica.round_trips).collect(),
        );
        shelf.list(
            "replicas",
            self.rungs.iter().map(|rung| u64::from(rung.replica)).collect(),
        );
        shelf.list("attempts", self.rungs.iter().map(|rung| rung.attempts).collect());
        shelf.list("accepted", self.rungs.iter().map(|rung| rung.accepted).collect());
        let energies: Vec<f64> = self
            .series
            .iter()
            .flat_map(|series| &series.energy)
            .copied()
            .collect();
        shelf.bits("energies", &energies);
    }

    fn take(&mut self, shelf: &mut Shelf<'_>) -> Result<(), KeepError> {
        let (rungs, n) = (self.spins.len(), self.spins.first().map_or(0, Vec::len));
        [self.blocks] = shelf.take_counts("blocks")?;
        self.odd = shelf.take_text("odd", |text| text.parse().ok())?;
        self.spins = take_spins(shelf, "spins", rungs, n)?;
        self.best = take_spins(shelf, "best", rungs, n)?;
        let legs: Vec<Leg> = shelf.take_text("legs", |text| text.split(' ').map(leg).collect())?;
        let trips = shelf.take::<u64>("round trips", &[rungs])?;
        let (places, attempts) = (
            shelf.take::<u64>("replicas", &[rungs])?,
            shelf.take::<u64>("attempts", &[rungs])?,
        );
        let accepted = shelf.take::<u64>("accepted", &[rungs])?;
        let energies = shelf.take_bits("energies")?;
        if legs.len() != rungs || !energies.len().is_multiple_of(rungs) {
            return Err(shelf.damaged("its replicas do not fit together"));
        }
        for (replica, (leg, round_trips)) in self.replicas.iter_mut().zip(legs.into_iter().zip(trips)) {
            (replica.leg, replica.round_trips) = (leg, round_trips);
        }
        for (at, (rung, place)) in self.rungs.iter_mut().zip(places).enumerate() {
            let replica = usize::try_from(place)
                .ok()
                .and_then(|place| self.replicas.get_mut(place));
            let Some(replica) = replica else {
                return Err(shelf.damaged("it places a replica that is not there"));
            };
            (replica.rung, rung.replica) = (at as u32, place as u32);
        }
        for (rung, (attempts, accepted)) in self.rungs.iter_mut().zip(attempts.into_iter().zip(accepted)) {
            (rung.attempts, rung.accepted) = (attempts, accepted);
        }
        let rounds = (energies.len() / rungs.max(1)).max(1);
        self.series = vec![Series::default(); rungs];
        for (series, energies) in self.series.iter_mut().zip(energies.chunks(rounds)) {
            energies.clone_into(&mut series.energy);
        }
        Ok(())
    }
}
