"""From collected tests to the plan: which runs of which tasks with which models."""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from _pytest.skipping import evaluate_skip_marks

from pytest_agentcore.domain.outcome import RunKey
from pytest_agentcore.domain.resources import Floor, Limits, Policy, at_profile, check_resources, guaranteed
from pytest_agentcore.domain.scenario import CANONICAL, Draw
from pytest_agentcore.domain.task import TOOLS, Task
from pytest_agentcore.errors import ConfigError
from pytest_agentcore.options import Settings
from pytest_agentcore.rollout.material import INSTRUCTION, digest
from pytest_agentcore.rollout.scenario import drawn

PARAMETER = "_agent_run"
"""Name of the parameter that carries (model, run index) of an item."""
PROFILE = "_agent_profile"
"""Name of the parameter that carries an item's resource profile, where profiles were asked for."""
DEFAULT_PROFILE = "1x"
DEFAULT_RUNS = 3
OWN_KEYS = {"id", "suite", "prompt", "folder", "solutions", "digest", "drawn", "hidden_files", "profile"}
"""Fields of a task that its place or its run decides; the others are the marker's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A folder with ``suite.yaml``, or the root folder for tasks that belong to none."""

    name: str
    root: Path | None = None
    version: str = "0"
    runs: int = DEFAULT_RUNS
    min_score: int | None = None
    max_turns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One item's run."""

    key: RunKey
    task: Task
    suite: Suite
    nodeid: str
    prefetch: bool = field(default=True)
    """False for an item that drives the agent itself."""


def parametrize(metafunc: pytest.Metafunc, settings: Settings) -> None:
    """Give an agent test one item per model × profile × run index, with ids that are the same in every process."""
    if metafunc.definition.get_closest_marker("agent_task") is None:
        return
    try:
        runs = settings.runs or suite_of(metafunc.definition.path, metafunc.config.rootpath).runs
    except pytest.UsageError:
        runs = 1  # plan() meets the same error where it can be said in one line
    values = list(product(settings.models, range(1, runs + 1)))
    metafunc.fixturenames.append(PARAMETER)
    metafunc.parametrize(PARAMETER, values, ids=[f"{shown(model)}-run{run}" for model, run in values])
    if settings.profiles_given:
        metafunc.fixturenames.append(PROFILE)
        metafunc.parametrize(PROFILE, settings.profiles)


def shown(model: str) -> str:
    """A model as ids and reports name it: without the address of its endpoint."""
    return model.partition("@http")[0]


def suite_of(path: Path, root: Path) -> Suite:
    """The suite that a test file belongs to: the nearest folder above it with a ``suite.yaml``.

    Raises:
        pytest.UsageError: the file is not what it should be.
    """
    for folder in path.parents:
        if (folder / "suite.yaml").is_file():
            return _read_suite(folder)
        if folder == root:
            break
    return Suite(name=re.sub(r"[^A-Za-z0-9_.-]+", "-", root.name) or "tasks")


_SUITE_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "version": str,
    "runs": int,
    "min_score": int,
    "max_turns": int,
}


def _read_suite(folder: Path, _known: dict[Path, Suite] = {}) -> Suite:  # noqa: B006 - a cache
    if folder in _known:
        return _known[folder]
    import yaml

    path = folder / "suite.yaml"
    try:
        data = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise pytest.UsageError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        raise pytest.UsageError(f"{path} must be a mapping with a 'name'")
    chosen: dict[str, Any] = {}
    for name, kind in _SUITE_TYPES.items():
        value = data.get(name)
        if value is None:
            continue
        if not isinstance(value, kind) or isinstance(value, bool) or (isinstance(value, int) and value < 0):
            word = "a number" if kind is int else "a string (quote it)"
            raise pytest.UsageError(f"{path}: {name} must be {word}, not {value!r}")
        chosen[name] = value
    if chosen.get("runs") == 0 or not re.fullmatch(r"[A-Za-z0-9_.-]+", chosen["name"]):
        raise pytest.UsageError(f"{path}: runs must be at least 1 and name one word of letters, digits, _ . -")
    return _known.setdefault(folder, Suite(root=folder, **chosen))


