"""Run one SQL query read-only on several databases, and describe what two databases hold, as plain values.

    python3 -I ../hidden/ask.py FINAL DATABASE...        (query.sql beside this file)

FINAL is the workspace's database, read with the -wal file beside it; each DATABASE is only queried, and the first of
them is the one that the agent was given. One JSON document on standard output: dumps (digests of what FINAL and the
first DATABASE hold) and answers (for FINAL and every DATABASE the rows or the error). It judges nothing.
"""

import hashlib
import json
import shutil
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

SECONDS = 0.8  # for the query on all databases together
ROWS = 3
CHARACTERS = 200
ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}


def copied(path):
    """A copy of a database with its -wal or -journal file; the originals are never opened."""
    folder = Path(tempfile.mkdtemp())
    for suffix in ("", "-wal", "-journal"):
        source = Path(f"{path}{suffix}")
        if source.is_file():
            shutil.copyfile(source, folder / f"copy.db{suffix}")
    return folder / "copy.db"


def dump(path):
    """A digest of the statements that would rebuild a database, or what is wrong with it."""
    try:
        with closing(sqlite3.connect(copied(path))) as connection:
            return hashlib.sha256("\n".join(connection.iterdump()).encode("utf-8", "surrogateescape")).hexdigest()
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
        return f"{type(error).__name__}: {error}"


def plain(value):
    """A value of SQL as one of JSON; text is cut, bytes and figures without a value are named."""
    if isinstance(value, str):
        return value[:CHARACTERS]
    if isinstance(value, bytes) or value != value or value in (float("inf"), float("-inf")):
        return f"<{type(value).__name__}>"
    return value


def answer(path, query, ends):
    """The first rows of a query that may only read, or its error; denied says what it tried besides reading."""
    denied = []

    def authorize(action, *names):
        if action in ALLOWED:
            return sqlite3.SQLITE_OK
        denied.append([action, *(str(name) for name in names if name)])
        return sqlite3.SQLITE_DENY

    found = {"rows": None, "error": None, "denied": denied}
    try:
        with closing(sqlite3.connect(copied(path))) as connection:
            connection.execute("PRAGMA query_only = 1")
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1_000_000)
            connection.set_progress_handler(lambda: time.monotonic() > ends, 10_000)
            connection.set_authorizer(authorize)
            found["rows"] = [[plain(value) for value in row] for row in connection.execute(query).fetchmany(ROWS)]
    except (sqlite3.Error, sqlite3.Warning, OSError, UnicodeError, ValueError) as error:
        found["error"] = str(error)
    return found


def main():
    final, *databases = sys.argv[1:]
    query = Path(__file__).with_name("query.sql").read_text(encoding="utf-8")
    dumps = [dump(final), dump(databases[0])]
    ends = time.monotonic() + SECONDS
    document = {"dumps": dumps, "answers": [answer(path, query, ends) for path in (final, *databases)]}
    json.dump(document, sys.stdout)


main()
