"""What a sandbox holds besides the workspace: the interpreter, pytest, and what has to be covered."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

from pytest_agentcore.errors import SandboxUnavailable
from pytest_agentcore.sandbox import covered

TEST_TOOLS = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")
"""pytest and what it needs on Linux; nothing else of the host's packages is seen inside."""

PYTEST_SCRIPT = """#!{python}
import sys
from pytest import console_main
sys.exit(console_main())
"""

_PACKAGE = Path(__file__).resolve().parent.parent


@cache
def interpreter() -> Path:
    """The real file of the Python that a virtual environment, if any, is based on."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    for candidate in (base, f"{sys.base_prefix}/bin/python3", sys.executable):
        if candidate and Path(candidate).is_file():
            return Path(candidate).resolve()
    raise SandboxUnavailable(f"no Python interpreter found for {sys.base_prefix!r}: start pytest with an ordinary one")


@cache
def test_tools() -> Mapping[str, Path]:
    """Top-level name -> where it lies on this machine.

    Raises:
        SandboxUnavailable: one of them is not installed.
    """
    found: dict[str, Path] = {}
    for name in TEST_TOOLS:
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            raise SandboxUnavailable(
                f"{name!r} is not installed, and the sandbox offers it: pip install {name}"
            ) from None
        for file in distribution.files or ():
            top = file.parts[0]
            if top not in ("..", "__pycache__", "/"):
                found[top] = Path(str(distribution.locate_file(top)))
    return found


@cache
def bound_trees() -> tuple[Path, ...]:
    """Folders of this machine that a sandbox sees, read-only: /usr, what is beside it, the interpreter's prefix."""
    trees = [Path("/usr")]
    trees += [path for path in system_folders() if not path.is_symlink()]
    for prefix in (sys.base_prefix, sys.base_exec_prefix):
        real = Path(prefix).resolve()
        if not is_below(real, trees):
            trees.append(real)
    return tuple(trees)


def system_folders() -> list[Path]:
    """/bin and its kin, which on most systems are links into /usr."""
    return [path for path in map(Path, ("/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32")) if path.exists()]


def is_below(path: Path, trees: Iterable[Path]) -> bool:
    """True for a path in one of the trees, or one of them itself."""
    return any(path == tree or tree in path.parents for tree in trees)


def masks(extra: Sequence[Path] = ()) -> list[Path]:
    """What lies in a bound tree and must not be seen inside: installed packages, this package, and ``extra``."""
    trees = bound_trees()
    wanted = {Path(path).resolve() for path in (*extra, _PACKAGE)}
    for tree in trees:
        wanted.update(map(Path, _covered_below(str(tree))))
    return sorted(path for path in wanted if is_below(path, trees) and path not in trees)


_FOUND: dict[str, tuple[str, ...]] = {}


def found_masks() -> dict[str, list[str]]:
    """What this process found, for other processes of the session to adopt."""
    return {tree: list(paths) for tree, paths in _FOUND.items()}


def adopt_masks(found: Mapping[str, Sequence[str]]) -> None:
    """Take over what another process of the same session has found a moment ago."""
    _FOUND.update({tree: tuple(paths) for tree, paths in found.items()})


def _covered_below(tree: str) -> tuple[str, ...]:
    """Once for each process."""
    if tree not in _FOUND:
        _FOUND[tree] = tuple(covered.below(tree, covered.cache_folder()))
    return _FOUND[tree]