def plan(
    items: Sequence[pytest.Item], variant: str = CANONICAL, policies: Mapping[str, Policy] = MappingProxyType({})
) -> list[Planned]:
    """The runs behind the collected items, in their order; items that their author's marks skip have none.

    Raises:
        pytest.UsageError: a task that cannot be run as it stands.
        ConfigError: a scenario that cannot be drawn.
    """
    planned: list[Planned] = []
    homes: dict[tuple[str, str], str] = {}
    tasks: dict[str, tuple[Task, Suite]] = {}
    own: dict[tuple[str, str, int], Task] = {}
    for item in items:
        value = parameter(item)
        if value is None or evaluate_skip_marks(item) is not None:
            continue
        test = test_of(item)
        if test not in tasks:
            suite = suite_of(item.path, item.config.rootpath)
            tasks[test] = (task_of(item, suite), suite)
            home = homes.setdefault((suite.name, tasks[test][0].id), test)
            if home != test:
                raise pytest.UsageError(
                    f"two tasks are called {tasks[test][0].id!r}: {home} and {test}; give one @agent_task(id=…)"
                )
        task, suite = tasks[test]
        profile = profile_of(item)
        key = RunKey(task=task.id, model=shown(value[0]), run=value[1])
        same = (test, profile, 1 if variant == CANONICAL else key.run)
        if same not in own:
            draw = Draw(variant=variant, suite_version=suite.version, task=task.id, run=same[2])
            limits = at_profile(task.limits, profile, policies)
            try:
                check_resources(limits, guaranteed(task.floor, policies))
            except ValueError as error:
                raise pytest.UsageError(f"task {task.id} at profile {profile}: {error}") from None
            own[same] = replace(drawn(task, draw), limits=limits, profile=profile)
        planned.append(
            Planned(
                key=key,
                task=own[same],
                suite=suite,
                nodeid=item.nodeid,
                prefetch=uses_own_run(item),
            )
        )
    return planned


def test_of(item: pytest.Item) -> str:
    """The node id of an item without model and run index: one task."""
    own = _own_id(item)
    base = item.nodeid.partition("[")[0]
    return f"{base}[{own}]" if own else base


def parameter(item: pytest.Item) -> tuple[str, int] | None:
    """(model, run index) of an agent item; None for any other."""
    callspec = getattr(item, "callspec", None)
    value = callspec.params.get(PARAMETER) if callspec is not None else None
    return value if isinstance(value, tuple) else None


def profile_of(item: pytest.Item) -> str:
    """The resource profile of an agent item."""
    callspec = getattr(item, "callspec", None)
    return callspec.params.get(PROFILE, DEFAULT_PROFILE) if callspec is not None else DEFAULT_PROFILE


def uses_own_run(item: pytest.Item) -> bool:
    """Can this item's run start before the item: it asks for our ``run``, and nobody overrides that fixture?"""
    definitions = getattr(item, "_fixtureinfo").name2fixturedefs.get("run", ())  # noqa: B009 - not public, stable since 2.x
    return bool(definitions) and definitions[-1].func.__module__ == "pytest_agentcore.fixtures"


def _own_id(item: pytest.Item) -> str:
    """The part of an item's id that its author's own parameters give."""
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return ""
    model, run = callspec.params[PARAMETER]
    ours = "-".join(part for part in (f"{shown(model)}-run{run}", callspec.params.get(PROFILE)) if part)
    return "-".join(part for part in callspec.id.replace(ours, "").split("-") if part)


