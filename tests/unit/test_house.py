"""Rules of this repository that a reader should be able to rely on."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

import pytest_agentcore

ROOT = Path(__file__).parents[2]
PRODUCT = sorted((ROOT / "pytest_agentcore").rglob("*.py")) + sorted((ROOT / "suites").glob("*/*/test_*.py"))
MOST_LINES = 350


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_grows_past_what_can_be_read_at_once(path: Path) -> None:
    """A file of more than 350 lines is split."""
    assert len(path.read_text().splitlines()) <= MOST_LINES


def test_exported_names_are_there() -> None:
    """Every public name can be imported from the package."""
    for name in pytest_agentcore.__all__:
        assert getattr(pytest_agentcore, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = pytest_agentcore.nonsense


def test_the_folders_of_the_package_know_no_pytest() -> None:
    """What sits in a folder can be imported where pytest is not."""
    import subprocess
    import sys

    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "pytest_agentcore").glob("*/*.py")
        if path.name != "launcher.py"
    ]
    code = (
        "import sys, importlib\nsys.modules['pytest'] = sys.modules['_pytest'] = None\n"
        f"for name in {names!r}: importlib.import_module(name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert importlib.import_module("pytest_agentcore.domain")
