"""Calls that tell nothing new: the same again in the next turn, and runs that end in a circle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_agentcore.domain.evidence import Episode, Finding
from pytest_agentcore.domain.trajectory import StopReason
from pytest_agentcore.scoring.steps import Step, changed_between, steps_of

REDUNDANCY = "tool_call_redundancy"
LOOP = "loop_without_exit"
LEAST_TAIL = 3
"""Turns without anything new at the end of a run that make a loop of it."""
_LONGEST_ROUND = 4  # turns
_LEAST_ROUNDS = 3
_ENDED_FROM_OUTSIDE = (StopReason.TURN_LIMIT, StopReason.TIMEOUT, StopReason.TOKEN_LIMIT)


def redundancy(episode: Episode) -> Iterator[Finding]:
    """Same tool and same canonical arguments in consecutive turns, same result, nothing of it changed in between."""
    chains: dict[str, list[Step]] = {}
    for first, again in redundant_pairs(steps_of(episode.trajectory)):
        chain = chains.get(again.key)
        if chain is not None and chain[-1] is first:
            chain.append(again)
            continue
        if chain is not None:
            yield _redundant(chain)
        chains[again.key] = [first, again]
    for chain in chains.values():
        yield _redundant(chain)


def _redundant(chain: Sequence[Step]) -> Finding:
    return Finding(pattern=REDUNDANCY, turns=tuple(step.turn for step in chain), quote=chain[-1].quote)


def redundant_pairs(steps: Sequence[Step]) -> Iterator[tuple[Step, Step]]:
    """A call and its repetition in the next turn; of several such calls in the turn before, the last."""
    for index, again in enumerate(steps):
        if again.malformed or not _can_be_redundant(again):
            continue
        for place in range(index - 1, -1, -1):
            first = steps[place]
            if first.turn < again.turn - 1:
                break
            if first.turn == again.turn - 1 and _same(first, again):
                if not _disturbed(steps[place + 1 : index], again):
                    yield first, again
                break


def _can_be_redundant(step: Step) -> bool:
    """A command may do more each time, or wait for something; then only its failing again the same way is certain."""
    if step.command is None:
        return True
    if step.command.waits:
        return False
    return step.error or (step.command.touched() is not None and not step.command.appends)


def _same(first: Step, again: Step) -> bool:
    return first.key == again.key and first.told == again.told and first.error == again.error and not first.fault


def _disturbed(between: Sequence[Step], again: Step) -> bool:
    """May anything between a call and its repetition have made the repetition sensible?"""
    others = [step for step in between if step.key != again.key]
    return changed_between(others, again.path if again.command is None else None)


def stale_steps(steps: Sequence[Step]) -> list[bool]:
    """For each call: was all that it told or did known or done before, with nothing changed in between?"""
    stale = []
    for index, step in enumerate(steps):
        earlier = ((place, steps[place]) for place in range(index - 1, -1, -1))
        stale.append(
            not step.malformed
            and not (step.command is not None and step.command.waits)
            and any(_known(first, step) and not _disturbed(steps[place + 1 : index], step) for place, first in earlier)
        )
    return stale


def _known(first: Step, step: Step) -> bool:
    if _same(first, step):
        return _can_be_redundant(step)
    if first.wrote is not None and first.path == step.path and step.tool == "fs_read":
        return first.wrote.strip() == step.content.strip()
    # The same text by another way: `cat data.csv` after fs_read. A short answer may be the same by chance.
    told = step.told
    looks = step.touched() == frozenset() and first.touched() == frozenset() and not step.error and not first.error
    return looks and told == first.told and len(told) > len("(no output)")


def loop(episode: Episode) -> Iterator[Finding]:
    """The run was ended from outside while its last turns went round in a circle."""
    if episode.trajectory.stop_reason not in _ENDED_FROM_OUTSIDE:
        return
    steps = steps_of(episode.trajectory)
    by_turn: dict[int, list[tuple[Step, bool]]] = {}
    for step, old in zip(steps, stale_steps(steps), strict=True):
        by_turn.setdefault(step.turn, []).append((step, old))
    last = len(episode.trajectory.turns)
    tail = _stale_tail(by_turn, last)
    rounds = _circling_tail(by_turn, last)
    turns = max(tail, rounds, key=len)
    if len(turns) >= LEAST_TAIL:
        yield Finding(pattern=LOOP, turns=turns, quote=by_turn[turns[-1]][-1][0].quote)


def _stale_tail(by_turn: dict[int, list[tuple[Step, bool]]], last: int) -> tuple[int, ...]:
    number = last
    while number in by_turn and all(old for _, old in by_turn[number]):
        number -= 1
    return tuple(range(number + 1, last + 1))


def _circling_tail(by_turn: dict[int, list[tuple[Step, bool]]], last: int) -> tuple[int, ...]:
    """The last turns, when they are the same round of up to four turns at least three times."""
    said = [[(step.key, step.told) for step, _ in by_turn.get(number, [])] for number in range(1, last + 1)]
    for length in range(1, _LONGEST_ROUND + 1):
        rounds = 1
        newest = said[last - length : last]
        if len(newest) < length or not all(newest):
            continue
        while (
            last - (rounds + 1) * length >= 0 and said[last - (rounds + 1) * length : last - rounds * length] == newest
        ):
            rounds += 1
        waits = any(step.command is not None and step.command.waits for step, _ in by_turn[last])
        if rounds >= _LEAST_ROUNDS and not waits:
            return tuple(range(last - rounds * length + 1, last + 1))
    return ()
