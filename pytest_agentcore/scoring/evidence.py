"""Patterns that are worth a look, found in finished runs: built in, and brought by plug-ins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pytest_agentcore.domain.evidence import Detector, Episode, Examined, Finding, Output, quoted
from pytest_agentcore.domain.workspace import Workspace
from pytest_agentcore.errors import ConfigError
from pytest_agentcore.scoring import evidence_claims, evidence_conduct, evidence_reading, evidence_repetition
from pytest_agentcore.scoring.trajectory_metrics import metrics

MOST_OUTPUTS = 20
BUILT_IN: tuple[Detector, ...] = (
    Detector(
        name=evidence_repetition.REDUNDANCY,
        description="The same call in consecutive turns, with the same result and nothing of it changed in between.",
        find=evidence_repetition.redundancy,
        built_in=True,
    ),
    Detector(
        name=evidence_claims.REGRESSION,
        description="The assistant states the diagnosis, and the final artefact contradicts it.",
        find=evidence_claims.diagnosis_then_regression,
        built_in=True,
    ),
    Detector(
        name=evidence_repetition.LOOP,
        description="The run was ended by a limit while its last three turns or more told or did nothing new.",
        find=evidence_repetition.loop,
        built_in=True,
    ),
    Detector(
        name=evidence_claims.NOT_ACTING,
        description="The assistant states an obstacle, and then acts as if it were not there.",
        find=evidence_claims.knowing_not_acting,
        built_in=True,
    ),
    Detector(
        name=evidence_reading.UNREAD,
        description="An answer was left without a look, or with no more than a glance, into an input of the prompt.",
        find=evidence_reading.unread_input,
        built_in=True,
    ),
    Detector(
        name=evidence_conduct.RECOVERY,
        description="A tool failed, and within five turns the agent got what it had wanted.",
        find=evidence_conduct.error_recovery,
        built_in=True,
    ),
    Detector(
        name=evidence_conduct.TEST_EDIT,
        description="A test that was there at the start was given other content, or removed.",
        find=evidence_conduct.test_edit,
        built_in=True,
    ),
)


def with_plugins(own: Iterable[Detector]) -> tuple[Detector, ...]:
    """The built-in detectors and a plug-in's.

    Raises:
        ConfigError: two of one name, or a name that is no word.
    """
    chosen = {detector.name: detector for detector in BUILT_IN}
    for detector in own:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", detector.name):
            raise ConfigError(f"evidence detector {detector.name!r}: use lower case letters, digits and _ for its name")
        if detector.name in chosen:
            raise ConfigError(f"evidence detector {detector.name!r}: that name is taken; choose another")
        chosen[detector.name] = detector
    return tuple(chosen.values())


def versions(detectors: Iterable[Detector]) -> dict[str, int]:
    """Name -> version, in the order of the names."""
    return {detector.name: detector.version for detector in sorted(detectors, key=lambda one: one.name)}


def examine(episode: Episode, detectors: Sequence[Detector] = BUILT_IN) -> Examined:
    """Everything that the detectors see in a run, with its counts and the files it left.

    A detector that raises is at fault, not the run: the error is told in place of its findings, under the name of the
    pattern with ``_error``, so that no run is lost by it.
    """
    found = [finding for detector in detectors for finding in _found(detector, episode)]
    return Examined(
        detectors=versions(detectors),
        findings=tuple(sorted(found, key=lambda one: (one.pattern, one.turns, one.quote))),
        metrics=metrics(episode.trajectory),
        final_message=quoted(episode.trajectory.final_message),
        outputs=tuple(outputs(episode.workspace)),
    )


def _found(detector: Detector, episode: Episode) -> list[Finding]:
    try:
        found = list(detector.find(episode))
    except Exception as error:  # noqa: BLE001 - nothing that a verdict depends on
        return [Finding(pattern=f"{detector.name}_error", turns=(), quote=quoted(f"{type(error).__name__}: {error}"))]
    return [Finding(pattern=detector.name, turns=tuple(one.turns), quote=quoted(one.quote)) for one in found]


def outputs(workspace: Workspace) -> list[Output]:
    """The files that differ from the start, the first twenty by path."""
    files = workspace.files
    shown = []
    for path, change in list(workspace.changes.items())[:MOST_OUTPUTS]:
        entry = files.get(path)
        data = entry.data if entry is not None else None
        size = entry.size if entry is not None else 0
        shown.append(Output(path=path, change=change, size=size, excerpt=None if data is None else _excerpt(data)))
    return shown


def _excerpt(data: bytes) -> str | None:
    if b"\0" in data:
        return None
    try:
        return quoted(data[:4096].decode("utf-8", "ignore" if len(data) > 4096 else "strict"))  # noqa: PLR2004
    except UnicodeDecodeError:
        return None
