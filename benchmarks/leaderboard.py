"""What a leaderboard over many campaigns costs: ``python -m benchmarks.leaderboard [CAMPAIGNS]``.

Synthetic campaigns of 30 runs, each of a model of its own, are laid on the disk by the store; then the command itself
is started, as a person would. CPU time is what other work on the machine does not change; the floor beside it is a
bare Python that reads the same journals and parses their lines.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.pack import outcome_of, planned
from pytest_agentcore.domain.outcome import RunKey
from pytest_agentcore.store import codec
from pytest_agentcore.store.history import key_row
from pytest_agentcore.store.journal import VERSION

CAMPAIGNS = 1_000
TARGET_S = 2.0
REPEATS = 3
TASKS, RUNS = 10, 3
FLOOR = """
import glob, json, sys
for path in glob.glob(sys.argv[1] + "/campaigns/*/journal.jsonl"):
    with open(path, "rb") as journal:
        for line in journal:
            json.loads(line)
"""


def lay_down(directory: Path, number: int) -> None:
    """One campaign; how many of its runs pass, and where, depends on its number alone."""
    model = f"synthetic/model-{number:04}"
    keys = [RunKey(task=f"task_{task:02}", model=model, run=run) for task in range(TASKS) for run in range(1, RUNS + 1)]
    with (planned(directory, model, keys) / "journal.jsonl").open("a") as journal:
        for place, key in enumerate(keys):
            fails = (place * 7 + number) % 11 < number % 9
            outcome = replace(outcome_of(replace(key, run=RUNS if fails else 1)), key=key)
            fields = {"v": VERSION, "kind": "concluded", "key": key_row(key), "outcome": codec.encode(outcome)}
            journal.write(codec.dumps(fields) + "\n")


def measured(command: list[str]) -> tuple[float, float]:
    """CPU and wall seconds of a process."""
    before, started = os.times(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return used, time.perf_counter() - started


def main(arguments: list[str]) -> int:
    """0 when the target is met, 1 when not."""
    campaigns = int(arguments[0]) if arguments else CAMPAIGNS
    with tempfile.TemporaryDirectory() as folder:
        for number in range(campaigns):
            lay_down(Path(folder), number)
        ours = [sys.executable, "-m", "pytest_agentcore", "leaderboard", f"--agent-dir={folder}", "--format=json"]
        floor = [sys.executable, "-ISc", FLOOR, folder]
        pairs = [(measured(ours), measured(floor)) for _ in range(REPEATS)]
    cpu, wall = (statistics.median(one[0][kind] for one in pairs) for kind in (0, 1))
    least = statistics.median(one[1][0] for one in pairs)
    print(f"{campaigns:,} campaigns of {TASKS * RUNS} runs; target {TARGET_S} s")
    print(f"CPU {cpu:.2f} s, {cpu / least:.1f} x reading and parsing the journals ({least:.2f} s); wall {wall:.2f} s")
    return 0 if wall <= TARGET_S else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
