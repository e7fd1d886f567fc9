#!/usr/bin/env python3
"""Linearised passes and training of U-Nets beside PyTorch on two cores, in the same run.

Needs  python3 with  torch==2.15.0 diffusers==0.42.1 safetensors==0.8.0
and    cargo build --release -p gibbs-benches --bin unet_passes

    python3 benches/peers/diffusion.py
    python3 benches/peers/diffusion.py --rounds 7 --write    # the book's table
    python3 benches/peers/diffusion.py --peer-only           # PyTorch alone

The net is the ddpm-cifar10-32 configuration (35,746,307 parameters) with random weights, float32, two threads each. They
are saved once as a diffusers folder, with inputs and PyTorch's results beside them in io.safetensors; both sides read the
same folder. h is the output of the middle block, 256 x 4 x 4; jvp and vjp are of x -> h at one x, ten directions, in
milliseconds per direction. The training step (forward, backward, AdamW) is of the small U-Net on 16 x 16 grey images.
In each round PyTorch and gibbs run one after the other, --repeats times each after one call to warm up, so that a change in
the load of the machine meets both; the table has medians over all calls, and the median over rounds of the ratio within a
round. PyTorch's two nets live in a process each, which sleeps while gibbs runs; the peak of resident memory is per process.

What `unet_passes` prints, one JSON object each:
  --folder DIR --directions 10 --threads 2 --rounds R --json
      {"forward_ms": [..], "jvp_ms_per_direction": [..], "vjp_ms_per_direction": [..], "peak_rss_bytes": ..} and, when it
      measures them, "forward_ms_per_image" (batch 10), "encoder_ms", "encoder_ms_per_image" (batch 10), and "errors"
      against io.safetensors by name; where it prints no errors, `gibbs net check` is asked for them
  --train-step --batch 64 --rounds R --json
      {"train_step_ms": [..], "peak_rss_bytes": ..}
Every timed call starts from x: the pass that is linearised is part of it.

Differences that favour one side or the other:
  * PyTorch is given its best forms, batched over directions by torch.func.vmap; below them stand the forms that people use:
    the primal repeated for each direction, and one backward pass after another.
  * Attention runs plainly in PyTorch's linearised passes: its fused attention has no forward derivative, and its backward
    is not batched over directions (slower here); it is fused everywhere else.
  * PyTorch's threads spin while they wait for each other. With other work on the same cores that costs it several times its
    speed: measure on an idle machine, and where there is none, compare with OMP_WAIT_POLICY=passive in the environment.
  * PyTorch's peak counts the interpreter and its libraries; what they take before the first net is printed beside it.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

THREADS = 2
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[variable] = str(THREADS)  # before torch starts its threads
os.environ["HF_HUB_OFFLINE"] = "1"  # nothing here is fetched

import torch  # noqa: E402
from book import write_table  # noqa: E402
from diffusers import UNet2DModel  # noqa: E402
from diffusers.models.attention_processor import Attention, AttnProcessor, AttnProcessor2_0  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

VERSIONS = {"torch": "2.15.0", "diffusers": "0.42.1", "safetensors": "0.8.0"}
ROOT = pathlib.Path(__file__).resolve().parents[2]
DIRECTIONS = 10
BATCH = 64
CIFAR = {
    "sample_size": 32,
    "block_out_channels": (128, 256, 256, 256),
    "down_block_types": ("DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
    "layers_per_block": 2,
    "attention_head_dim": None,
    "downsample_padding": 0,
    "flip_sin_to_cos": False,
    "freq_shift": 1,
    "norm_num_groups": 32,
    "norm_eps": 1e-6,
}
SMALL = CIFAR | {
    "sample_size": 16,
    "in_channels": 1,
    "out_channels": 1,
    "block_out_channels": (16, 32, 32),
    "down_block_types": ("DownBlock2D", "AttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
    "layers_per_block": 1,
    "norm_num_groups": 8,
}
PARAMETERS = {"passes": 35_746_307, "training": 280_177}
TOLERANCES = {"eps": 1e-5, "h": 1e-5, "jvp": 1e-4, "vjp": 1e-4}

# What is measured: the name in the table, and the key of `unet_passes` that it is compared with.
ROWS = {
    "jvp": ("jvp, vmap over directions", "jvp_ms_per_direction"),
    "jvp_repeated": ("jvp, primal repeated for each direction", "jvp_ms_per_direction"),
    "vjp": ("vjp, vmap over cotangents", "vjp_ms_per_direction"),
    "vjp_one_by_one": ("vjp, one backward pass after another", "vjp_ms_per_direction"),
    "encoder": ("x to h, batch 1", "encoder_ms"),
    "encoder_batch": ("x to h, batch 10, per image", "encoder_ms_per_image"),
    "forward": ("forward, batch 1", "forward_ms"),
    "forward_batch": ("forward, batch 10, per image", "forward_ms_per_image"),
    "train_step": ("training step of the small U-Net, batch 64", "train_step_ms"),
}


def attention(model, processor):
    for module in model.modules():
        if isinstance(module, Attention):
            module.set_processor(processor)


def encoder(model, x, t):
    """x -> h."""
    embedding = model.time_embedding(model.time_proj(t))
    hidden = model.conv_in(x)
    for block in model.down_blocks:
        hidden, _ = block(hidden_states=hidden, temb=embedding)
    return model.mid_block(hidden, embedding)


class Passes:
    """The CIFAR net: forward and linearised passes, milliseconds per image or direction."""

    def __init__(self, folder):
        self.model = UNet2DModel.from_pretrained(folder, low_cpu_mem_usage=False).eval().requires_grad_(False)
        io = load_file(folder / "io.safetensors")
        self.x, self.t = io["x"], io["t"]
        self.many = self.x.repeat(DIRECTIONS, 1, 1, 1)
        self.tangents, self.cotangents = io["tangents"][:, None], io["cotangents"][:, None]
        self.plain = {"jvp", "jvp_repeated", "vjp", "vjp_one_by_one"}
        self.calls = {
            "jvp": (self.jvp, DIRECTIONS),
            "jvp_repeated": (self.jvp_repeated, DIRECTIONS),
            "vjp": (self.vjp, DIRECTIONS),
            "vjp_one_by_one": (self.vjp_one_by_one, DIRECTIONS),
            "encoder": (lambda: self.f(self.x), 1),
            "encoder_batch": (lambda: self.f(self.many), DIRECTIONS),
            "forward": (lambda: self.model(self.x, self.t).sample, 1),
            "forward_batch": (lambda: self.model(self.many, self.t.repeat(DIRECTIONS)).sample, DIRECTIONS),
        }

    def f(self, x):
        return encoder(self.model, x, self.t)

    def jvp(self):
        return torch.func.vmap(lambda v: torch.func.jvp(self.f, (self.x,), (v,))[1])(self.tangents)

    def jvp_repeated(self):
        return torch.func.jvp(self.f, (self.many,), (self.tangents[:, 0],))[1]

    def vjp(self):
        _, pull = torch.func.vjp(self.f, self.x)
        return torch.func.vmap(lambda u: pull(u)[0])(self.cotangents)

    def vjp_one_by_one(self):
        x = self.x.clone().requires_grad_()
        h = self.f(x)
        return torch.stack([torch.autograd.grad(h, x, u, retain_graph=True)[0] for u in self.cotangents])

    def prepare(self, name):
        attention(self.model, AttnProcessor() if name in self.plain else AttnProcessor2_0())


class Training:
    """The small net: one step of AdamW on the mean squared error of the noise."""

    def __init__(self, folder):
        torch.manual_seed(1)
        self.model = UNet2DModel(**SMALL).train()
        check_size("training", self.model)
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=2e-4)
        self.x, self.noise = torch.randn(2, BATCH, 1, 16, 16)
        self.t = torch.randint(0, 1000, (BATCH,))
        self.calls = {"train_step": (self.step, 1)}

    def step(self):
        self.optimiser.zero_grad()
        loss = torch.nn.functional.mse_loss(self.model(self.x, self.t).sample, self.noise)
        loss.backward()
        self.optimiser.step()
        return loss

    def prepare(self, name):
        pass


def check_size(name, model):
    count = sum(parameter.numel() for parameter in model.parameters())
    if count != PARAMETERS[name]:
        sys.exit(f"the {name} net has {count} parameters, not {PARAMETERS[name]}")


def peak():
    """Peak of resident memory, bytes. getrusage would also count what the parent had before this process was made."""
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def serve(kind, folder, repeats, connection):
    """A process of PyTorch: every message asks for one round of all calls."""
    torch.set_num_threads(THREADS)
    before = peak()
    work = kind(folder)
    while connection.recv():
        milliseconds = {}
        for name, (call, parts) in work.calls.items():
            work.prepare(name)
            call()
            milliseconds[name] = []
            for _ in range(repeats):
                start = time.perf_counter()
                call()
                milliseconds[name].append(1e3 * (time.perf_counter() - start) / parts)
        connection.send({"ms": milliseconds, "peak": peak(), "before": before})


def write_folder(folder):
    """The net, the inputs and PyTorch's results; the directions are not of unit length."""
    torch.manual_seed(0)
    torch.set_num_threads(THREADS)
    model = UNet2DModel(**CIFAR)
    check_size("passes", model)
    model.save_pretrained(folder)
    io = {"x": torch.randn(1, 3, 32, 32), "t": torch.tensor([500.0])}
    io["tangents"], io["cotangents"] = torch.randn(DIRECTIONS, 3, 32, 32), torch.randn(DIRECTIONS, 256, 4, 4)
    save_file(io, folder / "io.safetensors")
    passes = Passes(folder)
    passes.prepare("jvp")
    io["eps"], io["h"] = passes.model(passes.x, passes.t).sample, passes.f(passes.x)
    io["jvp"], io["vjp"] = passes.jvp()[:, 0].detach(), passes.vjp()[:, 0].detach()
    # Both products are right to rounding only if they are each other's transpose.
    left = torch.einsum("ichw,jchw->ij", io["jvp"].double(), io["cotangents"].double())
    right = torch.einsum("ichw,jchw->ij", io["tangents"].double(), io["vjp"].double())
    adjoint = ((left - right).abs().max() / left.abs().max()).item()
    if adjoint > 1e-5:
        sys.exit(f"PyTorch's jvp and vjp are not each other's transpose: {adjoint:.1e}")
    save_file({key: tensor.contiguous() for key, tensor in io.items()}, folder / "io.safetensors")


