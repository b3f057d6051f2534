"""Write workspace/users.csv: forty rows of two merged lists of users, always the same bytes.

``python3 generate_users.py`` beside its workspace folder. Nothing here is read when the task is
judged; the checker reads the file alone.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

NAMES = (
    *("Anna Berg", "Tom Hale", "Priya Nair", "Luis Ortega", "Maria Lopez", "John Smith", "Chen Wei", "Sara Lind"),
    *("Omar Aziz", "Julia Roth", "Ben Carter", "Noor Khan", "Eva Novak", "Paul Ryan", "Mia Sato", "Karl Voss"),
    *("Lena Fox", "Raj Patel", "Ines Costa", "Adam Cole", "Nina Petrov", "Joe Bloggs", "Olga Ivanova", "Sam Reed"),
)
NAMESAKES = ("Maria Lopez", "John Smith", "John Smith")
CITIES = ("Lisbon", "Leeds", "Pune", "Bilbao", "Madrid", "York", "Wuhan", "Malmo", "Cairo", "Ulm", "Bath", "Lahore")
EDITED = {"Tom Hale": 3, "Julia Roth": 6, "Ben Carter": -4, "Lena Fox": 9}  # days to the other row's update
RESPELT = {"Priya Nair": 5, "Omar Aziz": -7, "Eva Novak": 12, "Sam Reed": 2}
COPIED = ("Anna Berg", "Chen Wei", "Chen Wei", "Priya Nair", "Raj Patel")
RENAMED = {"Ben Carter": "Benjamin Carter"}
Row = tuple[str, str, str, str]


def users() -> list[Row]:
    """One row a person, then the rows that make the file need a decision, all in a shuffled but fixed order."""
    draw = Random(40)  # noqa: S311 - repeatable, not secret
    begin = datetime(2026, 1, 5, 8, 0)  # noqa: DTZ001 - the README says that times are UTC
    moments = {name: begin + timedelta(minutes=draw.randrange(20_000, 150_000)) for name in NAMES}

    def row(name: str, email: str, days: int = 0) -> Row:
        moment = moments[name] + timedelta(days=days)
        return (RENAMED.get(name, name) if days else name, email, draw.choice(CITIES), f"{moment:%Y-%m-%dT%H:%M:%SZ}")

    people = [row(name, f"{name.lower().replace(' ', '.')}@example.com") for name in NAMES]
    people += [
        row(name, f"{name[0].lower()}{name.split()[1].lower()}{k}@example.org", 20 + k)
        for k, name in enumerate(NAMESAKES, 7)
    ]
    later: list[Row] = [
        row(name, f"{name.lower().replace(' ', '.')}@example.com", days) for name, days in EDITED.items()
    ]
    later += [row(name, f"{name.replace(' ', '.')}@Example.com", days) for name, days in RESPELT.items()]
    later += [next(person for person in people if person[0] == name) for name in COPIED]
    for extra in later:
        people.insert(draw.randrange(_after(people, extra), len(people) + 1), extra)
    return people


def _after(people: list[Row], extra: Row) -> int:
    """A further row of a person stands somewhere below the first."""
    return 1 + max(index for index, person in enumerate(people) if person[1].lower() == extra[1].lower())


if __name__ == "__main__":
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("name", "email", "city", "updated_at"), *users()])
    (Path(__file__).parent / "workspace" / "users.csv").write_text(text.getvalue(), encoding="utf-8", newline="\n")
