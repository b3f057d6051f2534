"""What happened in an access.log, worked out from its lines alone: the trigger, the victims, the decoys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

REQUEST = re.compile(
    r'(?P<end>\S+Z) (?P<client>\S+) "(?P<method>[A-Z]+) (?P<path>\S+) HTTP/1\.1" (?P<status>\d{3}) (?P<ms>\d+)ms '
)
RUN_UP = timedelta(seconds=20)
SLOW = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One request line."""

    client: str
    method: str
    path: str
    status: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What a finding is judged against."""

    lines: tuple[str, ...]
    method: str
    path: str
    """Method and path of the requests that piled up before the first failure."""
    bystanders: frozenset[str]
    """Every other path of the log: victims, slow ones, scanned ones."""
    slow: frozenset[str]
    """Those of them that took long before anything failed."""
    scanners: frozenset[str]
    """Clients that asked for what there is not."""
    versions: frozenset[str]
    """Versions that were deployed."""
    disks: frozenset[str]
    """What a warning says is filling up."""

    @property
    def noun(self) -> str:
        """What the piled-up requests create: ``order``."""
        return singular(self.path)

    @classmethod
    def read(cls, data: bytes) -> Incident:
        """Find the route whose requests in flight grew most in the seconds before the first failure."""
        lines = tuple(data.decode().splitlines())
        served = [request for line in lines if (request := _served(line))]
        first = min(request.end for request in served if request.status >= 500)
        routes = {(request.method, request.path) for request in served}
        method, path = max(
            sorted(routes),
            key=lambda route: in_flight(served, route, first) - in_flight(served, route, first - RUN_UP),
        )
        others = [request for request in served if request.path != path]
        long = [request for request in others if request.end - request.start > SLOW and request.end < first - RUN_UP]
        return cls(
            lines=lines,
            method=method,
            path=path,
            bystanders=frozenset(request.path for request in others),
            slow=frozenset(request.path for request in long),
            scanners=frozenset(request.client for request in others if request.status == 404),
            versions=frozenset(re.findall(r" deploy \S+ (v[\d.]+)", "\n".join(lines))),
            disks=frozenset(re.findall(r" WARN disk (\S+)", "\n".join(lines))),
        )


def singular(path: str) -> str:
    """The last part of a path less its plural's ``s``: ``order`` for ``/api/orders``."""
    return path.rstrip("/").rpartition("/")[2].rstrip("s").lower()


def _served(line: str) -> Served | None:
    found = REQUEST.match(line)
    if found is None:
        return None
    end = datetime.fromisoformat(found["end"])
    start = end - timedelta(milliseconds=int(found["ms"]))
    return Served(
        client=found["client"],
        method=found["method"],
        path=found["path"],
        status=int(found["status"]),
        start=start,
        end=end,
    )


def in_flight(served: list[Served], route: tuple[str, str], moment: datetime) -> int:
    """How many requests of a route had begun and not ended at a moment."""
    return sum(request.start <= moment <= request.end for request in served if (request.method, request.path) == route)
