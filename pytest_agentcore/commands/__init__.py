"""Subcommands of ``pytest-agentcore``: one module each, with ``add`` for its arguments and ``run`` for its work."""
