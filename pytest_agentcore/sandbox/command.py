"""One command: started, watched, its output kept from both ends, ended in time. Runs inside."""
# ruff: noqa: PTH113, PTH118 - pathlib is not imported inside: it would cost a third of the start

from __future__ import annotations

import errno
import os
import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .pressure import Pressure
    from .watchdog import Watchdog

_CHUNK = 1 << 16
_TICK_S = 0.05
_SOON_S = 0.01
_STOPPED_S = 5.0
"""A tick that comes later than this was not delayed by load."""
_GRACE_S = 0.2
"""How long output is read on after the command ended, while something else still holds its pipes..."""
_QUIET_S = 0.03
"""...and how long a pause ends it."""
_SIGPIPE, _SIGXFSZ = 13, 25
NOT_FOUND, NOT_EXECUTABLE, KILLED = 127, 126, 128 + 9


class Poller:
    """Waits on descriptors and calls what belongs to each."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._calls: dict[int, Callable[[], None]] = {}

    def add(self, fd: int, call: Callable[[], None], mask: int = select.POLLIN) -> None:
        """Call when the descriptor has one of these events, or its other end is closed."""
        self._calls[fd] = call
        self._poll.register(fd, mask)

    def drop(self, fd: int) -> None:
        """Wait for this one no more."""
        if self._calls.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def wait(self, timeout_s: float | None) -> bool:
        """Wait once; False when nothing happened in time."""
        happened = self._poll.poll(None if timeout_s is None else max(0, int(timeout_s * 1000 + 0.999)))
        for fd, _ in happened:
            call = self._calls.get(fd)
            if call is not None:
                call()
        return bool(happened)


class Stream:
    """What is kept of one output stream: its head, its tail and its length."""

    def __init__(self, keep: int) -> None:
        self._keep_head = keep // 2
        self._keep_tail = keep - keep // 2
        self.head = bytearray()
        self.tail = bytearray()
        self.total = 0

    def feed(self, data: bytes) -> None:
        """Take in what came."""
        self.total += len(data)
        room = self._keep_head - len(self.head)
        if room > 0:
            self.head += data[:room]
            data = data[room:]
        self.tail += data
        if len(self.tail) > self._keep_tail + _CHUNK:
            self._trim()

    def kept(self) -> dict[str, object]:
        """The reply's form."""
        self._trim()
        return {"head": bytes(self.head), "tail": bytes(self.tail), "total": self.total}

    def _trim(self) -> None:
        del self.tail[: max(0, len(self.tail) - self._keep_tail)]


