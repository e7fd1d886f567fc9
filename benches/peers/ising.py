#!/usr/bin/env python3
"""Lattice sampling beside the peers on one core, in the same run.

Needs  python3 with  numpy==2.4.6 dwave-samplers==1.8.0 mcising==1.1.0
and    cargo build --release -p gibbs-benches --bin ising_flips

    python3 benches/peers/ising.py
    python3 benches/peers/ising.py --rounds 5 --write    # the book's table

The square lattice with periodic sides, J = 1, h = 0, single-spin Metropolis at one temperature (T = 2.5, where 64 x 64
sites forget their past in a few tens of sweeps, so that energies can be compared). In each round every sampler runs once,
one after the other, so that a change in the load of the machine meets all alike; the table has medians over rounds, and
the median of the ratio to our default mode within a round. One thread everywhere. Beside each time stands what was
sampled: the mean energy per site, its error, and its distance from Kaufman's exact value in errors.

Differences that favour one side or the other:
  * Peers pay some microseconds of Python per call; calls take tens of milliseconds or more.
  * D-Wave's sampler is made for annealing any graph: it is run at one fixed beta, from random states, its time
    includes the making of its adjacency lists and of the sample set; only its last states can be measured, which on
    1024 x 1024 sites are not yet in equilibrium.
  * mcising is called with many sweeps at once; energies are taken from its spins, outside its time.
  * Ours has the lattice in bits, and is timed without observables, as is the scalar mode of a microcontroller.
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[variable] = "1"  # before numpy starts its threads

import dimod  # noqa: E402
import numpy as np  # noqa: E402
from book import write_table  # noqa: E402
from dwave.samplers import SimulatedAnnealingSampler  # noqa: E402
from mcising import IsingSimulation  # noqa: E402

VERSIONS = {"numpy": "2.4.6", "dwave-samplers": "1.8.0", "mcising": "1.1.0"}
ROOT = pathlib.Path(__file__).resolve().parents[2]
TEMPERATURE = 2.5
EXACT = {64: -1.1060830}  # Kaufman's energy per site at T = 2.5 (the oracle of the library)
REPORTED = ("method", "instructions", "bits")


def ours(binary, side, seed, sweeps, blocks):
    command = [binary, str(side), str(sweeps), str(blocks), str(TEMPERATURE), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def line(name, side, updates, seconds, energies):
    mean = statistics.fmean(energies)
    error = statistics.stdev(energies) / math.sqrt(len(energies))
    z = (mean - EXACT[side]) / error if side in EXACT else None
    speed = updates / (seconds * 1e9)
    return {"method": name, "instructions": "", "bits": "", "side": side, "flips_per_ns": speed, "energy": mean, "error": error, "z": z}


def mcising(side, seed, sweeps, blocks):
    simulation = IsingSimulation(side, 1.0, 0.0, 0.0, 0.0, seed, "metropolis", "square")
    simulation.sweep(10 * sweeps, temperature=TEMPERATURE)
    seconds, energies = 0.0, []
    for _ in range(blocks):
        start = time.perf_counter()
        simulation.sweep(sweeps, temperature=TEMPERATURE)
        seconds += time.perf_counter() - start
        energies.append(energy(np.asarray(simulation.get_spins()).reshape(side, side)))
    return line("mcising", side, blocks * sweeps * side * side, seconds, energies)


def energy(spins):
    spins = spins.astype(np.int64)
    bonds = spins * np.roll(spins, 1, axis=0) + spins * np.roll(spins, 1, axis=1)
    return -float(bonds.sum()) / spins.size


def dwave(side, seed, sweeps, reads):
    # E = + sum J s s in D-Wave's packages: J = -1 is the ferromagnet.
    bonds = {}
    for y in range(side):
        for x in range(side):
            site = y * side + x
            bonds[(site, y * side + (x + 1) % side)] = -1.0
            bonds[(site, (y + 1) % side * side + x)] = -1.0
    model = dimod.BinaryQuadraticModel({}, bonds, 0.0, "SPIN")
    schedule = np.full(sweeps, 1.0 / TEMPERATURE)
    start = time.perf_counter()
    found = SimulatedAnnealingSampler().sample(
        model, num_reads=reads, beta_schedule_type="custom", beta_schedule=schedule, num_sweeps_per_beta=1, seed=seed
    )
    energies = [float(e) / (side * side) for e in found.record.energy]
    seconds = time.perf_counter() - start
    return line("D-Wave SA sampler", side, reads * sweeps * side * side, seconds, energies)


def key(row):
    return tuple(row[field] for field in REPORTED) + (row["side"],)


def table(rounds):
    """Medians over rounds; the ratio is to the peer's line of the same round and side."""
    groups = {}
    for rows in rounds:
        units = {row["side"]: row["flips_per_ns"] for row in rows if is_default(row)}
        for row in rows:
            groups.setdefault(key(row), []).append((row, units[row["side"]] / row["flips_per_ns"]))
    for group in groups.values():
        rows = [row for row, _ in group]
        worst = max((abs(row["z"]) for row in rows if row["z"] is not None), default=None)
        yield {
            **{field: rows[0][field] for field in (*REPORTED, "side")},
            "flips_per_ns": statistics.median(row["flips_per_ns"] for row in rows),
            "slower_by": statistics.median(ratio for _, ratio in group),
            "energy": statistics.fmean(row["energy"] for row in rows),
            "error": statistics.fmean(row["error"] for row in rows) / math.sqrt(len(rows)),
            "worst_z": worst,
        }


