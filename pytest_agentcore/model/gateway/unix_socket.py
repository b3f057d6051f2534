"""A socket of the file system as a second door: for agents in a sandbox without a network, into which it is mounted."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pytest_agentcore.errors import ConfigError

LONGEST = 107
"""Bytes of a path, as Linux has it (``sun_path`` less its end)."""


@contextmanager
def bound(path: Path) -> Iterator[socket.socket]:
    """A socket of its owner alone, in place of one that a dead process left; removed at the end.

    Raises:
        ConfigError: the path is too long, somebody listens there, it is something else, or it cannot be made.
    """
    size = len(os.fsencode(path))
    if size > LONGEST:
        raise ConfigError(f"the socket path {str(path)!r} has {size} bytes, at most {LONGEST} are possible: shorten it")
    _cleared(path)
    own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        own.bind(str(path))
    except OSError as error:
        own.close()
        raise ConfigError(f"the socket {str(path)!r} cannot be made: {error.strerror}") from None
    finally:
        os.umask(mask)
    made = path.lstat().st_ino
    try:
        yield own
    finally:
        own.close()
        with suppress(OSError):
            if path.lstat().st_ino == made:  # somebody else may have put theirs in its place
                path.unlink()


def _cleared(path: Path) -> None:
    """Remove what a dead process has left."""
    try:
        kind = path.lstat().st_mode
    except OSError:
        return  # making it says what is wrong
    if not stat.S_ISSOCK(kind):
        raise ConfigError(f"{str(path)!r} is there and is no socket: give another path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        try:
            caller.connect(str(path))
        except ConnectionRefusedError:
            with suppress(OSError):
                path.unlink()
            return
        except OSError as error:
            raise ConfigError(f"the socket {str(path)!r} cannot be looked at: {error.strerror}") from None
    raise ConfigError(f"somebody listens at {str(path)!r}: stop them, or give another path")
