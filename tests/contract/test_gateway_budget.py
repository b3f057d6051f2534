"""Budgets: what does not fit is refused before it is sent, for one run and for all runs of a campaign."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from pytest_agentcore.model.endpoint import ModelSpec
from pytest_agentcore.model.gateway import protocol
from pytest_agentcore.model.supervisor import Gateway
from tests.contract.gateway_calls import control, named, register, started
from tests.contract.scripted_endpoint import Endpoint, serving

pytestmark = pytest.mark.slow

HAIKU = "claude-haiku-4-5"
UNPRICED = "nobody-knows-me"
CALL = Decimal("0.0015")
"""1000 tokens at $1 and 100 at $5 a million."""
CONFIG: dict[str, Any] = {
    "delay_s": 0.02,
    "models": {
        HAIKU: {"usage": {"prompt_tokens": 1000, "completion_tokens": 100}},
        "fault-500": {"fault": {"kind": 500}},
    },
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with serving(CONFIG) as running:
        yield running


@pytest.fixture(scope="module")
def spec(endpoint: Endpoint) -> ModelSpec:
    return named(endpoint, HAIKU)


@pytest.fixture(scope="module")
def gateway(endpoint: Endpoint, spec: ModelSpec) -> Iterator[Gateway]:
    with Gateway.start([spec, named(endpoint, UNPRICED), named(endpoint, "fault-hang")], api_retries=0) as running:
        yield running


def refused(answer: httpx.Response, limit: str) -> bool:
    told = (answer.status_code, answer.headers.get(protocol.ERROR), answer.headers.get(protocol.LIMIT))
    return told == (402, "budget", limit)


@pytest.mark.slow
def test_a_campaign_stops_within_one_call_of_its_cap(gateway: Gateway, spec: ModelSpec, endpoint: Endpoint) -> None:
    """Sixteen in flight, and money for half of what they ask."""
    cap = CALL * 80
    campaign = {"folder": "half", "cost_usd": str(cap)}
    runs = [register(gateway, spec, campaign=campaign) for _ in range(16)]
    before = len(endpoint.requests())

    def work(index: int) -> list[httpx.Response]:
        return [runs[index].call(max_tokens=100) for _ in range(10)]

    with ThreadPoolExecutor(16) as pool:
        answers = [answer for some in pool.map(work, range(16)) for answer in some]

    paid = [answer for answer in answers if answer.status_code == 200]
    spent = sum((Decimal(run.end()["cost_usd"]) for run in runs), Decimal(0))
    assert spent == CALL * len(paid)
    # A call's worst case is its price with the tokens estimated from the shortest tokens seen: a little above it.
    assert cap - CALL * 2 < spent <= cap + CALL
    assert all(refused(answer, "campaign_cost") for answer in answers if answer.status_code != 200)
    assert len(endpoint.requests()) - before == len(paid)


def test_a_raised_cap_goes_on_from_what_was_spent(spec: ModelSpec, tmp_path: Path) -> None:
    """What an earlier gateway paid is in the campaign's records; a call that was replayed there was not paid again."""
    folder = tmp_path / "runs" / "a-run1"
    for attempt in ("attempt-1", "attempt-2"):
        (folder / attempt).mkdir(parents=True)
    first, second = (str(folder / attempt / "wire.jsonl.zst") for attempt in ("attempt-1", "attempt-2"))
    with started(models=[spec]) as earlier:
        run = register(earlier, spec, record=first)
        assert run.call(max_tokens=100).status_code == 200
        run.end()
        again = register(earlier, spec, record=second, resume=[first])
        assert again.call(max_tokens=100).status_code == 200
        assert again.end()["replayed"]["calls"] == 1
    campaign = {"folder": str(tmp_path), "cost_usd": str(CALL * Decimal("1.2"))}
    with started(models=[spec]) as gateway:
        poor = register(gateway, spec, campaign=campaign)
        assert refused(poor.call(max_tokens=100), "campaign_cost")

        rich = register(gateway, spec, campaign={**campaign, "cost_usd": str(CALL * 8)})

        assert poor.call(max_tokens=100).status_code == 200
        answers = [rich.call(max_tokens=100) for _ in range(10)]
        assert 4 <= sum(answer.status_code == 200 for answer in answers) <= 6  # of eight, one spent before, one poor


