"""Every other provider: litellm translates. It is imported here alone, and only when such a model is asked for."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from pytest_agentcore.model.endpoint import ModelSpec
from pytest_agentcore.model.gateway import providers
from pytest_agentcore.model.gateway.faults import UpstreamFault, message_in
from pytest_agentcore.model.gateway.metering import Meter
from pytest_agentcore.model.gateway.protocol import ErrorKind
from pytest_agentcore.model.gateway.request import Request
from pytest_agentcore.model.gateway.upstream import LOOPBACK, Answer, uncounted
from pytest_agentcore.model.gateway.wires.sse import plain

_QUIET = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it fetches a price map on import
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",  # and a list of headers on the first call
    "LITELLM_LOCAL_BLOG_POSTS": "True",
    "LITELLM_MODE": "PRODUCTION",  # else it reads the first .env above its own folder: keys that nobody exported
    "LITELLM_LOG": "ERROR",
}
NO_KEY = "none"
"""litellm would look for a provider's key by itself where it is given none."""
PARAMETERS = frozenset(
    {
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "min_p",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "reasoning_effort",
        "repetition_penalty",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
    }
)
"""What a client may set. litellm takes addresses, keys and callbacks as arguments too: they are nobody's but ours."""
DONE = b"data: [DONE]\n\n"
_DRESS = re.compile(r"^litellm\.|\b\w+(?:Error|Exception)(?:: | - )|\s*Handle with `litellm\.\w+`\.?")
"""What litellm puts around the words of a provider."""


def load() -> Any:
    """Import litellm once, as cheaply and as silently as it allows."""
    os.environ.update(_QUIET)
    beside = os.environ.get("NO_PROXY") or os.environ.get("no_proxy")
    os.environ["NO_PROXY"] = ",".join(filter(None, (beside, *sorted(LOOPBACK))))  # its own HTTP client reads these
    gc.disable()  # its 2,600 modules are garbage to nobody: 0.4 s less
    try:
        import litellm
    finally:
        gc.freeze()
        gc.enable()
    litellm.suppress_debug_info = True
    litellm.drop_params = False
    litellm.modify_params = False
    litellm.num_retries = 0
    for name in ("telemetry", "turn_on_debug"):
        if isinstance(getattr(litellm, name, None), bool):
            setattr(litellm, name, False)
    for name in ("callbacks", "success_callback", "failure_callback"):
        setattr(litellm, name, [])
    return litellm


class Library:
    """litellm, imported once and beside the loop: two seconds in which other models are served."""

    def __init__(self) -> None:
        self._import: asyncio.Task[Any] | None = None

    async def loaded(self) -> Any:
        """The module.

        Raises:
            UpstreamFault: it cannot be imported.
        """
        self._import = self._import or asyncio.create_task(asyncio.to_thread(load))
        try:
            return await asyncio.shield(self._import)
        except ImportError as error:
            said = f"litellm cannot be imported: {error}; install it again"
            raise UpstreamFault(said, kind=ErrorKind.BAD_REQUEST) from None


class Translated:
    """An upstream of another wire."""

    def __init__(self, library: Library, spec: ModelSpec, *, key: str | None) -> None:
        self._library = library
        self._model = f"{spec.provider}/{spec.model}"
        provider = providers.find(spec.provider)
        self._options: dict[str, Any] = {"max_retries": 0, "num_retries": 0}
        address = spec.url or (provider.base_url if provider is not None else None)
        if address is not None and spec.provider == "anthropic":
            address = address.removesuffix("/v1")  # litellm puts it there itself
        if address is not None:
            self._options["api_base"] = address
        if key is not None or spec.url is not None:
            self._options["api_key"] = key if key is not None else NO_KEY
        self._where = spec.url.partition("://")[2] if spec.url is not None else spec.provider

    @property
    def where(self) -> str:
        """The provider, or the address that the user gave."""
        return self._where

    async def send(self, request: Request, timeout_s: float) -> Answer:
        """One translated request."""
        fields = {name: value for name, value in request.fields.items() if name != "model"}
        refused = sorted(fields.keys() - PARAMETERS)
        if refused:
            raise UpstreamFault(
                f"the parameter {refused[0]!r} is not passed on to a translated model; remove it",
                kind=ErrorKind.BAD_REQUEST,
            )
        fields["messages"] = [_sound(message) for message in fields["messages"]]
        asks = request.stream and "stream_options" not in fields  # the count is ours, not the client's
        if asks:
            fields["stream_options"] = {"include_usage": True}
        litellm = await self._library.loaded()
        try:
            async with asyncio.timeout(timeout_s):
                response = await litellm.acompletion(model=self._model, timeout=timeout_s, **fields, **self._options)
        except TimeoutError:
            raise UpstreamFault(f"no answer within {timeout_s:g} s") from None
        except Exception as error:  # noqa: BLE001 - litellm raises its own tree, its providers' and plain Exception
            raise _fault(litellm, error, timeout_s) from None
        if request.stream:
            meter = Meter(names_model=False)  # in a stream litellm names what was asked for, not what answered
            pieces = _events(litellm, response, timeout_s, meter)
            return Answer(content_type="text/event-stream", meter=meter, pieces=uncounted(pieces) if asks else pieces)
        meter, body = Meter(), json.dumps(response.model_dump(mode="json")).encode()
        meter.whole(body)
        return Answer(content_type="application/json", meter=meter, body=body)


