"""Call versions of inventory.py and print what they returned, as plain values.

    python3 -I ../hidden/values.py NONCE FILE... [-- NONCE FILE...]...        (calls.json beside this file)

Each group of files has a process of its own, which has ended before the next one begins. For each, one JSON document
and a line end on standard output: nonce, and for every file the results of all calls, or null where
it could not be loaded or did not end. It judges nothing: whoever started it compares. What the files print goes
nowhere, and nothing of them runs after the document is written.
"""

import copy
import importlib.util
import json
import os
import signal
import sys

SECONDS = 0.2  # of processor time, for one version and all its calls


def plain(value):
    """A value of JSON as it is, a tuple as a list; anything else as the name of its type."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value if type(value) in {int, str, bool, type(None)} else f"<{type(value).__name__}>"


def called(module, call):
    """What a call returned or raised, and what became of its first argument."""
    function, arguments, named = call
    given = copy.deepcopy(arguments)
    try:
        result = ["returned", plain(getattr(module, function)(*given, **named))]
    except BaseException as error:
        if isinstance(error, TimeoutError):
            raise
        result = ["raised", [kind.__name__ for kind in type(error).__mro__]]
    return [*result, given[0]]


def results(path, calls):
    """The results of all calls, or None."""
    def stop(number, frame):
        raise TimeoutError

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS, SECONDS)
    try:
        spec = importlib.util.spec_from_file_location("inventory", path)
        module = sys.modules["inventory"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return [called(module, call) for call in calls]
    except BaseException:
        return None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def groups(arguments):
    """The arguments between double dashes."""
    found = [[]]
    for argument in arguments:
        if argument == "--":
            found.append([])
        else:
            found[-1].append(argument)
    return found


def main():
    dumps = json.dumps
    with open(os.path.join(os.path.dirname(__file__), "calls.json"), encoding="utf-8") as file:
        calls = json.load(file)
    sys.dont_write_bytecode = True
    sys.path.append(os.getcwd())
    for nonce, *paths in groups(sys.argv[1:]):
        if process := os.fork():
            os.waitpid(process, 0)
            continue
        out, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        document = {"nonce": nonce, "results": [results(path, calls) for path in paths]}
        os.write(out, dumps(document).encode() + b"\n")
        os._exit(0)  # no exit hook of the code may add to what was written


main()
