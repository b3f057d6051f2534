"""Kill things at random, seeded, through campaigns over real HTTP, and count what that cost.

``python -m benchmarks.chaos [--rounds 20] [--runs 60] [--seed 1]`` prints a line per kind of fault: how often it
struck, how many runs were lost, counted twice, or paid twice after they had ended, and how many processes, folders
or calls to the model were left behind. Each round is one campaign: a session is struck once, then the
same command is given until the campaign is complete. The exit status is 1 when any count but the first is not 0.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.contract.scripted_endpoint import serving  # noqa: E402 - the path comes first
from tests.plugin.processes import alive, cmdline, descendants, wait_for  # noqa: E402

TASKS = 3
TEST = """
from pytest_agentcore import agent_task

@agent_task
def test_{name}(run):
    '''Write the word {name} to out.txt.'''
    assert run.workspace.read_text("out.txt") == "{name}"
"""
FAULTS = ("controller killed", "controller interrupted", "worker killed", "gateway killed", "sandbox killed")
COLUMNS = ("struck", "lost", "counted twice", "paid twice", "left behind")
MAX_SESSIONS = 4
SETTLE_S = 5.0
LATEST = 0.8
"""Share of runs that may have ended before the fault strikes."""
WITH_WORKERS = 0.5
"""Share of rounds that use workers where the fault leaves the choice."""


@dataclass
class Tally:
    """Counts by fault."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, fault: str, column: str, number: int) -> None:
        """Count something of a fault."""
        self.counts.setdefault(fault, Counter())[column] += number

    def lines(self) -> list[str]:
        """The table."""
        rows = [f"{'fault':<24}" + "".join(f"{column:>15}" for column in COLUMNS)]
        for fault in (*FAULTS, "none in time"):
            counts = self.counts.get(fault, Counter())
            rows.append(f"{fault:<24}" + "".join(f"{counts[column]:>15}" for column in COLUMNS))
        return rows

    def clean(self) -> bool:
        """Did nothing go wrong?"""
        return not any(counts[column] for counts in self.counts.values() for column in COLUMNS[1:])


def targets(fault: str, controller: int) -> list[int]:
    """Processes that a fault may strike now."""
    if fault.startswith("controller"):
        return [controller]
    mark = {
        "worker killed": "import sys;exec(eval(sys.stdin.readline()))",
        "gateway killed": "pytest_agentcore.model.gateway",
        "sandbox killed": "launcher.py",
    }[fault]
    return sorted(pid for pid in descendants(controller) if mark in cmdline(pid))


def strike(fault: str, controller: int, chance: random.Random) -> bool:
    """Strike one process; False when there is none of the kind."""
    found = targets(fault, controller)
    if not found:
        return False
    how = signal.SIGINT if fault == "controller interrupted" else signal.SIGKILL
    try:
        os.kill(chance.choice(found), how)
    except ProcessLookupError:
        return False
    return True


def command(folder: Path, url: str, runs: int, workers: str) -> list[str]:
    """The session's command line, the same every time."""
    return [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", str(folder)),
        *(f"--agent-model=m@{url}/v1", f"--agent-runs={runs // TASKS}", "--agent-concurrency=12", workers),
    ]


def finished(folder: Path) -> bool:
    """Are all planned runs of the one campaign concluded without infra?"""
    kinds = records(folder)
    planned = {tuple(row["key"]) for record in kinds if record["kind"] == "planned" for row in record["runs"]}
    done = {
        tuple(record["key"])
        for record in kinds
        if record["kind"] == "concluded" and record["outcome"]["cause"] != "infra"
    }
    return bool(planned) and planned <= done


def records(folder: Path) -> list[dict[str, object] | dict[str, dict[str, object]]]:
    """The journal's whole lines, of all campaigns."""
    found = []
    for journal in sorted(folder.glob(".agentcore/campaigns/*/journal.jsonl")):
        for line in journal.read_bytes().splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
    return found


def temporary(folder: Path) -> set[str]:
    """What lies in the session's folder for temporary files and is not pytest's own."""
    return {path.name for path in (folder / "tmp").iterdir() if not path.name.startswith("pytest-of-")}


