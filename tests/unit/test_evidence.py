"""Patterns in finished runs: found where a reader finds them, and not where they only seem to be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from pytest_agentcore.domain.evidence import LONGEST_QUOTE, Detector, Diagnosis, Episode, Finding, quoted
from pytest_agentcore.domain.resources import Evidence
from pytest_agentcore.domain.trajectory import Reply, StopReason, ToolCall, ToolResult, Trajectory, Turn
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.domain.workspace import Entry, Snapshot, Workspace
from pytest_agentcore.errors import ConfigError
from pytest_agentcore.scoring.evidence import BUILT_IN, examine, outputs, versions, with_plugins
from pytest_agentcore.scoring.trajectory_metrics import cache_share, metrics
from tests.unit.evidence_runs import labelled, play

TUNED = ("repetition", "reading", "claims", "conduct")
HELD_OUT = "held_out"
LEAST_RUNS = 60
LEAST_PRECISION = 0.95
LEAST_RECALL = 0.7


def found_in(*files: str) -> Iterator[tuple[str, frozenset[str], frozenset[str], frozenset[str]]]:
    """Name of each labelled run, what a reader finds, what is known to be missed, and what the detectors find."""
    cases = labelled(*files)
    with ThreadPoolExecutor(4) as pool:  # most of a run is waiting for its sandbox
        for case, episode in zip(cases, pool.map(play, cases), strict=True):
            found = frozenset(finding.pattern for finding in examine(episode).findings)
            yield case.name, case.finds, frozenset(case.raw.get("missed", ())), found


@pytest.mark.parametrize("file", [*TUNED, HELD_OUT])
def test_detectors_agree_with_the_labels(file: str) -> None:
    """Every run, every pattern; what is missed is written down beside the label."""
    wrong = {
        name: {
            "too much": sorted(found - finds),
            "missed": sorted(finds - missed - found),
            "no longer": sorted(missed & found),
        }
        for name, finds, missed, found in found_in(file)
        if found != finds - missed
    }

    assert wrong == {}


def test_precision_of_what_nothing_was_tuned_for() -> None:
    """Held-out runs: nearly all that is said is so; a good part of what is so is said."""
    right, wrong, missed = Counter[str](), Counter[str](), Counter[str]()
    for _, finds, _, found in found_in(HELD_OUT):
        right.update(finds & found)
        wrong.update(found - finds)
        missed.update(finds - found)

    assert right.total() / (right.total() + wrong.total()) >= LEAST_PRECISION
    assert right.total() / (right.total() + missed.total()) >= LEAST_RECALL


def test_the_labelled_set_is_what_it_is_said_to_be() -> None:
    """Large enough, every pattern in several runs, near misses among them."""
    cases = labelled(*TUNED, HELD_OUT)
    counts = Counter(pattern for case in cases for pattern in case.finds)

    assert len(cases) >= LEAST_RUNS
    assert len({case.name for case in cases}) == len(cases)
    assert {detector.name for detector in BUILT_IN} == set(counts)
    assert min(counts.values()) >= 5
    assert sum(not case.finds for case in cases) >= len(cases) // 3


# By hand


def turn(*calls: tuple[str, str, str], text: str = "", input_tokens: int = 0) -> Turn:
    """A turn of (tool, arguments, answer)."""
    return Turn(
        reply=Reply(
            text=text,
            calls=tuple(
                ToolCall(id=f"c{place}", name=tool, arguments=args) for place, (tool, args, _) in enumerate(calls)
            ),
            usage=Usage(input_tokens=input_tokens),
        ),
        results=tuple(ToolResult(call_id=f"c{place}", content=answer) for place, (_, _, answer) in enumerate(calls)),
    )


def episode(*turns: Turn, stop: StopReason = StopReason.FINISHED, **files: tuple[str | None, str | None]) -> Episode:
    """An episode; each file is given by its text before and after, None where it was not."""

    def snapshot(place: int) -> Snapshot:
        texts = {name.replace("__", "."): pair[place] for name, pair in files.items()}
        return Snapshot.of(
            Entry(path=path, kind="file", size=len(text), data=text.encode())
            for path, text in texts.items()
            if text is not None
        )

    return Episode(
        trajectory=Trajectory(system_prompt="", prompt="Do it.", turns=turns, stop_reason=stop),
        workspace=Workspace(before=snapshot(0), snapshot=snapshot(1)),
    )


READ = ("fs_read", '{"path": "a.txt"}', "hello")


def patterns(of: Episode) -> list[str]:
    return [finding.pattern for finding in examine(of).findings]


def test_a_chain_of_repeats_is_one_finding() -> None:
    (finding,) = examine(episode(turn(READ), turn(READ), turn(READ), turn(text="done"))).findings

    assert finding == Finding(pattern="tool_call_redundancy", turns=(1, 2, 3), quote="fs_read a.txt")


@pytest.mark.parametrize(
    ("again", "redundant"),
    [
        (("fs_read", '{"offset": 0, "path": "./a.txt", "limit": null}', "hello"), True),
        (("fs_read", '{"path": "/workspace/a.txt"}', "hello"), True),
        (("fs_read", '{"path": "a.txt", "offset": 5}', "hello"), False),
        (("fs_read", '{"path": "a.txt"}', "hello, again"), False),
        (("fs_list", '{"path": "a.txt"}', "hello"), False),
    ],
)
def test_arguments_are_compared_in_their_canonical_form(again: tuple[str, str, str], redundant: bool) -> None:
    assert ("tool_call_redundancy" in patterns(episode(turn(READ), turn(again)))) is redundant


def test_durations_make_no_difference() -> None:
    once = ("shell", '{"command": "python3 -m pytest -q"}', "3 passed in 0.02s")
    again = ("shell", '{"command": "python3 -m pytest -q"}', "3 passed in 0.31s")

    assert patterns(episode(turn(once), turn(again))) == ["tool_call_redundancy"]


def test_malformed_calls_are_no_redundancy() -> None:
    slip = ToolResult(call_id="c0", content="error: not JSON", error=True, malformed=True)
    bad = replace(turn(("fs_read", "{", "")), results=(slip,))

    assert patterns(episode(bad, bad, stop=StopReason.MALFORMED)) == []


def test_an_injected_fault_is_not_repeated_by_asking_again() -> None:
    """The second answer is the file system's own, even where its words are the same."""
    fault = ToolResult(call_id="c0", content="no such file", error=True, fault="no such file")
    first = replace(turn(READ), results=(fault,))
    second = replace(turn(READ), results=(replace(fault, fault=None),))

    assert "tool_call_redundancy" not in patterns(episode(first, second))


