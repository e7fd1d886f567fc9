//! `gibbs ising sample | anneal | temper | exact | verify`: Ising models on the command line.
//!
//! One file per verb. `reading`: the problem file that the verbs share; `writing`: states and intervals.

mod anneal;
mod exact;
mod reading;
mod sample;
mod temper;
mod verify;
mod writing;

use super::error::CliError;
use super::{Common, Status};
use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Problem files:
  edge list   one entry a line, `i,j,value` (CSV) or `i j value`, spins numbered from 0, # starts a comment
              E(s) = - sum over pairs of J_ij s_i s_j - sum of h_i s_i,  s = -1 or +1;  a line i,i,value is the field h_i
  rudy        the G-set: a first line `n m`, then m lines `i j value` (or `i j`), vertices numbered from 1
  .qubo       lines `c …`, `p qubo 0 maxNodes nNodes nCouplers`, then nodes `i i value` and couplers `i j value`
  BQM JSON    json.dumps(bqm.to_serializable()) of dimod
  --qubo      E(x) = sum of Q_ij x_i x_j,  x = 0 or 1, minimised; entries add
  --max-cut   E(s) = - the weight of the edges between the two sides: the energy is minus the cut, the lowest is the
              largest cut
dimod's COO says `# vartype=BINARY` (read as a QUBO) or `# vartype=SPIN`; `# offset=42` is added to every energy. dimod's
spin models have the opposite sign, E = + J s s + h s: with SPIN, and in JSON, their biases are turned, so that every
energy is dimod's. An edge list without these words is read as it stands: change the sign of all values if they are dimod's.

Examples:
  gibbs ising sample --size 64 --temperature 2.27      the square lattice: energy, magnetisation, errors
  gibbs ising anneal couplings.csv                     the best state that many reads find
  gibbs ising anneal qubo.csv --qubo --out best        the same of a QUBO; state and energies as files
  gibbs ising temper couplings.csv                     energies at many temperatures, the best state
  gibbs ising exact couplings.csv --beta 0.25          ln Z, means and ground states by enumeration
  gibbs ising verify                                   prove all of it on this machine";

/// Arguments of `gibbs ising`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Sample the square lattice: observables with errors, configurations, pictures
    Sample(sample::Arguments),
    /// Look for the ground state by many independent reads
    Anneal(anneal::Arguments),
    /// Sample at many temperatures at once by parallel tempering
    Temper(temper::Arguments),
    /// Sum over all configurations of up to 24 spins
    Exact(exact::Arguments),
    /// Check samplers and oracles against each other on this machine
    Verify(verify::Arguments),
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    match &arguments.verb {
        Verb::Sample(arguments) => sample::run(arguments, common),
        Verb::Anneal(arguments) => anneal::run(arguments, common),
        Verb::Temper(arguments) => temper::run(arguments, common),
        Verb::Exact(arguments) => exact::run(arguments, common),
        Verb::Verify(arguments) => verify::run(arguments, common),
    }
}
