"""``--agent-check``: each run judged twice, the second time after the others, and held against what it had to be."""

from __future__ import annotations

import random
import time
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from pytest_agentcore.check_cases import Case, case_of
from pytest_agentcore.check_runner import CheckRunner
from pytest_agentcore.collection import Planned, parameter, test_of
from pytest_agentcore.domain.check import CaseKind, CaseResult, Check, Miss
from pytest_agentcore.domain.outcome import Outcome, Verdict
from pytest_agentcore.domain.rollout import Rollout
from pytest_agentcore.errors import SandboxError
from pytest_agentcore.rollout import search
from pytest_agentcore.scoring.conduct import Conduct, Overdue, deadline, watched
from pytest_agentcore.scoring.expectation import CHECK_OF, misses, said_of, same_judgement
from pytest_agentcore.scoring.failure import conclude, tampering
from pytest_agentcore.session import ROLLOUT
from pytest_agentcore.store import codec
from pytest_agentcore.verdicts import PREFIX, properties, said, verdict_of

RESULT = "agent_check"
"""Attribute of a report: the encoded :class:`~pytest_agentcore.domain.check.CaseResult`."""
PATIENCE = 2
"""So often may a task's checker hang before its other runs are no longer given to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One call of a checker, and what it did meanwhile."""

    outcome: Outcome
    rollout: Rollout
    conduct: Conduct
    seconds: float
    called: bool = True


