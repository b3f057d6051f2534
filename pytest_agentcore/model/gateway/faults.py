"""Failures of an upstream: which kind, worth another attempt or not, and one line for a person."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from pytest_agentcore.model.gateway.protocol import ErrorKind

LINE_LIMIT = 400
RETRIED = frozenset({408, 409, 425, 429})
_CONTEXT = re.compile(
    r"context[_ ]?(?:length|window|size)|maximum context|prompt is too long|prompt too long|input is too long"
    r"|too many (?:input )?tokens|token count.{0,40}exceeds|exceeds?.{0,40}(?:token limit|maximum.{0,20}tokens)"
    r"|reduce the length of the (?:messages|prompt|input)",
    re.IGNORECASE,
)
_EMPTY_ACCOUNT = re.compile(
    r"insufficient_quota|exceeded your current quota|credit balance is too low|billing_hard_limit", re.IGNORECASE
)
_BAD_KEY = re.compile(r"api[ _]key not valid|invalid[ _]api[ _]key|incorrect api key", re.IGNORECASE)
_NO_MODEL = re.compile(
    r"model_not_found|invalid model|model .{1,200}?(?:does not exist|not found|is not supported)", re.IGNORECASE
)
_TAGS = re.compile(r"<[^<>]{0,500}>")


class UpstreamFault(Exception):
    """One attempt that gave no answer."""

    def __init__(
        self,
        said: str,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        kind: ErrorKind | None = None,
    ) -> None:
        super().__init__(said)
        self.said = said
        self.status = status
        """What the upstream answered; None when there was no answer at all."""
        self.headers = {name.lower(): value for name, value in (headers or {}).items()}
        self.kind = kind if kind is not None else classify(status, said)

    @property
    def retryable(self) -> bool:
        """Could the next attempt go better?"""
        return self.kind is ErrorKind.UNAVAILABLE


def classify(status: int | None, said: str) -> ErrorKind:
    """The kind of a failure, from its status and the upstream's own words."""
    if status is None or status >= 500:  # noqa: PLR2004 - the class of server errors
        return ErrorKind.UNAVAILABLE
    ladder = (
        (status in (401, 402, 403), ErrorKind.AUTH),
        (_EMPTY_ACCOUNT.search(said) is not None, ErrorKind.AUTH),
        (status in RETRIED, ErrorKind.UNAVAILABLE),
        (status == 413, ErrorKind.CONTEXT_EXCEEDED),  # noqa: PLR2004 - content too large
        (_CONTEXT.search(said) is not None, ErrorKind.CONTEXT_EXCEEDED),
        (status == 404 or _NO_MODEL.search(said) is not None, ErrorKind.UNKNOWN_MODEL),  # noqa: PLR2004 - not found
        (_BAD_KEY.search(said) is not None, ErrorKind.AUTH),
    )
    return next((kind for fits, kind in ladder if fits), ErrorKind.BAD_REQUEST)


def says_no_model(said: str) -> bool:
    """Is it the model that the upstream does not know, and not the address that was asked?"""
    return _NO_MODEL.search(said) is not None


def message_in(body: bytes | str) -> str:
    """What an error body says, whichever of the usual shapes it has; HTML without its tags."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    try:
        data = json.loads(text)
    except ValueError:
        return _TAGS.sub(" ", text) if text.lstrip().startswith("<") else text
    found = data.get("error", data) if isinstance(data, dict) else data
    if isinstance(found, dict):
        message = found.get("message") or found.get("detail") or found.get("type") or found
        code = found.get("code") or found.get("type")
        said = message if isinstance(message, str) else json.dumps(message)
        return f"{said} ({code})" if isinstance(code, str) and code not in said else said
    return found if isinstance(found, str) else json.dumps(found)


def one_line(text: str, limit: int = LINE_LIMIT) -> str:
    """Printable, on one line, and short."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
