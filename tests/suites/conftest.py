"""The shipped tasks' modules, imported from their files as pytest does."""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SUITE = Path(__file__).parents[2] / "suites" / "agentic_core_v1"


def _make_importable() -> None:
    if str(SUITE) not in sys.path:
        sys.path.insert(0, str(SUITE))


def _loaded(task: str) -> ModuleType:
    (path,) = (SUITE / task).glob("test_*.py")
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))  # as pytest does: a task's own modules lie beside its test
    spec = importlib.util.spec_from_file_location(f"suite_{task}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def reading() -> ModuleType:
    """The suite's own module that reads numbers."""
    _make_importable()
    return importlib.import_module("agentic_core_text")


@pytest.fixture(scope="session")
def suite() -> Path:
    return SUITE


@pytest.fixture(scope="session")
def task_module() -> Callable[[str], ModuleType]:
    """Import a task's test file by the name of its folder."""
    _make_importable()
    return _loaded
