"""Keys: where they come from, which of them goes where, and how they stay out of every text."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, MutableMapping
from pathlib import Path
from urllib.parse import quote

from pytest_agentcore.model.endpoint import CUSTOM, ModelSpec
from pytest_agentcore.model.gateway import providers

HIDDEN = "[redacted]"
_SHORTEST = 6
"""Shorter values are words, and would be cut out of ordinary text."""
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)
_SECRET_SHAPE = re.compile(
    r"\b(?:sk|pk|gsk|xai|hf|AIza|agentcore)[-_A-Za-z0-9]{16,}|(?<=Bearer )[-._~+/=A-Za-z0-9]{16,}", re.IGNORECASE
)
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")


def load_file(path: str, environ: MutableMapping[str, str]) -> list[str]:
    """Put a key file (``NAME=value`` lines, ``#`` comments) into the environment; returns what is wrong with it.

    Problems name the file and the line's number, never its content.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        return [f"the key file {path!r} cannot be read: {reason}; name a file of NAME=value lines"]
    problems = []
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        match = _LINE.fullmatch(stripped)
        if match is not None:
            value = match[2].strip()
            environ[match[1]] = value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
        elif stripped and not stripped.startswith("#"):
            problems.append(f"line {number} of the key file {path!r} is not NAME=value; correct or remove it")
    return problems


class Keyring:
    """The keys of this process. Nothing else in the package reads them."""

    def __init__(self, environ: MutableMapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._secrets: set[str] = set()
        self._bytes: list[bytes] = []
        self.hide(value for name, value in self._environ.items() if _SECRET_NAME.search(name))

    def hide(self, values: Iterable[str]) -> None:
        """Never let these appear in a text."""
        for value in values:
            if len(value) >= _SHORTEST:
                encoded = base64.b64encode(value.encode("utf-8", "surrogateescape")).decode("ascii")
                self._secrets |= {value, quote(value, safe=""), encoded}

    def redact(self, text: str) -> str:
        """The text without any key, whole or in a usual encoding."""
        for secret in sorted((one for one in self._secrets if one in text), key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return _SECRET_SHAPE.sub(HIDDEN, text)

    def redact_bytes(self, data: bytes) -> bytes:
        """The bytes of a record without any key that is known; what merely looks like one is content, and stays."""
        for secret in self._encoded():
            if secret in data:
                data = data.replace(secret, HIDDEN.encode())
        return data

    def _encoded(self) -> list[bytes]:
        """Longest first: a key in an encoding may hold the key itself."""
        if len(self._bytes) != len(self._secrets):
            encoded = {one.encode("utf-8", "surrogateescape") for one in self._secrets}
            self._bytes = sorted(encoded, key=len, reverse=True)
        return self._bytes

    def key_for(self, spec: ModelSpec) -> str | None:
        """The key that this model's upstream may be shown, None when there is none to show.

        A provider's own key goes to that provider's own address alone; any other address gets ``AGENTCORE_API_KEY``.
        """
        return self._first(_names(spec))

    def missing(self, spec: ModelSpec) -> str | None:
        """One line when a key is needed and not there."""
        names = _names(spec)
        if _foreign(spec) or not names or self._first(names):
            return None
        return f"missing key for {spec.name!r}: set {' or '.join(names)}, or put it in the file of --agent-key-file"

    def _first(self, names: tuple[str, ...]) -> str | None:
        return next((value for name in names if (value := self._environ.get(name, "").strip())), None)


def _names(spec: ModelSpec) -> tuple[str, ...]:
    provider = providers.find(spec.provider)
    if provider is None or _foreign(spec):
        return (providers.OWN_KEY,)
    return provider.keys


def _foreign(spec: ModelSpec) -> bool:
    """Is the model at an address that is not its provider's own?"""
    if spec.url is None:
        return False
    provider = providers.find(spec.provider) if spec.provider != CUSTOM else None
    home = provider.base_url if provider is not None else None
    return home is None or providers.origin(home) != providers.origin(spec.url)
