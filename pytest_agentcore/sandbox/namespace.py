"""Level ``namespace``: a root, processes, users and a network of its own, without root and without a package."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.resources import Enforcement, Limits
from pytest_agentcore.errors import SandboxUnavailable
from pytest_agentcore.sandbox import contents, launching
from pytest_agentcore.sandbox.channel import Channel

ENVIRONMENT = {
    "PATH": "/opt/agentcore/bin:/usr/local/bin:/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108 - not the workspace: what tools leave in a home is no result
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONPATH": "/opt/agentcore/site",
    "PYTHONDONTWRITEBYTECODE": "1",
    "TERM": "dumb",
}
_ETC = {
    "passwd": "root:x:0:0:root:/:/bin/sh\nagent:x:1000:1000:agent:/tmp:/bin/sh\n",
    "group": "root:x:0:\nagent:x:1000:\n",
    "hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
_ETC_BOUND = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives")
_SPOTS = ("/mnt", "/media", "/srv", "/opt", "/var", "/home", "/tmp")  # noqa: S108 - covered in the sandbox's own view only
_FIRST_KERNEL_WITH_OWN_TASK_COUNT = (5, 14)
_HOLDER_AND_SERVER = 2


def start(
    plan: dict[str, Any], limits: Limits, masks: Sequence[Path], *, memory_ran_out: Callable[[], bool]
) -> Channel:
    """Start a sandbox behind namespaces.

    Args:
        plan: what every level has, from :func:`~pytest_agentcore.sandbox.choice.open_sandbox`.
        limits: its limits.
        masks: folders and files of this machine to be covered, besides installed packages.
        memory_ran_out: as :class:`~pytest_agentcore.sandbox.channel.Channel` takes it.

    Raises:
        SandboxUnavailable: in one line, the step that failed and the usual remedy.
    """
    python = contents.interpreter()
    try:
        launching.start(str(python))  # it gets ready while this process looks for what is to be covered
        counted = "max" in plan["group"].get("files", ())  # by a group, which could not count what an rlimit refuses
        plan = {
            **plan,
            **_view(python, limits, masks),
            "limits": {**plan["limits"], "tasks_rlimit": None if counted else _tasks_rlimit(limits)},
        }
        return Channel(str(python), plan, memory_ran_out=memory_ran_out)
    except SandboxUnavailable as error:
        raise SandboxUnavailable(f"sandbox level 'namespace' would not start: {error}; {_remedy(str(error))}") from None


def enforced(limits: Limits) -> dict[str, Enforcement]:
    """How each limit is held at this level where there is no control group."""
    return {
        "memory": "watchdog" if limits.memory_mb is not None else "none",
        "pids": "none" if limits.pids is None else "watchdog" if _tasks_rlimit(limits) is None else "rlimit",
        "disk": "tmpfs" if limits.disk_mb is not None else "none",
        "cpus": "none",
    }


def _tasks_rlimit(limits: Limits) -> int | None:
    """RLIMIT_NPROC counts per user namespace since Linux 5.14, and never for root."""
    release = tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2] if part.isdigit())
    if limits.pids is None or os.geteuid() == 0 or release < _FIRST_KERNEL_WITH_OWN_TASK_COUNT:
        return None
    return limits.pids + _HOLDER_AND_SERVER


def _view(python: Path, limits: Limits, masks: Sequence[Path]) -> dict[str, Any]:
    """What is seen inside, and where."""
    walls = _walls(python)
    return {
        **walls,
        "level": "namespace",
        "own_namespace": True,
        "workspace": "/workspace",
        "env": ENVIRONMENT,
        "at": _spot(tuple(source for source, _, _ in walls["binds"])),
        "disk_mb": limits.disk_mb,
        "masks": _masks(tuple(masks)),
    }


@cache
def _walls(python: Path) -> Mapping[str, Any]:
    """What every sandbox of this process has of the host, in the words of :mod:`~pytest_agentcore.sandbox.rootfs`."""
    binds = [(str(tree), str(tree)) for tree in contents.bound_trees()]
    links = [(str(path.readlink()), str(path)) for path in contents.system_folders() if path.is_symlink()]
    named = Path(sys.base_prefix)
    if named != named.resolve() and not contents.is_below(named, contents.bound_trees()):
        links.append((str(named.resolve()), str(named)))
    binds += [(f"/etc/{name}", f"/etc/{name}") for name in _ETC_BOUND if Path("/etc", name).exists()]
    binds += [(str(path), f"/opt/agentcore/site/{name}") for name, path in contents.test_tools().items()]
    links += [(str(python), f"/opt/agentcore/bin/{name}") for name in ("python", "python3")]
    files = {
        **{f"/etc/{name}": (text, 0o644) for name, text in _ETC.items()},
        "/opt/agentcore/bin/pytest": (contents.PYTEST_SCRIPT.format(python="/opt/agentcore/bin/python3"), 0o755),
    }
    folders = {path for source, path in binds if Path(source).is_dir()}
    for path in [*(path for _, path in binds), *(path for _, path in links), *files]:
        folders.update(str(parent) for parent in Path(path).parents)
    return {
        "folders": tuple(sorted(folders - {"/"})),
        "binds": tuple((source, path, path in folders) for source, path in binds),
        "links": tuple(links),
        "files": files,
    }


@cache
def _masks(extra: tuple[Path, ...]) -> tuple[str, ...]:
    return tuple(str(path) for path in contents.masks(extra))


@cache
def _spot(sources: tuple[str, ...]) -> str:
    """A folder to build the root on; what is mounted there must not be among what is to be bound."""
    for spot in map(Path, _SPOTS):
        if spot.is_dir() and not any(contents.is_below(Path(source), [spot]) for source in sources):
            return str(spot)
    raise SandboxUnavailable(f"no folder to build a root on: make an empty {_SPOTS[0]!r}")


def _remedy(failure: str) -> str:
    if failure.startswith(("unshare user", "/proc/self/")):
        return _user_namespace_remedy()
    if failure.startswith("unshare"):
        return "this kernel or container forbids namespaces: run on a machine of your own, or use 'process'"
    if failure.startswith("mount proc"):
        return (
            "a container that hides part of /proc forbids a new one: docker run --security-opt systempaths=unconfined"
        )
    return "use --agent-sandbox=process, or report this line"


def _user_namespace_remedy() -> str:
    settings = {
        "user/max_user_namespaces": ("0", "sudo sysctl -w user.max_user_namespaces=10000"),
        "kernel/unprivileged_userns_clone": ("0", "sudo sysctl -w kernel.unprivileged_userns_clone=1"),
        "kernel/apparmor_restrict_unprivileged_userns": (
            "1",
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
    }
    for name, (bad, remedy) in settings.items():
        try:
            if Path("/proc/sys", name).read_text().strip() == bad:
                return remedy
        except OSError:
            continue
    return "user namespaces are forbidden here: in docker, run with --security-opt seccomp=unconfined"
