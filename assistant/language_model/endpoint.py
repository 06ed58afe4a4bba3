"""A language model behind an OpenAI-compatible endpoint: chat completions, streamed, held to a schema when asked."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any

import httpx
from pydantic import ValidationError

from assistant.language_model import Generation, LanguageModelUnavailable, Prompt, Usage
from assistant.language_model.completion_stream import Chunk, first_words, pass_on
from assistant.language_model.stop_texts import StopTexts
from retrieval.errors import SetupError

_log = logging.getLogger(__name__)
_LOOK = 0.05  # seconds between two looks whether whoever waits for an answer has gone
_FIRST_ANSWER = 60.0  # seconds: many an endpoint loads the model when it is first asked
_SILENCE = 5.0  # seconds without a word after which giving up counts as a failure of the endpoint's
_EVENTS_BESIDE_TOKENS = 50  # an answer comes in one event a token, and a few
_ASKED_WRONGLY = (400, 413, 422)  # that the endpoint refuses one question says nothing of the next
_GREETING = Prompt("You are a helpful assistant.", "Say hello in one short sentence.")
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


class _QuestionRefusedError(LanguageModelUnavailable):
    """The endpoint works and does not answer this question."""


class EndpointModel:
    """Chat completions of one model at one base URL. Thread-safe; the endpoint does the queueing.

    After a failure it is not asked, so that nobody else waits for the same timeout, until it has answered a greeting
    that is sent in the background. Answers are read in an event loop of its own, so that whoever has gone, or waited
    long enough, ends the connection whatever the endpoint sends or does not send.

    Args:
        url: base URL, up to and including `/v1`.
        name: the endpoint's name of the model.
        key: sent as a bearer token; never logged.
        timeout: most seconds for a whole answer.
        schemas: whether the endpoint keeps to a schema; if not, schemas are left out and the callers' own
            validation decides.
        pause: seconds from a failure to the first greeting, and between two.
    """

    def __init__(
        self,
        url: str,
        name: str,
        *,
        key: str | None = None,
        timeout: float = 20.0,
        schemas: bool = True,
        pause: float = 30.0,
    ) -> None:
        self.name = name
        self.schemas = schemas
        self._timeout = timeout
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        # A connection that could not be opened has sent nothing: the only failure that is safe to try again.
        self._client = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            headers=headers,
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
            transport=httpx.AsyncHTTPTransport(retries=2),
        )
        self._pause = pause
        self._resting = False
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="endpoint", daemon=True).start()

    @classmethod
    def connect(cls, url: str, name: str, *, key: str | None = None, timeout: float = 20.0) -> EndpointModel:
        """Connect, and find out with a canary whether the endpoint keeps to a schema (some ignore it in silence).

        An endpoint that answers but ignores schemas is used without them, and a warning says so.

        Raises:
            SetupError: the URL is no URL, or nothing there answers as this model.
        """
        try:
            model = cls(url, name, key=key, timeout=max(timeout, _FIRST_ANSWER))
            kept = model._keeps_to_a_schema()
            model._timeout = timeout
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
        asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)

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
        body = self._body(prompt, max_tokens, temperature, seed)
        if schema is not None and self.schemas:
            form = {"name": "answer", "strict": True, "schema": dict(schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        usage = Usage()
        return Generation(self._pieces(body, StopTexts(stop), cancelled, usage), usage)

    def _body(self, prompt: Prompt, max_tokens: int, temperature: float = 0.0, seed: int = 0) -> dict[str, Any]:
        return {
            "model": self.name,
            "messages": [{"role": "system", "content": prompt.fixed}, {"role": "user", "content": prompt.asked}],
            "max_tokens": max_tokens,
            "temperature": temperature,
            "seed": seed,
            "stream": True,
            "stream_options": {"include_usage": True},
        }

    def _pieces(
        self, body: dict[str, Any], stop: StopTexts, cancelled: Callable[[], bool], usage: Usage
    ) -> Iterator[str]:
        began = time.perf_counter()
        usage.stopped_by = "cancel"
        try:
            for chunk in self._chunks(body, cancelled):
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
    def _note(chunk: Chunk, usage: Usage) -> str:
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

    def _chunks(self, body: dict[str, Any], cancelled: Callable[[], bool]) -> Iterator[Chunk]:
        """The events of one answer as they come, until `cancelled`; every failure is `LanguageModelUnavailable`."""
        if self._resting:
            raise LanguageModelUnavailable("it failed, and is not asked until it answers again")
        began = time.perf_counter()
        arrived: SimpleQueue[Chunk | None] = SimpleQueue()
        reading = asyncio.run_coroutine_threadsafe(self._read(body, arrived.put), self._loop)
        try:
            silent = True
            for chunk in _as_they_come(arrived, reading, cancelled):
                silent = False
                yield chunk
            if not reading.cancelled():
                reading.result()
            elif silent and time.perf_counter() - began > _SILENCE:
                self._rest()
        except _QuestionRefusedError:
            raise
        except LanguageModelUnavailable:
            self._rest()
            raise
        finally:
            reading.cancel()

    async def _read(self, body: dict[str, Any], put: Callable[[Chunk | None], None]) -> None:
        """Read one answer, handing its events on as they come, and None at its end."""
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream("POST", "/chat/completions", json=body) as response,
            ):
                if response.status_code != httpx.codes.OK:
                    refused = response.status_code in _ASKED_WRONGLY
                    kind = _QuestionRefusedError if refused else LanguageModelUnavailable
                    raise kind(f"HTTP {response.status_code}: {await first_words(response)!r}")
                await pass_on(response, most=2 * body["max_tokens"] + _EVENTS_BESIDE_TOKENS, put=put)
        except TimeoutError as error:
            raise LanguageModelUnavailable(f"no whole answer within {self._timeout:g} seconds") from error
        except httpx.HTTPError as error:
            raise LanguageModelUnavailable(f"{type(error).__name__}: {error}") from error
        except (ValidationError, UnicodeDecodeError) as error:
            raise LanguageModelUnavailable("the endpoint sent what is no chat completion") from error
        finally:
            put(None)

    def _rest(self) -> None:
        """Ask no more, until a greeting is answered."""
        if self._resting:
            return
        self._resting = True
        _log.warning("the language model %s fails: it is not asked until it answers again", self.name)
        asyncio.run_coroutine_threadsafe(self._greet(), self._loop)

    async def _greet(self) -> None:
        """Greet the endpoint from time to time until it answers."""
        body = self._body(_GREETING, 1)
        while self._resting:
            await asyncio.sleep(self._pause)
            try:
                await self._read(body, lambda _: None)
            except _QuestionRefusedError:
                pass  # it answers
            except LanguageModelUnavailable:
                continue
            self._resting = False
        _log.info("the language model %s answers again", self.name)

    def _keeps_to_a_schema(self) -> bool:
        """Whether a question that invites prose is answered by the one JSON object the canary allows."""
        answer = self.generate(_GREETING, max_tokens=40, schema=_CANARY).text()
        try:
            return bool(json.loads(answer) == {"animal": _CANARY_WORD})
        except ValueError:
            return False


def _as_they_come(
    arrived: SimpleQueue[Chunk | None], reading: Future[None], cancelled: Callable[[], bool]
) -> Iterator[Chunk]:
    """What is put into the queue, up to None or until `cancelled`: then reading is ended."""
    while True:
        try:
            chunk = arrived.get(timeout=_LOOK)
        except Empty:
            if cancelled():
                reading.cancel()
                return
            continue
        if chunk is None:
            return
        yield chunk
