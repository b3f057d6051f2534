"""Every attack, at every level: stopped where the page says so, and working where it says that."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_agentcore.domain.ports import Sandbox
from pytest_agentcore.domain.resources import Isolation, Limits
from pytest_agentcore.errors import SandboxUnavailable
from pytest_agentcore.sandbox import cgroup
from pytest_agentcore.sandbox.choice import open_sandbox
from tests.contract import isolation_table
from tests.contract.isolation_attack import GOT, Attack, Verdict
from tests.contract.isolation_attacks import ATTACKS
from tests.contract.isolation_stage import Stage, keys_in_keyrings, planted
from tests.contract.sandbox_boxes import Open

EVERY = [attack for attacks in ATTACKS.values() for attack in attacks]
KEYRINGS = ("session-keyring", "user-keyring")


@pytest.fixture(scope="module")
def stage(isolation: Isolation) -> Iterator[Stage]:
    """What there is to reach, another run of the same level among it."""
    other = open_sandbox(isolation, limits=Limits())
    try:
        with planted(other) as stage:
            yield stage
    finally:
        other.close()


@pytest.fixture(scope="module")
def joint(isolation: Isolation, stage: Stage) -> Iterator[Sandbox]:
    """One sandbox for the attacks that need no limits of their own, started by an engine that holds a key."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROVIDER_API_KEY", stage.secret)
        box = open_sandbox(isolation, limits=Limits())
        yield box
        box.close()


def holds(verdict: Verdict, attack: Attack, stage: Stage) -> bool:
    """Is an attack with this verdict stopped here?"""
    if verdict is Verdict.MACHINE:
        return not works_without_sandbox(attack, stage)
    if verdict is Verdict.UNLESS_ROOT:
        return os.geteuid() != 0
    if verdict is Verdict.GROUPED:
        return bool(cgroup.hierarchies())
    return verdict is Verdict.STOPPED


def works_without_sandbox(attack: Attack, stage: Stage) -> bool:
    """What the same user may do outside."""
    folder = stage.folder / "bare"
    folder.mkdir(exist_ok=True)
    argv = attack.argv(stage, level="process")
    done = subprocess.run(argv, cwd=folder, check=False, capture_output=True, text=True, start_new_session=True)
    return GOT in done.stdout


@pytest.mark.parametrize("attack", EVERY, ids=[attack.id for attack in EVERY])
def test_attack(attack: Attack, isolation: Isolation, stage: Stage, joint: Sandbox, open_box: Open) -> None:
    if attack.id in KEYRINGS:
        with keys_in_keyrings(stage.secret) as there:
            if not there:
                pytest.skip("this machine forbids keys")
            worked = attack.works(open_box(), stage)
    elif attack.attempt is not None:
        worked = attack.works(open_box(**attack.limits), stage)
    else:
        worked = attack.works(joint, stage)

    stopped = holds(attack.expected(isolation.level), attack, stage)
    assert worked is not stopped, attack.expected(isolation.level)


def test_attacks_left_the_sandbox_that_they_share_usable(joint: Sandbox) -> None:
    assert joint.exec(["echo", "alive"]).stdout.text() == "alive\n"


def test_ids_are_unique_and_every_attack_can_be_tried() -> None:
    assert len({attack.id for attack in EVERY}) == len(EVERY)
    for attack in EVERY:
        assert (bool(attack.sh) + bool(attack.python) + (attack.attempt is not None)) == 1, attack.id
        verdicts = (attack.namespace, attack.docker, attack.process)
        assert attack.attempt is None or Verdict.MACHINE not in verdicts, attack.id


def test_page_says_what_is_declared() -> None:
    committed = Path(__file__).parents[2] / "docs" / "isolation.md"

    assert committed.read_text("utf-8") == isolation_table.page(), "run: python -m tests.contract.isolation_table"


def test_a_promised_group_that_cannot_be_made_is_named(monkeypatch: pytest.MonkeyPatch, isolation: Isolation) -> None:
    if isolation.level == "docker":
        return  # the daemon makes its groups
    gone = cgroup.Hierarchy(version=1, controllers=frozenset({"memory"}), parent=Path("/no/such"), own=Path("/no/such"))
    monkeypatch.setattr(cgroup, "hierarchies", lambda: (gone,))

    with pytest.raises(SandboxUnavailable, match=r"control group '/no/such/agentcore-.*cannot be made: No such file"):
        open_sandbox(isolation, limits=Limits())
