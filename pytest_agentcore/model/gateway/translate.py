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
from pytest_agentcore.model.gateway.protocol import ErrorKind
from pytest_agentcore.model.gateway.request import ChatRequest
from pytest_agentcore.model.gateway.upstream import LOOPBACK, Answer

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


class Translated:
    """An upstream of another wire."""

    def __init__(self, litellm: Any, spec: ModelSpec, *, key: str | None) -> None:
        self._litellm = litellm
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

    async def send(self, request: ChatRequest, timeout_s: float) -> Answer:
        """One translated request."""
        fields = {name: value for name, value in request.fields.items() if name != "model"}
        refused = sorted(fields.keys() - PARAMETERS)
        if refused:
            raise UpstreamFault(
                f"the parameter {refused[0]!r} is not passed on to a translated model; remove it",
                kind=ErrorKind.BAD_REQUEST,
            )
        fields["messages"] = [_sound(message) for message in fields["messages"]]
        try:
            async with asyncio.timeout(timeout_s):
                response = await self._litellm.acompletion(
                    model=self._model, timeout=timeout_s, **fields, **self._options
                )
        except TimeoutError:
            raise UpstreamFault(f"no answer within {timeout_s:g} s") from None
        except Exception as error:  # noqa: BLE001 - litellm raises its own tree, its providers' and plain Exception
            raise self._fault(error, timeout_s) from None
        if request.stream:
            return Answer(content_type="text/event-stream", pieces=self._events(response, timeout_s))
        return Answer(content_type="application/json", body=json.dumps(response.model_dump(mode="json")).encode())

    async def _events(self, chunks: Any, timeout_s: float) -> AsyncGenerator[bytes, None]:
        try:
            async with asyncio.timeout(None) as patience:
                patience.reschedule(asyncio.get_running_loop().time() + timeout_s)
                async for chunk in chunks:
                    yield b"data: " + json.dumps(chunk.model_dump(mode="json", exclude_none=True)).encode() + b"\n\n"
                    patience.reschedule(asyncio.get_running_loop().time() + timeout_s)
            yield b"data: [DONE]\n\n"
        except TimeoutError:
            raise UpstreamFault(f"silence for {timeout_s:g} s in mid-stream") from None
        except Exception as error:  # noqa: BLE001 - as above
            raise self._fault(error, timeout_s) from None

    def _fault(self, error: Exception, timeout_s: float) -> UpstreamFault:
        """Read litellm's exceptions, by status where they have one: several of its classes share meanings."""
        known = self._litellm.exceptions
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
