"""``pytest-agentcore image build``: make the image that sandbox level ``docker`` uses."""

from __future__ import annotations

import argparse
from pathlib import Path

from pytest_agentcore.errors import ConfigError

SUMMARY = "make the image that sandbox level docker uses"


def add(parser: argparse.ArgumentParser) -> None:
    """What to do, and from where."""
    parser.add_argument("action", choices=("build", "show"), help="build it, or show what is there")
    parser.add_argument("--name", default="", metavar="NAME", help="of the image (default: the one that runs use)")
    parser.add_argument("--mirror", default="", metavar="URL", help="Debian mirror, or a file of apt sources")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="where its base is kept (default: ~/.cache)")
    parser.add_argument("--again", action="store_true", help="build even what is there already")


def run(options: argparse.Namespace) -> int:
    """Build the image, or print its id, recipe and size."""
    from pytest_agentcore.sandbox import image
    from pytest_agentcore.sandbox.covered import cache_folder
    from pytest_agentcore.sandbox.docker import Daemon

    name = options.name or image.NAME
    daemon = Daemon()
    try:
        if options.action == "show":
            known = daemon.image(name)
            labels = (known.get("Config") or {}).get("Labels") or {}
            _say(f"{name} {known['Id']} {known['Size'] >> 20} MB recipe {labels.get(image.RECIPE_LABEL, 'none')[:16]}")
            return 0
        cache = options.cache or cache_folder()
        if cache is None:
            raise ConfigError("no home folder to keep the image's base in: name one with --cache=DIR")
        image.build(daemon, cache=cache, name=name, mirror=options.mirror, again=options.again, say=_say)
    finally:
        daemon.close()
    return 0


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command speaks to its user
