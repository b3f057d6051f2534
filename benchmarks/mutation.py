"""Do the suite's solutions and tests notice a mistake in a checker?

``python -m benchmarks.mutation [--each 3] [--seed 1] [--task NN]`` draws mistakes (seeded, so many a task, no two in
one line), puts each into a copy of the suite, and runs what belongs to that task: its tests, and if they all pass its
solutions through ``pytest-agentcore check``. A mutant that nothing notices survives, is printed, and makes the exit
status 1. Mistakes that change nothing are listed with their reason in ``EQUIVALENT``. First, the suite as it is must
pass: what fails without a mistake notices none.
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
TESTS = ROOT / "tests" / "suites"
COPIED = ("suites", "tests", "conftest.py", "pyproject.toml")
SKIPPED = shutil.ignore_patterns("__pycache__", ".pytest_cache", ".hypothesis", "digests.json")
"""Without the pinned digests, which notice any change: what is asked is whether the verdicts do."""
LONGEST_S = 300.0
EQUIVALENT: dict[str, str] = {
    "task_02_refactor_duplicated_code/test_refactor_duplicated_code.py observed: condition dropped: "
    "entry.data or b'' -> entry.data in: "
    "pristine = {f'before/{path}': entry.data or b'' for path, entry in run.workspace.before.significant().items()}": (
        "the files of the start have data; the rest is for the type checker"
    ),
    "task_05_minimal_fix/test_minimal_fix.py reservations: off by one: 3 -> 4 in: "
    "positional, named = ([wanted], {}) if index % 3 else ([], {last: wanted})": (
        "which of the calls name their last argument: many do and many do not, either way"
    ),
    "task_08_recover_from_tool_error/test_recover_from_tool_error.py current_copy: condition dropped: "
    "workspace.before.by_path()['MANIFEST'].data or b'' -> workspace.before.by_path()['MANIFEST'].data in: "
    "manifest = workspace.before.by_path()['MANIFEST'].data or b''": (
        "MANIFEST is a file of the start, so it has data; the rest is for the type checker"
    ),
    "task_05_minimal_fix/test_minimal_fix.py other_calls: off by one: 40 -> 41 in: "
    "stock = {bolt: 40, nut: 1, washer: default, 'pin': default - 1, 'rod': default + 1, 'peg': 2}": (
        "how much there is of what there is plenty of: any amount above every limit asks the same"
    ),
    "task_05_minimal_fix/test_minimal_fix.py reservations: off by one: 5 -> 6 in: "
    "calls.append([function, [{bolt: units + scenario.kept, nut: 5}, bolt, *positional], named])": (
        "how much there is of what is not reserved: any amount asks the same"
    ),
    "task_08_recover_from_tool_error/test_recover_from_tool_error.py stated_sum: condition dropped: "
    "', '.join(map(str, found)) or 'none' -> ', '.join(map(str, found)) in: "
    "stated = ', '.join(map(str, found)) or 'none'": "the words of a message",
    "task_08_recover_from_tool_error/test_recover_from_tool_error.py stated_sum: condition dropped: "
    "', '.join(map(str, found)) or 'none' -> 'none' in: "
    "stated = ', '.join(map(str, found)) or 'none'": "the words of a message",
    "task_08_recover_from_tool_error/test_recover_from_tool_error.py manifest: off by one: 4 -> 5 in: "
    "width = max((len(path) for path, _ in told)) + 4": "how wide a column of a drawn file is",
}
"""Mutants, by their identity, that no test can notice, and why."""


def drawn(task: Path, each: int, seed: int) -> list[Mutant]:
    """So many mutants of a task's checker, no two in one line, spread over its functions."""
    generator = random.Random(f"{seed} {task.name}")  # noqa: S311 - a seeded choice, each task's its own
    shared = sorted(task.parent.glob("agentic_core_*.py"))
    pool = [mutant for path, function in checker_functions(task, shared) for mutant in mutants(path, function)]
    generator.shuffle(pool)
    chosen: list[Mutant] = []
    for mutant in sorted(pool, key=lambda one: sum(other.function == one.function for other in pool)):
        if mutant.identity not in EQUIVALENT and (mutant.path, mutant.line) not in {
            (one.path, one.line) for one in chosen
        }:
            chosen.append(mutant)
    generator.shuffle(chosen)
    return chosen[:each]


def noticed_by(task: Path, mutant: Mutant | None = None) -> str | None:
    """What notices a mutant: its task's tests, its solutions, or nothing."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=SKIPPED)
            else:
                shutil.copy(source, copy / name)
        if mutant is not None:
            (copy / mutant.path.relative_to(ROOT)).write_text(mutant.source)
        return next((name for name, command in _steps(task).items() if _fails(command, copy)), None)


def _steps(task: Path) -> dict[str, list[str]]:
    tests = sorted(str(path.relative_to(ROOT)) for path in TESTS.glob(f"test_{task.name[:7]}_*.py"))
    versions = str((TESTS / "test_versions.py").relative_to(ROOT))
    pytest = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *tests, versions]
    check = [sys.executable, "-m", "pytest_agentcore", "check", "-n0", "-k", "scripted", str(task.relative_to(ROOT))]
    return {"tests": pytest, "solutions": check}


def _fails(command: Sequence[str], folder: Path) -> bool:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=LONGEST_S, check=False)
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
    chosen = [(task, mutant) for task in tasks for mutant in drawn(task, options.each, options.seed)]
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="bytecode-") as bytecode, ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = bytecode  # compiled once for all mutants, and not into the sources
        for task, notice in zip(tasks, pool.map(noticed_by, tasks), strict=True):
            if notice is not None:
                parser.error(f"{task.name}: its {notice} fail without a mistake; mend that first")
        for (_, mutant), notice in zip(chosen, pool.map(noticed_by, *zip(*chosen, strict=True)), strict=True):
            survivors += notice is None
            print(f"{notice or 'SURVIVED':10}{mutant}", flush=True)
    print(f"{len(chosen)} mutants, {len(chosen) - survivors} noticed, {survivors} survived (seed {options.seed})")
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main())
