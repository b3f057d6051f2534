"""Kill what a campaign at level docker stands on, several times each, and count what is left after the next start.

``python -m benchmarks.docker_chaos [--rounds 10]``, as root with dockerd installed. A daemon of its own is started.
Each round is one campaign: a session is struck while its commands run in containers, then the same command is given
again.
The exit status is 1 when anything is left, or a run is lost or counted twice.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from pytest_agentcore.sandbox import image
from pytest_agentcore.sandbox.docker import Daemon
from pytest_agentcore.sandbox.leftovers import leftovers
from tests.contract.docker_engine import Engine
from tests.contract.sandbox_boxes import runs_on_host, unique_sleep
from tests.plugin.processes import alive, cmdline, descendants, wait_for

RUNS = 6
TEST = """
from pytest_agentcore import agent_task

@agent_task
def test_nap(run):
    '''Sleep, then write done.txt.'''
    assert run.workspace.read_text("done.txt").strip() == "done"
"""
NAP_S = 4
FAULTS = ("controller interrupted", "worker killed", "controller killed", "daemon killed")
COLUMNS = ("struck", "containers", "processes", "groups, folders", "runs lost", "counted twice", "paid again")
WORKER = "import sys;exec(eval(sys.stdin.readline()))"
SETTLE_S = 20.0


def command(folder: Path, workers: str) -> list[str]:
    """The session's command line, the same every time."""
    return [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", str(folder)),
        *("--agent-model=scripted/reference", "--agent-sandbox=docker", f"--agent-runs={RUNS}"),
        *("--agent-concurrency=4", workers),
    ]


def strike(fault: str, session: int, engine: Engine) -> bool:
    """Strike; a daemon comes back after a moment, as its supervisor would have it."""
    if fault == "daemon killed":
        engine.kill()
        time.sleep(1)
        engine.start()
        return True
    targets = [session]
    if fault == "worker killed":
        targets = [pid for pid in descendants(session) if WORKER in cmdline(pid)][:1]
    for pid in targets:
        os.kill(pid, signal.SIGINT if fault == "controller interrupted" else signal.SIGKILL)
    return bool(targets)


def one_round(fault: str, engine: Engine) -> Counter[str]:
    """One campaign with one fault in it."""
    workers = "-n2" if fault == "worker killed" else "-pno:xdist"
    # As an argument of sleep, which tells the processes of this round from all others.
    nap = f"{NAP_S}.{unique_sleep().replace('.', '')}"
    with tempfile.TemporaryDirectory(prefix="docker-chaos-") as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\n")
        (folder / "solutions").mkdir()
        (folder / "test_nap.py").write_text(TEST)
        turns = f"turns:\n- calls: [{{shell: {{command: 'sleep {nap}; echo done > done.txt'}}}}]\n- text: Done.\n"
        (folder / "solutions" / "reference.yaml").write_text(turns)
        arguments = command(folder, workers)
        session = subprocess.Popen(
            arguments, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        wait_for(lambda: runs_on_host(nap), 60)
        seen = descendants(session.pid)
        struck = session.poll() is None and strike(fault, session.pid, engine)
        session.wait(300)
        subprocess.run(arguments, cwd=folder, capture_output=True, check=False, timeout=300)
        wait_for(lambda: not marked() and not any(map(alive, seen)) and not runs_on_host(nap), SETTLE_S)
        left = Counter(one.kind for one in leftovers())
        return Counter(
            {
                "struck": int(struck),
                "containers": len(marked()),
                "processes": sum(map(alive, seen)) + runs_on_host(nap) + left["process"],
                "groups, folders": left["control group"] + left["folder"],
                **judged(folder),
            }
        )


def marked() -> dict[str, str]:
    """Containers of any engine at this daemon."""
    daemon = Daemon()
    try:
        return daemon.marked()
    finally:
        daemon.close()


def judged(folder: Path) -> dict[str, int]:
    """What the struck campaign's record says: runs that did not pass, passed twice, were run again after their end."""
    campaign = min(path.parent for path in folder.glob(".agentcore/campaigns/*/manifest.json"))
    paths = campaign.glob("runs/*/attempt-*/outcome.json")
    passed = Counter(path.parent.parent.name for path in paths if json.loads(path.read_text())["passed"])
    records = [json.loads(line) for line in (campaign / "journal.jsonl").read_text().splitlines()]
    ended = Counter(
        tuple(record["key"]) for record in records if record["kind"] == "attempt_ended" and record["infra"] is None
    )
    return {
        "runs lost": RUNS - len(passed),
        "counted twice": sum(count - 1 for count in passed.values()),
        "paid again": sum(count - 1 for count in ended.values()),
    }


def main() -> int:
    """All rounds, then the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, metavar="N", help="of each fault (default: 10)")
    rounds = parser.parse_args().rounds
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the daemon is ended all the same
    total: dict[str, Counter[str]] = {fault: Counter() for fault in FAULTS}
    with tempfile.TemporaryDirectory(prefix="ac-", dir="/tmp") as name:  # a socket's path must be short
        engine = Engine(Path(name, "e"))
        try:
            engine.start()
            os.environ["DOCKER_HOST"] = engine.url
            daemon = Daemon()
            image.build(daemon, cache=Path.home() / ".cache" / "pytest-agentcore", say=lambda _: None)
            daemon.close()
            for number in range(rounds * len(FAULTS)):
                fault = FAULTS[number % len(FAULTS)]
                found = one_round(fault, engine)
                total[fault] += found
                print(f"round {number + 1}: {fault}: {dict(+found)}", flush=True)
        finally:
            engine.remove()
    print("".join(f"{column:>17}" for column in ("fault".ljust(24), *COLUMNS)))
    for fault, counts in total.items():
        print(f"{fault:<24}" + "".join(f"{counts[column]:>17}" for column in COLUMNS))
    return 1 if any(counts[column] for counts in total.values() for column in COLUMNS[1:]) else 0


if __name__ == "__main__":
    sys.exit(main())
