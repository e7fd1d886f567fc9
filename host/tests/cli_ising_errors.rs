//! Bad input to `gibbs ising`: refused with exit code 2, a message that names the file, the line and what to do;
//! with `--json` the object `gibbs.error/1` as well; nothing is written.

#[path = "support/cli.rs"]
mod cli;

use cli::{Place, err, out};

#[test]
fn malformed_files_name_the_line() {
    let place = Place::new();
    for (content, line, kind, words) in [
        ("i,j,value\n0,1,NaN\n", Some(2), "non_finite", "not finite"),
        ("0,1,1\n1,2,inf\n", Some(2), "non_finite", "not finite"),
        ("0,1,1\n1,0,2\n", Some(2), "asymmetric", "must be symmetric"),
        (
            "0,1,1\n2,2,1\n0,1,1\n",
            Some(3),
            "repeated_pair",
            "already on line 1",
        ),
        (
            "0,0,1\n0,0,1\n",
            Some(2),
            "repeated_pair",
            "is the field of spin i",
        ),
        ("0,1,1\n1,2\n", Some(2), "ragged_row", "2 cells, expected 3"),
        ("0 1 1\n1 2 3 4\n", Some(2), "ragged_row", "4 cells, expected 3"),
        ("0,1,1\n1,-2,1\n", Some(2), "bad_index", "negative"),
        ("0,1,1\n1,2.5,1\n", Some(2), "bad_index", "whole number"),
        ("0,1,1\n1,b,1\n", Some(2), "bad_index", "no number"),
        ("0,1,1\n1,2,b\n", Some(2), "not_a_number", "no number"),
        ("0,1,1\n1,4000000000,1\n", Some(2), "too_many_spins", "too large"),
        (
            "0,1,1\n1,40000000,1\n",
            Some(2),
            "too_many_spins",
            "--spins 40000001",
        ),
        ("", None, "empty_file", "N = 0"),
        ("i,j,value\n", None, "empty_file", "N = 0"),
        (
            "0,1,1e308\n1,2,1e308\n",
            None,
            "overflow",
            "beyond the range of f64",
        ),
    ] {
        place.write("couplings.csv", content);
        for verb in ["anneal", "temper", "exact --beta 1"] {
            let call = format!("ising {verb} couplings.csv --out out");
            let refusal = place.refused(&call, &format!("{words} & couplings.csv"));
            assert_eq!(refusal["file"], "couplings.csv", "{refusal}");
            assert_eq!(refusal["kind"], kind, "{refusal}");
            assert_eq!(refusal["line"].as_u64(), line, "{refusal}");
        }
    }
}

#[test]
fn files_that_are_not_there_or_no_text() {
    let place = Place::new();
    let absent = place.refused("ising anneal absent.csv", "no such file");
    assert_eq!(absent["kind"], "file_not_found");
    let folder = place.refused("ising anneal unet", "is a directory");
    assert_eq!(folder["kind"], "is_directory");
    place.write("binary", b"0,1,1\n\xff\xfe\n");
    let binary = place.refused("ising exact binary --beta 1", "line 2 & not UTF-8");
    assert_eq!(binary["line"], 2);
}

#[test] // R6 among them: the product of the arguments, refused before anything is taken
fn options_out_of_range() {
    let place = Place::new();
    place.write("c.csv", "0,1,1\n1,2,-1\n");
    place.write("s.csv", "spin,s\n0,1\n");
    place.write("t.csv", "read,energy\n0,1\n");
    place.write("tiny.csv", "0,1,1e-310\n1,2,-3e-310\n");
    place.refusals(
        "ising",
        "
        anneal c.csv --beta-range 3,1 => the smaller (hot) comes first
        anneal c.csv --beta-range 0,1 => above 0
        anneal c.csv --beta-range 1 => such as 0.1,5
        anneal c.csv --target nan => a number was expected
        anneal c.csv --reads 0 => --reads
        anneal c.csv --sweeps 0 => --sweeps
        anneal c.csv --method sb-ballistic --rule heat-bath => simulated annealing & hint
        anneal c.csv --resume => --out
        anneal c.csv --reads 10000000 --spins 67108864 => needs & are free
        anneal c.csv --stop-at-target => --target
        anneal c.csv --time-limit -1 => a number of seconds above 0
        anneal tiny.csv => so small & hint
        temper tiny.csv => so small & hint
        anneal c.csv --start t.csv => no states such as `spin,s`
        anneal c.csv --start absent => no such file
        anneal c.csv --time-limit 0 => a number of seconds above 0
        anneal c.csv --time-limit nan => a number of seconds above 0
        anneal c.csv --best 0 => --best
        anneal c.csv --states => --out
        anneal c.csv --start s.csv => states of 1 spins & the problem has 3
        anneal c.csv --start absent.csv => no such file
        anneal c.csv --method sb-discrete --start s.csv => simulated annealing & hint
        anneal c.csv --spins 2 => line 2 & index 2 is not below --spins 2
        anneal c.csv --spins 0 => --spins
        temper c.csv --betas 1 => at least two
        temper c.csv --betas 2,1 => do not fall
        temper c.csv --ladder 1,2 => 2 to 10000
        temper c.csv --ladder 2,1,4 => rising
        temper c.csv --ladder 1,2,1 => 2 to 10000
        temper c.csv --spins 67108864 --ladder 0.1,1,10000 => needs & are free
        temper c.csv --sweeps 200000000000000 => needs & are free
        exact c.csv => --beta
        exact c.csv --beta inf => a number was expected
        exact c.csv --beta 1 --spins 25 => 25 spins are too many & hint
        ",
    );
}

#[test] // what is assumed is said, on standard error and only there
fn notes_are_said_unless_quiet() {
    let place = Place::new();
    place.write("couplings.coo", "# vartype=SPIN\n1 2 1\n");
    let output = place.call("ising exact couplings.coo --beta 1");
    let told = err(&output);
    assert!(
        told.contains("E = + Σ J s s") && told.contains("spin 0"),
        "{told}"
    );
    assert!(!out(&output).contains("note"));
    let output = place.call("ising exact couplings.coo --beta 1 --quiet");
    assert!(output.status.success() && output.stderr.is_empty());
}
