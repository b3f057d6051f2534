"""Do the suite's solutions and tests notice a mistake in a checker?

``python -m benchmarks.mutation [--each 3] [--seed 1] [--task NN]`` draws mistakes (seeded, so many a task, no two in
one line), puts each into a copy of the suite, and runs what belongs to that task: its tests, and if they all pass its
solutions through ``pytest-agentcore check``. A mutant that nothing notices survives, is printed, and makes the exit
status 1. Mistakes that change nothing are listed with their reason in ``EQUIVALENT``.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.mutants import Mutant, checker_functions, mutants

ROOT = Path(__file__).parents[1]
SUITE = Path("suites") / "agentic_core_v1"
COPIED = ("suites", "tests", "conftest.py", "pyproject.toml")
SKIPPED = shutil.ignore_patterns("__pycache__", ".pytest_cache", ".hypothesis", "digests.json")
"""Without the pinned digests, which notice any change: what is asked is whether the verdicts do."""
LONGEST_S = 300.0
EQUIVALENT: dict[str, str] = {}
"""Mutants, as they are printed, that no test can notice, and why."""


def drawn(task: Path, each: int, generator: random.Random) -> list[Mutant]:
    """So many mutants of a task's checker, no two in one line, spread over its functions."""
    shared = sorted(task.parent.glob("agentic_core_*.py"))
    pool = [mutant for path, function in checker_functions(task, shared) for mutant in mutants(path, function)]
    generator.shuffle(pool)
    chosen: list[Mutant] = []
    for mutant in sorted(pool, key=lambda one: sum(other.function == one.function for other in pool)):
        if str(mutant) not in EQUIVALENT and (mutant.path, mutant.line) not in {(one.path, one.line) for one in chosen}:
            chosen.append(mutant)
    generator.shuffle(chosen)
    return chosen[:each]


def noticed_by(mutant: Mutant) -> str | None:
    """What notices a mutant: its task's tests, its solutions, or nothing."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=SKIPPED)
            else:
                shutil.copy(source, copy / name)
        (copy / mutant.path.relative_to(ROOT)).write_text(mutant.source)
        task = mutant.path.parent
        tests = sorted(
            str(path.relative_to(ROOT)) for path in (ROOT / "tests" / "suites").glob(f"test_{task.name[:7]}_*.py")
        )
        pytest = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
        check = [
            sys.executable,
            "-m",
            "pytest_agentcore",
            "check",
            "-n0",
            "-k",
            "scripted",
            str(task.relative_to(ROOT)),
        ]
        steps = {"tests": pytest if tests else [], "solutions": check}
        return next((name for name, command in steps.items() if command and _fails(command, copy)), None)


def _fails(command: Sequence[str], folder: Path) -> bool:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=LONGEST_S, check=False)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Print each mutant with what noticed it, and the figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutation", description=__doc__)
    parser.add_argument("--each", type=int, default=3, help="mutants a task")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--task", default="", help="only tasks whose name holds this")
    options = parser.parse_args(arguments)
    tasks = sorted(path.parent for path in (ROOT / SUITE).glob("*/solutions") if options.task in path.parent.name)
    generator = random.Random(options.seed)  # noqa: S311 - a seeded choice
    chosen = [mutant for task in tasks for mutant in drawn(task, options.each, generator)]
    survivors = 0
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for mutant, notice in zip(chosen, pool.map(noticed_by, chosen), strict=True):
            survivors += notice is None
            print(f"{notice or 'SURVIVED':10} {mutant}", flush=True)
    print(f"{len(chosen)} mutants, {len(chosen) - survivors} noticed, {survivors} survived (seed {options.seed})")
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main())
