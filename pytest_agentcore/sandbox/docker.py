"""The one place that talks to a Docker daemon: everything it says becomes a value or one line of ours."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import requests
from docker import errors as docker_errors
from docker.utils import kwargs_from_env

from pytest_agentcore.errors import SandboxUnavailable
from pytest_agentcore.sandbox.docker_stream import Attachment

ANSWER_S = 10.0
"""A daemon that says nothing for so long hangs."""
WORK_S = 120.0
LABEL = "pytest-agentcore.engine"
"""On every container and naming its engine, so that those of the dead are found."""
_DEFAULT_SOCKET = "unix:///var/run/docker.sock"
_GONE = (requests.exceptions.ConnectionError, ConnectionError, requests.exceptions.ChunkedEncodingError)
_SILENT = (requests.exceptions.Timeout, TimeoutError)


class DaemonGone(SandboxUnavailable):
    """There is no daemon to ask at this moment; later there may be one."""


class NotFound(SandboxUnavailable):
    """The daemon does not know the image or the container."""


class CannotStart(SandboxUnavailable):
    """The container's own first program cannot be run; ``detail`` is the runtime's word."""

    def __init__(self, message: str, *, detail: str) -> None:
        super().__init__(message)
        self.detail = detail


class Daemon:
    """A daemon, as ``DOCKER_HOST`` and its kin name it; safe for several threads.

    Raises:
        SandboxUnavailable: it cannot be reached; the line says why and what to do.
    """

    def __init__(self) -> None:
        self.url: str = kwargs_from_env().get("base_url") or _DEFAULT_SOCKET
        with self._translated("ask for its version"):
            self._quick = _client("auto", ANSWER_S)
            self._api = _client(self._quick.api_version, WORK_S)

    def close(self) -> None:
        """Give the connections back."""
        self._quick.close()
        self._api.close()

    def answers(self) -> bool:
        """Is it there at this moment?"""
        try:
            with self._translated("answer"):
                return bool(self._quick.ping())
        except SandboxUnavailable:
            return False

    def info(self) -> dict[str, Any]:
        """What it says of itself."""
        with self._translated("describe itself"):
            return dict(self._quick.info())

    # Images

    def image(self, name: str) -> dict[str, Any]:
        """What is known of an image that is there; nothing is ever pulled.

        Raises:
            NotFound: it is not.
        """
        with self._translated(f"look for the image {name!r}"):
            return dict(self._quick.inspect_image(name))

    def import_image(self, tar: Path, name: str, changes: Sequence[str]) -> None:
        """Make an image of one layer from a root file system."""
        repository, _, tag = name.partition(":")
        with self._translated(f"import the image {name!r}"):
            said = self._api.import_image(str(tar), repository=repository, tag=tag or "latest", changes=list(changes))
        if '"error"' in str(said):
            raise SandboxUnavailable(f"docker at {self.url!r} refuses the image {name!r}: {str(said).strip()}")

    # Containers

    def create(self, image: str, *, command: Sequence[str], labels: Mapping[str, str], **host: Any) -> str:
        """Make a container with an open stdin that ends with its first reader, not started; its id."""
        with self._translated(f"create a container of {image!r}"):
            made = self._api.create_container(
                image,
                entrypoint=list(command),
                command=[],
                user="0:0",
                hostname="sandbox",
                working_dir="/",
                stdin_open=True,
                network_disabled=True,
                labels=dict(labels),
                host_config=self._api.create_host_config(**host),
            )
        return str(made["Id"])

    def attach(self, container: str) -> Attachment:
        """Its three streams; before it starts, so that nothing is missed."""
        params = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        with self._translated("attach to a container"):
            return Attachment(self._api.attach_socket(container, params=params))

    def start(self, container: str, *, timeout_s: float | None = None) -> None:
        """Run its command.

        Raises:
            CannotStart: there is no such command inside, or the runtime does not work.
        """
        api = self._api
        if timeout_s is not None:
            api = _client(self._quick.api_version, timeout_s)
        try:
            with self._translated("start a container"):
                api.start(container)
        finally:
            if api is not self._api:
                api.close()

    def remove(self, container: str) -> bool:
        """End and remove it at once; False when there was nothing to remove."""
        try:
            with self._translated("remove a container"):
                self._api.remove_container(container, force=True, v=True)
        except NotFound:
            return False
        except SandboxUnavailable as error:
            if "already in progress" in str(error):
                return False
            raise
        return True

    def kill(self, container: str) -> None:
        """End everything inside."""
        with contextlib.suppress(SandboxUnavailable), self._translated("kill a container"):
            self._api.kill(container)

    def limit_memory(self, container: str, size: int) -> None:
        """Change its limit, in bytes; swap stays none."""
        with self._translated("change a memory limit"):
            self._api.update_container(container, mem_limit=size, memswap_limit=size)

    def pid(self, container: str) -> int:
        """The process id of its first process on the daemon's machine; 0 when it does not run."""
        with self._translated("inspect a container"):
            return int(self._quick.inspect_container(container)["State"]["Pid"])

    def marked(self) -> dict[str, str]:
        """Containers of any engine of ours: id -> engine."""
        with self._translated("list containers"):
            found = self._api.containers(all=True, filters={"label": LABEL})
        return {entry["Id"]: entry["Labels"].get(LABEL, "") for entry in found}

    def events(self, container: str, since: float) -> list[tuple[float, str, int | None]]:
        """What happened to a container up to now: second, kind, exit status where it has one."""
        with self._translated("tell what happened"):
            stream = self._quick.events(
                since=int(since), until=int(time.time()) + 1, filters={"container": container}, decode=True
            )
            try:
                found = list(stream)
            finally:
                stream.close()
        return [
            (event["timeNano"] / 1e9, event["Action"], _number(event["Actor"]["Attributes"].get("exitCode")))
            for event in found
        ]

    # Commands in a container that has no server

    def run(self, container: str, argv: Sequence[str], **options: Any) -> tuple[str, Attachment]:
        """Start a further command in a container: its id and its streams."""
        with self._translated("run a command in a container"):
            made = self._api.exec_create(container, list(argv), stdin=True, **options)["Id"]
            return str(made), Attachment(self._api.exec_start(made, socket=True))

    def run_status(self, command: str) -> int | None:
        """Its exit status; None while it runs."""
        with self._translated("inspect a command"):
            return _number(self._api.exec_inspect(command)["ExitCode"])

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        """Everything that can go wrong at the border, in one line each."""
        try:
            yield
        except docker_errors.NotFound as error:
            raise NotFound(f"docker at {self.url!r} could not {what}: {_words(error)}") from None
        except docker_errors.APIError as error:
            words = _words(error)
            message = f"docker at {self.url!r} could not {what}: {words}"
            if "OCI runtime" in words or "executable file not found" in words or "no such file" in words:
                raise CannotStart(message, detail=words) from None
            raise SandboxUnavailable(message) from None
        except _SILENT as error:
            raise DaemonGone(self._hangs(what)) from error
        except _GONE as error:
            _close_refused(error)
            raise DaemonGone(absent(self.url, error)) from None
        except docker_errors.DockerException as error:
            _close_refused(error)
            if "imed out" in str(error):
                raise DaemonGone(self._hangs(what)) from None
            raise DaemonGone(absent(self.url, error)) from None
        except OSError as error:
            raise DaemonGone(absent(self.url, error)) from None

    def _hangs(self, what: str) -> str:
        return (
            f"docker at {self.url!r} does not answer when asked to {what}: restart the daemon, or name another one "
            "by DOCKER_HOST"
        )


