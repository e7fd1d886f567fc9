#!/usr/bin/env python3
"""The Variational Garrote beside its peers on the same draws, in the same run.

Needs  python3 with  numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 abess==0.4.11
and    cargo build --release -p gibbs-benches --bin garrote_draws

    python3 benches/peers/garrote.py --protocols B,B-large,A:5,C --draws 10
    python3 benches/peers/garrote.py --rules ebic,ebic:0.5 --draws 100 --write    # the book's table

Every draw is made once by this project (`garrote_draws` writes it as .npy and fits it), then each peer fits the same
arrays, one after the other, so that a change in the load of the machine meets all alike. One thread everywhere.
Seconds are medians over draws of the median over repeats, fit only (no start of a process, no reading, no prediction);
`path` is our path over gamma alone, without search, choice and final solution.
A variable counts as selected if |coefficient| > 1e-10. E_gen = sqrt(sum (yhat - y)^2 / sum y^2) on the test rows, predicted
by the peer itself. F1 of nothing selected where nothing is relevant is 1.

Differences that favour one side or the other:
  * abess tries support sizes 0 to 30, a bound that ours does not know; LassoCV and OMP-CV use 5 folds in row order;
    abess-CV uses the folds row number modulo 5. Everything else is the peer's default.
  * Peers pay a few tens of microseconds of Python per call.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[variable] = "1"  # before numpy starts its threads

import numpy as np  # noqa: E402
from abess.linear import LinearRegression  # noqa: E402
from book import write_table  # noqa: E402
from sklearn.exceptions import ConvergenceWarning  # noqa: E402
from sklearn.linear_model import LassoCV, OrthogonalMatchingPursuitCV  # noqa: E402

VERSIONS = {"numpy": "2.4.6", "scipy": "1.17.1", "scikit-learn": "1.9.1", "abess": "0.4.11"}
ROOT = pathlib.Path(__file__).resolve().parents[2]


def abess_ebic(x, y):
    return LinearRegression(ic_type="ebic", support_size=sizes(x)).fit(x, y)


def abess_cv(x, y):
    folds = np.arange(len(y)) % 5
    return LinearRegression(cv=5, support_size=sizes(x)).fit(x, y, cv_fold_id=folds)


def sizes(x):
    return range(0, min(30, x.shape[1], x.shape[0] - 2) + 1)


def lasso_cv(x, y):
    return LassoCV(cv=5).fit(x, y)


def omp_cv(x, y):
    return OrthogonalMatchingPursuitCV(cv=5).fit(x, y)


PEERS = {"abess-ebic": abess_ebic, "abess-cv": abess_cv, "lasso-cv": lasso_cv, "omp-cv": omp_cv}


def judge(fit, x_test, y_test, truth):
    selected, relevant = np.abs(np.ravel(fit.coef_)) > 1e-10, truth != 0
    tp, fp = int((selected & relevant).sum()), int((selected & ~relevant).sum())
    fn = int((~selected & relevant).sum())
    error = np.ravel(fit.predict(x_test)) - y_test
    return {
        "f1": 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 1.0,
        "tp": tp,
        "fp": fp,
        "fn": fn,
        "exact": fp == 0 and fn == 0,
        "e_gen": float(np.sqrt((error**2).sum() / (y_test**2).sum())),
    }


def timed(method, x, y, repeats):
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        fit = method(x, y)
        seconds.append(time.perf_counter() - start)
    return fit, statistics.median(seconds)


def one_draw(binary, protocol, seed, repeats, rules, peers):
    with tempfile.TemporaryDirectory() as folder:
        command = [binary, protocol, str(seed), folder, str(repeats), rules]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}: {done.stderr.strip()}")
        rows = [json.loads(line) for line in done.stdout.splitlines()]  # one per rule of ours
        names = ("x_train", "y_train", "x_test", "y_test", "weights")
        x, y, x_test, y_test, truth = (np.load(f"{folder}/{name}.npy") for name in names)
    for name in peers:
        fit, seconds = timed(PEERS[name], x, y, repeats)
        scores = judge(fit, x_test, y_test, truth)
        rows.append({"protocol": protocol, "seed": seed, "method": name, **scores, "seconds": seconds})
    return rows


def table(rows):
    """One line per protocol and method, in order of first appearance; the first method is the unit of time."""
    groups = {}
    for row in rows:
        groups.setdefault((row["protocol"], row["method"]), []).append(row)
    unit = {}
    for (protocol, method), group in groups.items():
        mean = {key: statistics.fmean(row[key] for row in group) for key in ("f1", "tp", "fp", "exact", "e_gen")}
        seconds = statistics.median(row["seconds"] for row in group)
        unit.setdefault(protocol, seconds)
        ratio = seconds / unit[protocol]
        row = {"protocol": protocol, "method": method, "draws": len(group), **mean, "seconds": seconds, "ratio": ratio}
        if "seconds_path" in group[0]:
            row["seconds_path"] = statistics.median(row["seconds_path"] for row in group)
        yield row


def markdown(summary, seed0):
    """The table for the book: accuracy and time side by side, times in units of our first rule as well."""
    lines = [
        "| protocol | method | F1 | TP | FP | exact | E_gen | fit, ms | path, ms | time ratio |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for r in summary:
        path = f"{1e3 * r['seconds_path']:.3g}" if "seconds_path" in r else ""
        lines.append(
            f"| {r['protocol']} | {r['method']} | {r['f1']:.3f} | {r['tp']:.2f} | {r['fp']:.2f} | {r['exact']:.2f} "
            f"| {r['e_gen']:.4f} | {1e3 * r['seconds']:.3g} | {path} | {r['ratio']:.3g} |"
        )
    draws = summary[0]["draws"]
    peers = ", ".join(f"{package} {version}" for package, version in VERSIONS.items())
    lines += ["", f"Seeds {seed0} to {seed0 + draws - 1} of each protocol, one run on one machine, one thread; {peers}."]
    return "\n".join(lines) + "\n"


def check_versions():
    from importlib.metadata import version

    for package, wanted in VERSIONS.items():
        found = version(package)
        if found != wanted:
            print(f"note: {package} {found}, the published table used {wanted}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--protocols", default="B,B-large,A:5,C", help="comma-separated names")
    parser.add_argument("--draws", type=int, default=10, help="draws per protocol")
    parser.add_argument("--seed0", type=int, default=0, help="first seed")
    parser.add_argument("--repeats", type=int, default=3, help="timed fits per draw and method")
    parser.add_argument("--rules", default="ebic", help="rules of ours, comma-separated: ebic, ebic:G, bic, cv, ...")
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated, of " + ", ".join(PEERS))
    parser.add_argument("--binary", default=str(ROOT / "target/release/garrote_draws"), help="the built garrote_draws")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object: the table and every draw")
    form.add_argument("--markdown", action="store_true", help="the table in Markdown")
    form.add_argument("--write", action="store_true", help="the table in Markdown, into the book")
    options = parser.parse_args()
    peers = [name for name in options.peers.split(",") if name]
    for name in peers:
        if name not in PEERS:
            parser.error(f"no peer {name!r}, there are {', '.join(PEERS)}")
    if not pathlib.Path(options.binary).is_file():
        parser.error("no garrote_draws\nhint: cargo build --release -p gibbs-benches --bin garrote_draws")
    check_versions()
    warnings.simplefilter("ignore", ConvergenceWarning)  # counted by nobody, frequent at the end of paths
    warnings.simplefilter("ignore", RuntimeWarning)  # OMP warns when it stops early

    rows = []
    for protocol in options.protocols.split(","):
        for seed in range(options.seed0, options.seed0 + options.draws):
            rows += one_draw(options.binary, protocol, seed, options.repeats, options.rules, peers)
        print(f"{protocol}: {options.draws} draws done", file=sys.stderr)
    summary = list(table(rows))
    if options.json:
        print(json.dumps({"schema": "gibbs.peers.garrote/1", "versions": VERSIONS, "table": summary, "draws": rows}))
        return
    if options.markdown or options.write:
        text = markdown(summary, options.seed0)
        print(text, end="")
        if options.write:
            write_table("garrote-peers", text)
        return
    print(f"{'protocol':10} {'method':14} {'draws':>5} {'F1':>6} {'TP':>6} {'FP':>6} {'exact':>6} {'E_gen':>6} {'seconds':>9} {'path':>9} {'ratio':>7}")
    for r in summary:
        path = f"{r['seconds_path']:9.5f}" if "seconds_path" in r else " " * 9
        print(
            f"{r['protocol']:10} {r['method']:14} {r['draws']:5d} {r['f1']:6.3f} {r['tp']:6.2f} {r['fp']:6.2f} "
            f"{r['exact']:6.2f} {r['e_gen']:6.4f} {r['seconds']:9.5f} {path} {r['ratio']:7.2f}"
        )


if __name__ == "__main__":
    main()