async def _events(litellm: Any, chunks: Any, timeout_s: float, meter: Meter) -> AsyncGenerator[bytes, None]:
    thoughts = _Thoughts()
    try:
        async with asyncio.timeout(None) as patience:
            patience.reschedule(asyncio.get_running_loop().time() + timeout_s)
            async for chunk in chunks:
                event = plain(thoughts.numbered(chunk.model_dump(mode="json", exclude_none=True)))
                meter.feed(event)
                yield event
                patience.reschedule(asyncio.get_running_loop().time() + timeout_s)
        meter.feed(DONE)
        yield DONE
    except TimeoutError:
        raise UpstreamFault(f"silence for {timeout_s:g} s in mid-stream") from None
    except Exception as error:  # noqa: BLE001 - as above
        raise _fault(litellm, error, timeout_s) from None
    finally:
        meter.end()


class _Thoughts:
    """Thinking blocks of a stream, numbered as tool calls are: clients put a list together by ``index``.

    litellm gives the pieces of a block, and with its signature the whole once more: the second time is left out.
    """

    def __init__(self) -> None:
        self._count = 0
        self._told = ""

    def numbered(self, chunk: dict[str, Any]) -> dict[str, Any]:
        """The same chunk, changed in place."""
        for choice in chunk.get("choices") or ():
            delta = choice.get("delta", {})
            delta.pop("provider_specific_fields", None)  # the same a third time
            for block in delta.get("thinking_blocks") or ():
                self._number(block)
        return chunk

    def _number(self, block: dict[str, Any]) -> None:
        block["index"] = self._count
        text = str(block.get("thinking") or "")
        if not (block.get("signature") or block.get("data")):
            self._told += text
            return
        if text == self._told and text:
            block["thinking"] = ""
        self._count, self._told = self._count + 1, ""


def _fault(litellm: Any, error: Exception, timeout_s: float) -> UpstreamFault:
    """Read litellm's exceptions, by status where they have one: several of its classes share meanings."""
    known = litellm.exceptions
    status = _number(getattr(error, "status_code", None))
    if isinstance(error, known.Timeout):
        return UpstreamFault(f"no answer within {timeout_s:g} s")
    if isinstance(error, known.ContextWindowExceededError):
        return UpstreamFault(_said(error), status=status, kind=ErrorKind.CONTEXT_EXCEEDED)
    if isinstance(error, known.UnsupportedParamsError):
        return UpstreamFault(_said(error), status=status, kind=ErrorKind.BAD_REQUEST)
    if isinstance(error.__cause__ or error, ModuleNotFoundError):
        # litellm dresses a module that it lacks as a connection error, which no retry would ever mend.
        return UpstreamFault(_said(error), status=status, kind=ErrorKind.BAD_REQUEST)
    if status is None and not isinstance(error, OSError):
        return UpstreamFault(f"{type(error).__name__}: {_said(error)}", kind=ErrorKind.UNAVAILABLE)
    return UpstreamFault(_said(error), status=status, headers=_headers(error))


def _sound(message: Any) -> Any:
    """A message whose tool calls all hold JSON objects: translation parses them, and a model may have written none."""
    calls = message.get("tool_calls") if isinstance(message, dict) else None
    if not isinstance(calls, list) or all(_is_object(call) for call in calls):
        return message
    mended = [call if _is_object(call) else _mended(call) for call in calls]
    return {**message, "tool_calls": mended}


def _is_object(call: Any) -> bool:
    try:
        return isinstance(json.loads(call["function"]["arguments"]), dict)
    except (KeyError, TypeError, ValueError, RecursionError):
        return False


def _mended(call: Any) -> Any:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        return call
    return {**call, "function": {**function, "arguments": json.dumps({"malformed": str(function.get("arguments"))})}}


def _said(error: Exception) -> str:
    """The provider's own words out of ``litellm.BadRequestError: AnthropicException - {…}``."""
    text = str(getattr(error, "message", None) or error)
    start = text.find("{")
    if start >= 0:
        try:
            data, _ = json.JSONDecoder().raw_decode(text, start)
        except ValueError:
            data = None
        if data is not None:
            return message_in(json.dumps(data))
    return _DRESS.sub("", text)


def _headers(error: Exception) -> dict[str, str]:
    """Find the upstream's headers, which litellm keeps apart from the response that it attaches."""
    for source in (
        getattr(error, "litellm_response_headers", None),
        getattr(getattr(error, "response", None), "headers", None),
    ):
        if isinstance(source, Mapping) and source:
            return {str(name): str(value) for name, value in source.items()}
    return {}


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