def absent(url: str, error: BaseException) -> str:
    """What to say of a daemon that cannot be reached at all."""
    words = str(error)
    if "ermission denied" in words:
        return (
            f"docker at {url!r} may not be used by this user: permission denied; join the group docker "
            "(sudo usermod -aG docker $USER, then log in again), or use rootless docker"
        )
    return (
        f"no docker daemon at {url!r} ({_last_words(words)}): start one (sudo systemctl start docker), or "
        "name one by DOCKER_HOST"
    )


def _close_refused(error: BaseException | None) -> None:
    """Close what docker-py leaves open when a connection is refused: only the frame that failed still knows it."""
    while error is not None:
        step = error.__traceback__
        while step is not None:
            left = step.tb_frame.f_locals.get("sock") if step.tb_frame.f_code.co_name == "connect" else None
            if isinstance(left, socket.socket):
                left.close()
            step = step.tb_next
        error = error.__cause__ or error.__context__


def _client(version: str, timeout_s: float) -> Any:
    client = docker.APIClient(version=version, timeout=timeout_s, **kwargs_from_env())
    client.headers["Connection"] = "close"  # docker-py would keep one open for each address, that of each container
    return client


def _words(error: docker_errors.APIError) -> str:
    return " ".join(str(error.explanation or error).split()).rstrip(".")


def _last_words(text: str) -> str:
    """What the innermost error says: requests wraps it several times."""
    for reason in ("No such file or directory", "Connection refused", "Connection reset", "Connection aborted"):
        if reason in text:
            return reason
    return " ".join(text.split())[:120]


def _number(value: Any) -> int | None:
    return None if value is None else int(value)