def is_default(row):
    """Our default mode: 64 bits, the best instructions of the machine (they come first)."""
    return row["method"] == "metropolis" and row["bits"] == "64" and row.get("best", False)


def mark_best(rows):
    best = next(row["instructions"] for row in rows)
    for row in rows:
        row["best"] = row["instructions"] == best
    return rows


def markdown(summary, rounds):
    lines = [
        "| lattice | sampler | instructions | bits | flips/ns | default mode is faster by | energy per site | worst abs(z) |",
        "|---|---|---|---:|---:|---:|---:|---:|",
    ]
    for r in sorted(summary, key=lambda r: r["side"]):
        name = r["method"] if r["bits"] == "" else f"gibbs, {r['method']}"
        z = "" if r["worst_z"] is None else f"{r['worst_z']:.1f}"
        lines.append(
            f"| {r['side']}² | {name} | {r['instructions']} | {r['bits']} | {r['flips_per_ns']:.3g} "
            f"| {r['slower_by']:.3g} | {r['energy']:.5f} ± {r['error']:.5f} | {z} |"
        )
    peers = ", ".join(f"{package} {version}" for package, version in VERSIONS.items())
    lines += ["", f"T = {TEMPERATURE}, medians of {rounds} rounds of one run on one machine, one thread; {peers}."]
    return "\n".join(lines) + "\n"


def check_versions():
    from importlib.metadata import version

    for package, wanted in VERSIONS.items():
        found = version(package)
        if found != wanted:
            print(f"note: {package} {found}, the published table used {wanted}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of all samplers")
    parser.add_argument("--binary", default=str(ROOT / "target/release/ising_flips"), help="the built ising_flips")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object: the table and every round")
    form.add_argument("--write", action="store_true", help="the table in Markdown, into the book")
    options = parser.parse_args()
    if not pathlib.Path(options.binary).is_file():
        parser.error("no ising_flips\nhint: cargo build --release -p gibbs-benches --bin ising_flips")
    check_versions()
    rounds = []
    for number in range(options.rounds):
        rows = mark_best(ours(options.binary, 64, number, 2000, 50)) + mark_best(ours(options.binary, 1024, number, 200, 20))
        rows.append(mcising(64, number, 200, 60))
        rows.append(dwave(64, number, 500, 60))
        rows.append(mcising(1024, number, 5, 4))
        rows.append(dwave(1024, number, 20, 2))
        rounds.append(rows)
        print(f"round {number + 1} of {options.rounds} done", file=sys.stderr)
    summary = list(table(rounds))
    if options.json:
        print(json.dumps({"schema": "gibbs.peers.ising/1", "versions": VERSIONS, "table": summary, "rounds": rounds}))
        return
    text = markdown(summary, options.rounds)
    print(text, end="")
    if options.write:
        write_table("ising-peers", text)


if __name__ == "__main__":
    main()
