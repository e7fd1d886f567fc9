//! A run: the chain, how far it is, and what was recorded.

use super::chain::Chain;
use super::picture::packed_rows;
use super::wave::Wave;
use super::{Plan, SampleError};
use crate::ising::lattice::Observation;
use crate::work::{Stopped, Work};

/// Attempted updates of a step, about: the work can be stopped between two.
const PIECE: u64 = 1 << 26;

/// What a run has measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Energies in units of |J|, one per measurement.
    pub energies: Vec<i64>,
    /// Sums of the spins of each colour of the checkerboard, one pair per measurement.
    pub magnetizations: Vec<[i64; 2]>,
    /// Power of the longest wave along the columns (`wave.rs`), one per measurement; empty where the plan has no waves.
    pub waves: Vec<f64>,
    /// Kept configurations, one after another, as packed rows.
    pub configurations: Vec<u8>,
}

/// A chain, how far it is, and what it recorded.
pub struct Run {
    pub(super) plan: Plan,
    pub(super) chain: Chain,
    /// Sweeps done, burn-in included.
    pub(super) done: u64,
    pub(super) record: Record,
    wave: Option<Wave>,
}

impl Run {
    /// A run at its first configuration.
    ///
    /// # Errors
    /// [`SampleError`].
    pub fn new(plan: Plan) -> Result<Self, SampleError> {
        if plan.every == 0 {
            return Err(SampleError::Plan("a measurement every 0 sweeps".to_owned()));
        }
        Ok(Self {
            chain: Chain::new(&plan)?,
            wave: plan.waves.then(|| Wave::new(plan.width, plan.height)),
            plan,
            done: 0,
            record: Record::default(),
        })
    }

    /// The plan of the run.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Sweeps done, burn-in included.
    pub fn done(&self) -> u64 {
        self.done
    }

    /// What was measured so far.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Whether all measurements are made.
    pub fn finished(&self) -> bool {
        self.record.energies.len() as u64 >= self.plan.measurements()
    }

    /// What was measured, without the chain.
    pub fn into_record(self) -> Record {
        self.record
    }

    /// Goes on to the end, from where it was kept; `measured` is called after each measurement.
    ///
    /// # Errors
    /// As [`Self::step`]; what `measured` returns.
    pub fn finish<E: From<SampleError> + From<Stopped>>(
        &mut self,
        work: &Work<'_>,
        mut measured: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        let plan = self.plan;
        let total = plan.burn_in + plan.measurements() * plan.every;
        let most = (PIECE / plan.sites()).max(1);
        work.advance("sampling, sweeps", total, self, |run| {
            if run.step(most, work)? {
                measured(run)?;
            }
            Ok(())
        })
    }

    /// Goes on, by at most `most` sweeps, to the next measurement or the end of the burn-in, whichever is first.
    /// Returns whether a measurement was made. A finished run stays as it is.
    ///
    /// # Errors
    /// [`SampleError`]; of them `Stopped` leaves the run after its last whole sweep.
    pub fn step(&mut self, most: u64, work: &Work<'_>) -> Result<bool, SampleError> {
        if self.finished() {
            return Ok(false);
        }
        let measured = self.record.energies.len() as u64;
        let next = self.plan.burn_in + (measured + 1) * self.plan.every;
        let target = if self.done < self.plan.burn_in {
            self.plan.burn_in
        } else {
            next
        };
        let sweeps = (target - self.done).min(most.max(1));
        let measures = self.done + sweeps == next;
        let plain = sweeps - u64::from(measures);
        let burn_in = self.done < self.plan.burn_in;
        let made = self.chain.advance(&self.plan, plain, burn_in, work)?;
        self.done += made;
        if made < plain {
            return Err(Stopped::INSIDE.into());
        }
        if !measures {
            return Ok(false);
        }
        let Some(Observation {
            energy,
            magnetizations,
        }) = self.chain.sweep_observed(&self.plan, work)?
        else {
            return Err(Stopped::INSIDE.into());
        };
        self.done += 1;
        if let Some(wave) = &self.wave {
            self.record.waves.push(self.chain.power(&self.plan, wave));
        }
        self.record.energies.push(energy);
        self.record.magnetizations.push(magnetizations);
        if (measured + 1).checked_rem(self.plan.keep_every) == Some(0) {
            let packed = self.packed()?;
            self.record.configurations.extend(packed);
        }
        Ok(true)
    }

    /// The configuration as packed rows.
    ///
    /// # Errors
    /// [`SampleError`].
    pub fn packed(&mut self) -> Result<Vec<u8>, SampleError> {
        let mut bytes = Vec::new();
        let width = self.plan.width;
        self.chain
            .rows(&self.plan, |row| bytes.extend(packed_rows(row, width)))?;
        Ok(bytes)
    }

    /// Whether the record is as long as the sweeps say.
    pub(super) fn is_consistent(&self) -> bool {
        let plan = &self.plan;
        let measured = self.record.energies.len() as u64;
        let kept = measured.checked_div(plan.keep_every).unwrap_or(0);
        let row = plan.width.div_ceil(8) as u64;
        let at = |measured: u64| plan.burn_in + measured * plan.every;
        measured <= plan.measurements()
            && self.record.magnetizations.len() as u64 == measured
            && self.record.waves.len() as u64 == if plan.waves { measured } else { 0 }
            && self.record.configurations.len() as u64 == kept * row * plan.height as u64
            && (measured == 0 || at(measured) <= self.done)
            && self.done < at(measured + 1)
    }
}
