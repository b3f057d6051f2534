"""The one conversation that everything is measured with: five shell commands, then a final message."""

from __future__ import annotations

STEPS = 5
TURNS = STEPS + 1
"""Assistant messages of a run, the final one included."""
PROMPT = "Write the numbers 1 to 5, each to a file of its own: step1.txt to step5.txt."


def command(step: int) -> str:
    """The shell command of a step, 1-based: as little work as leaves a trace."""
    return f"echo {step} > {file_name(step)}"


def file_name(step: int) -> str:
    """The trace of a step."""
    return f"step{step}.txt"
