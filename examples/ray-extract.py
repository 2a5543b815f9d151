#!/usr/bin/env python3
"""Features of a large data set and their diagnosis by Ray: each task runs onnx-tailor on one part.

    pip install ray
    python examples/ray-extract.py classifier.onnx --data pictures/train --out work --parts 8 --cpus 4

What follows `--` goes to `onnx-tailor extract`:

    ... --cpus 4 -- --size 224 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225

Model, data and OUT lie where each node finds them under the same name (NFS, say); every node has
onnx-tailor. Run it again after any failure: what is there is not made again. OUT/features is the feature
store, OUT/statistics has a file for each part, OUT/report.html is the diagnosis of the whole.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass

import ray


@dataclass(frozen=True)
class Job:
    """What all tasks share."""

    command: list[str]
    model: str
    data: str
    out: str
    parts: int
    extract_options: list[str]
    folder: str
    """Where relative paths start."""


class Killed(Exception):
    """The command was ended by a signal, as by a lack of memory: worth another try, unlike its own errors."""


@ray.remote
def extract_part(job: Job, index: int) -> tuple[str, dict]:
    """Features and statistics of one part: the file of the statistics, and the JSON of the extraction."""
    part = f"{index}/{job.parts}"
    store = f"{job.out}/features/"
    statistics = f"{job.out}/statistics/part-{index:05}-of-{job.parts:05}.npz"
    # --resume goes on behind the last whole shard of a task that was killed, and starts where none was.
    extract = ["extract", job.model, "--data", job.data, "--out", store, "--shard", part, "--resume"]
    made = run(job, *extract, *job.extract_options)
    # --force: a task that was killed after this may have left the same file.
    collect = ["diagnose", store, "--shard", part, "--model", job.model]
    run(job, *collect, "--save-statistics", statistics, "--force")
    return statistics, made


@ray.remote
def diagnose_all(job: Job, statistics: list[str]) -> dict:
    """The diagnosis of the whole from the statistics of all parts."""
    merge = ["diagnose", "--from-statistics", *statistics, "--model", job.model]
    keep = ["--save-statistics", f"{job.out}/statistics.npz", "--report", f"{job.out}/report.html", "--force"]
    return run(job, *merge, *keep)


def run(job: Job, *arguments: str) -> dict:
    """Runs onnx-tailor; its result. Progress goes to stderr, which Ray shows."""
    # A worker of Ray that is killed takes its command with it (Linux): the next try is alone with the part.
    together = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
    command = [*together, *job.command, *arguments, "--json"]
    done = subprocess.run(command, cwd=job.folder, stdout=subprocess.PIPE, text=True)
    # A shell in between says 128 + signal.
    if done.returncode < 0 or done.returncode > 128:
        raise Killed(f"onnx-tailor {arguments[0]} was ended by signal {abs(done.returncode) % 128}")
    try:
        document = json.loads(done.stdout)
    except json.JSONDecodeError:
        found = f"exit code {done.returncode} and no JSON"
        hint = "Say how the nodes call onnx-tailor (--command)."
        raise RuntimeError(f"Running {shlex.join(job.command)}: {found}. {hint}") from None
    if done.returncode != 0:
        raise RuntimeError(document["error"]["message"])
    return document


def main() -> int:
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=formatter)
    parser.add_argument("model", help="the .onnx file")
    parser.add_argument("--data", required=True, help="data source, as extract takes it")
    parser.add_argument("--out", required=True, help="folder for features, statistics and the report")
    parser.add_argument("--parts", type=int, required=True, help="tasks; at most as many as there are shards")
    parser.add_argument("--cpus", type=int, default=1, help="cores of a task, default 1")
    parser.add_argument("--gpus", type=float, default=0, help="cards of a task (0.5: two share one)")
    parser.add_argument("--retries", type=int, default=3, help="new tries of a killed task, default 3")
    parser.add_argument("--address", help="of the cluster; default: $RAY_ADDRESS, or else this machine alone")
    parser.add_argument("--command", default="onnx-tailor", help="how the nodes call it")
    ours, theirs = split_at(sys.argv[1:], "--")
    options = parser.parse_args(ours)
    if options.parts < 1:
        parser.error("--parts must be at least 1")

    # The same threads on every node: the last bits of the features depend on them.
    device = ["--device", "cuda"] if options.gpus else ["--device", "cpu", "--threads", str(options.cpus)]
    job = Job(
        command=shlex.split(options.command),
        model=options.model,
        data=options.data,
        out=options.out,
        parts=options.parts,
        extract_options=[*device, *theirs],
        folder=os.getcwd(),
    )
    os.makedirs(f"{job.out}/statistics", exist_ok=True)

    ray.init(address=options.address)
    # Ray tries again by itself where a worker or a node dies, and here where the command alone was killed.
    retries = {"max_retries": options.retries, "retry_exceptions": [Killed]}
    task = extract_part.options(num_cpus=options.cpus, num_gpus=options.gpus, **retries)
    running = {task.remote(job, index): index for index in range(1, job.parts + 1)}
    statistics: dict[int, str] = {}
    failed: dict[int, str] = {}
    while running:
        [done], _ = ray.wait(list(running))
        index = running.pop(done)
        try:
            statistics[index], made = ray.get(done)
            there = f"{made['resumed']} of them were there already"
            print(f"Part {index} of {job.parts}: {made['samples']} samples, {there}", flush=True)
        except ray.exceptions.RayError as error:
            failed[index] = str(getattr(error, "cause", None) or error)
            print(f"Part {index} of {job.parts} FAILED: {failed[index]}", flush=True)
    if failed:
        again = "Run this again when the reason is gone: the others are kept."
        print(f"{len(failed)} of {job.parts} parts failed. {again}", file=sys.stderr)
        return 1
    # In the order of the parts: sums in the same order have the same last bits.
    diagnosis = ray.get(diagnose_all.remote(job, [statistics[index] for index in sorted(statistics)]))
    print(f"{diagnosis['samples']} samples diagnosed: {job.out}/report.html")
    return 0


def split_at(arguments: list[str], mark: str) -> tuple[list[str], list[str]]:
    """What stands before and after the first `mark`."""
    at = arguments.index(mark) if mark in arguments else len(arguments)
    return arguments[:at], arguments[at + 1 :]


if __name__ == "__main__":
    sys.exit(main())
