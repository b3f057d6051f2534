"""Level ``docker``: a container of an image, held by a daemon, with the same server inside as at every level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_agentcore.domain.ports import Sandbox
from pytest_agentcore.domain.resources import Enforcement, Isolation, Limits
from pytest_agentcore.errors import ConfigError, SandboxUnavailable
from pytest_agentcore.sandbox import docker_code, docker_exec, image, namespace
from pytest_agentcore.sandbox.docker import CannotStart, Daemon, NotFound
from pytest_agentcore.sandbox.docker_channel import ContainerChannel
from pytest_agentcore.sandbox.docker_memory import MemoryLimit
from pytest_agentcore.sandbox.pool import LEAST_MB, Pool, Shape, create, pool, sweep
from pytest_agentcore.sandbox.served import ServedSandbox

_RUNTIME_S = 20.0
"""A container runtime that was asked for by name and starts nothing for so long does not work."""
_NEEDED = {"MemoryLimit": "memory", "PidsLimit": "processes", "CpuCfsQuota": "the processor"}
"""What a daemon says of itself -> what it cannot hold where that is false."""


def probe(limits: Limits, *, name: str = "", runtime: str = "") -> Isolation:
    """Look whether containers can be had, and remove those that dead engines have left.

    Args:
        limits: what the sandboxes to come will be limited to.
        name: the image; empty for the one that ``pytest-agentcore image build`` makes.
        runtime: passed to the daemon.

    Raises:
        SandboxUnavailable: no daemon, no image, or one that cannot be used; the line says what to do.
    """
    check(limits)
    daemon = Daemon()
    try:
        _check_holds_limits(daemon)
        isolation = image_isolation(name or image.NAME, runtime, daemon)
        sweep(daemon)
        shape = Shape.of(Limits(), image=isolation.image_id, runtime=runtime)
        try:
            create(daemon, shape, timeout_s=_RUNTIME_S).end()
        except (CannotStart, docker_code.TooOld) as error:
            return docker_exec.probe(daemon, isolation, reason=_why_no_server(error, isolation))
    finally:
        daemon.close()
    return isolation


def image_isolation(name: str, runtime: str, daemon: Daemon) -> Isolation:
    """The level with an image that is there.

    Raises:
        SandboxUnavailable: it is not; the line names the command that makes it.
    """
    try:
        known = daemon.image(name)
    except NotFound:
        own = f"docker pull {name}, or docker build -t {name} FOLDER"
        remedy = "pytest-agentcore image build" if name == image.NAME else own
        raise SandboxUnavailable(
            f"docker at {daemon.url!r} has no image {name!r}, and none is ever pulled by itself: {remedy}"
        ) from None
    _environments[known["Id"]] = _variables(known)
    return Isolation(
        level="docker", enforced=enforced(Limits()), image=name, image_id=known["Id"], runtime=runtime, network=False
    )


def start(plan: dict[str, Any], isolation: Isolation, limits: Limits) -> Sandbox:
    """Start a sandbox in a container as probed.

    Raises:
        ConfigError: limits that no container can have.
        SandboxUnavailable: it would not start.
    """
    check(limits)
    containers = pool()
    environment = {**_environment(containers, isolation.image_id), **namespace.ENVIRONMENT}
    environment["PATH"] = _joined(namespace.ENVIRONMENT["PATH"], _environment(containers, isolation.image_id))
    if isolation.calls == "exec":
        return docker_exec.start(containers, isolation, limits, environment)
    shape = Shape.of(limits, image=isolation.image_id, runtime=isolation.runtime)
    held = [resource for resource, how in enforced(limits).items() if how == "cgroup"]
    plan = {**plan, "own_namespace": True, "workspace": "/workspace", "env": environment, "held": held}
    container = containers.take(shape)
    memory = MemoryLimit(containers.daemon, container.id, shape.memory_bytes)
    channel = ContainerChannel(container, plan, memory=memory, after_loss=containers.strand)
    return ServedSandbox(channel, isolation, limits)


def enforced(limits: Limits) -> dict[str, Enforcement]:
    """How each limit is held."""
    return {
        "memory": "none" if limits.memory_mb is None else "cgroup",
        "pids": "none" if limits.pids is None else "cgroup",
        "disk": "none" if limits.disk_mb is None else "tmpfs",
        "cpus": "none" if limits.cpus is None else "cgroup",
    }


def check(limits: Limits) -> None:
    """Refuse limits that no container can have.

    Raises:
        ConfigError: in one line, which and what to write.
    """
    if limits.memory_mb is not None and limits.memory_mb < LEAST_MB:
        raise ConfigError(
            f"memory_mb={limits.memory_mb!r} is below the least that docker takes: write {LEAST_MB} or more"
        )
    if limits.cpus is not None and limits.cpus < 0.01:  # noqa: PLR2004 - docker's own least
        raise ConfigError(f"cpus={limits.cpus!r} is below the least that docker takes: write 0.01 or more")


def _check_holds_limits(daemon: Daemon) -> None:
    said = daemon.info()
    missing = [what for name, what in _NEEDED.items() if said.get(name) is False]
    if missing:
        raise SandboxUnavailable(
            f"docker at {daemon.url!r} cannot limit {', '.join(missing)} here (cgroup version "
            f"{said.get('CgroupVersion', '?')}, driver {said.get('CgroupDriver', '?')}): use a daemon that runs as "
            "root, or a machine with cgroup version 2"
        )


def _why_no_server(error: SandboxUnavailable, isolation: Isolation) -> str:
    """The reason that goes into every record; a start that failed for another cause is no such reason."""
    if isinstance(error, docker_code.TooOld):
        return str(error)
    if isinstance(error, CannotStart) and '"python3"' in error.detail:
        return f"the image {isolation.image!r} has no python3"
    raise error


_environments: dict[str, Mapping[str, str]] = {}
"""Image id -> the environment that it sets."""


def _environment(containers: Pool, image_id: str) -> Mapping[str, str]:
    if image_id not in _environments:
        _environments[image_id] = _variables(containers.daemon.image(image_id))
    return _environments[image_id]


def _variables(known: Mapping[str, Any]) -> dict[str, str]:
    pairs = (line.partition("=") for line in (known.get("Config") or {}).get("Env") or ())
    return {name: value for name, _, value in pairs}


def _joined(ours: str, theirs: Mapping[str, str]) -> str:
    """Our folders on PATH first, then those of the image."""
    return ":".join(dict.fromkeys(":".join([ours, theirs.get("PATH", "")]).strip(":").split(":")))
