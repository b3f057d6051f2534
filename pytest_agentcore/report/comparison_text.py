"""A comparison in sentences and tables: every word follows from the figures, none is typed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from pytest_agentcore.domain.campaign import CostInterval, Interval, TaskRow
from pytest_agentcore.report.comparison import Against, Comparison, Side, Step, stability
from pytest_agentcore.report.table import Table, markdown
from pytest_agentcore.report.text import clean, percent
from pytest_agentcore.scoring.clustering import Stability
from pytest_agentcore.scoring.efficiency import per, ratio_text, usd_text

_LEAST_P = 0.001


def text_lines(comparison: Comparison, *, ascii_only: bool = False) -> list[str]:
    """For a terminal."""
    written = [clean(sentence, ascii_only=ascii_only) for sentence in sentences(comparison)]
    for title, table in _tables(comparison):
        written += ["", title, *table.aligned(ascii_only=ascii_only)]
    return written


def markdown_lines(comparison: Comparison) -> list[str]:
    """For an article."""
    written = [f"- {markdown(sentence)}" for sentence in sentences(comparison)]
    for title, table in _tables(comparison):
        written += ["", f"### {title}", "", *table.markdown()]
    return written


def sentences(comparison: Comparison) -> list[str]:
    """What can be said of each campaign against the baseline, one statement a sentence."""
    written = [_standing(side) for side in comparison.sides if side.summary.quarantined or not side.summary.has_score]
    for one in comparison.against:
        written += _against(comparison.baseline, one)
    if comparison.left_out:
        written.append(f"Left out, for not all have the same version: {', '.join(comparison.left_out)}.")
    return written


def _standing(side: Side) -> str:
    summary = side.summary
    if not summary.has_score:
        return f"{side.label} has no score: {summary.no_score_reason}."
    low, high = summary.bounds
    return (
        f"{side.label} is quarantined: {summary.n_valid} of {summary.planned} runs are valid, "
        f"so its score lies between {low}/{summary.planned} and {high}/{summary.planned}."
    )


def _against(baseline: Side, one: Against) -> list[str]:
    written = [_score(baseline, one), _by_task(one), _chance(one), _cost(baseline, one)]
    infra = baseline.summary.n_infra + one.side.summary.n_infra
    if infra:
        written.append(_infra(baseline, one))
    return [*written, _ascribed(one)]


def _score(baseline: Side, one: Against) -> str:
    ours, theirs = one.side.summary, baseline.summary
    if not ours.n_valid or not theirs.n_valid:
        empty = one.side if not ours.n_valid else baseline
        return f"{empty.label} has no valid run: there is no difference to speak of."
    told = f"{one.side.label} passed {_share(one.side)}, {baseline.label} {_share(baseline)}"
    if ours.n_valid == theirs.n_valid:
        more = ours.passed - theirs.passed
        return f"{told}: {_signed(more)}." if more else f"{told}: equal."
    points = 100 * (Fraction(ours.passed, ours.n_valid) - Fraction(theirs.passed, theirs.n_valid))
    return f"{told}: {_points(points)}."


def _share(side: Side) -> str:
    summary = side.summary
    return f"{summary.passed}/{summary.n_valid} ({percent(summary.pass_rate or 0.0)})"


def _by_task(one: Against) -> str:
    told = f"Of {len(one.steps)} tasks {one.up} up, {one.equal} equal, {one.down} down"
    unknown = len(one.steps) - one.up - one.equal - one.down
    return f"{told}, {unknown} without valid runs on both sides." if unknown else f"{told}."


def _chance(one: Against) -> str:
    if one.test is None or one.p_adjusted is None:
        return "No task has valid runs on both sides, so nothing can be tested."
    verdict = "Distinguishable" if one.distinguishable else "Not distinguishable"
    holm = f", {_p(one.p_adjusted)} after Holm" if one.p_adjusted != one.test.p_value else ""
    told = f"{verdict}: exact paired test over {one.test.tasks} tasks {_p(one.test.p_value)}{holm}"
    if one.detectable is not None:
        told += f"; this design finds differences of {100 * one.detectable:.0f} percentage points"
    return f"{told}. By run {one.gained} gained, {one.lost} lost."


def _cost(baseline: Side, one: Against) -> str:
    for side in (one.side, baseline):
        if side.summary.usage.cost_usd is None:
            return f"The price of {side.label} is unknown, so costs are not compared."
        if not side.summary.passed:
            return f"{side.label} has no passing run, so a passing run has no cost."
    ours, theirs = one.side.summary.cost_per_pass, baseline.summary.cost_per_pass
    told = f"{usd_text(ours)} against {usd_text(theirs)} of {baseline.label}"
    if not ours or not theirs or ours == theirs:
        return f"A passing run of {one.side.label} costs {told}."
    cheaper = ours < theirs
    times = ratio_text(theirs, ours) if cheaper else ratio_text(ours, theirs)
    return f"A passing run of {one.side.label} costs {times} {'less' if cheaper else 'more'}: {told}."


def _infra(baseline: Side, one: Against) -> str:
    told = " against ".join(f"{side.summary.n_infra} of {side.summary.planned} runs" for side in (one.side, baseline))
    return f"Lost to infrastructure: {told} of {baseline.label} ({_p(one.infra_p)})."


def _ascribed(one: Against) -> str:
    """To what may the difference be ascribed?"""
    variables = list(dict.fromkeys(_variable(difference.what) for difference in one.differs if difference.condition))
    if not variables:
        return "The manifests differ in nothing that may move a score: one measurement made twice."
    if len(variables) == 1:
        return f"Only the {variables[0]} differs."
    return f"More than one variable differs ({', '.join(variables)}): the difference cannot be ascribed to one of them."


def _variable(place: str) -> str:
    head = place.split(".", maxsplit=1)[0].replace("_", " ")
    return "model" if head == "endpoint" else head


# Tables


def _tables(comparison: Comparison) -> list[tuple[str, Table]]:
    found = [
        ("Campaigns", _campaigns(comparison)),
        ("Tasks", _tasks(comparison)),
        ("Failures", _failures(comparison)),
        ("Work a run", _work(comparison)),
        ("Infrastructure", _infra_table(comparison)),
        ("Manifests", _manifests(comparison)),
    ]
    return [(title, table) for title, table in found if table.rows]


def _campaigns(comparison: Comparison) -> Table:
    headings = (
        *("", "campaign", "score", "pass rate", "95 %", "pass^k", "tasks all/some/none"),
        *("total", "a pass", "95 %", "× A"),
    )
    base = comparison.baseline.summary.cost_per_pass
    rows = []
    for key, side in _keyed(comparison):
        summary = side.summary
        rows.append([
            key,
            side.label,
            f"{summary.passed}/{summary.n_valid}" if summary.has_score else "none",
            "" if summary.pass_rate is None else percent(summary.pass_rate),
            interval_text(summary.interval_over_tasks),
            "" if summary.pass_hat_k is None else f"{percent(summary.pass_hat_k)} (k={summary.runs_per_task})",
            _stable(side, comparison.tasks),
            usd_text(summary.usage.cost_usd),
            "no pass" if not summary.passed else usd_text(summary.cost_per_pass),
            cost_span(summary.cost_interval),
            ratio_text(summary.cost_per_pass, base),
        ])  # fmt: skip
    return Table(headings=headings, rows=rows, left=frozenset({0, 1}))


def _keyed(comparison: Comparison) -> list[tuple[str, Side]]:
    """Each campaign with the letter that stands for it in the tables; the baseline is A."""
    return [(_key(number), side) for number, side in enumerate(comparison.sides)]


def _key(number: int) -> str:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    more, last = divmod(number, len(letters))
    return (_key(more - 1) if more else "") + letters[last]


def cost_span(interval: CostInterval | None) -> str:
    """An interval of a cost, ``$0.000277–$0.00113``; empty when there is none."""
    if interval is None:
        return ""
    return f"{usd_text(interval.low)}–{'∞' if interval.high is None else usd_text(interval.high)}"


def interval_text(interval: Interval | None) -> str:
    """An interval of a share, ``66.4–92.7 %``; empty when there is none."""
    return "" if interval is None else f"{100 * interval.low:.1f}–{100 * interval.high:.1f} %"


def _stable(side: Side, tasks: Sequence[str]) -> str:
    counts = Counter(stability(side, task) for task in tasks)
    return "/".join(str(counts[word]) for word in (Stability.RELIABLE, Stability.UNSTABLE, Stability.FAILS))


def _tasks(comparison: Comparison) -> Table:
    keys = [key for key, _ in _keyed(comparison)]
    rows = []
    for place, task in enumerate(comparison.tasks):
        scores = [f"{side.row(task).passed}/{side.row(task).valid}" for side in comparison.sides]
        rows.append([task, *scores, *(step_text(one.steps[place]) for one in comparison.against)])
    return Table(headings=["task", *keys, *(f"{key}-A" for key in keys[1:])], rows=rows)


def step_text(step: Step) -> str:
    """A difference in runs, ``+1``; in percentage points where the numbers of valid runs differ."""
    if step.rate is None:
        return "?"
    if step.runs is not None:
        return f"{step.runs:+d}" if step.runs else "0"
    return f"{100 * float(step.rate):+.1f} pp"


def _failures(comparison: Comparison) -> Table:
    rows = []
    for key, side in _keyed(comparison):
        where: dict[str, Counter[str]] = {}
        for task in comparison.tasks:
            for run in side.row(task).runs:
                if run.failure:
                    where.setdefault(run.failure, Counter())[task] += 1
        for failure, counts in sorted(where.items(), key=lambda item: (-item[1].total(), item[0])):
            places = ", ".join(f"{task} ×{count}" for task, count in sorted(counts.items()))
            rows.append([key, failure, str(counts.total()), places])
    return Table(headings=("", "failure", "runs", "where"), rows=rows, left=frozenset({0, 1, 3}))


def _work(comparison: Comparison) -> Table:
    rows = []
    for task in comparison.tasks:
        rows += [[task, key, *_per_run(side.row(task))] for key, side in _keyed(comparison)]
    headings = ("task", "", "cost", "input tokens", "output tokens", "turns", "tool calls")
    return Table(headings=headings, rows=rows, left=frozenset({0, 1}))


def _per_run(row: TaskRow) -> list[str]:
    if not row.valid:
        return [""] * 5

    def mean(total: int, decimals: int) -> str:
        return f"{total / row.valid:,.{decimals}f}"

    usage = row.usage
    cost = usd_text(per(usage.cost_usd, row.valid))
    return [
        cost,
        mean(usage.input_tokens, 0),
        mean(usage.output_tokens, 0),
        mean(row.turns, 1),
        mean(row.tool_calls, 1),
    ]


def _infra_table(comparison: Comparison) -> Table:
    headings = ("", "infra", "of", "rate", "change", "times less", "p")
    if not any(side.summary.n_infra for side in comparison.sides):
        return Table(headings=headings, rows=[])
    base = _infra_rate(comparison.baseline)
    rows = []
    for key, side in _keyed(comparison):
        rate = _infra_rate(side)
        one = next((other for other in comparison.against if other.side is side), None)
        times = f"{float(base / rate):.1f}x" if one is not None and rate else ""
        change = "" if one is None else _points(100 * (rate - base))
        counts = [str(side.summary.n_infra), str(side.summary.planned)]
        rows.append([key, *counts, percent(float(rate)), change, times, "" if one is None else _p(one.infra_p)])
    return Table(headings=headings, rows=rows)


def _infra_rate(side: Side) -> Fraction:
    return Fraction(side.summary.n_infra, side.summary.planned) if side.summary.planned else Fraction()


def _manifests(comparison: Comparison) -> Table:
    headings = ["differs", *(key for key, _ in _keyed(comparison)), "may move a score"]
    rows = [
        [difference.what, *difference.values, "yes" if difference.condition else "no"]
        for difference in comparison.differs
    ]
    return Table(headings=headings, rows=rows, left=frozenset(range(len(headings))))


# Words


def _signed(runs: int) -> str:
    return f"{abs(runs)} {'more' if runs > 0 else 'fewer'}"


def _points(points: Fraction) -> str:
    return f"{float(points):+.1f} pp"


def _p(value: float) -> str:
    return f"p < {_LEAST_P}" if value < _LEAST_P else f"p = {value:.3f}"
