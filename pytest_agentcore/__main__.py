"""``python -m pytest_agentcore``: the command, where its script is not on the path."""

from pytest_agentcore.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
