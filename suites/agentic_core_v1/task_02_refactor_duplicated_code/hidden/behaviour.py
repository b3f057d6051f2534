"""Call the report.py of folders and print what came back, as plain values.

    python3 -I ../hidden/behaviour.py FOLDER NONCE [FOLDER NONCE]...        (cases.json beside this file)

Each folder has a process of its own, which has ended before the next one begins. For each, one JSON document and a line
end on standard output: nonce, results, signatures, lines (which source lines each report
executes), main (what main.py prints). It judges nothing: whoever started it compares. What the folder's code prints
goes nowhere, and nothing of it runs after the document is written.
"""

import contextlib
import importlib
import inspect
import io
import json
import os
import runpy
import sys
from pathlib import Path

HERE = Path(__file__).parent


def outcome(function, *args, **kwargs):
    """The text or number that a call returned, or the built-in classes of what it raised."""
    try:
        value = function(*args, **kwargs)
    except BaseException as error:
        return {"raised": [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"]}
    return value if type(value) in {str, int} else {"returned": type(value).__name__}


def reported(function, case, parameter):
    """What a report gives for bookings in the form that the case names, and whether it left them alone."""
    rows = [tuple(row) for row in case["bookings"]]
    given = {"list": rows, "keyword": rows, "tuple": tuple(rows), "items": dict(rows).items()}.get(case["as"])
    if case["as"] == "generator":
        given = (row for row in rows)
    kept = list(rows)
    result = outcome(function, **{parameter: given}) if case["as"] == "keyword" else outcome(function, given)
    return [result, rows == kept]


def executed(function, case, root):
    """File and number of every line below the root that a call executes."""
    seen = set()

    def trace(frame, event, arg):
        path = os.path.realpath(frame.f_code.co_filename)
        if not path.startswith(root + os.sep):
            return None
        if event == "line":
            seen.add((os.path.relpath(path, root), frame.f_lineno))
        return trace

    rows = [tuple(row) for row in case["bookings"]]
    sys.settrace(trace)
    try:
        outcome(function, rows)
    finally:
        sys.settrace(None)
    return sorted(seen)


def signature(function):
    """Name, kind and presence of a default for every parameter."""
    return [[p.name, p.kind.name, p.default is not p.empty] for p in inspect.signature(function).parameters.values()]


def printed(root):
    """What main.py prints as a script."""
    heard = io.StringIO()
    with contextlib.redirect_stdout(heard):
        outcome(runpy.run_path, os.path.join(root, "main.py"), run_name="__main__")
    return heard.getvalue()


def document_of(root, nonce):
    """What one folder's code does."""
    wanted = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))
    sys.path.insert(0, root)
    report = importlib.import_module("report")
    functions = {name: getattr(report, name) for name in wanted["reports"] if callable(getattr(report, name, None))}
    return {
        "nonce": nonce,
        "reports": {name: [reported(each, case, wanted["parameter"]) for case in wanted["cases"]] for name, each in functions.items()},
        "calls": [outcome(getattr(report, name, None), *arguments) for name, arguments in wanted["calls"]],
        "signatures": {name: signature(function) for name, function in functions.items()},
        "lines": {name: executed(function, wanted["traced"], root) for name, function in functions.items()},
        "main": printed(root),
    }


def main():
    dumps, pairs = json.dumps, sys.argv[1:]
    for folder, nonce in zip(pairs[::2], pairs[1::2]):
        if process := os.fork():
            os.waitpid(process, 0)
            continue
        out, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        document = document_of(os.path.realpath(folder), nonce)
        os.write(out, dumps(document).encode() + b"\n")
        os._exit(0)  # no exit hook of the folder's code may add to what was written


main()
