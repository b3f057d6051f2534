"""Splits a holder off for each sandbox from one process that has all the code loaded: to start Python takes far longer.

Requests come on stdin, each one byte with four descriptors: what are to be the holder's stdin, stdout and stderr, and a
socket on which its process id comes back, with a handle of the process, and at its end its wait status. The end of
stdin is the order to end. Runs outside the walls, in a process without threads.
"""

from __future__ import annotations

import _socket
import gc
import os
import resource
import select
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ENDS = struct.Struct("4i")
NUMBER = struct.Struct("i")
"""How a process id and a wait status are told."""
_LAST_TO_GO = b"-999"


class _Child:
    """A holder, and where its end is to be told."""

    def __init__(self, pid: int, report: int) -> None:
        self.pid = pid
        self.handle = os.pidfd_open(pid)
        self._report = _socket.socket(fileno=report)
        self.highest = max(self.handle, report)
        handles = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, NUMBER.pack(self.handle))]
        self._tell(lambda: self._report.sendmsg([NUMBER.pack(pid)], handles))

    def ended(self) -> None:
        """Collect it and say how it ended."""
        status = os.waitpid(self.pid, 0)[1]
        self._tell(lambda: self._report.send(NUMBER.pack(status)))
        self._report.close()
        os.close(self.handle)

    def _tell(self, send: Callable[[], object]) -> None:
        try:
            send()
        except OSError:
            return  # nobody waits for it any more


def main() -> None:
    """Serve until the engine is gone and every holder has ended."""
    from . import holder, seccomp  # late: the engine, which reads the shapes above, needs none of what runs inside

    _stay_alive()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # two for each sandbox; each of these lowers it for itself
    seccomp.prepare()
    gc.freeze()
    requests = _socket.socket(fileno=os.dup(0))
    children: dict[int, _Child] = {}
    poller = select.poll()
    poller.register(requests.fileno(), select.POLLIN)
    open_ = True
    while open_ or children:
        for fd, _ in poller.poll():
            if fd in children:
                poller.unregister(fd)
                children.pop(fd).ended()
                continue
            try:
                ends = _received(requests)
            except EOFError:
                poller.unregister(fd)
                open_ = False
                continue
            highest = max((requests.fileno(), *ends, *(child.highest for child in children.values())))
            if (child := _forked(holder.main, ends, highest)) is not None:
                children[child.handle] = child
                poller.register(child.handle, select.POLLIN)
    os._exit(0)


def _stay_alive() -> None:
    """Every sandbox of the engine would go with this process: be the last that the kernel takes, where one may."""
    try:
        with open("/proc/self/oom_score_adj", "wb", buffering=0) as file:  # noqa: PTH123 - pathlib is not imported here
            file.write(_LAST_TO_GO)
    except OSError:
        return


def _received(requests: _socket.socket) -> tuple[int, ...]:
    """The descriptors of the next request.

    Raises:
        EOFError: there will be none; also when this process may not have so many descriptors.
    """
    try:
        _, extra, _, _ = requests.recvmsg(1, _socket.CMSG_SPACE(ENDS.size), _socket.MSG_CMSG_CLOEXEC)
        return ENDS.unpack(extra[0][2])
    except (OSError, IndexError, struct.error):
        raise EOFError from None


def _forked(hold: Callable[[], None], ends: tuple[int, ...], highest: int) -> _Child | None:
    """A child that holds a sandbox; None where none could be made, of which stderr tells."""
    here = os.getpid()
    try:
        pid = os.fork()
    except OSError as error:
        os.write(ends[2], f"fork: {error.strerror} (errno {error.errno})\n".encode())
        os.close(ends[3])
        pid = -1
    if pid == 0:
        try:
            _become_holder(ends, highest, here)
            hold()
        except BaseException:  # noqa: BLE001 - the loop of the parent is no place to go on
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)
    for fd in ends[:3]:
        os.close(fd)
    return _Child(pid, ends[3]) if pid > 0 else None


def _become_holder(ends: tuple[int, ...], highest: int, parent: int) -> None:
    """Take its own ends only, and die with the launcher."""
    from . import syscalls

    for number in (0, 1, 2):
        os.dup2(ends[number], number)
    os.closerange(3, highest + 1)  # those of its siblings: their end must be seen where it is waited for
    os.setsid()
    syscalls.die_with_parent()
    if os.getppid() != parent:
        os._exit(1)
