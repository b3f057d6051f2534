"""Starts sandboxes: run as ``python3 -ISB launcher.py``, with the code of all that runs inside as the first on stdin.

The code comes compiled from the engine, since compiling it here would take a third of the start; nothing of this
project but this file has to lie where the sandbox is. What comes on stdin after it is for the last of its modules.
"""

import marshal
import os
import sys


def _read(count: int) -> bytes:
    data = b""
    while len(data) < count and (more := os.read(0, count - len(data))):
        data += more
    return data


if __name__ == "__main__":
    package = type(sys)("inside")
    sys.modules["inside"] = package
    for name, code in marshal.loads(_read(int.from_bytes(_read(8), "big"))):  # noqa: S302 - from our own engine
        module = type(sys)(f"inside.{name}")
        module.__package__ = "inside"
        sys.modules[module.__name__] = module
        setattr(package, name, module)
        exec(code, module.__dict__)  # noqa: S102 - same
    del code
    module.main()
