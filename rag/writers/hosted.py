"""Writers behind an address, through LlamaIndex's own classes: OpenAI-compatible, Anthropic, Ollama.

Their many errors become one clause that a reader may see; the text of a foreign error is never passed on, since it may
hold a key. Importing these classes takes seconds, so it happens when one is first asked.
"""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rag.writers.port import Failed, Prompt, Usage
from rag.writers.settings import HostedSettings

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

# Four sentences; reasoning models think before they write.
MOST_TOKENS = 1_000
# What a large model reads in a blink still costs money and attention.
PASSAGE_TOKENS = 1_200
CONTEXT = 16_000
# A key that was refused is not accepted a minute later.
REST_AFTER_REFUSED_KEY = 600.0
# However long it asks to be left alone.
LONGEST_REST_ASKED = 24 * 3600.0
WHERE_IT_IS = {"openai": "https://api.openai.com/v1", "ollama": "http://localhost:11434"}


class HostedWriter:
    """One configured model."""

    passage_tokens = PASSAGE_TOKENS
    capable = True

    def __init__(self, settings: HostedSettings) -> None:
        self.settings = settings
        self.name = settings.name
        self.seconds = settings.seconds

    @property
    def model(self) -> str:
        return f"{self.settings.kind} {self.settings.model} {self.settings.address}"

    def not_ready(self) -> str:
        if self.settings.key and not os.environ.get(self.settings.key):
            return f"the environment variable {self.settings.key}, which should hold its key, is not set"
        return ""

    def price(self, usage: Usage) -> float:
        return (usage.read * self.settings.price_in + usage.written * self.settings.price_out) / 1_000_000

    def warm(self, system: str) -> None:
        """Importing its class takes seconds."""
        self._llm  # noqa: B018

    def words(self, prompt: Prompt, usage: Usage, stop: threading.Event) -> Iterator[str]:
        from llama_index.core.llms import ChatMessage, MessageRole

        messages = [
            ChatMessage(role=MessageRole.SYSTEM, content=prompt.system),
            ChatMessage(role=MessageRole.USER, content=prompt.user),
        ]
        ended = False
        try:
            with closing(self._llm.stream_chat(messages)) as chunks:
                for chunk in chunks:
                    if stop.is_set():
                        break
                    _count(chunk.raw, usage)
                    ended = ended or _is_last(chunk.raw)
                    if chunk.delta:
                        yield chunk.delta
        except Exception as exc:
            # Its words and those of what caused it may hold the key, and whoever logs a failure logs its causes.
            raise _as_failed(exc) from None
        if stop.is_set():
            gc.collect()  # LlamaIndex holds the connection in a cycle: it would go on, and be paid for
        elif not ended:
            raise Failed("its answer broke off in the middle")

    @cached_property
    def _llm(self) -> LLM:
        settings = self.settings
        key = os.environ.get(settings.key, "") if settings.key else ""
        if settings.kind == "anthropic":
            from llama_index.llms.anthropic import Anthropic

            return Anthropic(
                model=settings.model,
                api_key=key,
                base_url=settings.address or None,
                max_tokens=MOST_TOKENS,
                timeout=settings.seconds,
                max_retries=0,
            )
        if settings.kind == "ollama":
            from llama_index.llms.ollama import Ollama

            return Ollama(
                model=settings.model,
                base_url=settings.address or WHERE_IT_IS["ollama"],
                request_timeout=settings.seconds,
                temperature=0.0,
                context_window=CONTEXT,
            )
        from llama_index.llms.openai_like import OpenAILike

        return OpenAILike(
            model=settings.model,
            api_base=settings.address or WHERE_IT_IS["openai"],
            api_key=key or "none",  # a local server asks for none, the client insists on one
            is_chat_model=True,
            context_window=CONTEXT,
            max_tokens=MOST_TOKENS,
            timeout=settings.seconds,
            max_retries=0,  # the ladder steps down instead
            additional_kwargs={"stream_options": {"include_usage": True}},
        )


def _field(raw: Any, *names: str) -> Any:
    """A field of what a provider sent, be it an object or a dictionary; None where it has none."""
    for name in names:
        found = raw.get(name) if isinstance(raw, dict) else getattr(raw, name, None)
        if found is not None:
            return found
    return None


def _count(raw: Any, usage: Usage) -> None:
    """The tokens, as each of the three tells them."""
    told = _field(raw, "usage") or raw
    read = _field(told, "prompt_tokens", "input_tokens", "prompt_eval_count")
    written = _field(told, "completion_tokens", "output_tokens", "eval_count")
    usage.read, usage.written = max(usage.read, int(read or 0)), max(usage.written, int(written or 0))


def _is_last(raw: Any) -> bool:
    """Whether the model said that it is done: a stream that just ends was cut."""
    choices = _field(raw, "choices") or ()
    return bool(
        any(_field(choice, "finish_reason") for choice in choices)
        or _field(raw, "done")
        or _field(raw, "stop_reason")
        or _field(_field(raw, "delta"), "stop_reason")
        or _field(raw, "type") == "message_stop"
    )


def _as_failed(exc: Exception) -> Failed:
    """A foreign error in one clause."""
    status = _status(exc)
    if status in (401, 403):
        return Failed("its key was not accepted", REST_AFTER_REFUSED_KEY)
    if status == 429:
        return Failed("it is asked too often or its quota is spent", _retry_after(exc))
    if status == 404:
        return Failed("it does not know the configured model or address", REST_AFTER_REFUSED_KEY)
    if status >= 500:
        return Failed(f"its server failed (status {status})", _retry_after(exc))
    if status >= 400:
        return Failed(f"it refused the request (status {status})")
    names = {kind.__name__ for kind in type(exc).__mro__}
    if any("Timeout" in name for name in names):
        return Failed("it did not answer in time")
    if names & {"APIConnectionError", "ConnectError", "ConnectionError", "OSError"}:
        return Failed("it can’t be reached")
    if names & {"RemoteProtocolError", "ReadError", "APIError"}:
        return Failed("its answer broke off in the middle")
    return Failed("its answer can’t be read")


def _status(exc: Exception) -> int:
    status = getattr(exc, "status_code", None)
    return status if isinstance(status, int) and status > 0 else 0


def _retry_after(exc: Exception) -> float:
    """What it asks for in seconds or by a date; nothing where that can't be read, the ladder's own pause will do."""
    told = str(getattr(getattr(exc, "response", None), "headers", {}).get("retry-after", "0"))
    try:
        seconds = float(told)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(told).timestamp() - time.time()
        except (ValueError, OverflowError):
            return 0.0
    return min(max(0.0, seconds), LONGEST_REST_ASKED)