def task_of(item: pytest.Item, suite: Suite) -> Task:
    """The task that a test declares: marker, docstring and folder.

    Raises:
        pytest.UsageError: no prompt, an unknown key of the marker, or a value that cannot be used.
    """
    where = item.nodeid.partition("[")[0]
    options: dict[str, Any] = {}
    for mark in reversed(list(item.iter_markers("agent_task"))):
        options |= mark.kwargs
    identity = options.pop("id", None) or _task_id(item)
    allowed = {entry.name for entry in fields(Task)} - OWN_KEYS
    unknown = sorted(options.keys() - allowed)
    if unknown:
        raise pytest.UsageError(f"{where}: agent_task takes no {unknown[0]!r}; it takes {', '.join(sorted(allowed))}")
    folder = item.path.parent
    prompt = _prompt(item, folder, where)
    if suite.max_turns is not None:
        options.setdefault("max_turns", suite.max_turns)
    for name in ("workspace", "hidden"):
        given = options.get(name)
        options[name] = folder / given if given is not None else folder / name if (folder / name).is_dir() else None
    tools = tuple(options.get("tools", TOOLS))
    wrong = [name for name in tools if name not in TOOLS]
    if wrong:
        raise pytest.UsageError(f"{where}: there is no tool {wrong[0]!r}; choose from {', '.join(TOOLS)}")
    if not isinstance(options.get("limits", Limits()), Limits):
        raise pytest.UsageError(f"{where}: limits must be a pytest_agentcore.Limits")
    if not isinstance(options.get("floor", Floor()), Floor):
        raise pytest.UsageError(f"{where}: floor must be a pytest_agentcore.Floor")
    image = options.get("image", "x")
    if not isinstance(image, str) or not image.strip():
        raise pytest.UsageError(f"{where}: image must be the name of a docker image, not {image!r}")
    marker = {name: value for name, value in options.items() if name not in ("workspace", "hidden")}
    try:
        pinned = digest(test_file=item.path, suite_root=suite.root, marker=marker, prompt=prompt)
    except ConfigError as error:
        raise pytest.UsageError(f"{where}: {error}") from None
    solutions = folder / "solutions"
    return Task(
        id=identity,
        suite=suite.name,
        prompt=prompt,
        folder=folder,
        solutions=solutions if solutions.is_dir() else None,
        digest=pinned,
        **{**options, "tools": tools},
    )


def _prompt(item: pytest.Item, folder: Path, where: str) -> str:
    text = inspect.getdoc(getattr(item, "function", None)) or ""
    if not text.strip() and (folder / INSTRUCTION).is_file():
        text = (folder / INSTRUCTION).read_text(encoding="utf-8")
    if not text.strip():
        raise pytest.UsageError(f"{where} has no prompt: give it a docstring, or put {INSTRUCTION} beside its file")
    return inspect.cleandoc(text)


def _task_id(item: pytest.Item) -> str:
    """The folder's name where it ends with the test's, else the test's; the author's own parameters follow."""
    name = getattr(item, "originalname", item.name).removeprefix("test_")
    folder = item.path.parent.name
    base = folder if folder.endswith(name) else name
    own = re.sub(r"[^A-Za-z0-9_.-]+", "-", _own_id(item))
    return f"{base}-{own}" if own else base


def interleave(items: list[pytest.Item]) -> None:
    """Order agent items in blocks of task × run, the models of a block in a seeded order: drift hits all alike."""
    ours = [index for index, item in enumerate(items) if parameter(item) is not None]
    first: dict[str, int] = {}
    for index in ours:
        first.setdefault(test_of(items[index]), index)

    def rank(item: pytest.Item) -> tuple[int, int, str]:
        model, run = parameter(item) or ("", 0)
        seed = f"{test_of(item)}|{run}|{shown(model)}|{profile_of(item)}"
        return (first[test_of(item)], run, hashlib.sha256(seed.encode()).hexdigest())

    ordered = sorted((items[index] for index in ours), key=rank)
    for index, item in zip(ours, ordered, strict=True):
        items[index] = item
