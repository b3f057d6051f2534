"""What the kernel counts for the commands of a sandbox, where they have control groups. Runs inside.

All files are opened before the walls are made; afterwards only the descriptors are left, and no command inherits one.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ENOUGH = 4096
_STEP = 1 << 20
"""The limit follows the size of the files in steps of so many bytes."""
_SECONDS = {"throttled_time": 1e-9, "throttled_usec": 1e-6}
_LAST_TO_GO = b"-999"


class GroupGone(Exception):
    """Someone removed the group that was to hold the next command."""


class Accounting:
    """Puts commands into their groups and reads what these count.

    Args:
        plan: ``enter``, ``leave``, ``origin`` (files that take the writer into a group: that of the commands, that of
            the server, that of the engine), ``files`` (what is counted -> its file), ``folders`` (parent and name of
            each group); empty where there is no group.
    """

    def __init__(self, plan: dict[str, Any]) -> None:
        self._enter, self._leave, self._origin = (
            [os.open(path, os.O_WRONLY | os.O_CLOEXEC) for path in plan.get(kind, ())]
            for kind in ("enter", "leave", "origin")
        )
        self._folders = [
            (os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), name)
            for parent, name in plan.get("folders", ())
        ]
        self._files = {kind: _open(path) for kind, path in plan.get("files", {}).items() if os.path.exists(path)}  # noqa: PTH110
        self._limit = self._applied = self._read_int("memory_limit")
        self._peak_before = self._met_before = 0
        self.holds_memory = "memory_limit" in self._files
        self.holds_pids = "max" in self._files
        self._throttled = next((kind for kind in _SECONDS if kind in self._files), None)

    def settle(self) -> None:
        """Enter the server's group, with all children to come; where one may, be the last whom the kernel kills."""
        for fd in self._leave:
            os.write(fd, b"0")
        try:
            with open("/proc/self/oom_score_adj", "wb", buffering=0) as file:  # noqa: PTH123
                file.write(_LAST_TO_GO)
        except OSError:
            return  # only root may be less likely a victim than others

    def spawn(self, *args: Any, **kwargs: Any) -> int:
        """Start a child inside the commands' groups: it begins where its parent is at that moment.

        Raises:
            GroupGone: there is no such group any more.
            OSError: from the start itself.
        """
        try:
            for fd in self._enter:
                _join(fd)
            return os.posix_spawn(*args, **kwargs)
        finally:
            for fd in self._leave:
                _join(fd)

    def counts(self) -> tuple[int, int, float | None]:
        """Kills for want of memory, forks that were refused, seconds without a processor; so far."""
        throttled = None
        if self._throttled is not None:
            throttled = self._counter(self._throttled) * _SECONDS[self._throttled]
        return self._counter("oom_kill"), self._counter("max"), throttled

    def met_memory_limit(self) -> bool:
        """Has the commands' own limit been met since this was last asked; if not, a kill was for want of other memory.

        The kernel counts kills of a group whoever's memory ran out: its own, that of a group above, the machine's.
        """
        if "memory_met" not in self._files and "oom" not in self._files:
            return True
        met = self._counter("oom") if "oom" in self._files else self._read_int("memory_met")
        before, self._met_before = self._met_before, met
        return met > before

    def begin_call(self) -> None:
        """Forget the highest use so far, where the kernel can."""
        if not self.holds_memory:
            return
        try:
            os.pwrite(self._files["memory_peak"], b"0", 0)
            self._peak_before = 0
        except (OSError, KeyError):
            self._peak_before = self._read_int("memory_peak")

    def peak_bytes(self) -> int | None:
        """Highest use since the last call began; None where the kernel cannot tell it from an earlier one."""
        peak = self._read_int("memory_peak")
        return peak if peak > self._peak_before else None

    def make_room(self, file_bytes: int) -> bool:
        """Add what the sandbox's files hold to the limit, for a tmpfs is memory too; True when it is half used."""
        if not self.holds_memory:
            return False
        wanted = self._limit + file_bytes
        if abs(wanted - self._applied) >= _STEP:
            try:
                os.pwrite(self._files["memory_limit"], str(wanted).encode(), 0)
                self._applied = wanted
            except OSError:
                pass  # it cannot be lowered yet: what is in use does not fit
        return self._read_int("memory_usage") > self._applied // 2

    def remove(self) -> None:
        """Leave the groups and remove them; for the holder, when the server is gone."""
        try:
            for fd in self._origin:
                os.write(fd, b"0")
            for folder, name in self._folders:
                os.rmdir(name, dir_fd=folder)
        except OSError:
            return  # the engine removes what is left, or the sweep of the next session

    def _counter(self, kind: str) -> int:
        fd = self._files.get(kind)
        if fd is None:
            return 0
        for line in os.pread(fd, _ENOUGH, 0).splitlines():
            name, _, value = line.partition(b" ")
            if name == kind.encode():
                return int(value)
        return 0

    def _read_int(self, kind: str) -> int:
        fd = self._files.get(kind)
        return 0 if fd is None else int(os.pread(fd, 64, 0))


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:  # no right to write, or a file system that nobody may write to
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _join(fd: int) -> None:
    try:
        os.write(fd, b"0")
    except OSError as error:
        raise GroupGone(f"the control group of the commands is gone: {error.strerror}") from None
