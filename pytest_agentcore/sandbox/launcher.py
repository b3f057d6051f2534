"""Starts one sandbox: run as ``python3 -ISB launcher.py`` with the plan as the first frame on stdin.

It imports its neighbours as a package made on the spot, so that nothing else of this project is loaded, and the same
files can be carried to a place where the project is not installed.
"""

import sys
from importlib import import_module

if __name__ == "__main__":
    package = type(sys)("inside")
    package.__path__ = [__file__.rpartition("/")[0] or "."]
    sys.modules["inside"] = package
    import_module("inside.holder").main()
