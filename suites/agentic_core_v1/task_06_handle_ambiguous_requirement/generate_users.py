"""Draw users.csv: forty rows of two merged lists of users, in which "duplicate" can mean five things.

Rows are planted here: exact copies, rows edited later or earlier, addresses in another case, a person under a longer
name, and different people of one name. What a reading leaves of them is worked out by :mod:`user_readings`; a file in
which two readings would leave the same is thrown away.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from random import Random

from user_readings import READINGS, Reading, as_rows, read_users

from pytest_agentcore import Draw

README = """\
# Users

`users.csv` was merged from the lists of two systems. Columns:

| column | meaning |
|---|---|
| `name` | full name |
| `email` | e-mail address as the user typed it |
| `city` | city of residence |
| `updated_at` | last change of this row, UTC |
"""
ROWS = 40
TRIES = 1000
SHORT_NAMES = (
    *(("Ben", "Benjamin"), ("Max", "Maximilian"), ("Kate", "Katherine"), ("Tom", "Thomas"), ("Liz", "Elizabeth")),
    *(("Joe", "Joseph"), ("Sam", "Samuel"), ("Alex", "Alexandra"), ("Dan", "Daniel"), ("Vicky", "Victoria")),
)
FIRST_NAMES = (
    *("Aisha", "Bruno", "Carla", "Dmitri", "Elena", "Farid", "Greta", "Hugo", "Irina", "Jonas", "Kenji", "Leila"),
    *("Mateo", "Nadia", "Oscar", "Paula", "Quentin", "Rosa", "Stefan", "Tariq", "Ulla", "Viktor", "Wanda", "Yusuf"),
)
LAST_NAMES = (
    *("Abbott", "Bauer", "Castro", "Dupont", "Eriksen", "Fischer", "Garcia", "Haddad", "Iversen", "Jensen", "Kowalski"),
    *("Laurent", "Moreau", "Nakamura", "Okafor", "Pereira", "Quinn", "Rossi", "Schmidt", "Tanaka", "Usman", "Vega"),
    *("Weber", "Yilmaz", "Zhang"),
)
CITIES = (
    *("Lisbon", "Leeds", "Pune", "Bilbao", "Madrid", "York", "Wuhan", "Malmo", "Cairo", "Ulm", "Bath", "Lahore"),
    *("Porto", "Ghent", "Kyoto", "Lagos", "Quito", "Turin"),
)
Row = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who is in the file, and what happens to whom."""

    names: tuple[str, ...]
    namesakes: tuple[str, ...]
    """One entry for each further person of a name."""
    edited: dict[str, int]
    """Days from a person's row to another one with the same address."""
    respelt: dict[str, int]
    """The same, with capitals in the address."""
    copied: tuple[str, ...]
    renamed: dict[str, str]
    """The name in the other row of a person."""
    cities: tuple[str, ...]
    begin: datetime
    domain: str = "example.com"
    other_domain: str = "example.org"


