"""First code in a container: takes the server's code from stdin, in a form that the Python there understands.

It says its version and the number of its bytecode first. Code of another number comes as text; what is compiled from
it goes back, so that no further container of the image has to compile again.
"""

import _signal  # type: ignore[import-not-found]  # signal itself would load enum
import marshal
import os
import sys
from _frozen_importlib_external import MAGIC_NUMBER

LONGEST_WAIT_S = 1800
"""One that nobody gives a plan ends by itself: a daemon that was killed may have lost sight of it."""


def _read(count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = os.read(0, count - len(data))
        if not more:
            os._exit(0)  # the engine ended before it said anything
        data += more
    return data


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


if __name__ == "__main__":
    _signal.signal(_signal.SIGALRM, lambda *_: os._exit(0))  # the first process has no default that would end it
    _signal.alarm(LONGEST_WAIT_S)
    _write(bytes(sys.version_info[:2]) + MAGIC_NUMBER)
    kind, code = _read(1), _read(int.from_bytes(_read(8), "big"))
    if kind == b"t":
        texts = marshal.loads(code)  # noqa: S302 - from our own engine
        code = marshal.dumps([(name, compile(text, f"inside/{name}.py", "exec")) for name, text in texts])
        _write(len(code).to_bytes(8, "big") + code)
    package = type(sys)("inside")
    sys.modules["inside"] = package
    for name, body in marshal.loads(code):  # noqa: S302 - same
        module = type(sys)(f"inside.{name}")
        module.__package__ = "inside"
        sys.modules[module.__name__] = module
        setattr(package, name, module)
        exec(body, module.__dict__)  # noqa: S102 - same
    del code
    module.main()