@pytest.mark.parametrize("calls", [(("fs_read", "null", ""),), (("", "", ""),), (("shell", '{"command": 7}', ""),)])
def test_odd_calls_harm_nobody(calls: tuple[tuple[str, str, str], ...]) -> None:
    assert "error" not in "".join(patterns(episode(turn(*calls), turn(*calls), turn())))


def test_calls_without_results_harm_nobody() -> None:
    """A run that was cut off in mid-turn."""
    cut = replace(turn(READ, READ), results=())

    assert examine(episode(cut, stop=StopReason.TIMEOUT)).metrics.calls_by_tool == {"fs_read": 2}


def test_a_diagnosis_that_is_no_regular_expression_is_refused_to_its_author() -> None:
    with pytest.raises(ValueError, match=r"Diagnosis\(states='\('\) is no regular expression"):
        Diagnosis(states=("(",), artefact="finding.txt")


@pytest.mark.parametrize("size", [1_000, 60_000])
def test_long_texts_take_no_longer_than_they_must(size: int) -> None:
    """No pattern runs away on a text that a model may write: one word without end, brackets, or a wall of lines."""
    walls = (
        "a" * size,
        "there is no " * (size // 12),
        "x/" * (size // 2),
        "<<E\n" * (size // 4),
        "only 3 " * (size // 7),
    )
    for wall in walls:
        examined = examine(episode(turn(("shell", '{"command": "cat <<E\\n"}', wall), text=wall), a__txt=(None, wall)))
        assert not any(finding.pattern.endswith("_error") for finding in examined.findings)


def test_metrics_count_what_the_outcome_does_not() -> None:
    slow = replace(turn(READ), results=(ToolResult(call_id="c0", content="", timed_out=True, evidence=Evidence()),))
    told = metrics(episode(turn(READ, text="look"), turn(READ), slow, turn(text="", input_tokens=70)).trajectory)

    assert (told.redundant_calls, told.repeated_calls, told.timed_out_calls) == (1, 1, 1)
    assert (told.largest_input_tokens, told.silent_turns) == (70, 3)
    assert told.calls_by_tool == {"fs_read": 3}


def test_cache_share_of_nothing_is_not_known() -> None:
    assert cache_share(Usage()) is None
    assert cache_share(Usage(input_tokens=8, cached_tokens=2)) == 0.25


def test_outputs_are_the_changed_files() -> None:
    listed = outputs(episode(same=("1", "1"), new=(None, "two\nlines"), gone=("x", None), bin=(None, "\0")).workspace)

    assert [(one.path, one.change, one.size, one.excerpt) for one in listed] == [
        ("bin", "added", 1, None),
        ("gone", "removed", 0, None),
        ("new", "added", 9, "two lines"),
    ]


def test_a_quotation_is_one_line_of_bounded_length() -> None:
    assert quoted("a\n b\t c") == "a b c"
    assert len(quoted("word " * 200)) == LONGEST_QUOTE


# Plug-ins


def swearing(of: Episode) -> Iterator[Finding]:
    for number, one in enumerate(of.trajectory.turns, start=1):
        if "damn" in one.reply.text:
            yield Finding(pattern="whatever", turns=(number,), quote=one.reply.text)


def test_a_plugin_finds_under_its_own_name() -> None:
    detectors = with_plugins([Detector(name="swearing", description="The assistant swears.", find=swearing, version=3)])
    examined = examine(episode(turn(text="damn\nit")), detectors)

    assert examined.findings == (Finding(pattern="swearing", turns=(1,), quote="damn it"),)
    assert examined.detectors["swearing"] == 3


def test_a_plugin_that_raises_loses_no_run() -> None:
    def broken(of: Episode) -> Any:
        raise KeyError(of.diagnosis)

    examined = examine(
        episode(turn(READ), turn(READ)), with_plugins([Detector(name="odd", description="", find=broken)])
    )

    assert [finding.pattern for finding in examined.findings] == ["odd_error", "tool_call_redundancy"]
    assert examined.findings[0].quote == "KeyError: None"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("test_edit", "evidence detector 'test_edit': that name is taken; choose another"),
        ("=cmd()", "evidence detector '=cmd()': use lower case letters, digits and _ for its name"),
    ],
)
def test_a_plugins_name_must_be_its_own(name: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        with_plugins([Detector(name=name, description="", find=swearing)])

    assert str(refused.value) == message


def test_versions_tell_who_looked() -> None:
    assert list(versions(BUILT_IN)) == sorted(detector.name for detector in BUILT_IN)