@pytest.mark.parametrize(
    ("limits", "limit"),
    [({"turns": 2}, "turns"), ({"tokens": 2500}, "tokens"), ({"cost_usd": "0.0034"}, "cost_usd")],
)
def test_a_runs_own_limits(gateway: Gateway, spec: ModelSpec, limits: dict[str, Any], limit: str) -> None:
    run = register(gateway, spec, limits=limits)

    answers = [run.call(max_tokens=100) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 402, 402]
    assert refused(answers[-1], limit)
    assert answers[-1].headers["x-should-retry"] == "false"
    ledger = run.end()
    assert (ledger["calls"], ledger["refused_calls"], ledger["failed_calls"], ledger["attempts"]) == (2, 2, 0, 2)


@pytest.mark.parametrize("limit", ["wall_s", "working_s"])
def test_a_runs_deadline(gateway: Gateway, endpoint: Endpoint, spec: ModelSpec, limit: str) -> None:
    run = register(gateway, spec, limits={limit: 1.0})
    first = run.call()
    assert first.status_code == 200
    assert 0 < float(first.headers[protocol.REMAINING_S]) < 1
    time.sleep(1.05)
    assert refused(run.call(), limit)

    # one that hangs is ended by the deadline, not by the timeout of a call
    hanging, started = register(gateway, named(endpoint, "fault-hang"), limits={limit: 1.0}), time.monotonic()
    assert hanging.call().status_code in (402, 503)
    assert time.monotonic() - started < 20


@pytest.mark.slow
def test_waiting_for_the_provider_is_no_working_time() -> None:
    """Each call waits three seconds in 429s: a run with less working time than that is not stopped by it."""
    fault = {"kind": 429, "times": 1, "retry_after": "3"}
    with serving({"models": {"slow": {"fault": fault}}}) as endpoint:
        spec = named(endpoint, "slow")
        with Gateway.start([spec]) as gateway:
            run = register(gateway, spec, limits={"working_s": 2.5})
            answer = run.call()
            assert answer.status_code == 200
            assert int(answer.headers[protocol.WAITED_MS]) >= 3000
            assert float(answer.headers[protocol.REMAINING_S]) > 0
            assert run.call().status_code == 200


def test_what_is_left_can_be_asked(gateway: Gateway, spec: ModelSpec) -> None:
    run = register(gateway, spec, limits={"turns": 5, "cost_usd": "1", "wall_s": 60})
    run.call()

    left = httpx.get(
        f"{gateway.url}/v1/agentcore/budget", headers={"Authorization": f"Bearer {run.token}"}, trust_env=False
    ).json()

    assert left["turns"] == 4
    assert Decimal(left["cost_usd"]) == 1 - CALL
    assert 0 < left["seconds"] < 60


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"limits": {"turn": 1}}, "no limit 'turn'"),
        ({"limits": {"turns": -1}}, "turns must be a number"),
        ({"limits": {"cost_usd": "x"}}, "cost_usd must be a number"),
        ({"campaign": {"folder": "c", "cost_usd": True}}, "must be a number"),
        ({"replay": "/nowhere"}, "replays"),
        ({"model": UNPRICED, "limits": {"cost_usd": 1}}, "no price is known"),
    ],
)
def test_terms_that_cannot_be_held_are_refused(
    gateway: Gateway, endpoint: Endpoint, spec: ModelSpec, terms: dict[str, Any], words: str
) -> None:
    name = named(endpoint, terms["model"]).name if "model" in terms else spec.name

    answer = control(gateway, "POST", "/control/runs", body={"id": "x", **terms, "model": name})

    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


def test_failed_calls_give_back_what_they_had_set_aside() -> None:
    with serving(CONFIG) as endpoint:
        spec = named(endpoint, "fault-500")
        with Gateway.start([spec], api_retries=0) as gateway:
            run = register(gateway, spec, limits={"tokens": 20_000})
            answers = [run.call() for _ in range(5)]  # each sets aside more than a third of it

    assert [answer.status_code for answer in answers] == [503] * 5
