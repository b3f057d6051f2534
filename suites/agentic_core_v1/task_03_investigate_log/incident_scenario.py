"""One incident in drawn words and numbers: connections run out under a surge of writes, amid five other stories.

What is drawn: the interface and what the surge creates, its victims, the slow requests, pool size and timeout, the day
and the times of deploy, disk warning and scan, application and version, all clients, and every request's own numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from agentic_core_words import PAGES, RESOURCES
from generate_access_log import SURGE_S, Service, log

from pytest_agentcore import Draw

APIS = ("/api", "/v1", "/rest", "/v2", "/shop", "/svc", "/open")
AREAS = ("", "", "/eu", "/us", "/b2b", "/staff", "/desk", "/app", "/pub", "/kiosk")
SLOW = ("reports", "ledgers", "digests", "charts", "forecasts", "audits")
APPLICATIONS = ("shop-api", "store-backend", "front-office", "desk-service", "trade-core", "market-app")
DISKS = ("/var/log", "/data", "/srv", "/var/lib", "/mnt/logs")
ENOUGH_WARNINGS, ENOUGH_VICTIMS = range(6, 11), 4
AT_FIRST, AT_THE_FAILURE = range(2, 6), range(36, 45)
"""The surging requests in flight 20 s before the first failure, and at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A service and its log of one morning, noon or evening."""

    service: Service
    log: str

    def files(self) -> dict[str, str]:
        """The workspace."""
        return {"access.log": self.log}

    @property
    def path(self) -> str:
        """What was posted too often at a time: ``/api/orders``."""
        return self.service.route

    @property
    def noun(self) -> str:
        """One of what it creates: ``order``."""
        return self.service.created.removesuffix("s")

    @property
    def deploy_time(self) -> str:
        """When the deploy started, in hours and minutes."""
        return f"{self.service.begin + timedelta(seconds=self.service.deployed):%H:%M}"

    @property
    def seconds(self) -> str:
        """The pool's timeout in seconds: ``5`` or ``4.5``."""
        return f"{self.service.patience_ms / 1000:g}"

    @property
    def waiting(self) -> int:
        """The most requests that the log shows waiting for a connection."""
        return max(map(int, re.findall(r"waiting=(\d+)", self.log)))

    @property
    def failed(self) -> list[tuple[float, str, int]]:
        """Second of the log, path, and requests of its kind in flight, for every 500."""
        pattern = r'^(\S+)Z \S+ "\S+ (\S+) HTTP/1\.1" 500 .*inflight=(\d+) '
        return [
            ((datetime.fromisoformat(moment) - self.service.begin).total_seconds(), path, int(together))
            for moment, path, together in re.findall(pattern, self.log, re.MULTILINE)
        ]

    @property
    def at_first(self) -> int:
        """The surging requests in flight 20 s before anything failed."""
        return _in_flight(self, self.failed[0][0] - 20)

    @property
    def peak(self) -> int:
        """The surging requests in flight when the first of them failed."""
        return next(together for _, path, together in self.failed if path == self.path)


CANONICAL_SERVICE = Service()


def draw(by: Draw) -> Scenario:
    """The published incident, or another one that has every trait of it."""
    if by.canonical:
        return Scenario(service=CANONICAL_SERVICE, log=log(CANONICAL_SERVICE))
    random = by.random()
    return next(incident for _ in range(200) if _is_telling(incident := _drawn(random)))


def _is_telling(incident: Scenario) -> bool:
    """Few at first, about forty when it fails, some warnings of the pool, some victims, and the last minute only."""
    if incident.path == CANONICAL_SERVICE.route:  # the published finding would fit it
        return False
    warnings = re.findall(r"WARN db pool active=(\d+)/\1 waiting=[1-9]", incident.log)
    failed = incident.failed
    victims = sum(path == incident.service.victim for _, path, _ in failed)
    if len(warnings) not in ENOUGH_WARNINGS or victims < ENOUGH_VICTIMS or failed[0][0] < SURGE_S:
        return False
    first = failed[0][0]
    return incident.at_first in AT_FIRST and _in_flight(incident, first) in AT_THE_FAILURE


def _in_flight(incident: Scenario, second: float) -> int:
    """How many of the surging requests had begun and not ended."""
    pattern = rf'^(\S+)Z \S+ "POST {re.escape(incident.path)} HTTP/1\.1" \d+ (\d+)ms'
    found = 0
    for stamp, took in re.findall(pattern, incident.log, re.MULTILINE):
        end = (datetime.fromisoformat(stamp) - incident.service.begin).total_seconds()
        found += end - int(took) / 1000 <= second <= end
    return found


def _drawn(random: Random) -> Scenario:
    api = random.choice(APIS) + random.choice(AREAS)
    day = datetime(2026, 1, 5) + timedelta(days=random.randrange(300))  # noqa: DTZ001 - the log is in UTC and says so
    application = random.choice(APPLICATIONS)
    version = f"v{random.randrange(1, 9)}.{random.randrange(2, 40)}.{random.randrange(6)}"
    service = Service(
        seed=random.randrange(2**32),
        begin=day + timedelta(seconds=random.randrange(5 * 3600, 22 * 3600)),
        slots=random.randrange(17, 25),
        patience_ms=random.randrange(4000, 6000, 100),
        api=api,
        created=random.choice(RESOURCES),
        viewed=random.choice(PAGES),
        slow=random.choice(SLOW),
        quick=(f"{api}/products", "/static/app.js", "/health", f"{api}/categories", "/static/site.css"),
        scanner=".".join(str(random.randrange(30, 220)) for _ in range(4)),
        application=application,
        version=version,
        deployed=random.randrange(2300, 2600) / 10,
        disk=f"{random.choice(DISKS)} {random.randrange(78, 93)}% used",
        disk_checked=random.randrange(3000, 3700) / 10,
        scanned=random.randrange(380, 430),
        network=f"10.{random.randrange(2, 200)}",
    )
    return Scenario(service=service, log=log(service))
