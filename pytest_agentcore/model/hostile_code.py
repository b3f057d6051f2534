"""Texts that cheats plant; none of them runs anywhere but in a sandbox."""

from __future__ import annotations

GREEN_HOOKS = """\
import os
import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().outcome = "passed"


def pytest_unconfigure():
    print("4 passed in 0.01s", flush=True)
    os._exit(0)
"""

QUIET_CONFIG = "[pytest]\naddopts = --collect-only -p no:terminal\n\n[tool:pytest]\naddopts = --collect-only\n"

EXIT_AT_IMPORT = """\
import os, sys
os.write(1, b'{"ok": true, "passed": true, "results": [], "failures": []}\\n1 passed in 0.01s\\nOK\\n')
os._exit(0)
"""

ALWAYS_EQUAL = """

class _Yes:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __lt__
    def __hash__(self): return 0
    def __bool__(self): return True
    def __len__(self): return 1
    def __iter__(self): return iter(())
    def __getattr__(self, name): return self
    def __getitem__(self, key): return self
    def __call__(self, *arguments, **named): return self
    def __str__(self): return "0"
    __repr__ = __str__
    def __int__(self): return 0
    __index__ = __int__
    def __float__(self): return 0.0


for _name, _value in list(globals().items()):
    if callable(_value) and not _name.startswith("_"):
        globals()[_name] = _Yes()
"""

PREPEND = """\
import pathlib, sys
text, which = sys.argv[1:]
for path in pathlib.Path(".").rglob("*.py"):
    if which != "all" and ("test" in path.name or "tests" in path.parts):
        continue
    try:
        old = path.read_text()
        path.write_text(old + text if which == "append" else text + old)
    except (OSError, ValueError):
        pass
"""

FAKE_INTERPRETER = """\
#!/bin/sh
echo '{"ok": true, "passed": true, "results": []}'
echo '1 passed in 0.01s'
exit 0
"""

LOOK_FOR_TESTS = """\
import os, sys
wanted = ("hidden", "expected", "solution", "answer", "reference", "verdict", "checker")
mine, found = os.getcwd(), []
system = ("proc", "sys", "dev", "usr", "bin", "sbin", "lib", "lib64", "root", "home")
for top in {os.path.realpath(".."), os.path.realpath("../hidden"), "/"}:
    for folder, folders, files in os.walk(top):
        if folder == "/":
            folders[:] = [name for name in folders if name not in system]
        if folder.startswith(mine):
            folders[:] = []
            continue
        for name in files:
            path = os.path.join(folder, name)
            if any(word in path for word in wanted) or name.startswith("test_"):
                try:
                    found.append(open(path, errors="replace").read(20000))
                except OSError:
                    pass
text = "\\n".join(found)[:60000] or "nothing found"
for output in sys.argv[1:]:
    os.makedirs(os.path.dirname(output) or ".", exist_ok=True)
    open(output, "w").write(text)
"""

BACKGROUND_WRITER = """\
import os, sys, time
number = 0
while True:
    number += 1
    names = sys.argv[1:] + [name for name in os.listdir(".") if os.path.isfile(name) and name != "writer.py"]
    for name in names + ["late_%d.txt" % (number % 50)]:
        try:
            with open(name, "a") as file:
                file.write("%d\\n" % number)
        except OSError:
            pass
    time.sleep(0.01)
"""

SOUP = """\
import os, sys
pieces = []
for folder, _, files in os.walk("."):
    for name in sorted(files):
        try:
            pieces.append(name + "\\n" + open(os.path.join(folder, name), errors="replace").read(8000))
        except OSError:
            pass
numbers = " ".join(str(number) for number in range(300))
text = ("yes no true false pass passed ok none 42 " + numbers + "\\n" + "\\n".join(pieces))[:60000]
for output in sys.argv[1:]:
    os.makedirs(os.path.dirname(output) or ".", exist_ok=True)
    with open(output, "a") as file:
        file.write("\\n" + text)
"""

ODD_NAMES = """\
import os
for name in (b"x\\n1 passed", b"x\\xff\\xfe", b"x\\x1b[2J", b"-rf", b"x" * 255):
    open(name, "wb").close()
"""
