"""Reads the figures out of a report in Markdown, plain text or CSV: its tables, and the sentences that can be told."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction

from pytest_agentcore.errors import ConfigError
from pytest_agentcore.report.lint import Claim, Figure, Ranking, Report
from pytest_agentcore.report.models import mentions

_NUMBER = re.compile(r"[+-]?\d[\d,]{0,20}(?:\.\d{1,12})?(?:[eE][+-]?\d{1,12})?")
_SHARE = re.compile(r"(\d{1,12})\s*(?:/|of|in)\s*(\d{1,12})")
_TASK = re.compile(r"task_?(\d\d?)(?:_\w+)?", re.IGNORECASE)
_DATE = re.compile(r"\b20\d\d-\d\d-\d\d\b")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z\[“\"]|task_)")
_WHOLE_SUITE = 10  # runs: fewer are those of one task
_RUNS = 3
_QUOTED = 120
_BARE_RANKING = 2  # columns: models and their scores, nothing else

# Digits are bounded: a report may hold anything, and a number of a thousand digits is no figure.
_COUNT = r"(\d{1,12})"
_AMOUNT = r"(\d{1,12}(?:\.\d{1,12})?)"
_SCORE = re.compile(rf"{_COUNT}/{_COUNT}(?:\s*\({_AMOUNT}\s*%\))?")
_TOTAL = re.compile(rf"\${_AMOUNT} total for {_COUNT} runs")
_PER_PASS = re.compile(rf"\${_AMOUNT} per passing (?:run|task)")
_PER_RUN = re.compile(rf"\${_AMOUNT}(?:/run| a run| per run)")
_TOKENS = re.compile(rf"(\d[\d,]{{0,20}}) input tokens (?:across|over|in) {_COUNT} runs")
_CALLS = re.compile(rf"(?:averaged|average of) {_AMOUNT} tool calls per run")
_TURNS = re.compile(rf"(?:exceeded|more than|at most|within) {_COUNT} turns|{_COUNT}-turn limit")
_STEPS = re.compile(
    rf"(?:outperforms|better|up)(?: [^.]{{0,60}}?)? on {_COUNT}(?: of \d\d?\d?)? tasks?"
    rf"(?:.{{0,40}}?(?:draws|equal|ties) on {_COUNT})?"
)
_RATIO = re.compile(rf"{_AMOUNT}x\b[^.$]{{0,80}}\${_AMOUNT}[^$.]{{0,20}}? (?:vs\.?|against|over) \${_AMOUNT}")
_RANGE = re.compile(rf"{_COUNT} (?:to|-|–) {_COUNT}(?:/\d+)?\D{{1,40}}?{_COUNT}")
_MISS = re.compile(r"([+-]\d{1,12}) (?:above|below|outside)(?: the)? range")
_FAILED = re.compile(rf"failed at a rate of {_COUNT} (?:in|of) {_COUNT}")
_ONLY = re.compile(r"(?:is|was) the (?:single|only|sole)\b")
_SCORED = re.compile(r"(?:(have (?:all |both )?(?:achieved|scored))|scored|achieved)(?: its)?\s*$")
_LEADS = re.compile(
    r"\b(?:leader(?:board leader)? is|leads the (?:leader)?board|(?:highest|top) score)\b", re.IGNORECASE
)
_NO_OUTPUT = re.compile(r"(?:did not|didn't|never) (?:write|create|produce) the (?:output|answer) file", re.IGNORECASE)
_DROPPED = re.compile(r"\b(?:dropped|lost) one run\b")


def read_text(name: str, text: str) -> Report:
    """What a Markdown or plain text says."""
    reader = _Reader(name)
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        if lines[number].lstrip().startswith("|"):
            end = next((at for at in range(number, len(lines)) if not lines[at].lstrip().startswith("|")), len(lines))
            rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines[number:end]]
            reader.table([row for row in rows if not all(set(cell) <= set("-: ") for cell in row)], number + 1)
            number = end
        else:
            reader.line(lines[number], number + 1)
            number += 1
    return reader.finished(text)


def read_csv(name: str, text: str) -> Report:
    """What a CSV table says.

    Raises:
        ConfigError: it is none.
    """
    reader = _Reader(name)
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline="")) if row]
    except csv.Error as error:
        raise ConfigError(f"{name} is no CSV: {error}") from None
    reader.table(rows, 1)
    return reader.finished(text)


def amount(text: str) -> tuple[Fraction, Fraction] | None:
    """A printed number and half of its last digit; None where there is none."""
    found = _NUMBER.search(text)
    if found is None:
        return None
    number = Decimal(found.group().replace(",", ""))
    exponent = number.as_tuple().exponent
    places = exponent if isinstance(exponent, int) else 0
    return Fraction(number), Fraction(Decimal(5).scaleb(min(places, 0) - 1))


def task_id(text: str) -> str:
    """``task_09_know_when_to_stop`` and ``Task 9`` alike as ``task_09``; empty where none is named."""
    found = _TASK.search(text)
    return f"task_{int(found[1]):02}" if found else ""


class _Reader:
    """Walks through a text and keeps in mind of which model it speaks."""

    def __init__(self, name: str) -> None:
        self.report = Report(name=name)
        self.subject = ""
        self.model = ""
        """The model mentioned last."""
        self.tasks: list[str] = []
        """Tasks mentioned last."""
        self.failing: list[Figure] = []

    def finished(self, text: str) -> Report:
        """All that was read; failures told in words count where no table tells the scores."""
        self.report.dated = bool(_DATE.search(text))
        if not any(one.what == "score" and one.task for one in self.report.figures):
            self.report.figures += self.failing
            self.report.complete_tasks = not self.failing
        if "missing_output" in text:
            self.report.missing_outputs.clear()
        return self.report

    def add(self, what: str, printed: str, where: str, *, subject: str, task: str = "", of: int | None = None) -> None:
        """Note a figure, where the text holds a number."""
        number = amount(printed)
        if number is not None:
            value, slack = number
            exact = what in {"score", "delta"}
            self.report.figures.append(
                Figure(
                    what=what,
                    value=value,
                    slack=Fraction() if exact else slack,
                    printed=printed,
                    where=where,
                    subject=subject,
                    task=task,
                    of=of,
                )
            )

    def line(self, text: str, number: int) -> None:
        """One paragraph, sentence by sentence."""
        where = f"{self.report.name}:{number}"
        if text.startswith("Model:") and (told := mentions(text)):
            self.subject = told[0][1]
        for sentence in _SENTENCE.split(text.replace("**", "")):
            for _, name in mentions(sentence):
                if name != name.lower():  # an identifier is not another way to write a name
                    self.report.spellings.setdefault(name, where)
                self.model = name
            named = list(dict.fromkeys(task_id(found.group()) for found in _TASK.finditer(sentence)))
            self.tasks = named or self.tasks
            for read in (self._scores, self._money, self._claims, self._failures):
                read(sentence, where)

    def _about(self) -> str:
        return self.subject or self.model

    def _scores(self, sentence: str, where: str) -> None:
        """A share with its percentage, or after ``scored`` and its like, is a result; any other may be anything."""
        for found in _SCORE.finditer(sentence):
            if int(found[2]) < _WHOLE_SUITE or int(found[1]) > int(found[2]):
                continue
            before = [name for at, name in mentions(sentence) if at < found.start()]
            both = _SCORED.search(sentence[: found.start()])
            share = f"{found[1]}/{found[2]}"
            if found[3] is not None and (before or self.subject):
                subject = before[-1] if before else self.subject
                self.add("score", share, where, subject=subject, of=int(found[2]))
                self.add("rate", f"{found[3]}%", where, subject=subject)
            elif both:
                for subject in before if both[1] else before[-1:]:
                    self.add("score", share, where, subject=subject, of=int(found[2]))

    def _money(self, sentence: str, where: str) -> None:
        named = [name for _, name in mentions(sentence)]
        about = self.subject or (named[0] if len(set(named)) == 1 else "")
        for pattern, what in ((_TOTAL, "total_cost"), (_PER_PASS, "cost_per_pass")):
            for found in pattern.finditer(sentence) if about and set(named) <= {about} else ():
                self.add(what, f"${found[1]}", where, subject=about)
        task = self.tasks[0] if len(self.tasks) == 1 else ""
        for found in _PER_RUN.finditer(sentence) if task else ():
            self.add("cost_per_run", f"${found[1]}", where, subject="", task=task)
        for found in _TOKENS.finditer(sentence) if task else ():
            self.add("input_tokens", found[1], where, subject="", task=task, of=int(found[2]))
        for found in _CALLS.finditer(sentence):
            self.add("tool_calls", found[1], where, subject="", task=task, of=1)
        for found in _TURNS.finditer(sentence):
            self.add("turns", found[1] or found[2], where, subject="")

    def _claims(self, sentence: str, where: str) -> None:
        for found in _STEPS.finditer(sentence):
            values = tuple(Fraction(part) for part in found.groups() if part is not None)
            self._claim("steps", where, found[0], values=values, names=("up", "equal")[: len(values)])
        for found in _RATIO.finditer(sentence):
            said, slack = amount(found[1]) or (Fraction(), Fraction())
            self._claim("ratio", where, found[0], values=(said, slack, Fraction(found[2]), Fraction(found[3])))
        for found in _FAILED.finditer(sentence):
            names = tuple(one.task for one in self.failing)
            self._claim("failed", where, found[0], values=(Fraction(found[1]), Fraction(found[2])), names=names)
        if (alone := _ONLY.search(sentence)) and len(self.tasks) == 1:
            before = [name for at, name in mentions(sentence) if at < alone.start()]
            if before:
                self._claim("only", where, sentence, names=(before[-1],), task=self.tasks[0])
        if _LEADS.search(sentence) and (leaders := mentions(sentence)):
            self._claim("leader", where, sentence, names=tuple(name for _, name in leaders))
        if _NO_OUTPUT.search(sentence):
            self.report.missing_outputs.append((where, sentence[:_QUOTED]))

    def _claim(
        self,
        kind: str,
        where: str,
        printed: str,
        *,
        values: tuple[Fraction, ...] = (),
        names: tuple[str, ...] = (),
        task: str = "",
    ) -> None:
        self.report.claims.append(
            Claim(kind=kind, where=where, printed=printed[:_QUOTED], values=values, names=names, task=task)
        )

    def _failures(self, sentence: str, where: str) -> None:
        """Failures told in words: ``task_03 and task_09 both scored 0/3``, ``task_06 dropped one run``."""
        named = list(dict.fromkeys(task_id(found.group()) for found in _TASK.finditer(sentence)))
        told = re.search(r"(?:both|each|all) scored (\d)/(\d)", sentence)
        passed, of = (told[1], int(told[2])) if told else (str(_RUNS - 1), _RUNS)
        if not named or not (told or _DROPPED.search(sentence)):
            return
        known = {one.task for one in self.failing}
        before = len(self.report.figures)
        for task in named:
            if task not in known:
                self.add("score", f"{passed}/{of}", where, subject=self._about(), task=task, of=of)
        self.failing += self.report.figures[before:]
        del self.report.figures[before:]

    # Tables

    def table(self, rows: Sequence[Sequence[str]], number: int) -> None:
        """A table; which it is, its headings say."""
        if not rows:
            return
        headings = [cell.lower() for cell in rows[0]]
        where = f"{self.report.name}:{number}"

        def column(*words: str) -> Callable[[Sequence[str]], str]:
            place = next((at for word in words for at, cell in enumerate(headings) if word in cell), None)
            return lambda row: row[place] if place is not None and place < len(row) else ""

        body = rows[1:]
        if "task" in headings[0]:
            self._tasks(body, where, column("score", "passed"), column("delta", "Δ"))
        elif any("model" in cell for cell in headings):
            self._models(body, where, column)
        elif any("hit" in cell for cell in headings):
            self._predictions(body, where)

    def _tasks(
        self, rows: Sequence[Sequence[str]], where: str, score: Callable[[Sequence[str]], str],
        delta: Callable[[Sequence[str]], str],
    ) -> None:  # fmt: skip
        for row in rows:
            found, task = _SHARE.search(score(row)), task_id(row[0])
            if found and task:
                self.add("score", found[0], where, subject=self._about(), task=task, of=int(found[2]))
                self.add("delta", delta(row), where, subject=self._about(), task=task)
            elif found and row[0].lower().startswith(("total", "sum")):
                self.add("score", found[0], where, subject=self._about(), of=int(found[2]))

    def _models(
        self, rows: Sequence[Sequence[str]], where: str, column: Callable[..., Callable[[Sequence[str]], str]]
    ) -> None:
        columns = max((len(row) for row in rows), default=0)
        name, score, rank = column("model"), column("score"), column("rank")
        cost, rate, total = column("/pass", "per pass", "a pass", "passing"), column("rate"), column("total")
        ranked: list[tuple[int | None, str, Fraction]] = []
        for row in rows:
            model, share, number = name(row).replace("**", ""), _SHARE.search(score(row)), amount(score(row))
            if not model or number is None:
                continue
            self.model = model
            self.report.spellings.setdefault(model, where)
            if share:
                self.add("score", share[0], where, subject=model, of=int(share[2]))
            else:
                self.add("points", score(row), where, subject=model)
            for what, cell in (("cost_per_pass", cost(row)), ("rate", rate(row)), ("total_cost", total(row))):
                self.add(what, cell, where, subject=model)
            medals = {"🥇": 1, "🥈": 2, "🥉": 3}
            place = rank(row)
            ranked.append((medals.get(place) or (int(place) if place.isdecimal() else None), model, number[0]))
        if any(place is not None for place, _, _ in ranked) or columns == _BARE_RANKING:
            self.report.rankings.append(Ranking(where=where, rows=tuple(ranked)))

    def _predictions(self, rows: Sequence[Sequence[str]], where: str) -> None:
        for row in rows:
            text = " | ".join(row)
            said, expected, actual = _MISS.search(text), _RANGE.search(row[0]), _SHARE.search(" ".join(row[1:]))
            if said and expected and actual:
                low, high, point = (Fraction(part) for part in expected.groups())
                values = (Fraction(said[1]), low, high, point, Fraction(actual[1]))
                self._claim("range_miss", where, said[0], values=values)
