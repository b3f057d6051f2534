# `just` runs everything that CI runs, in the environment that is active.
default: lint types imports test

test:
    pytest -n 2 --maxschedchunk=2   # slow tests lie together: small chunks keep both workers busy

lint:
    ruff check . && ruff format --check .

types:
    mypy

imports:
    lint-imports