PUBLISHED = Cast(
    names=(
        *("Anna Berg", "Tom Hale", "Priya Nair", "Luis Ortega", "Maria Lopez", "John Smith", "Chen Wei", "Sara Lind"),
        *("Omar Aziz", "Julia Roth", "Ben Carter", "Noor Khan", "Eva Novak", "Paul Ryan", "Mia Sato", "Karl Voss"),
        *("Lena Fox", "Raj Patel", "Ines Costa", "Adam Cole", "Nina Petrov", "Joe Bloggs", "Olga Ivanova", "Sam Reed"),
    ),
    namesakes=("Maria Lopez", "John Smith", "John Smith"),
    edited={"Tom Hale": 3, "Julia Roth": 6, "Ben Carter": -4, "Lena Fox": 9},
    respelt={"Priya Nair": 5, "Omar Aziz": -7, "Eva Novak": 12, "Sam Reed": 2},
    copied=("Anna Berg", "Chen Wei", "Chen Wei", "Priya Nair", "Raj Patel"),
    renamed={"Ben Carter": "Benjamin Carter"},
    cities=CITIES[:12],
    begin=datetime(2026, 1, 5, 8, 0),  # noqa: DTZ001 - the README says that times are UTC
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """The rows of users.csv."""

    rows: tuple[Row, ...]

    def files(self) -> dict[str, str]:
        """The workspace."""
        return {"README.md": README, "users.csv": as_csv(self.rows)}

    @property
    def kept(self) -> tuple[Row, ...]:
        """One row an address, whatever its case: the one that was changed last."""
        newest: dict[str, Row] = {}
        for row in sorted(self.rows, key=lambda row: row[3]):
            newest[row[1].lower()] = row
        return tuple(newest.values())

    def clean(self, *, without: int = 0) -> str:
        """The kept rows as a file; the last so many are left out."""
        return as_csv(self.kept[: len(self.kept) - without])


def as_csv(rows: Iterable[Row]) -> str:
    """The rows as a file, under their header."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("name", "email", "city", "updated_at"), *rows])
    return text.getvalue()


def draw(by: Draw) -> Users:
    """The published file, or people, cities, times and order of a seed."""
    if by.canonical:
        return Users(rows=users(PUBLISHED, Random(40)))  # noqa: S311 - repeatable, not secret
    random = by.random()
    tries = (Users(rows=users(_cast(random), random)) for _ in range(TRIES))
    return next(found for found in tries if needs_a_decision(found))


def needs_a_decision(found: Users) -> bool:
    """Does every reading leave other rows, every rule of keeping too, and yet others the name as the key?"""
    rows = read_users(found.files()["users.csv"].encode())
    readings = [reading.rows(rows) for reading in READINGS]
    keeps = [
        [Reading(key=key, keep=keep).rows(rows) for keep in ("first", "last", "latest", "earliest")]
        for key in ("email", "email, any case")
    ]
    by_name = as_rows({row["name"]: row for row in sorted(rows, key=lambda row: row["updated_at"])}.values())
    groups = ([*readings, by_name], *keeps)
    return all(one != other for group in groups for one, other in combinations(group, 2))


def _cast(random: Random) -> Cast:
    """Of forty rows three are namesakes, three to five each are edited and respelt, four to six are exact copies."""
    edits, respellings, copies = random.randrange(3, 6), random.randrange(3, 6), random.randrange(4, 7)
    short, long = random.choice(SHORT_NAMES)
    others = [f"{first} {last}" for first in FIRST_NAMES for last in LAST_NAMES]
    surname = random.choice(LAST_NAMES)
    names = [f"{short} {surname}", *random.sample(others, ROWS - 3 - edits - respellings - copies - 1)]
    deal: Iterator[str] = iter(names)
    edited = {next(deal): days for days in _days(random, edits)}
    respelt = {next(deal): days for days in _days(random, respellings)}
    one, many, twice = next(deal), next(deal), next(deal)
    copied = (twice, twice, next(iter(respelt)), *(next(deal) for _ in range(copies - 3)))
    domain, other_domain = random.sample(("example.com", "example.org", "example.net"), 2)
    return Cast(
        names=tuple(random.sample(names, len(names))),
        namesakes=(one, many, many),
        edited=edited,
        respelt=respelt,
        copied=copied,
        renamed={names[0]: f"{long} {surname}"},
        cities=tuple(random.sample(CITIES, 12)),
        begin=datetime(random.randrange(2022, 2028), random.randrange(1, 10), 5, 8, 0),  # noqa: DTZ001 - as above
        domain=domain,
        other_domain=other_domain,
    )


def _days(random: Random, many: int) -> list[int]:
    """Two to twelve days later each, but for one that is earlier."""
    days = [random.randrange(2, 13) for _ in range(many)]
    days[random.randrange(many)] *= -1
    return days


def users(cast: Cast, random: Random) -> tuple[Row, ...]:
    """One row a person, then the rows that make the file need a decision, each somewhere below its person's first."""
    moments = {name: cast.begin + timedelta(minutes=random.randrange(20_000, 150_000)) for name in cast.names}

    def row(name: str, email: str, days: int = 0) -> Row:
        moment = moments[name] + timedelta(days=days)
        shown = cast.renamed.get(name, name) if days else name
        return (shown, email, random.choice(cast.cities), f"{moment:%Y-%m-%dT%H:%M:%SZ}")

    def address(name: str) -> str:
        return f"{name.replace(' ', '.')}@{cast.domain.capitalize()}"

    people = [row(name, address(name).lower()) for name in cast.names]
    people += [
        row(name, f"{name[0].lower()}{name.split()[1].lower()}{k}@{cast.other_domain}", 20 + k)
        for k, name in enumerate(cast.namesakes, 7)
    ]
    later = [row(name, address(name).lower(), days) for name, days in cast.edited.items()]
    later += [row(name, address(name), days) for name, days in cast.respelt.items()]
    later += [next(person for person in people if person[0] == name) for name in cast.copied]
    for extra in later:
        people.insert(random.randrange(_after(people, extra), len(people) + 1), extra)
    return tuple(people)


def _after(people: list[Row], extra: Row) -> int:
    return 1 + max(index for index, person in enumerate(people) if person[1].lower() == extra[1].lower())
