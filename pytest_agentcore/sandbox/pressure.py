"""How much of what was due to a command the machine gave to others. Runs inside.

A call that ends with its time says something of the model only where it could have run: on a machine that is too full,
or that itself stood still, it says something of the machine.
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .watchdog import Watchdog

_LATE_S = 0.1
"""A server that wakes up later than this did not merely wait its turn."""
_LEAST_S = 1.0
"""Any machine keeps its programs waiting for less than this now and then."""


class Pressure:
    """Measures one call, from its making on.

    Args:
        watchdog: knows the processes.
        due: processors that the call may count on: one, or less where its limit is lower.
        throttled_s: seconds for which that limit has held the sandbox up so far.
    """

    def __init__(self, watchdog: Watchdog, *, due: float, throttled_s: Callable[[], float]) -> None:
        self._watchdog = watchdog
        self._due = due
        self._throttled_s = throttled_s
        self._throttled_before = throttled_s()
        self._began = time.monotonic()
        self._born = time.clock_gettime(time.CLOCK_BOOTTIME)
        self._used_before = watchdog.cpu_s
        self._stalled_s = 0.0

    def woke(self, late_s: float) -> None:
        """The server woke up so much later than it had asked for."""
        if late_s > _LATE_S:
            self._stalled_s += late_s

    def withheld(self) -> float:
        """Share of the call's due that others had, 0 to 1; asked while its processes still live.

        What its processes waited for in the queue of the processor counts, as far as they got less than their due:
        more threads than processors wait for each other. Time in which the server itself could not run counts as well,
        but for what a limit held it up: in a container it is under the same one.
        """
        wall_s = time.monotonic() - self._began
        due_s = self._due * wall_s
        ran_s, queued_s = self._watchdog.queue(self._born)
        missing_s = due_s - ran_s - (self._watchdog.cpu_s - self._used_before)
        stalled_s = max(0.0, self._stalled_s - (self._throttled_s() - self._throttled_before))
        withheld_s = min(missing_s, max(queued_s, stalled_s * self._due))
        return min(1.0, withheld_s / due_s) if withheld_s >= _LEAST_S * self._due else 0.0
