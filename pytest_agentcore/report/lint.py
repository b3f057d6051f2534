"""Finds where a report contradicts itself, its arithmetic or another report. It knows figures, not who is right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from pytest_agentcore.report.models import display_name

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One contradiction, or one thing that nobody can check."""

    rule: str
    severity: str
    where: str
    """``file:line``, or the file and the place in it."""
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number that a report prints."""

    what: str
    """``score``, ``rate``, ``cost_per_pass``, ``cost_per_run``, ``total_cost``, ``input_tokens``, ``input_price``…"""
    value: Fraction
    where: str
    subject: str = ""
    """The model, as written."""
    task: str = ""
    of: int | None = None
    """Runs that a count is out of, or that a sum is over."""
    printed: str = ""
    slack: Fraction = Fraction()
    """Half of the last printed digit."""

    @property
    def key(self) -> tuple[str, str, str, int | None]:
        """Equal for two figures of one quantity."""
        return display_name(self.subject), self.task, self.what, self.of


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement that follows from figures, and can be checked against them."""

    kind: str
    """``steps``, ``ratio``, ``range_miss``, ``only``, ``leader``, ``failed``."""
    where: str
    printed: str
    values: tuple[Fraction, ...] = ()
    names: tuple[str, ...] = ()
    task: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """A table that ranks."""

    where: str
    rows: tuple[tuple[int | None, str, Fraction], ...]
    """Rank where one is printed, name, score; in the order of the table."""

    @property
    def ranked(self) -> bool:
        """Does it print ranks?"""
        return any(rank is not None for rank, _, _ in self.rows)


@dataclass(slots=True)
class Report:
    """What was read out of one file."""

    name: str
    figures: list[Figure] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    rankings: list[Ranking] = field(default_factory=list)
    spellings: dict[str, str] = field(default_factory=dict)
    """Model as written -> where first."""
    dated: bool = False
    """Does it say of which day it is?"""
    complete_tasks: bool = True
    """Do the task scores cover every task? False where only failures are told: the others passed."""
    missing_outputs: list[tuple[str, str]] = field(default_factory=list)
    """(where, text) of runs that left no output and are not said to have failed for that."""


def findings(reports: Sequence[Report]) -> list[Finding]:
    """All contradictions in and between these reports, in the order of the reports."""
    found: list[Finding] = []
    for report in reports:
        for rule in _RULES:
            found += rule(report)
    found += _conflicts(reports)
    found += _only(reports)
    found += _leads(reports)
    found += _spelt(reports)
    return found


def _figure(report: Report, what: str, like: Figure) -> Figure | None:
    """The figure of another quantity of the same model and task."""
    wanted = (display_name(like.subject), like.task, what)
    return next((one for one in report.figures if one.key[:3] == wanted), None)


def _sums(report: Report) -> Iterator[Finding]:
    for total in (one for one in report.figures if one.what == "score" and not one.task and one.of):
        parts = [
            one
            for one in report.figures
            if one.what == "score" and one.task and display_name(one.subject) == display_name(total.subject)
        ]
        runs = sum(one.of or 0 for one in parts)
        if not parts or (report.complete_tasks and runs != total.of):
            continue
        summed = sum(one.value for one in parts) + (0 if report.complete_tasks else (total.of or 0) - runs)
        if summed != total.value:
            listed = ", ".join(f"{one.task} {one.value}/{one.of}" for one in parts)
            yield Finding(
                rule="sum",
                severity=ERROR,
                where=total.where,
                message=f"the score of {total.subject!r} is given as {total.printed}, its tasks add up to "
                f"{summed}/{total.of} ({listed})",
            )


def _rates(report: Report) -> Iterator[Finding]:
    for rate in (one for one in report.figures if one.what == "rate"):
        score = _figure(report, "score", rate)
        if score is None or not score.of:
            continue
        derived = 100 * score.value / score.of
        if abs(derived - rate.value) > rate.slack:
            yield _wrong("rate", rate, f"{score.printed} is {float(derived):.1f} %")


def _costs(report: Report) -> Iterator[Finding]:
    for total in (one for one in report.figures if one.what == "total_cost" and not one.task):
        score = _figure(report, "score", total)
        if score is None:
            continue
        for what, count in (("cost_per_pass", int(score.value)), ("cost_per_run", score.of)):
            given = _figure(report, what, total)
            if given is not None and count and not _agree(given, total.value / count, total.slack / count):
                message = f"{total.printed} over {count} is ${float(total.value / count):.6g}"
                yield _wrong("cost", given, message)


