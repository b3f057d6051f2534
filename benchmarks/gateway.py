"""What a call through the gateway costs, beside a bare reverse proxy: ``python -m benchmarks.gateway [--quick]``.

Authorization, metering and the wire record are on. Gateway and proxy take turns, so that a busy machine hits both; the
CPU time is the process's own, which no other process changes. litellm's proxy is not measured here: it takes 743 MB.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from benchmarks.gateway_load import MODEL, Load
from pytest_agentcore.model.endpoint import parse
from pytest_agentcore.model.supervisor import Gateway

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server between the client and the upstream."""

    name: str
    port: int
    pid: int
    token: str

    def cpu_s(self) -> float:
        """User and system time so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def pss_mb(self) -> float:
        """Memory, shared pages by their share."""
        return int(Path(f"/proc/{self.pid}/smaps_rollup").read_text().partition("\nPss:")[2].split()[0]) / 1000


@contextmanager
def helper(*argv: str) -> Iterator[tuple[int, int]]:
    """Port and pid of a server of ``gateway_load``."""
    command = [sys.executable, "-m", "benchmarks.gateway_load", *argv]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdin is not None  # noqa: S101, PT018 - both are pipes
        try:
            yield int(process.stdout.readline()), process.pid
        finally:
            process.stdin.close()


def registered(gateway: Gateway, model: str, record: str) -> str:
    """The token of a run whose calls are recorded."""
    body = json.dumps({"id": "benchmark", "model": model, "record": record}).encode()
    headers = {"Authorization": f"Bearer {gateway.secret}", "Content-Type": "application/json"}
    with urlopen(Request(f"{gateway.url}/control/runs", data=body, headers=headers)) as answer:  # noqa: S310 - loopback
        return str(json.load(answer)["token"])


def started() -> float:
    """Seconds to start a gateway that translates nothing."""
    before = time.perf_counter()
    with Gateway.start([]):
        return time.perf_counter() - before


def measured(target: Target, *, stream: bool, calls: int, size: int) -> dict[str, float]:
    """One round: eight in flight for the wall and the CPU, one in flight for the latency."""
    Load(target.port, target.token, stream, calls // 10, 8, size).run()
    cpu = target.cpu_s()
    wall, _ = Load(target.port, target.token, stream, calls, 8, size).run()
    cpu = target.cpu_s() - cpu
    _, took = Load(target.port, target.token, stream, max(50, calls // 5), 1, size).run()
    return {
        "calls/s": calls / wall,
        "wall s": wall,
        "CPU ms a call": cpu / calls * 1000,
        "calls per CPU s": calls / max(cpu, 1 / TICKS),
        "median ms at 1": statistics.median(took) * 1000,
    }


def main() -> int:
    """Print one table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke run")
    parser.add_argument("--size", type=int, default=3000, help="bytes of each prompt")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    chosen = parser.parse_args()
    calls, rounds = (400, 1) if chosen.quick else (4000, 3)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        port, upstream_pid = stack.enter_context(helper("upstream"))
        proxy_port, proxy_pid = stack.enter_context(helper("proxy", f"http://127.0.0.1:{port}/v1/chat/completions"))
        spec = parse(f"{MODEL}@http://127.0.0.1:{port}/v1")
        gateway = stack.enter_context(Gateway.start([spec]))
        token = registered(gateway, spec.name, f"{folder}/wire.jsonl.zst")
        targets = [
            Target(name="upstream itself", port=port, pid=upstream_pid, token="x"),  # noqa: S106 - it asks for none
            Target(name="bare proxy", port=proxy_port, pid=proxy_pid, token="x"),  # noqa: S106 - same
            Target(name="gateway", port=int(gateway.url.rpartition(":")[2]), pid=gateway.pid or 0, token=token),
        ]
        results: dict[str, dict[str, list[dict[str, float]]]] = {"whole": {}, "streamed": {}}
        for _ in range(rounds):
            for kind, of_kind in results.items():
                for target in targets:
                    row = measured(target, stream=kind == "streamed", calls=calls, size=chosen.size)
                    of_kind.setdefault(target.name, []).append(row)
        about: dict[str, Any] = {
            "start s": round(min(started() for _ in range(rounds)), 3),
            "gateway MB": round(targets[-1].pss_mb(), 1),
            "calls": sum(len(one) for of_kind in results.values() for one in of_kind.values()) * calls,
            "load": f"{os.getloadavg()[0]:.1f}",
        }
    table = {kind: {name: _medians(some) for name, some in of_kind.items()} for kind, of_kind in results.items()}
    for rows in table.values():
        proxy, own, direct = rows["bare proxy"], rows["gateway"], rows["upstream itself"]
        own["wall / proxy"] = round(own["wall s"] / proxy["wall s"], 2)
        own["CPU / proxy"] = round(own["CPU ms a call"] / max(proxy["CPU ms a call"], 0.001), 2)
        own["added ms at 1"] = round(own["median ms at 1"] - direct["median ms at 1"], 2)
    if chosen.json:
        print(json.dumps({"about": about, **table}, indent=1))
        return 0
    print("; ".join(f"{name} {value}" for name, value in about.items()))
    for kind, rows in table.items():
        for name, row in rows.items():
            print(f"{kind:9} {name:16}", "  ".join(f"{key} {value}" for key, value in row.items()))
    return 0


def _medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(one[name] for one in rounds), 3) for name in rounds[0]}


if __name__ == "__main__":
    sys.exit(main())
