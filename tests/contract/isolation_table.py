"""Writes docs/isolation.md from the table of attacks: ``python -m tests.contract.isolation_table``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pytest_agentcore.domain.resources import Level
from tests.contract.isolation_attack import Verdict
from tests.contract.isolation_attacks import ATTACKS

PAGE = Path(__file__).parents[2] / "docs" / "isolation.md"
LEVELS: tuple[Level, ...] = ("namespace", "docker", "process")
INTRODUCTION = """\
# What each sandbox level stops

Written by `python -m tests.contract.isolation_table`; do not edit. Every line is a test: the attack is carried out at
every level. Where a cell says *stopped*, it failed; where it says *not stopped*, it succeeded, so that this page is
wrong in neither direction. Tests run by root carry out again, as an ordinary user, all that may depend on the user.
The attacks are in `tests/contract/isolation_*.py`; `tests/contract/test_isolation.py` tries them.

"""
MEANINGS = """
- *up to the machine*: the level adds nothing; the test asserts that the attack gives what it gives without a sandbox,
  whichever that is for this user on this machine.
- *stopped where there is a control group*: as root on most machines, seldom as an ordinary user; `pytest-agentcore
  doctor` says `cgroup` then.
- `docker` here is the image of `pytest-agentcore image build` on a daemon with root, its own seccomp profile and no
  user namespaces; /sys of a container can be read, and its user is this machine's uid 1000.

Code written by a real model belongs at level `namespace` or better.
"""


def page() -> str:
    """The whole page."""
    return INTRODUCTION + "\n".join(_counts()) + "\n" + MEANINGS + "".join(_sections())


def _counts() -> Iterator[str]:
    yield "| | " + " | ".join(f"`{level}`" for level in LEVELS) + " |"
    yield "|---" * (len(LEVELS) + 1) + "|"
    counts = {
        level: Counter(attack.expected(level) for attacks in ATTACKS.values() for attack in attacks) for level in LEVELS
    }
    for verdict in Verdict:
        yield f"| {verdict} | " + " | ".join(str(counts[level][verdict]) for level in LEVELS) + " |"
    yield "| attacks | " + " | ".join(str(counts[level].total()) for level in LEVELS) + " |"


def _sections() -> Iterator[str]:
    for title, attacks in ATTACKS.items():
        yield f"\n## {title}\n\n| attack | a command… | stopped means | " + " | ".join(f"`{it}`" for it in LEVELS)
        yield " |\n" + "|---" * (3 + len(LEVELS)) + "|\n"
        for attack in attacks:
            cells = (str(attack.expected(level)) for level in LEVELS)
            yield f"| {attack.id} | {attack.tries} | {attack.stopped} | {' | '.join(map(_marked, cells))} |\n"


def _marked(cell: str) -> str:
    return cell if cell == Verdict.STOPPED else f"**{cell}**"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
