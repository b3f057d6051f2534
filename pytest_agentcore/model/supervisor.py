"""The gateway's process as the session that owns it sees it: started, watched, started again, ended."""

from __future__ import annotations

import json
import secrets
import selectors
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Self, cast

from pytest_agentcore.errors import AgentCoreError, ConfigError, ModelUnavailable
from pytest_agentcore.model.chat import excerpt
from pytest_agentcore.model.client import Address
from pytest_agentcore.model.connections import FAILURES, disconnect, pool
from pytest_agentcore.model.endpoint import ModelSpec
from pytest_agentcore.model.gateway import protocol
from pytest_agentcore.model.gateway.protocol import StartConfig

START_S = 60.0
"""Importing litellm takes 2 to 6 s on a busy machine."""
RESTARTS = 10
"""A gateway that dies more often than that in one session has a reason that starting it again does not mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a gateway that is shared has settled for all its sessions."""

    prices: dict[str, str]
    """Version and digest of the table, digest of the file over it."""
    api_timeout_s: float
    api_retries: int
    replay: bool


class Gateway:
    """A running gateway. One process starts it, owns it and starts it again if it dies; others attach.

    What a dead gateway had metered is lost with it: the runs that were in flight end as spoilt by infrastructure.
    """

    def __init__(self, address: Address, process: subprocess.Popen[bytes] | None = None) -> None:
        self.address = address
        self._process = process
        self._closed = threading.Event()

    @classmethod
    def start(
        cls,
        specs: Sequence[ModelSpec],
        *,
        key_file: str | None = None,
        price_file: str | None = None,
        api_timeout_s: float = protocol.DEFAULT_TIMEOUT_S,
        api_retries: int = protocol.DEFAULT_RETRIES,
        concurrency: int | None = None,
        replay: bool = False,
    ) -> Self:
        """Start the child process for these models; it inherits the environment and reads the keys there.

        ``concurrency`` bounds the calls in flight to one provider; one that replays answers from records alone.

        Raises:
            ConfigError: a missing key, an unreachable address, an unreadable key file, a limit that is none; several
                reasons stand in one line.
            ModelUnavailable: the process itself would not start.
        """
        if not 0 < api_timeout_s < float("inf"):
            raise ConfigError(f"the API timeout must be a number of seconds above 0, not {api_timeout_s!r}")
        if api_retries < 0:
            raise ConfigError(f"the number of API retries must be 0 or more, not {api_retries!r}")
        secret = secrets.token_urlsafe(32)
        config = StartConfig(
            secret=secret,
            models=tuple(spec for spec in specs if spec.wire != "scripted"),
            key_file=key_file,
            price_file=price_file,
            api_timeout_s=api_timeout_s,
            api_retries=api_retries,
            concurrency=concurrency,
            replay=replay,
        )
        process, port = _spawn(config)
        gateway = cls(Address(url=f"http://127.0.0.1:{port}", secret=secret), process)
        again = replace(config, port=port)
        threading.Thread(target=gateway._supervise, args=(again,), daemon=True, name="agentcore-gateway").start()
        return gateway

    def _supervise(self, config: StartConfig) -> None:
        """Start the process again, where it was, whenever it ends without having been told to."""
        for _ in range(RESTARTS):
            assert self._process is not None  # noqa: S101 - only the owner supervises
            self._process.wait()
            if self._closed.is_set():
                return
            with suppress(AgentCoreError):  # it will not start again: runs say that nobody answers
                self._process, _ = _spawn(config)
                if self._closed.is_set():
                    _end(self._process)
                    return

    @classmethod
    def attach(cls, url: str, secret: str) -> Self:
        """The gateway that another process started."""
        return cls(Address(url=url, secret=secret))

    @classmethod
    def shared(cls, file: Path, specs: Sequence[ModelSpec]) -> tuple[Self, Offer]:
        """The one of ``pytest-agentcore gateway`` that left this file, and what it offers.

        Raises:
            ConfigError: the file is none, nobody answers, or a model is not offered.
        """
        try:
            told = json.loads(file.read_bytes())
            gateway = cls.attach(str(told["url"]), str(told["secret"]))
            headers = {"Authorization": f"Bearer {gateway.secret}"}
            answer = pool(gateway.url).request("GET", "/control/offer", headers=headers, body=None, timeout_s=10.0)
            offer = json.loads(answer.body)
            models = offer.pop("models")
        except (*FAILURES, ValueError, KeyError, TypeError) as error:
            reason = str(error) or type(error).__name__
            raise ConfigError(f"{str(file)!r} leads to no gateway ({reason}); start pytest-agentcore gateway") from None
        missing = sorted({spec.name for spec in specs} - set(models))
        if missing:
            raise ConfigError(
                f"the gateway of {str(file)!r} offers {', '.join(models)}, not {missing[0]}; start it anew"
            )
        return gateway, Offer(**offer)

    @property
    def url(self) -> str:
        """Its base address, without ``/v1``."""
        return self.address.url

    @property
    def secret(self) -> str:
        """Bearer of the control interface."""
        return self.address.secret

    @property
    def pid(self) -> int | None:
        """The child's process id, None for one that was attached to."""
        return self._process.pid if self._process is not None else None

    def close(self) -> None:
        """End the process if it is ours, and this process's connections to it. Calls in flight break off."""
        self._closed.set()
        if self._process is not None:
            _end(self._process)
        disconnect(self.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _spawn(config: StartConfig) -> tuple[subprocess.Popen[bytes], int]:
    """Start the process; gives it and its port."""
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            # -P: a module in the current folder must not stand in for one of ours.
            [sys.executable, "-P", "-m", "pytest_agentcore.model.gateway"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,  # Ctrl-C is for the session, which then closes this pipe
        )
        try:
            return process, _started(process, config, complaints)
        except BaseException:
            _end(process)
            raise


def _started(process: subprocess.Popen[bytes], config: StartConfig, complaints: IO[bytes]) -> int:
    """Hand over the configuration, wait for the port."""
    stdin, stdout = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)  # it was started with pipes
    try:
        stdin.write(config.to_json().encode() + b"\n")
        stdin.flush()
    except OSError:
        line = b""
    else:
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            line = stdout.readline() if selector.select(START_S) else b"late"
    stdout.close()
    if line == b"late":
        raise ModelUnavailable(f"the gateway did not start within {START_S:g} s; the machine may be overloaded")
    if not line:
        complaints.seek(0)
        last = complaints.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise ModelUnavailable(f"the gateway ended at its start: {excerpt(last) or 'it gave no reason'}")
    answer = json.loads(line)
    if answer["problems"]:
        raise ConfigError("; ".join(answer["problems"]))
    return int(answer["port"])


def _end(process: subprocess.Popen[bytes]) -> None:
    """The end of its stdin is the order to end."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None and not pipe.closed:
            with suppress(OSError):  # it died with something unread in the pipe
                pipe.close()
    try:
        process.wait(timeout=3.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