def _priced(report: Report) -> Iterator[Finding]:
    """A cost below its own tokens at their own price: only tokens read from a cache could explain it."""
    for tokens in (one for one in report.figures if one.what == "input_tokens"):
        price = _figure(report, "input_price", Figure(what="", value=Fraction(), where="", subject=tokens.subject))
        cost = _figure(report, "cost_per_run", tokens)
        if price is None or cost is None or not tokens.of:
            continue
        cached = _figure(report, "cached_tokens", tokens)
        fresh = (tokens.value - (cached.value if cached else 0)) / tokens.of
        least = fresh * price.value / 1_000_000
        if cost.value + cost.slack < least:
            told = (
                f"{float(fresh):,.0f} input tokens a run at {price.printed} a million cost ${float(least):.3g} at least"
            )
            yield _wrong("price", cost, told + ("" if cached else "; possible only if most were read from a cache"))


def _steps(report: Report) -> Iterator[Finding]:
    deltas = [one.value for one in report.figures if one.what == "delta"]
    names = ("up", "equal", "down")
    counts = (sum(d > 0 for d in deltas), sum(d == 0 for d in deltas), sum(d < 0 for d in deltas))
    for claim in (one for one in report.claims if one.kind == "steps" and deltas):
        said = dict(zip(claim.names, claim.values, strict=True))
        wrong = [name for name, count in zip(names, counts, strict=True) if name in said and said[name] != count]
        if wrong:
            told = ", ".join(f"{count} {name}" for name, count in zip(names, counts, strict=True))
            yield Finding(
                rule="steps",
                severity=ERROR,
                where=claim.where,
                message=f"{claim.printed!r}, but by its own table {told}",
            )


def _ratios(report: Report) -> Iterator[Finding]:
    for claim in (one for one in report.claims if one.kind == "ratio"):
        said, slack, first, other = claim.values
        if min(first, other) <= 0:
            continue
        derived = max(first, other) / min(first, other)
        if abs(derived - said) > slack:
            yield Finding(
                rule="ratio",
                severity=ERROR,
                where=claim.where,
                message=f"{claim.printed!r}, but the two amounts are {float(derived):.3g}x apart",
            )


def _misses(report: Report) -> Iterator[Finding]:
    for claim in (one for one in report.claims if one.kind == "range_miss"):
        said, low, high, point, actual = claim.values
        miss = max(Fraction(0), actual - high) - max(Fraction(0), low - actual)
        if said != miss:
            yield Finding(
                rule="range",
                severity=ERROR,
                where=claim.where,
                message=f"{claim.printed!r}: {actual} against the range {low}–{high} is {int(miss):+d}, "
                f"against the point estimate {point} it is {int(actual - point):+d}",
            )


def _failed(report: Report) -> Iterator[Finding]:
    for claim in (one for one in report.claims if one.kind == "failed"):
        said, of = claim.values
        parts = [one for one in report.figures if one.what == "score" and one.task in claim.names and one.of]
        runs = sum(one.of or 0 for one in parts)
        failed = runs - sum(one.value for one in parts)
        if parts and runs == of and failed != said:
            yield Finding(
                rule="failed",
                severity=ERROR,
                where=claim.where,
                message=f"{claim.printed!r}, but by the same list {failed} of {runs} failed",
            )


def _ranks(report: Report) -> Iterator[Finding]:
    for table in report.rankings:
        scores = [score for _, _, score in table.rows]
        for (_, before, higher), (_, name, score) in pairwise(table.rows):
            if score > higher:
                message = f"{name!r} ({float(score):g}) stands below {before!r} ({float(higher):g}); sort by score"
                yield Finding(
                    rule="order", severity=ERROR if table.ranked else WARNING, where=table.where, message=message
                )
        for rank, name, score in table.rows:
            right = 1 + sum(other > score for other in scores)
            if rank is not None and rank != right:
                tied = scores.count(score) > 1
                why = f"{scores.count(score)} rows have {float(score):g}" if tied else "by its score"
                message = f"{name!r} has rank {rank}, competition ranking gives {right} ({why})"
                yield Finding(rule="rank", severity=ERROR, where=table.where, message=message)
        if table is report.rankings[0] and not report.dated:
            message = "a ranking without a date; say as of which day, for it changes with every campaign"
            yield Finding(rule="as-of", severity=WARNING, where=table.where, message=message)


