use gibbs::diffusion::folder::*;
use std::path::Path;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let c = Checkpoint::load(Path::new(&args[1]), LoadOptions::default());
    match c {
        Err(e) => println!("ERR {} {e}", e.code()),
        Ok(c) => {
            println!("{:?} {:?} {} tensors", c.config, c.scheduler, c.tensors.len());
            if let Some(out) = args.get(2) {
                save(Path::new(out), &c.config, c.scheduler.as_ref(), &c.tensors).unwrap();
            }
        }
    }
    if args.len() > 3 {
        let c = UnetConfig::read(Path::new(&args[3])).unwrap();
        for (n, s) in expected_tensors(&c) {
            println!("KEY {n} {s:?}");
        }
    }
}
