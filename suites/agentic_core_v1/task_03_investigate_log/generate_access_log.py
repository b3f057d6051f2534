"""A small simulation of a service with a pool of connections, and its log: the same service gives the same bytes.

``python3 generate_access_log.py`` beside a workspace folder writes the published log there. Nothing here is read when a
finding is judged; the checker reads the log alone.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

LINES = 500
SURGE_S = 540.0  # the last minute: 14:30:00 in the published log
FOUND, CREATED, MISSING, FAILED = 200, 201, 404, 500
SCANNED = (
    *(
        "/wp-login.php",
        "/.env",
        "/admin",
        "/phpmyadmin/",
        "/xmlrpc.php",
        "/.git/config",
        "/server-status",
        "/backup.zip",
    ),
    *("/wp-admin/", "/config.php", "/.aws/credentials", "/vendor/phpunit/", "/shell.php", "/old/", "/test.php"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How things are called in a log and when they happened; moments are seconds from the first line."""

    seed: int = 20260518
    begin: datetime = datetime(2026, 5, 18, 14, 21, 0)  # noqa: DTZ001 - the log is in UTC and says so
    slots: int = 20
    patience_ms: int = 5000
    api: str = "/api"
    created: str = "orders"
    """What the surge creates, in the plural."""
    viewed: str = "cart"
    """What its victims look at."""
    slow: str = "reports"
    """What takes seconds at any time of the day."""
    quick: tuple[str, ...] = ("/api/products", "/static/app.js", "/health", "/api/categories", "/static/site.css")
    scanner: str = "185.220.101.44"
    application: str = "shop-api"
    version: str = "v2.14.0"
    deployed: float = 247.0
    disk: str = "/var/log 81% used"
    disk_checked: float = 333.3
    scanned: float = 392.0
    network: str = "10.4"

    @property
    def route(self) -> str:
        """The path of the requests that surge."""
        return f"{self.api}/{self.created}"

    @property
    def victim(self) -> str:
        """The path of the requests that fail with them."""
        return f"{self.api}/{self.viewed}"

    @property
    def slow_path(self) -> str:
        """The path of the slow requests."""
        return f"{self.api}/{self.slow}"


@dataclass(slots=True, kw_only=True)
class Request:
    """One request; ``needs_ms`` is how long it works, with a connection in its hand if it is a pooled one."""

    start: float
    route: str
    needs_ms: int
    client: str
    pooled: bool = True
    status: int = FOUND
    end: float = 0.0


def arrivals(service: Service, draw: Random) -> list[Request]:
    """Everything that clients send, in order of time."""
    staff = [f"{service.network}.{draw.randrange(1, 4)}.{draw.randrange(10, 99)}" for _ in range(30)]

    def request(start: float, route: str, shortest_ms: int, longest_ms: int) -> Request:
        return Request(
            start=start, route=route, needs_ms=draw.randrange(shortest_ms, longest_ms), client=draw.choice(staff)
        )

    writes, views = f"POST {service.route}", f"GET {service.victim}"
    quick_routes = tuple(f"GET {path}" for path in service.quick)
    orders = [request(3 + 9.4 * k + draw.uniform(0, 5), writes, 700, 1500) for k in range(57)]
    for k, start in enumerate(surge_starts()):
        shortest_ms = min(10_200, 4400 + 420 * k)  # the more of them there are, the longer each takes
        orders.append(request(start, writes, shortest_ms, shortest_ms + 2000))
    quick = [request(draw.uniform(1, 585), draw.choice(quick_routes), 4, 60) for _ in range(216)]
    carts = [request(draw.uniform(1, 520), views, 30, 140) for _ in range(32)]
    carts += [request(SURGE_S + 1.3 * k + draw.uniform(0, 1), views, 30, 140) for k in range(42)]
    reports = [request(20 + 42.0 * k, f"GET {service.slow_path}", 3100, 4600) for k in range(13)]
    scans = [request(service.scanned + 0.7 * k, f"GET {SCANNED[k % len(SCANNED)]}", 2, 9) for k in range(38)]
    for order in orders:
        order.status = CREATED
    for scan in scans:
        scan.status, scan.client = MISSING, service.scanner
    for unpooled in (*quick, *scans):
        unpooled.pooled = False
    return sorted([*orders, *quick, *carts, *reports, *scans], key=lambda request: request.start)


