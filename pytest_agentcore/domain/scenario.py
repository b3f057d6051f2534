"""Where a run's scenario comes from: the published one, or one drawn from a seed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from random import Random

CANONICAL = "canonical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What the ``scenario`` of a marker is called with; equal draws give equal scenarios on every machine."""

    variant: str
    """``canonical``, or the seed of ``--agent-variant``."""
    suite_version: str
    task: str
    run: int
    """1-based run index: a variant's runs differ, so an answer copied from another run is wrong."""

    @property
    def canonical(self) -> bool:
        """Is the published scenario wanted, which is the same in all runs?"""
        return self.variant == CANONICAL

    def random(self) -> Random:
        """A generator for this draw, new with each call: take one and draw everything from it."""
        text = f"{self.suite_version}|{self.task}|{self.run}|{self.variant}"
        return Random(int.from_bytes(hashlib.sha256(text.encode()).digest()))  # noqa: S311 - nothing secret