def one_round(number: int, chance: random.Random, runs: int, tally: Tally) -> str:
    """One campaign with one fault in it."""
    fault = FAULTS[number % len(FAULTS)]
    workers = "-n2" if fault == "worker killed" or chance.random() < WITH_WORKERS else "-pno:xdist"
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\n")
        (folder / "tmp").mkdir()
        for task in range(TASKS):
            (folder / f"test_word{task}.py").write_text(TEST.format(name=f"word{task}"))
        scripts = [
            {
                "match": f"word{task}",
                "turns": [
                    {"calls": [["shell", {"command": "sleep 0.2"}]]},
                    {"calls": [["fs_write", {"path": "out.txt", "content": f"word{task}"}]]},
                    {"text": "Done."},
                ],
            }
            for task in range(TASKS)
        ]
        config = {"models": {"m": {"scripts": scripts}}, "delay_s": 0.05, "lifetime_s": 600}
        with serving(config) as endpoint:
            arguments = command(folder, endpoint.url, runs, workers)
            struck, left = struck_session(arguments, folder, fault, runs, chance)
            calls = len(endpoint.requests())
            time.sleep(0.3)
            left += len(endpoint.requests()) - calls
            sessions = 1
            while not finished(folder) and sessions < MAX_SESSIONS:
                sessions += 1
                subprocess.run(arguments, cwd=folder, capture_output=True, check=False, timeout=300)
        row = fault if struck else "none in time"
        tally.add(row, "struck", 1)
        tally.add(row, "left behind", left)
        for column, amount in judged(folder, runs).items():
            tally.add(row, column, amount)
    return f"round {number + 1}: {fault}, {workers}, sessions {sessions}"


def struck_session(
    arguments: list[str], folder: Path, fault: str, runs: int, chance: random.Random
) -> tuple[bool, int]:
    """Strike a session when a random number of runs has ended; gives whether it was, and what it left behind."""
    process = subprocess.Popen(
        arguments,
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder / "tmp")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    threshold = chance.randint(0, int(runs * LATEST))
    wait_for(lambda: sum(record["kind"] == "attempt_ended" for record in records(folder)) >= threshold, 120)
    wait_for(lambda: bool(targets(fault, process.pid)), 20)
    seen = set(descendants(process.pid))
    struck = process.poll() is None and strike(fault, process.pid, chance)
    seen |= set(descendants(process.pid))
    process.wait(timeout=300)
    wait_for(lambda: not any(map(alive, seen)) and not temporary(folder), SETTLE_S)
    return struck, sum(map(alive, seen)) + len(temporary(folder))


def judged(folder: Path, runs: int) -> dict[str, int]:
    """What the journals say: runs without an outcome, outcomes too many, rollouts run again after they had ended."""
    kinds = records(folder)
    ended = Counter(
        tuple(record["key"]) for record in kinds if record["kind"] == "attempt_ended" and record["infra"] is None
    )
    outcomes = [
        (path.parent.parent.name, json.loads(path.read_text()))
        for path in folder.glob(".agentcore/campaigns/*/runs/*/attempt-*/outcome.json")
    ]
    valid = Counter(name for name, outcome in outcomes if outcome["cause"] is None)
    summaries = [
        json.loads(path.read_text()) for path in folder.glob(".agentcore/campaigns/*/data_pack/run_summary.json")
    ]
    return {
        "lost": runs - len(valid),
        "counted twice": sum(count - 1 for count in valid.values())
        + sum(abs(summary["planned"] - runs) for summary in summaries),
        "paid twice": sum(count - 1 for count in ended.values()),
    }


def main() -> int:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance, tally = random.Random(options.seed), Tally()  # noqa: S311 - a reproducible choice, not a secret
    for number in range(options.rounds):
        print(one_round(number, chance, options.runs, tally), flush=True)
    print("\n".join(tally.lines()))
    return 0 if tally.clean() else 1


if __name__ == "__main__":
    sys.exit(main())
