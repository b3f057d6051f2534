"""What a roll-up and a data pack of many runs cost: ``python -m benchmarks.pack [RUNS]``.

A synthetic campaign is laid on the disk by the store itself, evidence included; a process of its own then reads it,
adds it up and writes the pack, and is measured: CPU time, which other work on the machine does not change, and memory
by the highest resident set.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from pytest_agentcore.domain.evidence import Examined, Finding, Metrics, Output
from pytest_agentcore.domain.outcome import Cause, Detail, FailureMode, Outcome, RunKey
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.report import data_pack, data_pack_evidence, rollup
from pytest_agentcore.scoring.evidence import BUILT_IN, versions
from pytest_agentcore.store import codec
from pytest_agentcore.store.campaign import hold, identity, read_record, write
from pytest_agentcore.store.history import key_row
from pytest_agentcore.store.journal import VERSION
from pytest_agentcore.store.rollouts import attempt_folder

RUNS = 10_000
TARGET_S = 3.0
TARGET_MB = 300
MODEL = "synthetic/pack"
_RUNS_PER_TASK = 10


def outcome_of(key: RunKey) -> Outcome:
    """A run as a campaign has them: two of three passed."""
    usage = Usage(calls=5, input_tokens=21_034, output_tokens=812, cached_tokens=9_000, cost_usd=Decimal("0.0004005"))
    passed = Outcome(
        key=key, passed=True, turns=5, tool_calls=7, stop_reason="finished", usage=usage, wall_s=12.5, working_s=10.125
    )
    if key.run % 3:
        return passed
    return replace(
        passed,
        passed=False,
        cause=Cause.MODEL,
        failure_mode=FailureMode.WRONG_ANSWER,
        detail=Detail.WRONG_VALUE,
        message="result.txt holds 416, not 417",
    )


def examined_of(key: RunKey) -> Examined:
    """Evidence as a run leaves it: one finding in four runs, one file."""
    finding = Finding(pattern="tool_call_redundancy", turns=(2, 3), quote="fs_read data/data.txt")
    return Examined(
        detectors=versions(BUILT_IN),
        findings=() if key.run % 4 else (finding,),
        metrics=Metrics(redundant_calls=int(key.run % 4 == 0), calls_by_tool={"fs_read": 4, "fs_write": 2, "shell": 1}),
        final_message="The sum is 417; it stands in result.txt.",
        outputs=(Output(path="result.txt", change="added", size=4, excerpt="417"),),
    )


def planned(directory: Path, model: str, keys: Sequence[RunKey]) -> Path:
    """The folder of a campaign of a model that has planned these runs, as the store makes it."""
    measured = {"suite": "synthetic", "suite_version": "1", "model": model}
    held = hold(
        directory,
        manifest={**measured, "identity": identity(measured), "clock": {"created_at": "2026-01-01T00:00:00+00:00"}},
        date="2026-01-01",
        runs=dict.fromkeys(keys, "sha256:0"),
        unscored=(),
        session="synthetic",
        rerun=True,
    )
    os.close(held.lock)
    return held.folder


def lay_down(directory: Path, runs: int) -> Path:
    """A campaign of so many runs, as the store writes it; gives its folder."""
    keys = [
        RunKey(task=f"task_{number // _RUNS_PER_TASK:04}_sum", model=MODEL, run=number % _RUNS_PER_TASK + 1)
        for number in range(runs)
    ]
    campaign = planned(directory, MODEL, keys)
    # One write in place of a flush for each run, which no target speaks of.
    lines = []
    for key in keys:
        fields = {"v": VERSION, "kind": "concluded", "key": key_row(key), "outcome": codec.encode(outcome_of(key))}
        lines.append(codec.dumps(fields) + "\n")
        folder = attempt_folder(campaign, key, 1)
        write(folder / data_pack_evidence.FILE, codec.dumps(codec.encode(examined_of(key))).encode())
    with (campaign / "journal.jsonl").open("a") as journal:
        journal.writelines(lines)
    return campaign


def pack(folder: Path, clock: Callable[[], float]) -> dict[str, float]:
    """Read, add up, gather, write; seconds of each by a clock."""
    marks = [clock()]
    record = read_record(folder)
    marks.append(clock())
    summary = rollup.summarise(record)
    marks.append(clock())
    examined = data_pack_evidence.gather(folder, record)
    marks.append(clock())
    data_pack.write_pack(folder / "data_pack", record, summary, examined)
    marks.append(clock())
    names = ("journal", "roll-up", "evidence", "pack")
    return {name: end - start for name, start, end in zip(names, marks, marks[1:], strict=False)}


def main(arguments: list[str]) -> int:
    """0 when both targets are met, 1 when not."""
    if len(arguments) == 2 and arguments[0] == "--child":  # noqa: PLR2004 - and its folder
        started = time.perf_counter()
        seconds = pack(Path(arguments[1]), time.process_time)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        parts = ", ".join(f"{name} {value:.2f}" for name, value in seconds.items())
        ours = seconds["roll-up"] + seconds["pack"]
        print(f"CPU seconds: roll-up and pack {ours:.2f}; {parts}; all {sum(seconds.values()):.2f}")
        print(f"wall {time.perf_counter() - started:.2f} s; {memory:.0f} MB")
        return 0 if ours <= TARGET_S and memory <= TARGET_MB else 1
    runs = int(arguments[0]) if arguments else RUNS
    with tempfile.TemporaryDirectory() as directory:
        folder = lay_down(Path(directory), runs)
        command = [sys.executable, "-m", "benchmarks.pack", "--child", str(folder)]
        print(f"{runs:,} runs; targets {TARGET_S} s for roll-up and pack, {TARGET_MB} MB")
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
