"""The error for a sandbox that went away, as the table of :mod:`pytest_agentcore.domain.causes` has it."""

from __future__ import annotations

from pytest_agentcore.domain.causes import TABLE, Loss, Seen
from pytest_agentcore.errors import SandboxLost


def lost(loss: Loss) -> SandboxLost:
    """What to raise, with what was seen."""
    row = next(row for row in TABLE if row.fits(Seen(loss=loss)))
    message = row.message.format(loss=loss)
    return SandboxLost(message, reason=row.reason, loss=loss)
