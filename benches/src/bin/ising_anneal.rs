//! Simulated annealing of two drawn ±1 problems, whole sweeps (as of the first version) beside the default, interleaved.
//!
//! `ising_anneal READS ROUNDS` prints one JSON line `{"problem", "rule", "seconds", "mean", "error"}` per problem and rule: the median over
//! rounds of the seconds of READS reads of 1000 sweeps on one thread, and the mean best energy of all reads with its
//! error. The problems, from `stream(7, "benches/ising-anneal", k)`: k = 0, the complete graph of 2000 spins; k = 1, 15,000 edges
//! among 5000 spins, drawn until all differ. Couplings are -1 or +1.

use gibbs::ising::anneal::{BLOCK, Method, Options, SpinRule, anneal};
use gibbs::ising::{Kind, Problem};
use gibbs::work::Work;
use gibbs_core::random::{below, stream};
use rand_core::Rng;
use serde_json::json;
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

/// Edges with drawn signs, as a problem file.
fn text(edges: impl IntoIterator<Item = (u32, u32)>, rng: &mut impl Rng) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    for (i, j) in edges {
        let sign = if rng.next_u64() >> 63 == 1 { 1 } else { -1 };
        writeln!(text, "{i},{j},{sign}")?;
    }
    Ok(text)
}

fn complete() -> Result<String, std::fmt::Error> {
    let mut rng = stream(7, "benches/ising-anneal", 0);
    text(
        (0..2000).flat_map(|i| (i + 1..2000).map(move |j| (i, j))),
        &mut rng,
    )
}

fn sparse() -> Result<String, std::fmt::Error> {
    let mut rng = stream(7, "benches/ising-anneal", 1);
    let mut edges = BTreeSet::new();
    while edges.len() < 15_000 {
        let (i, j) = (below(&mut rng, 5000), below(&mut rng, 5000));
        if i != j {
            edges.insert((i.min(j), i.max(j)));
        }
    }
    text(edges, &mut rng)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, reads, rounds] = arguments.as_slice() else {
        return Err("usage: ising_anneal READS ROUNDS".into());
    };
    let (reads, rounds): (usize, u64) = (reads.parse()?, rounds.parse()?);
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global()?;
    let rules = [
        ("whole", SpinRule::MetropolisWhole),
        ("default", SpinRule::Metropolis),
    ];
    for (name, text) in [
        ("complete, 2000 spins", complete()?),
        ("5000 spins, 15000 edges", sparse()?),
    ] {
        let problem = Problem::parse(Path::new("drawn.csv"), text.as_bytes(), Kind::Ising, None)?;
        let mut found = [(); 2].map(|()| (Vec::new(), Vec::new()));
        for round in 0..rounds {
            for ((_, rule), (seconds, energies)) in rules.iter().zip(&mut found) {
                let options = Options {
                    reads,
                    sweeps: 1000,
                    method: Method::Annealing {
                        rule: *rule,
                        range: None,
                    },
                    seed: round,
                    block: BLOCK,
                };
                let start = Instant::now();
                let annealed = anneal(&problem, &options, &Work::plain())?;
                seconds.push(start.elapsed().as_secs_f64());
                energies.extend(annealed.reads.iter().map(|read| read.energy.nearest()));
            }
        }
        for ((rule, _), (mut seconds, energies)) in rules.into_iter().zip(found) {
            seconds.sort_by(f64::total_cmp);
            let count = energies.len() as f64;
            let mean = energies.iter().sum::<f64>() / count;
            let squares: f64 = energies.iter().map(|e| (e - mean).powi(2)).sum();
            println!(
                "{}",
                json!({
                    "problem": name,
                    "rule": rule,
                    "seconds": seconds[seconds.len() / 2],
                    "mean": mean,
                    "error": (squares / (count - 1.0) / count).sqrt(),
                })
            );
        }
    }
    Ok(())
}