def run_json(command, accepted=(0,)):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode not in accepted or not done.stdout.strip():
        sys.exit(f"{' '.join(str(part) for part in command)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def ours(binary, folder, repeats):
    common = ["--rounds", repeats, "--json"]
    passes = run_json([binary, "--folder", folder, "--directions", DIRECTIONS, "--threads", THREADS, *common])
    training = run_json([binary, "--train-step", "--batch", BATCH, *common])
    return passes, training


def compare(passes, folder, gibbs):
    """max|ours - PyTorch's| / max|PyTorch's| by name, from `unet_passes` or `gibbs net check`."""
    errors = passes.get("errors")
    if errors is None:
        if not gibbs.is_file():
            sys.exit("unet_passes prints no errors and there is no gibbs\nhint: cargo build --release -p gibbs")
        # A missed tolerance is an exit code of the tool; it is judged below.
        found = run_json([gibbs, "net", "check", folder, folder / "io.safetensors", "--json"], accepted=(0, 1))
        errors = found.get("errors", found)
    for name, allowed in TOLERANCES.items():
        if errors.get(name) is None:
            sys.exit(f"nothing compares {name} with PyTorch's")
        if not errors[name] <= allowed:
            sys.exit(f"{name} differs from PyTorch's by {errors[name]:.1e} of its largest entry, more than {allowed:.0e}")
    return {name: errors[name] for name in TOLERANCES}


def table(rounds):
    """Medians over all calls; the ratio is ours to PyTorch's in the same round."""
    for name, (title, key) in ROWS.items():
        row = {"name": name, "title": title, "torch_ms": statistics.median(ms for r in rounds for ms in r["torch"][name])}
        measured = [r["ours"][key] for r in rounds if key in r.get("ours", {})]
        if measured:
            row["ours_ms"] = statistics.median(ms for values in measured for ms in values)
            pairs = [(r["ours"][key], r["torch"][name]) for r in rounds]
            row["ratio"] = statistics.median(statistics.median(a) / statistics.median(b) for a, b in pairs)
        yield row


def markdown(summary, memory, errors, rounds):
    lines = ["| what | PyTorch, ms | gibbs, ms | gibbs / PyTorch |", "|---|---:|---:|---:|"]
    for row in summary:
        mine = f"{row['ours_ms']:.3g} | {row['ratio']:.2f}" if "ours_ms" in row else " | "
        lines.append(f"| {row['title']} | {row['torch_ms']:.3g} | {mine} |")
    for name, title in (("passes", "peak memory, passes"), ("training", "peak memory, training")):
        theirs, mine = memory["torch"][name] / 2**20, memory.get("ours", {}).get(name)
        ratio = f"{mine / 2**20:.0f} MiB | {mine / 2**20 / theirs:.2f}" if mine else " | "
        lines.append(f"| {title} | {theirs:.0f} MiB | {ratio} |")
    peers = ", ".join(f"{package} {version}" for package, version in VERSIONS.items())
    lines += [
        "",
        f"Milliseconds per direction or image, {DIRECTIONS} directions, float32, {THREADS} threads; medians of {rounds} rounds of one "
        f"run on one machine; {peers}, of whose memory {memory['before'] / 2**20:.0f} MiB are there before the first net.",
    ]
    if errors:
        lines.append("Greatest difference from PyTorch, of the largest entry: " + ", ".join(f"{k} {v:.1e}" for k, v in errors.items()) + ".")
    return "\n".join(lines) + "\n"


def check_versions():
    from importlib.metadata import version

    for package, wanted in VERSIONS.items():
        found = version(package)
        if found.split("+")[0] != wanted:
            print(f"note: {package} {found}, the published table used {wanted}", file=sys.stderr)


def measure(options, folder):
    spawn = multiprocessing.get_context("spawn")
    workers, rounds, errors = {}, [], None
    for name, kind in (("passes", Passes), ("training", Training)):
        near, far = spawn.Pipe()
        process = spawn.Process(target=serve, args=(kind, folder, options.repeats, far), daemon=True)
        process.start()
        far.close()  # the worker's end of it alone: its death is then an EOFError here
        workers[name] = (process, near)
    memory = {"torch": {}}
    for number in range(options.rounds):
        row = {"torch": {}}
        for name, (_, near) in workers.items():
            near.send(True)
            answer = near.recv()
            row["torch"] |= answer["ms"]
            memory["torch"][name], memory["before"] = answer["peak"], answer["before"]
        if not options.peer_only:
            passes, training = ours(options.binary, folder, options.repeats)
            row["ours"] = {key: value for found in (passes, training) for key, value in found.items() if isinstance(value, list)}
            memory["ours"] = {"passes": passes.get("peak_rss_bytes"), "training": training.get("peak_rss_bytes")}
            errors = errors or compare(passes, folder, pathlib.Path(options.gibbs))
        rounds.append(row)
        print(f"round {number + 1} of {options.rounds} done", file=sys.stderr)
    for process, near in workers.values():
        near.send(False)
        process.join()
    return rounds, memory, errors


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of both sides")
    parser.add_argument("--repeats", type=int, default=3, help="timed calls of each kind in a round")
    parser.add_argument("--folder", type=pathlib.Path, help="keep the net and its results here (about 140 MB)")
    parser.add_argument("--peer-only", action="store_true", help="PyTorch alone")
    parser.add_argument("--binary", default=str(ROOT / "target/release/unet_passes"), help="the built unet_passes")
    parser.add_argument("--gibbs", default=str(ROOT / "target/release/gibbs"), help="the built gibbs, to compare results")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object: the table and every round")
    form.add_argument("--write", action="store_true", help="the table in Markdown, into the book")
    options = parser.parse_args()
    if not options.peer_only and not pathlib.Path(options.binary).is_file():
        parser.error("no unet_passes\nhint: cargo build --release -p gibbs-benches --bin unet_passes, or --peer-only")
    if options.write and options.peer_only:
        parser.error("--write needs both sides")
    check_versions()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or pathlib.Path(temporary)
        write_folder(folder)
        rounds, memory, errors = measure(options, folder)
    summary = list(table(rounds))
    if options.json:
        found = {"schema": "gibbs.peers.diffusion/1", "versions": VERSIONS, "table": summary, "memory": memory, "errors": errors, "rounds": rounds}
        print(json.dumps(found))
        return
    text = markdown(summary, memory, errors, options.rounds)
    print(text, end="")
    if options.write:
        write_table("diffusion-peers", text)


if __name__ == "__main__":
    main()
