"""Which sandbox level this machine can hold, and how one is opened."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.ports import Sandbox
from pytest_agentcore.domain.resources import Isolation, Level, Limits
from pytest_agentcore.domain.workspace import IGNORED
from pytest_agentcore.errors import AgentCoreError, ConfigError, SandboxUnavailable
from pytest_agentcore.sandbox import cgroup, namespace, process
from pytest_agentcore.sandbox.served import ServedSandbox

WEAKEST_FIRST: tuple[Level, ...] = ("process", "namespace", "docker")
ABSENT = "absent"
_LIFE_SLACK_S = 60.0
_ASK_S = 30.0
_LIMITS = {"memory": "memory", "pids": "pids", "cpu": "cpus"}
"""Controller -> the limit that it holds."""
_SOFTWARE = r"""
import shutil, sqlite3, subprocess, sys
def say(name, *argv):
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10)
        first = (done.stdout or done.stderr).strip().splitlines()[0] if done.returncode == 0 else "absent"
    except (OSError, IndexError, subprocess.SubprocessError):
        first = "absent"
    print(name, first, sep="\t")
print("python", sys.version.split()[0], sep="\t")
print("sqlite", sqlite3.sqlite_version, sep="\t")
say("git", "git", "--version")
try:
    from _pytest._version import version  # to start pytest for it takes longer than all the rest
    print("pytest", "pytest " + version, sep="\t")
except ImportError:
    print("pytest", "absent", sep="\t")
say("sh", "readlink", "-f", shutil.which("sh") or "/bin/sh")
for name, tool in (("coreutils", "ls"), ("grep", "grep"), ("sed", "sed")):
    say(name, tool, "--version")
say("awk", "readlink", "-f", shutil.which("awk") or "/usr/bin/awk")
"""
_SOFTWARE_BY_SH = r"""
for say in "python:python3 --version" "git:git --version" "pytest:pytest --version" "sh:readlink -f /bin/sh" \
  "coreutils:ls --version" "grep:grep --version" "sed:sed --version" "awk:readlink -f /usr/bin/awk"