class Pipes:
    """The command's three streams, our ends non-blocking and in the poller."""

    def __init__(self, poller: Poller, stdin: bytes, keep: int, *, merge: bool) -> None:
        self._poller = poller
        self._stdin = memoryview(stdin)
        self.out, self.err = Stream(keep), Stream(keep)
        self._open: dict[int, Stream] = {}
        self._theirs: list[int] = []
        self.child_in = self._input()
        self.child_out = self._output(self.out)
        self.child_err = self.child_out if merge else self._output(self.err)
        self.complaints = self.out if merge else self.err

    def _input(self) -> int:
        if not self._stdin:
            theirs = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        else:
            theirs, ours = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(ours, False)
            self._writer = ours
            self._poller.add(ours, self._write, select.POLLOUT)
        self._theirs.append(theirs)
        return theirs

    def _output(self, stream: Stream) -> int:
        ours, theirs = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(ours, False)
        self._open[ours] = stream
        self._poller.add(ours, lambda: self._read(ours))
        self._theirs.append(theirs)
        return theirs

    def _write(self) -> None:
        try:
            self._stdin = self._stdin[os.write(self._writer, self._stdin[:_CHUNK]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._stdin = self._stdin[:0]
        if not self._stdin:
            self._poller.drop(self._writer)
            os.close(self._writer)

    def _read(self, fd: int) -> None:
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return
        if data:
            self._open[fd].feed(data)
        else:
            self._poller.drop(fd)
            os.close(fd)
            del self._open[fd]

    @property
    def at_end(self) -> bool:
        """Nobody holds the output any more."""
        return not self._open

    def started(self) -> None:
        """The command has its own copies of its ends."""
        for fd in self._theirs:
            os.close(fd)
        self._theirs = []

    def finish(self) -> list[int]:
        """Stop reading; the descriptors of output that something else still holds."""
        if self._stdin:
            self._poller.drop(self._writer)
            os.close(self._writer)
            self._stdin = self._stdin[:0]
        left = list(self._open)
        for fd in left:
            self._poller.drop(fd)
        return left


class Outcome:
    """How a command ended."""

    def __init__(self, exit_code: int, *, timed_out: bool = False, withheld: float = 0.0) -> None:
        self.exit_code = exit_code
        self.timed_out = timed_out
        self.withheld = withheld


def run(
    argv: Sequence[str],
    env: Mapping[str, str],
    pipes: Pipes,
    *,
    poller: Poller,
    watchdog: Watchdog,
    pressure: Pressure,
    timeout_s: float,
    spawn: Callable[..., int],
    look: Callable[[], bool],
) -> Outcome:
    """Run a command to its end, or to the end of its time: then everything inside is killed.

    ``look`` checks the limits every 50 ms, every 10 ms while it answers that one is near.
    """
    deadline = time.monotonic() + timeout_s
    try:
        pid = spawn(
            find(argv[0], env.get("PATH", "")),
            list(argv),
            dict(env),
            file_actions=[
                (os.POSIX_SPAWN_DUP2, pipes.child_in, 0),
                (os.POSIX_SPAWN_DUP2, pipes.child_out, 1),
                (os.POSIX_SPAWN_DUP2, pipes.child_err, 2),
            ],
            setsid=True,
            setsigmask=[],
            setsigdef=[_SIGPIPE, _SIGXFSZ],
        )
    except (OSError, ValueError) as error:
        return _not_started(error, argv[0], pipes, watchdog)
    finally:
        pipes.started()
    timed_out = _until_ended(pid, deadline, poller, look, watchdog=watchdog, pressure=pressure)
    withheld = pressure.withheld() if timed_out else 0.0
    if timed_out:
        watchdog.kill_all()
    _drain(pipes, poller)
    watchdog.reap()
    status = watchdog.status_of(pid)
    if timed_out:
        return Outcome(KILLED, timed_out=True, withheld=withheld)
    code = os.waitstatus_to_exitcode(status) if status is not None else -9
    return Outcome(code if code >= 0 else 128 - code)


def _not_started(error: Exception, name: str, pipes: Pipes, watchdog: Watchdog) -> Outcome:
    if isinstance(error, BlockingIOError):
        watchdog.pids_hits += 1
    reason = error.strerror if isinstance(error, OSError) else str(error)
    pipes.complaints.feed(f"{name}: {reason}\n".encode("utf-8", "backslashreplace"))
    missing = isinstance(error, FileNotFoundError | NotADirectoryError)
    return Outcome(NOT_FOUND if missing else NOT_EXECUTABLE)


def _until_ended(
    pid: int, deadline: float, poller: Poller, look: Callable[[], bool], *, watchdog: Watchdog, pressure: Pressure
) -> bool:
    """Serve the descriptors until the process ends; True when its time is over first.

    Time in which this process was stopped, and its sandbox with it, is nobody's.
    """
    ended: list[bool] = []
    handle = os.pidfd_open(pid)
    poller.add(handle, lambda: ended.append(True))
    try:
        last = wake = time.monotonic()
        tick = last + _SOON_S
        while not ended:
            now = time.monotonic()
            if now - last > _STOPPED_S:
                deadline += now - last
            else:
                pressure.woke(now - wake)
            last = now
            if now >= deadline:
                return True
            if now >= tick:
                watchdog.reap()
                soon = look()
                tick = time.monotonic() + (_SOON_S if soon else _TICK_S)
            wake = min(tick, deadline)
            poller.wait(wake - now)
    finally:
        poller.drop(handle)
        os.close(handle)
    return False


def _drain(pipes: Pipes, poller: Poller) -> None:
    """Read what is left of the output; a daemon that holds the pipe does not keep the call waiting."""
    end = time.monotonic() + _GRACE_S
    while not pipes.at_end and time.monotonic() < end:
        if not poller.wait(_QUIET_S):
            return


def find(name: str, path: str) -> str:
    """The file that a shell would run for this name.

    Raises:
        OSError: ENOENT or EACCES.
    """
    if not name:
        raise FileNotFoundError(errno.ENOENT, "command not found", name)
    if "/" in name:
        return name
    seen = None
    for folder in path.split(":"):
        candidate = os.path.join(folder or ".", name)
        if os.path.isfile(candidate):
            if os.access(candidate, os.X_OK):
                return candidate
            seen = candidate
    if seen is not None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), seen)
    raise FileNotFoundError(errno.ENOENT, "command not found", name)
