"""A chat completion as an endpoint streams it (server-sent events): read within limits, every event checked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
from pydantic import BaseModel

from assistant.language_model import LanguageModelUnavailable

_LONGEST_LINE = 1_000_000  # bytes of one event


class _Delta(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    delta: _Delta = _Delta()
    finish_reason: str | None = None


class _CachedTokens(BaseModel):
    cached_tokens: int | None = None


class _Counts(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _CachedTokens | None = None


class Chunk(BaseModel):
    """One event of the stream, as far as it is used."""

    choices: list[_Choice] = []
    usage: _Counts | None = None
    error: Any = None


async def pass_on(response: httpx.Response, most: int, put: Callable[[Chunk], None]) -> None:
    """Hand on the events of an answer.

    Args:
        response: whose body is read.
        most: events that the answer may have.
        put: is given each.

    Raises:
        LanguageModelUnavailable: it reports an error, breaks off, or goes on beyond its limit.
        ValidationError, UnicodeDecodeError: it is no chat completion.
    """
    passed, finished = 0, False
    async for line in _lines(response):
        if not line.startswith("data:"):
            continue
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            break
        chunk = Chunk.model_validate_json(data)
        if chunk.error is not None:
            raise LanguageModelUnavailable(f"the endpoint reports: {str(chunk.error)[:200]}")
        finished = finished or any(choice.finish_reason for choice in chunk.choices)
        passed += 1
        if passed > most:
            raise LanguageModelUnavailable("the answer goes on beyond its limit")
        put(chunk)
    if not finished:
        raise LanguageModelUnavailable("the answer broke off")


async def _lines(response: httpx.Response) -> AsyncIterator[str]:
    """The lines of a body; httpx's own reader would keep one that never ends."""
    kept = b""
    async for piece in response.aiter_bytes():
        *lines, kept = (kept + piece).split(b"\n")
        for line in lines:
            yield line.decode()
        if len(kept) > _LONGEST_LINE:
            raise LanguageModelUnavailable("the endpoint sent what is no chat completion")


async def first_words(response: httpx.Response) -> str:
    """The beginning of a body that may be long."""
    async for piece in response.aiter_bytes():
        return piece[:200].decode("utf-8", "replace")
    return ""