class CheckJudge:
    """Wraps the bodies of agent tests and holds their verdicts against the solutions' files."""

    def __init__(self, runner: CheckRunner, *, rehearses: bool) -> None:
        self._runner = runner
        self._rehearses = rehearses
        """False where a process died over a checker: each run is judged once, in its own item."""
        self._rehearsing = False
        self._begun: set[str] = set()
        self._first: dict[str, Judgement] = {}
        self._results: dict[str, CaseResult] = {}
        self._hung: Counter[str] = Counter()

    # Order: before a task's first item reports, all of its items are judged once, in a shuffled order

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Judge a task's runs for the first time before the first of them reports."""
        if not self._rehearses or item.nodeid not in self._runner.planned or test_of(item) in self._begun:
            return
        self._begun.add(test_of(item))
        block = [other for other in item.session.items if self._is_rehearsed_with(other, item)]
        random.Random(test_of(item)).shuffle(block)  # noqa: S311 - a fixed order
        # What pytest keeps set up for the next item must be what this one needs, but not this very item.
        after = next((other for other in item.session.items if other is not item and other.parent is item.parent), None)
        self._rehearsing = True
        try:
            for other, following in zip(block, [*block[1:], item], strict=False):
                runtestprotocol(other, log=False, nextitem=following if following is not other else after)
        finally:
            self._rehearsing = False

    def _is_rehearsed_with(self, other: pytest.Item, item: pytest.Item) -> bool:
        if other.parent is not item.parent or test_of(other) != test_of(item):
            return False
        ours = self._runner.is_own(other.nodeid) or other is item
        case = self._runner.cases.get(other.nodeid)
        return ours and other.nodeid in self._runner.planned and case is not None and case.deciding

    # Judging

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Fail what cannot be replayed; give a test with steps of its own a fresh start."""
        reason = self._runner.broken.get(item.nodeid)
        if reason is not None:
            pytest.fail(reason, pytrace=False)
        entry = self._runner.planned.get(item.nodeid)
        if entry is not None and not entry.prefetch and ROLLOUT in item.stash:
            del item.stash[ROLLOUT]

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        """Call the checker, and let the item fail where the verdict is not the one that it had to be."""
        entry = self._runner.planned.get(pyfuncitem.nodeid)
        if entry is None:
            return (yield)
        body, called = pyfuncitem.obj, self._is_called(pyfuncitem, entry)
        pyfuncitem.obj = _insisting(body, self._runner.settings.infra_retries) if called else _nothing
        conduct = _conduct(entry)
        verdict, started = Verdict(passed=False), time.perf_counter()
        try:
            with watched(conduct, ask=self._rehearsing), deadline(self._runner.check.deadline_s):
                yield
            verdict = Verdict(passed=called)
        except Overdue as error:
            self._hung[test_of(pyfuncitem)] += 1
            verdict = Verdict(passed=False, checker_error=said(error))
        except SystemExit as error:
            verdict = _placed(Verdict(passed=False, checker_error=f"SystemExit: {said(error)}"), error, conduct)
        except (Exception, pytest.skip.Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - whatever it is, it is told
            verdict = _placed(verdict_of(error), error, conduct)
        finally:
            pyfuncitem.obj = body
        seconds = time.perf_counter() - started
        rollout = self._rollout(pyfuncitem, entry, verdict.infra_error)
        outcome = _concluded(entry, rollout, verdict)
        judged = Judgement(outcome=outcome, rollout=rollout, conduct=conduct, seconds=seconds, called=called)
        self._weigh(pyfuncitem, entry, judged)
        return True

    def _is_called(self, item: pytest.Item, entry: Planned) -> bool:
        """Is there something for the checker to judge, and does it come to an end?"""
        if self._runner.cases[item.nodeid].kind is CaseKind.SEARCH or self._hung[test_of(item)] >= PATIENCE:
            return False
        if not entry.prefetch:
            return True
        rollout = self._runner.rollout(item)
        return rollout.infra is None and rollout.resource is None

    def _rollout(self, item: pytest.Item, entry: Planned, infra: str | None) -> Rollout:
        return self._runner.rollout(item) if entry.prefetch else self._runner.step_rollout(item, infra)

    def _weigh(self, item: pytest.Function, entry: Planned, judged: Judgement) -> None:
        if self._rehearsing:
            self._first[item.nodeid] = judged
            return
        item.user_properties.extend(properties(judged.outcome))
        result = self._result(item, entry, judged)
        self._results[item.nodeid] = result
        if result.misses:
            pytest.fail("\n".join(f"{miss.check}: {miss.text}" for miss in result.misses), pytrace=False)

    def _result(self, item: pytest.Item, entry: Planned, judged: Judgement) -> CaseResult:
        case, first = self._runner.cases[item.nodeid], self._first.pop(item.nodeid, None)
        result = _blank(item, case, entry)
        if case.kind is CaseKind.SEARCH:
            return self._searched(result, entry, judged.rollout)
        found: list[Miss] = []
        if self._hung[test_of(item)] >= PATIENCE and not judged.called:
            known = first is not None and first.called
            text = said_of(first.outcome) if first is not None and known else "not judged: the checker hung before"
            found.append(Miss(check=Check.SOUND, text=f"the checker broke: {text}" if known else text))
        else:
            found += misses(case.kind, self._runner.expectation(item.nodeid), judged.outcome)
        judgements = [one for one in (first, judged) if one is not None and one.called]
        if len(judgements) > 1 and (unlike := same_judgement(judgements[0].outcome, judgements[1].outcome)):
            found.append(Miss(check=Check.DETERMINISTIC, text=unlike))
        found += _misconduct(judgements)
        return replace(
            result,
            judged=len(judgements),
            passed=judged.outcome.passed,
            failure="" if judged.outcome.passed else said_of(judged.outcome),
            message=judged.outcome.message,
            misses=tuple(found),
            notes=tuple(
                dict.fromkeys(f"runs {name!r} on this machine" for one in judgements for name in one.conduct.commands)
            ),
            checker_s=round(judged.seconds, 3) if judged.called else None,
        )

    def _searched(self, result: CaseResult, entry: Planned, rollout: Rollout) -> CaseResult:
        """What can be seen without any run of the task: in its sandbox, its workspace and its folder."""
        looked = self._looked(result, entry, rollout)
        if entry.task.solutions is not None and (entry.task.solutions / "reference.yaml").is_file():
            return looked
        text = "there is no solutions/reference.yaml to show that it can be passed"
        return replace(looked, misses=(Miss(check=Check.SOLVABLE, text=text), *looked.misses))

    def _looked(self, result: CaseResult, entry: Planned, rollout: Rollout) -> CaseResult:
        found = search.leaked(entry.task, entry.suite.root, rollout.workspace.before)
        if not self._runner.walls:
            note = "isolation cannot be shown at sandbox level process, which hides nothing"
            return replace(result, misses=tuple(Miss(check=Check.ISOLATED, text=text) for text in found), notes=(note,))
        seen = search.sighting(rollout.trajectory)
        if seen is None:
            last = rollout.infra or rollout.resource or (rollout.trajectory.results or (None,))[-1]
            found.append(
                f"the search came to no end: {last if isinstance(last, str) else last and last.content[-200:]!r}"
            )
        else:
            found += [f"{path} in the sandbox shows {secret}" for path, secret in seen.found if path.startswith("/")]
            result = replace(result, message=f"{seen.seen:,} names seen", passed=not found)
        return replace(result, misses=tuple(Miss(check=Check.ISOLATED, text=text) for text in found))

    # Reports

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let the report carry the result, across processes too."""
        report = yield
        if parameter(item) is None or self._rehearsing or report.when == "teardown":
            return report
        result = self._results.pop(item.nodeid, None)
        if result is None and report.failed:
            result = self._unjudged(item, said(call.excinfo.value if call.excinfo else None))
        if result is not None:
            setattr(report, RESULT, codec.encode(result))
            report.user_properties.append((f"{PREFIX}case", result.name))
            if ROLLOUT in item.stash:
                del item.stash[ROLLOUT]
        return report

    def _unjudged(self, item: pytest.Item, reason: str) -> CaseResult:
        """The result of an item whose checker was never called: a broken solution, task or fixture."""
        model, run = parameter(item) or ("", 1)
        entry = self._runner.planned.get(item.nodeid) or self._runner.homes.get(test_of(item))
        folder = item.path.parent / "solutions"
        case = self._runner.cases.get(item.nodeid) or case_of(folder if folder.is_dir() else None, model, run)
        check = CHECK_OF[case.kind] if item.nodeid in self._runner.broken else Check.SOUND
        text = reason if item.nodeid in self._runner.broken else f"set-up failed: {reason}"
        return replace(_blank(item, case, entry), misses=(Miss(check=check, text=text),))