do
  first=$(${say#*:} 2>/dev/null </dev/null | head -n 1)
  printf '%s\t%s\n' "${say%%:*}" "${first:-absent}"
done
"""


def at_least(level: str, required: str) -> bool:
    """True when the level stands behind walls as good as those required.

    Raises:
        ConfigError: one of them is no level.
    """
    for name in (level, required):
        if name not in WEAKEST_FIRST:
            raise ConfigError(f"unknown sandbox level {name!r}: choose one of {', '.join(WEAKEST_FIRST)}")
    order: Sequence[str] = WEAKEST_FIRST
    return order.index(level) >= order.index(required)


def probe(level: str, *, limits: Limits = Limits(), image: str = "", runtime: str = "") -> Isolation:  # noqa: B008 - a frozen value
    """Start a sandbox of this level once, and say what it gives; also removes what dead engines have left.

    Args:
        level: ``docker``, ``namespace``, ``process``, or ``auto`` for the better of the last two that starts.
        limits: what the sandboxes to come will be limited to.
        image: for ``docker``; empty for the one that ``pytest-agentcore image build`` makes.
        runtime: for ``docker``: passed to the daemon.

    Raises:
        ConfigError: no such level.
        SandboxUnavailable: the level does not start on this machine.
    """
    if level not in ("auto", *WEAKEST_FIRST):
        raise ConfigError(f"unknown sandbox level {level!r}: choose auto, {', '.join(WEAKEST_FIRST)}")
    if level != "docker" and (image or runtime):
        raise ConfigError(f"image {image or runtime!r} is for sandbox level 'docker', and this is {level!r}")
    if sys.platform != "linux":
        raise SandboxUnavailable(f"the sandbox needs Linux, and this is {sys.platform!r}: use a Linux machine or VM")
    if level == "docker":
        from pytest_agentcore.sandbox import docker_level

        return _asked(docker_level.probe(limits, name=image, runtime=runtime))
    cgroup.sweep()
    process.sweep()
    if level == "process":
        return _asked(_isolation("process", limits))
    try:
        return _asked(_isolation("namespace", limits))
    except SandboxUnavailable as error:
        if level == "namespace":
            raise
        return _asked(_isolation("process", limits, reason=str(error)))


def probe_images(images: Mapping[str, str], session: Isolation) -> dict[str, Isolation]:
    """Look whether the images that tasks ask for can be used.

    Args:
        images: name of the image -> a task that asks for it.
        session: what tasks without an image run in.

    Raises:
        ConfigError: this session's sandboxes are not made of images.
        SandboxUnavailable: there is no such image, or it cannot be used.
    """
    found: dict[str, Isolation] = {}
    for image, task in sorted(images.items()):
        if session.level != "docker":
            raise ConfigError(
                f"task {task} needs the image {image!r}, and sandboxes of level {session.level!r} are made of none: "
                "add --agent-sandbox=docker, or deselect the task"
            )
        try:
            found[image] = probe("docker", image=image, runtime=session.runtime)
        except AgentCoreError as error:
            raise type(error)(f"task {task}: {error}") from None
    return found


def open_sandbox(isolation: Isolation, *, limits: Limits, masks: Sequence[Path] = ()) -> Sandbox:
    """Start a sandbox as probed.

    Args:
        isolation: from :func:`probe`.
        limits: of this sandbox.
        masks: folders or files of this machine that must not be seen inside, such as suites.

    Raises:
        SandboxUnavailable: it would not start.
    """
    isolation = dataclasses.replace(isolation, enforced=enforced(isolation.level, limits))
    plan: dict[str, Any] = {
        "ignored": IGNORED,
        "limits": {
            "memory_mb": limits.memory_mb,
            "pids": limits.pids,
            "cpus": limits.cpus,
            "disk_mb": limits.disk_mb,
            "life_s": limits.wall_s + _LIFE_SLACK_S,
        },
    }
    if isolation.level == "docker":
        from pytest_agentcore.sandbox import docker_level

        return docker_level.start(plan, isolation, limits)
    groups = cgroup.make(limits)
    plan["group"] = {} if groups is None else groups.plan()
    ran_out = _memory_ran_out(groups)
    after_close = [] if groups is None else [groups.remove]
    try:
        if isolation.level == "namespace":
            channel = namespace.start(plan, limits, masks, memory_ran_out=ran_out)
        else:
            channel, folder = process.start(plan, memory_ran_out=ran_out)
            after_close.append(partial(process.remove, folder))
    except BaseException:
        if groups is not None:
            groups.remove()
        raise
    return ServedSandbox(channel, isolation, limits, after_close=after_close)


def _memory_ran_out(groups: cgroup.Groups | None) -> Callable[[], bool]:
    """Tells whether the kernel killed the server; without a group, whether it has killed anything since now."""
    if groups is not None and groups.counts_memory:
        return groups.server_was_killed
    before = cgroup.oom_kills_of_machine()
    return lambda: cgroup.oom_kills_of_machine() > before


def _isolation(level: Level, limits: Limits, *, reason: str = "") -> Isolation:
    return Isolation(level=level, reason=reason, enforced=enforced(level, limits), network=level == "process")


def enforced(level: Level, limits: Limits) -> dict[str, Any]:
    """How each resource is held at a level on this machine.

    Raises:
        ConfigError: the level cannot hold such a limit.
    """
    if level == "docker":
        from pytest_agentcore.sandbox import docker_level

        docker_level.check(limits)
        return dict(docker_level.enforced(limits))
    held = {_LIMITS[controller]: "cgroup" for controller in cgroup.held(limits)}
    return {**(namespace.enforced(limits) if level == "namespace" else process.enforced(limits)), **held}


def _asked(isolation: Isolation) -> Isolation:
    """The same with the versions of what is inside."""
    sandbox = open_sandbox(isolation, limits=Limits())
    try:
        ask = ["python3", "-c", _SOFTWARE] if isolation.calls == "server" else ["sh", "-c", _SOFTWARE_BY_SH]
        result = sandbox.exec(ask, timeout_s=_ASK_S)
    finally:
        sandbox.close()
    if result.exit_code != 0:
        problem = (result.stderr.text().strip().splitlines() or [f"exit status {result.exit_code}"])[-1]
        raise SandboxUnavailable(
            f"sandbox level {isolation.level!r}: python3 does not run inside: {problem}; "
            f"start pytest with an interpreter whose prefix {sys.base_prefix!r} can be read"
        )
    lines = (line.partition("\t") for line in result.stdout.text().splitlines())
    return dataclasses.replace(isolation, software={name: version for name, _, version in lines})
