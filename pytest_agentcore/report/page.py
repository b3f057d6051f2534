"""Pages that open from the file system: one HTML file each, no script, nothing from elsewhere, foreign text escaped."""

from __future__ import annotations

from typing import Any

from pytest_agentcore.domain.campaign import Interval
from pytest_agentcore.report.text import clean


def rendered(template: str, values: dict[str, Any]) -> str:
    """A page out of one of the package's templates; every text is escaped, and obeys no browser and no terminal."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("pytest_agentcore.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: clean(value) if type(value) is str else value,
    )
    return environment.get_template(template).render(values)


def strip(interval: Interval | None, share: float | None) -> dict[str, str] | None:
    """An interval of a share as a strip, its parts in percent of its width; None without an interval."""
    if interval is None or share is None:
        return None
    low, high = interval.low, interval.high
    return {"low": f"{100 * low:.1f}", "wide": f"{100 * (high - low):.1f}", "at": f"{100 * share:.1f}"}


def short_name(task: str) -> str:
    """``task_09_know_when_to_stop`` → ``09``; another name as it is."""
    head, _, rest = task.partition("_")
    number = rest.partition("_")[0]
    return number if head == "task" and number.isdigit() else task
