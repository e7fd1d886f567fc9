//! d
use gibbs::garrote::{search::*, synth::*, trail::*, *};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let g: f64 = a[4].parse().unwrap();
    for seed in a[2].parse::<u64>().unwrap()..a[3].parse().unwrap() {
        let d = Protocol::parse(&a[1]).unwrap().draw(seed);
        let truth: Vec<usize> = d
            .weights
            .iter()
            .enumerate()
            .filter(|(_, w)| **w != 0.0)
            .map(|x| x.0)
            .collect();
        let names = (0..d.train.columns()).map(|i| format!("x{i}")).collect();
        let design = Design::new(names, "y", d.train.x.clone(), d.train.y.clone()).unwrap();
        let t0 = std::time::Instant::now();
        let grid = default_grid(&design, 50).unwrap();
        let trail = trace_design(
            &design,
            &grid,
            gibbs_core::garrote::Options {
                tolerance: std::env::var("TOL").map_or(1e-6, |t| t.parse().unwrap()),
                ..Default::default()
            },
            false,
        )
        .unwrap();
        let t1 = std::time::Instant::now();
        let sweeps: u32 = trail
            .forward
            .iter()
            .chain(&trail.backward)
            .flatten()
            .map(|s| s.sweeps)
            .sum();
        if a.len() > 5 {
            for (k, g) in trail.grid.iter().enumerate() {
                if let Some(f) = &trail.forward[k] {
                    println!(
                        "{k} {g:.2} fwd {:.2} {} {:?} bwd {:?}",
                        f.total_inclusion,
                        f.sweeps,
                        f.status,
                        trail.backward[k].map(|b| (
                            b.total_inclusion,
                            b.sweeps,
                            b.status,
                            b.free_energy - f.free_energy
                        ))
                    )
                }
            }
        }
        let starts: Vec<Vec<usize>> = {
            let mut s: Vec<Vec<usize>> = vec![];
            for k in &trail.kept {
                let x = k.support();
                if !x.is_empty() && 2 * x.len() < design.rows() && !s.contains(&x) {
                    s.push(x)
                }
            }
            s
        };
        let cs = corners(&design, &design.correlation(), &starts, g);
        let t2 = std::time::Instant::now();
        let best = best_corner(&design, &cs, g).unwrap();
        let rss = {
            let r = gibbs::garrote::fit::refit(&design, &truth);
            let mut y = design.y.clone();
            for (i, u) in r {
                for (y, x) in y.iter_mut().zip(design.column(i)) {
                    *y -= u * x
                }
            }
            y.iter().map(|v| v * v).sum::<f64>() / design.rows() as f64
        };
        let t = Corner {
            support: truth.clone(),
            rss,
        };
        let f = fit(
            &design,
            &FitOptions {
                rule: Rule::Ebic(g),
                ..Default::default()
            },
        )
        .unwrap();
        let hit = |s: &[usize]| s.iter().filter(|i| truth.contains(i)).count();
        println!(
            "{seed} truth {:.2} best {:.2} k {} hit {} | relaxed k {} hit {} | ending {:?} kept {} sweeps {sweeps} path {:?} search {:?} starts {} corners {} | status {:?} {}",
            t.criterion(&design, g),
            best.criterion(&design, g),
            best.support.len(),
            hit(&best.support),
            f.support().len(),
            hit(&f.support()),
            trail.ending,
            trail.kept.len(),
            t1 - t0,
            t2 - t1,
            starts.len(),
            cs.len(),
            f.solution.status,
            f.solution.sweeps
        );
    }
}