def _insisting(body: Callable[..., Any], retries: int) -> Callable[..., Any]:
    """The body, called again where its own sandbox failed."""

    def insist(**arguments: Any) -> Any:
        __tracebackhide__ = True
        for left in range(retries, -1, -1):
            try:
                return body(**arguments)
            except SandboxError:
                if left == 0:
                    raise
        raise AssertionError  # unreachable: the last round returns or raises

    return insist


def _nothing(**_: Any) -> None:
    """In place of a body that is not to be called."""


def _placed(verdict: Verdict, error: BaseException, conduct: Conduct) -> Verdict:
    """The verdict on a checker that broke, with the place in the suite where it did."""
    if verdict.checker_error is None:
        return verdict
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(conduct.roots)]
    place = f" in {Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
    return replace(verdict, checker_error=verdict.checker_error + place)


def _conduct(entry: Planned) -> Conduct:
    root = str(entry.suite.root or entry.task.folder)
    return Conduct(roots=(root,), protected=(root, str(entry.task.folder)))


def _concluded(entry: Planned, rollout: Rollout, verdict: Verdict) -> Outcome:
    findings = tampering(entry.task, rollout.workspace)
    if findings and not verdict.tampered:
        verdict = replace(verdict, tampered=True, message="; ".join(findings))
    return conclude(entry.task, rollout, verdict)


def _misconduct(judgements: Sequence[Judgement]) -> list[Miss]:
    """What the checker may not do, each once."""
    written = dict.fromkeys(name for one in judgements for name in one.conduct.writes)
    asked = dict.fromkeys(note for one in judgements for note in one.conduct.asked)
    return [
        *(Miss(check=Check.SOUND, text=f"the checker writes {name!r}; a checker only reads") for name in written),
        *(
            Miss(check=Check.DETERMINISTIC, text=f"the checker asks {note}; a verdict must not depend on it")
            for note in asked
        ),
    ]


def _blank(item: pytest.Item, case: Case, entry: Planned | None) -> CaseResult:
    """Whose result it is."""
    home = item.path.parent
    return CaseResult(
        task=entry.task.id if entry else home.name,
        suite=entry.suite.name if entry else "",
        suite_version=entry.suite.version if entry else "",
        suite_root=str((entry.suite.root if entry else None) or home),
        digest=entry.task.digest if entry else "",
        in_suite=bool(entry and entry.suite.root),
        scored=entry.task.scored if entry else True,
        name=case.name,
        kind=case.kind,
        run=case.run,
        nodeid=item.nodeid,
    )
