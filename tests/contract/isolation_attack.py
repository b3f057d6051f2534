"""What an attack on a sandbox is: what it tries, how, and how one tells that it was stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pytest_agentcore.domain.ports import Sandbox
from pytest_agentcore.domain.resources import Level
from tests.contract.isolation_stage import Stage

Attempt = Callable[[Sandbox, Stage], bool]
GOT = "GOT-IT"


class Verdict(StrEnum):
    """What a level does about an attack."""

    STOPPED = "stopped"
    GROUPED = "stopped where there is a control group"
    UNLESS_ROOT = "stopped, unless the engine is root"
    MACHINE = "up to the machine"
    """The level adds nothing: what the same user may do without a sandbox works inside."""
    OPEN = "not stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One thing that code in a sandbox may try."""

    id: str
    tries: str
    """Of a command: what it does."""
    stopped: str
    """What holds when it was stopped."""
    sh: str = ""
    """A shell script that prints :data:`GOT` when it has succeeded; ``@NAME@`` stands for a field of the stage."""
    python: str = ""
    """The same in Python, with ``got()`` to say it; an exception is a failure."""
    attempt: Attempt | None = None
    """For what no script alone can do or tell: True when the attack succeeded."""
    namespace: Verdict = Verdict.STOPPED
    docker: Verdict = Verdict.STOPPED
    process: Verdict = Verdict.OPEN
    harmless: str = ""
    """A shell script for a level that does not stop it, where the real one would do harm."""
    limits: Mapping[str, float | None] = field(default_factory=dict)

    def expected(self, level: Level) -> Verdict:
        """The declared verdict at this level."""
        return {"namespace": self.namespace, "docker": self.docker, "process": self.process}[level]

    def works(self, box: Sandbox, stage: Stage) -> bool:
        """Try it in a sandbox."""
        if self.attempt is not None:
            return self.attempt(box, stage)
        return GOT in box.exec(self.argv(stage, level=box.isolation.level), timeout_s=30).stdout.text()

    def argv(self, stage: Stage, *, level: Level) -> list[str]:
        """The command; at a level that stops nothing, the harmless one."""
        if self.harmless and level == "process":
            return ["sh", "-c", stage.fill(self.harmless)]
        if self.sh:
            return ["sh", "-c", stage.fill(self.sh)]
        return ["python3", "-c", PRELUDE + stage.fill(self.python)]


PRELUDE = f"""
import ctypes, os, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def got(): print({GOT!r})
def call(number, *args):
    "A system call by its numbers on x86_64 and aarch64."
    result = libc.syscall(number[os.uname().machine == "aarch64"], *args)
    if result < 0: sys.exit(os.strerror(ctypes.get_errno()))
    return result
"""
