"""Measure, then print: ``python -m benchmarks [--quick] [--json] [--only SECTION] [--repeats N]``."""

from __future__ import annotations

import argparse
import dataclasses
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import rate, systems, table
from benchmarks.endpoint import serving
from benchmarks.rows import Row
from benchmarks.sections import FULL, QUICK, SECTIONS, warm_up
from pytest_agentcore import __version__

REJECTED = 1
TOO_SLOW = 3


def main() -> int:
    """0 when every row can be believed, 1 when something was rejected, 3 when the endpoint is too slow."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What the harness costs.")
    parser.add_argument("--quick", action="store_true", help="a smoke run of less than a minute")
    parser.add_argument("--json", action="store_true", help="one JSON document in place of the tables")
    parser.add_argument("--only", action="append", choices=sorted(SECTIONS), help="measure this section (repeatable)")
    parser.add_argument("--repeats", type=int, metavar="N", help="repeats of each row (default: 5, quick: 1)")
    chosen = parser.parse_args()
    extent = QUICK if chosen.quick else FULL
    if chosen.repeats is not None:
        if chosen.repeats < 1:
            parser.error(f"--repeats={chosen.repeats}: must be at least 1")
        extent = dataclasses.replace(extent, repeats=chosen.repeats)

    started, rows = time.monotonic(), list[Row]()
    with systems.folder() as bytecode, serving() as endpoint:
        _environment(bytecode)
        pace = rate.measured(endpoint)
        about = _about(pace)
        _say("; ".join(f"{name} {value}" for name, value in about.items()))
        if pace.per_s < rate.LEAST_PER_S:
            _say(f"the endpoint answers {pace.per_s:.0f} requests/s, less than {rate.LEAST_PER_S}: free the machine")
            return TOO_SLOW
        warm_up(endpoint)
        for name in SECTIONS if chosen.only is None else [one for one in SECTIONS if one in chosen.only]:
            for row in SECTIONS[name](extent, endpoint):
                _say(f"{time.monotonic() - started:4.0f} s  {row.section}: {row.name}")
                rows.append(row)
    about["load at the end"] = _load()
    about["took s"] = round(time.monotonic() - started)
    if chosen.json:
        print(table.document(rows, about))
    else:
        print("\n".join(f"{name}: {value}" for name, value in about.items()))
        print("\n".join(table.lines(rows)))
    return REJECTED if any(row.rejected for row in rows) else 0


def _environment(bytecode: Path) -> None:
    """What every command starts with: bytecode is written and found again, as on a user's machine, but not in here."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.pop("PYTEST_ADDOPTS", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(bytecode)


def _about(pace: rate.Rate) -> dict[str, Any]:
    return {
        "pytest-agentcore": __version__,
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "load at the start": _load(),
        "endpoint requests/s": round(pace.per_s),
        "endpoint requests/CPU s": round(pace.per_cpu_s),
    }


def _load() -> str:
    """Of the last minute: with more than there are processors, only ratios mean something."""
    return f"{os.getloadavg()[0]:.1f}"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
