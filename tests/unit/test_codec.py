"""Records survive the way to JSON and back, and nothing else is taken for one."""

from __future__ import annotations

import json
import string
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentcore.domain.outcome import Cause, FailureMode, Outcome, RunKey
from pytest_agentcore.domain.resources import Isolation
from pytest_agentcore.domain.trajectory import Reply, Trajectory, Turn
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.errors import StoreError
from pytest_agentcore.store import codec
from tests.unit.sample_values import SOME, evidences, json_values, keys, outcomes, trajectories, usages

KEY = RunKey(task="task_01", model="scripted/reference", run=1)
OUTCOME = Outcome(key=KEY, passed=True, usage=Usage(cost_usd=Decimal("0.10")))


@SOME
@given(outcomes | keys | usages | evidences | trajectories)
def test_a_value_survives_the_round_trip(value: Any) -> None:
    data = codec.encode(value)

    assert codec.decode(type(value), data) == value
    assert codec.loads(type(value), codec.dumps(data)) == value


@SOME
@given(outcomes)
def test_equal_values_give_equal_text(value: Outcome) -> None:
    text = codec.dumps(codec.encode(value))

    assert codec.dumps(codec.encode(replace(value))) == text
    assert text.isascii()
    assert "\n" not in text


def test_the_text_is_the_same_whatever_the_order_of_keys() -> None:
    assert codec.dumps({"b": 1, "a": [1, 2]}) == codec.dumps({"a": [1, 2], "b": 1}) == '{"a":[1,2],"b":1}'


def test_decimals_are_text_and_keep_their_zeros() -> None:
    data = codec.encode(OUTCOME)

    assert data["usage"]["cost_usd"] == "0.10"
    assert str(codec.decode(Outcome, data).usage.cost_usd) == "0.10"


def test_only_builtins_are_left() -> None:
    """What goes into ``user_properties`` must be of exact builtin types: xdist refuses an enum there."""
    value = replace(OUTCOME, cause=Cause.MODEL, failure_mode=FailureMode.WRONG_ANSWER)

    def types(data: Any) -> set[type]:
        if isinstance(data, dict):
            return {dict}.union(*map(types, data.values()), *map(types, data))
        return {list}.union(*map(types, data)) if isinstance(data, list) else {type(data)}

    assert types(codec.encode(value)) <= {dict, list, str, int, float, bool, type(None)}


def test_a_field_that_an_older_version_did_not_write_has_its_default() -> None:
    data = codec.encode(OUTCOME)
    del data["working_s"], data["evidence"]

    assert codec.decode(Outcome, data) == OUTCOME


def changed(**fields: Any) -> dict[str, Any]:
    return {**codec.encode(OUTCOME), **fields}


def usage(**fields: Any) -> dict[str, Any]:
    data = codec.encode(OUTCOME)
    return {**data, "usage": {**data["usage"], **fields}}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, r"Outcome must be an object, not None"),
        ([], r"Outcome must be an object, not \[\]"),
        (changed(version=None), r"Outcome\.version must be a version number, not None"),
        (changed(version=True), r"Outcome\.version must be a version number, not True"),
        (changed(version=99), r"Outcome has version 99, newer than 1; upgrade pytest-agentcore"),
        (changed(grade="A"), r"Outcome has an unknown field 'grade'"),
        ({"version": 1, "passed": True}, r"Outcome lacks its field 'key'"),
        (changed(passed=1), r"Outcome\.passed must be bool, not 1"),
        (changed(turns=True), r"Outcome\.turns must be int, not True"),
        (changed(turns=1.0), r"Outcome\.turns must be int, not 1\.0"),
        (changed(message=None), r"Outcome\.message must be str, not None"),
        (changed(wall_s="1"), r"Outcome\.wall_s must be a finite number, not '1'"),
        (changed(wall_s=float("nan")), r"Outcome\.wall_s must be a finite number, not nan"),
        (changed(wall_s=10**400), r"Outcome\.wall_s must be a finite number, not 1000"),
        (changed(cause="fate"), r"Outcome\.cause must be one of model, resource, .*, not 'fate'"),
        (changed(cause=[]), r"Outcome\.cause must be one of"),
        (changed(usage=None), r"Outcome\.usage must be an object, not None"),
        (usage(cost_usd=0.1), r"Outcome\.usage\.cost_usd must be a decimal number as text, not 0\.1"),
        (usage(cost_usd="NaN"), r"Outcome\.usage\.cost_usd must be a decimal number as text, not 'NaN'"),
        (usage(cost_usd="free"), r"Outcome\.usage\.cost_usd must be a decimal number as text, not 'free'"),
        (usage(cost_usd="1E+999999"), r"Outcome\.usage\.cost_usd must be a decimal number as text"),
    ],
)
def test_what_is_no_outcome_is_refused_by_name_and_place(data: object, message: str) -> None:
    with pytest.raises(StoreError, match=message) as error:
        codec.decode(Outcome, data)

    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 250


def test_the_place_inside_a_list_is_named() -> None:
    data = codec.encode(Trajectory(system_prompt="", prompt="", turns=(Turn(reply=Reply(text="a")),)))
    data["turns"][0]["results"] = "none"

    with pytest.raises(StoreError, match=r"Trajectory\.turns\[0\]\.results must be a list, not 'none'"):
        codec.decode(Trajectory, data)


@pytest.mark.parametrize("text", ["", "{", b"\xff", "[" * 100_000])
def test_text_that_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(StoreError, match="Usage is no JSON"):
        codec.loads(Usage, text)


@pytest.mark.parametrize(
    "make",
    [
        lambda: codec.encode({"a": 1}),
        lambda: codec.encode(Usage),
        lambda: codec.encode(Usage(cost_usd=Decimal("NaN"))),
        lambda: codec.encode(Usage(cost_usd=Decimal("1E+999999"))),
        lambda: codec.encode(replace(OUTCOME, wall_s=float("inf"))),
        lambda: codec.encode(Reply(text="", message={"raw": b"bytes"})),
        lambda: codec.encode(Reply(text="", message={1: "key"})),  # type: ignore[dict-item]
        lambda: codec.dumps(float("nan")),
        lambda: codec.dumps({"a": object()}),
    ],
)
def test_what_json_does_not_have_is_never_written(make: Callable[[], object]) -> None:
    with pytest.raises(StoreError):
        make()


def test_a_reader_of_plain_json_can_read_it() -> None:
    data = json.loads(codec.dumps(codec.encode(KEY)))

    assert data == {"version": 1, "task": "task_01", "model": "scripted/reference", "run": 1}


@SOME
@given(st.recursive(json_values, lambda inner: st.dictionaries(st.text(string.ascii_lowercase), inner), max_leaves=8))
def test_arbitrary_data_never_breaks_the_reader(data: object) -> None:
    for kind in (Outcome, Trajectory):
        with pytest.raises(StoreError):
            codec.decode(kind, {"version": 1, "key": data, "prompt": data} if data else data)


def test_a_literal_is_one_of_its_values() -> None:
    walls = Isolation(level="process", reason="asked for", enforced={"memory": "rlimit"})

    assert codec.decode(Isolation, codec.encode(walls)) == walls
    with pytest.raises(StoreError, match=r"Isolation\.level must be one of namespace, docker, process, not 'vm'"):
        codec.decode(Isolation, {**codec.encode(walls), "level": "vm"})
