"""``pytest-agentcore gateway``: a gateway of its own, for several sessions to share or to try an agent out by hand."""

from __future__ import annotations

import argparse
from pathlib import Path

SUMMARY = "serve models on this machine: three wires, keys, prices and retries as in a session"


def add(parser: argparse.ArgumentParser) -> None:
    """Which models, and where."""
    parser.add_argument("model", nargs="+", help="as --agent-model of a session")
    parser.add_argument("--port", type=int, default=0, help="default: any free one")
    parser.add_argument("--socket", metavar="PATH", help="listen at this path as well, for its owner alone")
    parser.add_argument(
        "--secret-file",
        default=".agentcore-gateway",
        metavar="FILE",
        help="where its address and secret are left, for --agent-gateway=FILE of sessions (default: %(default)s)",
    )
    parser.add_argument("--agent-key-file", metavar="FILE", help="NAME=value lines with provider keys")
    parser.add_argument("--agent-prices", metavar="FILE", help="prices per million tokens, over the bundled table")


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    from pytest_agentcore.model.endpoint import parse
    from pytest_agentcore.model.gateway import standalone
    from pytest_agentcore.model.gateway.protocol import StartConfig

    specs = tuple(parse(text) for text in options.model)
    config = StartConfig(
        secret="",
        models=specs,
        port=options.port,
        socket=options.socket,
        key_file=options.agent_key_file,
        price_file=options.agent_prices,
    )
    return standalone.serve(specs, secret_file=Path(options.secret_file), announce=_say, config=config)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command speaks to its user
