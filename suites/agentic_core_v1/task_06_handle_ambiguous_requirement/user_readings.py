"""What "duplicate users" can mean: a key, and which row of those that share it is kept."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

Row = dict[str, str]
Rows = Counter[tuple[tuple[str, str], ...]]
Key = Literal["row", "email", "email, any case"]
Keep = Literal["first", "last", "latest", "earliest"]

KEYS: dict[Key, Callable[[Row], object]] = {
    "row": lambda row: tuple(sorted(row.items())),
    "email": lambda row: row["email"],
    "email, any case": lambda row: row["email"].casefold(),
}
KEEPS: dict[Keep, Callable[[list[Row]], Row]] = {
    "first": lambda rows: rows[0],
    "last": lambda rows: rows[-1],
    "latest": lambda rows: max(rows, key=lambda row: row["updated_at"]),
    "earliest": lambda rows: min(rows, key=lambda row: row["updated_at"]),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One sensible reading of the request."""

    key: Key
    keep: Keep

    def rows(self, users: Iterable[Row]) -> Rows:
        """What this reading leaves, in no order."""
        groups: dict[object, list[Row]] = {}
        for user in users:
            groups.setdefault(KEYS[self.key](user), []).append(user)
        return as_rows(KEEPS[self.keep](group) for group in groups.values())


READINGS = (
    Reading(key="row", keep="first"),
    Reading(key="email", keep="first"),
    Reading(key="email", keep="latest"),
    Reading(key="email, any case", keep="first"),
    Reading(key="email, any case", keep="latest"),
)


def as_rows(users: Iterable[Row]) -> Rows:
    """Rows as values that can be counted; neither their order nor that of the columns matters."""
    return Counter(tuple(sorted(user.items())) for user in users)


def read_users(data: bytes) -> list[Row]:
    """The rows of a users file."""
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def reading_of(output: Rows, users: list[Row]) -> Reading | None:
    """The reading that gives exactly these rows."""
    return next((reading for reading in READINGS if reading.rows(users) == output), None)


def keeps_that_fit(key: Key, output: Rows, users: list[Row]) -> set[Keep]:
    """Every rule of keeping that gives these rows under this key; all of them where a group's rows are equal."""
    return {keep for keep in KEEPS if Reading(key=key, keep=keep).rows(users) == output}
