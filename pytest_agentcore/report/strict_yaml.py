"""YAML that people write by hand, read so that a slip of theirs is told and not guessed at."""

from __future__ import annotations

from typing import Any

from pytest_agentcore.errors import ConfigError

_LARGEST = 1_000_000


def load(data: bytes, where: str) -> object:
    """The document as builtins; ``where`` names it in messages. JSON is YAML too.

    Raises:
        ConfigError: no YAML, too large, or a key given twice.
    """
    import yaml

    class Strict(yaml.SafeLoader):
        """Refuses a key that is given twice, of which the last would win in silence."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            twice = next((key for place, key in enumerate(keys) if key in keys[:place]), None)
            if twice is not None:
                raise ConfigError(f"{where}: {twice!r} is given twice; keep one")
            return super().construct_mapping(node, deep=deep)

    if len(data) > _LARGEST:
        raise ConfigError(f"{where} has {len(data):,} bytes; {_LARGEST:,} are the most")
    try:
        document: object = yaml.load(data.decode("utf-8"), Loader=Strict)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(f"{where} is no YAML: {line}") from None
    return document
