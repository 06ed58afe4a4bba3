"""A language model behind an OpenAI-compatible endpoint: chat completions, streamed, held to a schema when asked."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import httpx
from pydantic import BaseModel, ValidationError

from assistant.language_model import Generation, LanguageModelUnavailable, Prompt, Usage
from assistant.language_model.stop_texts import StopTexts
from retrieval.errors import SetupError

_log = logging.getLogger(__name__)
_CANARY_WORD = "quokka"
_CANARY = {
    "type": "object",
    "properties": {"animal": {"enum": [_CANARY_WORD]}},
    "required": ["animal"],
    "additionalProperties": False,
}
_FIX_URL = (
    "Check ASSISTANT_LANGUAGE_MODEL_URL, ASSISTANT_LANGUAGE_MODEL and ASSISTANT_LANGUAGE_MODEL_KEY, in that order."
)


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


class _Chunk(BaseModel):
    """One event of the stream, as far as it is used."""

    choices: list[_Choice] = []
    usage: _Counts | None = None
    error: Any = None


class EndpointModel:
    """Chat completions of one model at one base URL. Thread-safe; the endpoint does the queueing.

    Args:
        url: base URL, up to and including `/v1`.
        name: the endpoint's name of the model.
        key: sent as a bearer token; never logged.
        timeout: most seconds without a byte from the endpoint, and most for a whole answer.
        schemas: whether the endpoint keeps to a schema; if not, schemas are left out and the callers' own
            validation decides.
    """

    def __init__(
        self, url: str, name: str, *, key: str | None = None, timeout: float = 60.0, schemas: bool = True
    ) -> None:
        self.name = name
        self.schemas = schemas
        self._timeout = timeout
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        # A connection that could not be opened has sent nothing: the only failure that is safe to try again.
        self._client = httpx.Client(
            base_url=url.rstrip("/"),
            headers=headers,
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
            transport=httpx.HTTPTransport(retries=2),
        )

    @classmethod
    def connect(cls, url: str, name: str, *, key: str | None = None, timeout: float = 60.0) -> EndpointModel:
        """Connect, and find out with a canary whether the endpoint keeps to a schema (some ignore it in silence).

        An endpoint that answers but ignores schemas is used without them, and a warning says so.

        Raises:
            SetupError: the URL is no URL, or nothing there answers as this model.
        """
        try:
            model = cls(url, name, key=key, timeout=timeout)
            kept = model._keeps_to_a_schema()
        except (LanguageModelUnavailable, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise SetupError(f"The language model {name!r} at {url} cannot be used: {error}", _FIX_URL) from error
        if not kept:
            _log.warning("%s at %s ignores JSON schemas: its answers are validated, not constrained", name, url)
            model.schemas = False
        return model

    def load(self) -> None:
        """Nothing to load: the model lives at the endpoint."""

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def generate(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        schema: Mapping[str, Any] | None = None,
        stop: Sequence[str] = (),
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Generation:
        """See `LanguageModel.generate`."""
        body: dict[str, Any] = {
            "model": self.name,
            "messages": [{"role": "system", "content": prompt.fixed}, {"role": "user", "content": prompt.asked}],
            "max_tokens": max_tokens,
            "temperature": temperature,
            "seed": seed,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if schema is not None and self.schemas:
            form = {"name": "answer", "strict": True, "schema": dict(schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        usage = Usage()
        return Generation(self._pieces(body, StopTexts(stop), cancelled, usage), usage)

    def _pieces(
        self, body: dict[str, Any], stop: StopTexts, cancelled: Callable[[], bool], usage: Usage
    ) -> Iterator[str]:
        began = time.perf_counter()
        usage.stopped_by = "cancel"
        try:
            for chunk in self._chunks(body, began):
                if cancelled():
                    return
                text = self._note(chunk, usage)
                if text and not usage.seconds_to_first_token:
                    usage.seconds_to_first_token = time.perf_counter() - began
                piece = stop.pass_on(text)
                if piece:
                    yield piece
                if stop.met:
                    usage.stopped_by = "stop"
                    return
            rest = stop.rest()
            if rest:
                yield rest
        finally:
            usage.seconds = time.perf_counter() - began

    @staticmethod
    def _note(chunk: _Chunk, usage: Usage) -> str:
        """Keep the counts of a chunk; its text."""
        if chunk.usage is not None:
            usage.prompt_tokens, usage.completion_tokens = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
            details = chunk.usage.prompt_tokens_details
            usage.cached_tokens = (details.cached_tokens if details else None) or 0
        if not chunk.choices:
            return ""
        reason = chunk.choices[0].finish_reason
        if reason is not None:
            usage.stopped_by = "limit" if reason == "length" else "end"
        return chunk.choices[0].delta.content or ""

    def _chunks(self, body: dict[str, Any], began: float) -> Iterator[_Chunk]:
        """The events of one answer, checked; every failure of the network or the endpoint is `Unavailable`."""
        finished = False
        try:
            with self._client.stream("POST", "/chat/completions", json=body) as response:
                if response.status_code != httpx.codes.OK:
                    response.read()
                    raise LanguageModelUnavailable(f"HTTP {response.status_code}: {response.text[:200]!r}")
                for line in response.iter_lines():
                    if time.perf_counter() - began > self._timeout:
                        raise LanguageModelUnavailable(f"no whole answer within {self._timeout:g} seconds")
                    if not line.startswith("data:"):
                        continue
                    data = line.removeprefix("data:").strip()
                    if data == "[DONE]":
                        break
                    chunk = _Chunk.model_validate_json(data)
                    if chunk.error is not None:
                        raise LanguageModelUnavailable(f"the endpoint reports: {str(chunk.error)[:200]}")
                    finished = finished or any(choice.finish_reason for choice in chunk.choices)
                    yield chunk
        except httpx.HTTPError as error:
            raise LanguageModelUnavailable(f"{type(error).__name__}: {error}") from error
        except (ValidationError, UnicodeDecodeError) as error:
            raise LanguageModelUnavailable("the endpoint sent what is no chat completion") from error
        if not finished:
            raise LanguageModelUnavailable("the answer broke off")

    def _keeps_to_a_schema(self) -> bool:
        """Whether a question that invites prose is answered by the one JSON object the canary allows."""
        question = Prompt("You are a helpful assistant.", "Say hello in one short sentence.")
        answer = self.generate(question, max_tokens=40, schema=_CANARY).text()
        try:
            return bool(json.loads(answer) == {"animal": _CANARY_WORD})
        except ValueError:
            return False
