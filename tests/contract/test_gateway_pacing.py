"""The queue before a provider: how it learns from 429s."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pytest_agentcore.model.gateway import pacing
from pytest_agentcore.model.gateway.pacing import Lane
from pytest_agentcore.model.supervisor import Gateway
from tests.contract.gateway_calls import named, register
from tests.contract.scripted_endpoint import Endpoint, serving


def run(work: Callable[[], Awaitable[Any]]) -> Any:
    async def bounded() -> Any:
        return await asyncio.wait_for(work(), 20)

    return asyncio.run(bounded())


def test_it_is_free_until_somebody_objects() -> None:
    async def work() -> None:
        lane = Lane()
        assert [await lane.enter() for _ in range(500)] == [0.0] * 500
        assert (lane.limit, lane.rate) == (float("inf"), None)

    run(work)


def test_a_429_halves_what_is_in_flight_once_for_a_burst() -> None:
    async def work() -> None:
        now = [100.0]
        lane = Lane(clock=lambda: now[0])
        for _ in range(16):
            await lane.enter()
        began, now[0] = now[0], 101.0
        for _ in range(16):
            lane.leave(began=began, throttled=True)
        assert lane.limit == 8
        assert lane.rate is not None
        assert lane.rate <= 16 * pacing.RATE_CUT

        for _ in range(30):  # and each answer adds a little
            now[0] += 1
            await lane.enter()
            lane.leave(began=now[0], answered=True)
        assert 10 < lane.limit < 16

    run(work)


def test_waiters_go_in_turn_when_places_come_free() -> None:
    async def work() -> None:
        lane, order = Lane(1), list[int]()
        await lane.enter()

        async def wait(number: int) -> None:
            assert await lane.enter() > 0
            order.append(number)
            lane.leave(began=0.0, answered=True)

        tasks = [asyncio.create_task(wait(number)) for number in range(5)]
        await asyncio.sleep(0.01)
        assert order == []
        lane.leave(began=0.0, answered=True)
        await asyncio.gather(*tasks)
        assert order == list(range(5))

    run(work)


def test_one_that_gives_up_waiting_leaves_no_hole() -> None:
    async def work() -> None:
        lane = Lane(1)
        await lane.enter()
        gone, stays = asyncio.create_task(lane.enter()), asyncio.create_task(lane.enter())
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        lane.leave(began=0.0)
        assert await stays > 0
        lane.leave(began=0.0)
        assert await lane.enter() == 0.0

    run(work)


def test_what_the_provider_asks_to_wait_holds_for_all() -> None:
    async def work() -> None:
        lane = Lane()
        await lane.enter()
        await lane.enter()
        lane.leave(began=1.0, throttled=True, pause_s=0.3)
        lane.leave(began=1.0)
        assert await lane.enter() >= 0.25
        assert lane.rate is None  # it has said when, which is better than a guess

    run(work)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """The first twelve requests are too many."""
    fault = {"kind": 429, "times": 12, "retry_after": "1"}
    with serving({"models": {"storm": {"fault": fault}}, "delay_s": 0.05}) as running:
        yield running


@pytest.mark.slow
def test_a_storm_of_429s_is_weathered_together(endpoint: Endpoint) -> None:
    """Sixteen runs at once: every call is answered in the end, and nobody's waiting is the agent's time."""
    spec = named(endpoint, "storm")
    with Gateway.start([spec]) as gateway, ThreadPoolExecutor(16) as pool:
        runs = [register(gateway, spec) for _ in range(16)]
        answers = list(pool.map(lambda one: one.call(), runs))
        ledgers = [one.end() for one in runs]

    assert [answer.status_code for answer in answers] == [200] * 16
    assert sum(ledger["attempts"] for ledger in ledgers) == len(endpoint.requests()) == 28
    assert all(ledger["waited_s"] >= 0.9 for ledger in ledgers if ledger["attempts"] > 1)


def test_a_fixed_limit_holds_from_the_start() -> None:
    lane = Lane(3)

    assert lane.limit == 3