def _outputs(report: Report) -> Iterator[Finding]:
    for where, text in report.missing_outputs:
        message = f"{text!r}: a run without its output is wrong_answer with the detail missing_output; say so"
        yield Finding(rule="missing-output", severity=WARNING, where=where, message=message)


def _calls(report: Report) -> Iterator[Finding]:
    budgets = [one.value for one in report.figures if one.what == "turns"]
    for calls in (one for one in report.figures if one.what == "tool_calls"):
        if budgets and calls.value / (calls.of or 1) > max(budgets):
            message = (
                f"{float(calls.value / (calls.of or 1)):.1f} tool calls a run, and no run has more than "
                f"{float(max(budgets)):g} turns: turns and tool calls are two figures; give both"
            )
            yield Finding(rule="turns", severity=WARNING, where=calls.where, message=message)


_RULES = (_sums, _rates, _costs, _priced, _steps, _ratios, _misses, _failed, _ranks, _outputs, _calls)


def _conflicts(reports: Iterable[Report]) -> Iterator[Finding]:
    """One quantity, two values."""
    first: dict[tuple[str, str, str, int | None], Figure] = {}
    for figure in (one for report in reports for one in report.figures if one.what not in {"delta", "turns"}):
        known = first.setdefault(figure.key, figure)
        if abs(known.value - figure.value) > max(known.slack, figure.slack):
            what = " ".join(part for part in (figure.subject, figure.task, figure.what.replace("_", " ")) if part)
            message = f"{what} is {figure.printed} here and {known.printed} in {known.where}"
            yield Finding(rule="conflict", severity=ERROR, where=figure.where, message=message)


def _only(reports: Sequence[Report]) -> Iterator[Finding]:
    """Who is said to be alone with a pass, and who passes it too."""
    scores = [one for report in reports for one in report.figures if one.what == "score" and one.task and one.value]
    for claim in (one for report in reports for one in report.claims if one.kind == "only"):
        allowed = {display_name(name) for name in claim.names}
        others = sorted({one.subject for one in scores if one.task == claim.task and one.subject} - set(claim.names))
        others = [name for name in others if display_name(name) not in allowed]
        if others:
            message = f"{claim.printed!r}, but {', '.join(others)} passed {claim.task} too; give the day of the claim"
            yield Finding(rule="only", severity=ERROR, where=claim.where, message=message)


def _leads(reports: Sequence[Report]) -> Iterator[Finding]:
    """Who is said to lead, and who has more."""
    scores = [one for report in reports for one in report.figures if one.what == "score" and not one.task and one.of]
    for claim in (one for report in reports for one in report.claims if one.kind == "leader"):
        leaders = {display_name(name) for name in claim.names}
        own = max((one.value / (one.of or 1) for one in scores if display_name(one.subject) in leaders), default=None)
        for one in scores:
            if own is not None and one.value / (one.of or 1) > own:
                message = f"{claim.printed!r}, but {one.subject} has {one.printed} in {one.where}; give the day of both"
                yield Finding(rule="leader", severity=ERROR, where=claim.where, message=message)
                break


def _spelt(reports: Sequence[Report]) -> Iterator[Finding]:
    """One model under two names."""
    seen: dict[str, tuple[str, str]] = {}
    for report in reports:
        for name, where in report.spellings.items():
            first, place = seen.setdefault(display_name(name), (name, where))
            if first != name:
                message = f"{name!r} is {first!r} of {place}; use one name"
                yield Finding(rule="alias", severity=WARNING, where=where, message=message)


def _agree(given: Figure, derived: Fraction, slack: Fraction) -> bool:
    return abs(given.value - derived) <= given.slack + slack


def _wrong(rule: str, figure: Figure, why: str) -> Finding:
    what = " ".join(part for part in (figure.subject, figure.task, figure.what.replace("_", " ")) if part)
    return Finding(
        rule=rule, severity=ERROR, where=figure.where, message=f"{what} is given as {figure.printed}, but {why}"
    )
