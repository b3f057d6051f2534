"""The clock of a run: time in which the process was stopped is nobody's, whoever looks first afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

READER = """
import os, signal, time
from pytest_agentcore.agent import clock
clock.TICK_S, clock.JUMP_S = 0.05, 0.5
{ticker}
before, real = clock.now(), time.monotonic()
os.kill(os.getpid(), signal.SIGSTOP)
print(clock.now() - before, time.monotonic() - real)
"""


@pytest.mark.parametrize("ticker", ["", "clock._tick = lambda: None"], ids=["with_ticks", "reader_first"])
def test_time_of_a_stopped_process_does_not_count(ticker: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", READER.format(ticker=ticker)], stdout=subprocess.PIPE, text=True)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert status
    signal.sigtimedwait([], 1.2)
    process.send_signal(signal.SIGCONT)
    output, _ = process.communicate(timeout=30)

    counted, passed = map(float, output.split())
    assert passed > 1.1
    assert counted < 0.5