def surge_starts() -> list[float]:
    """When the last minute's writes come in: three in flight at first, four a second later."""
    gaps = [2.0] * 3 + [1.3] * 3 + [0.5] * 9 + [0.38] * 16 + [0.25] * 36 + [0.33] * 38
    return [SURGE_S + sum(gaps[: k + 1]) for k in range(len(gaps))]


def serve(
    service: Service, requests: list[Request]
) -> tuple[list[tuple[float, Request]], list[tuple[float, int, int]]]:
    """Play the requests against the slots: finished requests by time, and (time, in use, waiting) after every step."""
    clock = [(request.start, order, "arrives", request) for order, request in enumerate(requests)]
    heapq.heapify(clock)
    waiting: list[Request] = []
    busy, order = 0, len(requests)
    done: list[tuple[float, Request]] = []
    levels: list[tuple[float, int, int]] = []

    def begin(request: Request, now: float) -> None:
        nonlocal order
        order += 1
        heapq.heappush(clock, (now + request.needs_ms / 1000, order, "leaves", request))

    while clock:
        now, _, what, request = heapq.heappop(clock)
        if what == "arrives" and (not request.pooled or busy < service.slots):
            busy += request.pooled
            begin(request, now)
        elif what == "arrives":
            waiting.append(request)
            order += 1
            heapq.heappush(clock, (now + service.patience_ms / 1000, order, "gives up", request))
        elif what == "gives up" and request in waiting:
            waiting.remove(request)
            request.status, request.end = FAILED, now
            done.append((now, request))
        elif what == "leaves":
            request.end = now
            done.append((now, request))
            busy -= request.pooled
            if request.pooled and waiting:
                busy += 1
                begin(waiting.pop(0), now)
        levels.append((now, busy, len(waiting)))
    return done, levels


def stamp(service: Service, seconds: float) -> str:
    """A moment as the log writes it."""
    return (service.begin + timedelta(seconds=seconds)).isoformat(timespec="milliseconds") + "Z"


def level_lines(service: Service, levels: list[tuple[float, int, int]]) -> list[tuple[float, str]]:
    """The pool's own lines: a quiet one every two minutes, a warning every few seconds while requests wait."""
    found = []
    for moment in (62.0, 148.0, 274.0, 399.0, 525.0):
        _, busy, waiting = max(level for level in levels if level[0] <= moment)
        found.append((moment, f"INFO db pool active={busy}/{service.slots} waiting={waiting}"))
    last = 0.0
    for moment, busy, waiting in levels:
        if busy == service.slots and waiting and moment - last >= 2.5 and len(found) < 13:
            found.append((moment, f"WARN db pool active={busy}/{service.slots} waiting={waiting}"))
            last = moment
    return found


def log(service: Service) -> str:
    """The whole log."""
    draw = Random(service.seed)  # noqa: S311 - repeatable, not secret
    requests = arrivals(service, draw)
    done, levels = serve(service, requests)
    deployment = f"INFO deploy {service.application} {service.version}"
    lines = [
        (0.0, f"INFO db pool ready size={service.slots} acquire_timeout={service.patience_ms}ms"),
        (service.deployed, f"{deployment} started by ci"),
        (service.deployed + 4.6, f"{deployment} finished, 4 of 4 instances healthy"),
        (service.disk_checked, f"WARN disk {service.disk}"),
        *level_lines(service, levels),
    ]
    starts: dict[str, list[float]] = {}
    ends: dict[str, list[float]] = {}
    for request in sorted(requests, key=lambda request: request.end):
        ends.setdefault(request.route, []).append(request.end)
    for request in requests:  # in order of their start
        starts.setdefault(request.route, []).append(request.start)
    for moment, request in done:
        together = bisect_right(starts[request.route], moment) - bisect_left(ends[request.route], moment)
        took = f"{round((moment - request.start) * 1000)}ms"
        tag = f"{draw.randrange(16**6):06x}"
        lines.append(
            (
                moment,
                f'{request.client} "{request.route} HTTP/1.1" {request.status} {took} inflight={together} req={tag}',
            )
        )
    lines.sort(key=lambda line: line[0])
    return "".join(f"{stamp(service, moment)} {text}\n" for moment, text in lines[:LINES])


if __name__ == "__main__":
    (Path(__file__).parent / "workspace" / "access.log").write_text(log(Service()), encoding="utf-8", newline="\n")
