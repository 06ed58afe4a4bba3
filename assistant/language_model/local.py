"""A language model in this process: streaming, held to a schema when asked, its fixed prompts computed once."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers.decoders import DecodeStream

from assistant.language_model import Generation, LanguageModelBusy, LanguageModelUnavailable, Prompt, Usage
from assistant.language_model.chat_words import chat_words, encode
from assistant.language_model.constrained import Constraint, Grammars
from assistant.language_model.fair_queue import FairQueue, Place
from assistant.language_model.loading import LoadedModel, load_model
from assistant.language_model.packaged import Report, say
from assistant.language_model.stop_texts import StopTexts

_ASKED = "\N{OBJECT REPLACEMENT CHARACTER}asked\N{OBJECT REPLACEMENT CHARACTER}"
_PREFIX_BYTES = 256 << 20
PATIENCE = 2.0  # seconds: cards wait for a reading, and so for the sentence of another reply that is being written


class LocalModel:
    """A causal language model run by transformers. Loaded once, at the first generation or by `load`; thread-safe.

    One generation runs at a time; the others wait their turn in the order they came.

    Args:
        source: 'packaged', a hub id, a local folder or a .gguf file.
        quantization: see `Settings.quantization`.
        adapter: folder of an adapter to add; see `assistant.language_model.adapter`.
        cache: folder for what is converted; None: the user's cache folder.
        patience: seconds a generation waits for its turn before it gives up as `LanguageModelBusy`.
        report: receives progress lines.
    """

    def __init__(
        self,
        source: str,
        quantization: str = "auto",
        *,
        adapter: Path | None = None,
        cache: Path | None = None,
        patience: float = PATIENCE,
        report: Report = say,
    ) -> None:
        self.name = source
        self._load: Callable[[], LoadedModel] = lambda: load_model(
            source, quantization, adapter=adapter, cache=cache, report=report
        )
        self._queue = FairQueue(patience=patience)
        self._loading = threading.Lock()
        self._runner: Runner | None = None

    def load(self) -> Runner:
        """Load the model if it is not loaded yet.

        Raises:
            SetupError: it does not exist, cannot be read or does not fit.
        """
        with self._loading:
            if self._runner is None:
                self._runner = Runner(self._load())
            return self._runner

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
        """See `LanguageModel.generate`. The turn is held until the stream ends or is closed."""
        usage = Usage()

        def pieces() -> Iterator[str]:
            runner = self.load()
            choose = Chooser(temperature, seed)
            with self._queue.place(cancelled=cancelled) as place:
                if place is Place.BUSY:
                    raise LanguageModelBusy("the language model was busy with others")
                if place is Place.LEFT:
                    usage.stopped_by = "cancel"
                    return
                try:
                    yield from runner.stream(prompt, max_tokens, schema, StopTexts(stop), choose, cancelled, usage)
                except torch.OutOfMemoryError as error:
                    runner.forget_prefixes()
                    raise LanguageModelUnavailable("the GPU's memory is full") from error

        return Generation(pieces(), usage)


class Runner:
    """The loaded model and what it remembers between generations. Not thread-safe."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.quantization = loaded.quantization
        self._decoder, self._tokenizer = loaded.decoder, loaded.tokenizer
        self._ends, self._limit = loaded.ends, loaded.limit
        backend = self._tokenizer.backend_tokenizer.to_str()
        self._grammars = Grammars(backend, loaded.vocabulary, sorted(self._ends))
        self._prefixes: OrderedDict[str, tuple[list[int], Any]] = OrderedDict()

    def stream(
        self,
        prompt: Prompt,
        max_tokens: int,
        schema: Mapping[str, Any] | None,
        stop: StopTexts,
        choose: Chooser,
        cancelled: Callable[[], bool],
        usage: Usage,
    ) -> Iterator[str]:
        """Pieces of the answer; `usage` is filled in."""
        began = time.perf_counter()
        constraint = self._grammars.start(schema) if schema is not None else None
        decoder = DecodeStream(skip_special_tokens=True)
        usage.stopped_by = "cancel"  # what an abandoned stream leaves behind
        try:
            for token in self._tokens(prompt, max_tokens, constraint, choose, cancelled, usage):
                usage.completion_tokens += 1
                if usage.completion_tokens == 1:
                    usage.seconds_to_first_token = time.perf_counter() - began
                piece = stop.pass_on(decoder.step(self._tokenizer.backend_tokenizer, token) or "")
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

    def _tokens(
        self,
        prompt: Prompt,
        max_tokens: int,
        constraint: Constraint | None,
        choose: Chooser,
        cancelled: Callable[[], bool],
        usage: Usage,
    ) -> Iterator[int]:
        """The answer's tokens, without the one that ends it."""
        pending, cache = self._begin(prompt, max_tokens, usage)
        made = 0
        while made < max_tokens:
            forced = constraint.forced() if constraint else []
            for token in forced[: max_tokens - made]:
                yield token
            made += len(forced)
            pending = pending + forced
            if constraint and constraint.finished:
                usage.stopped_by = "end"
                return
            if made >= max_tokens:
                break
            if cancelled():
                return
            logits = self._decoder.advance(pending, cache)
            if constraint:
                logits = constraint.masked(logits)
            token = choose(logits)
            if token in self._ends:
                usage.stopped_by = "end"
                return
            if constraint:
                constraint.take(token)
            made += 1
            pending = [token]
            yield token
        finished = constraint is not None and constraint.finished
        usage.stopped_by = "end" if finished else "limit"

    def _begin(self, prompt: Prompt, max_tokens: int, usage: Usage) -> tuple[list[int], Any]:
        """The prompt's tokens that are still to be fed, and a cache that holds those before them."""
        tokens = self._encode(self._words(prompt.fixed, prompt.asked))
        usage.prompt_tokens = len(tokens)
        if len(tokens) + max_tokens > self._limit:
            raise LanguageModelUnavailable(f"a prompt of {len(tokens)} tokens exceeds the model's {self._limit}")
        known = self._prefixes.pop(prompt.fixed, None)
        if known is None:
            prefix = self._encode(self._words(prompt.fixed, _ASKED).partition(_ASKED)[0])
            if tokens[: len(prefix)] != prefix or not 0 < len(prefix) < len(tokens):
                return tokens, self._decoder.fresh(len(tokens) + max_tokens)
            cache = self._decoder.fresh(len(prefix))
            self._decoder.advance(prefix, cache)
        else:
            prefix, cache = known
            if tokens[: len(prefix)] != prefix:
                return tokens, self._decoder.fresh(len(tokens) + max_tokens)
            usage.cached_tokens = len(prefix)
        self._prefixes[prompt.fixed] = prefix, cache
        room = len(tokens) - len(prefix) + max_tokens
        self._bound_prefixes()
        return tokens[len(prefix) :], self._decoder.copy(cache, room)

    def _bound_prefixes(self) -> None:
        while (
            len(self._prefixes) > 1
            and sum(self._decoder.size(cache) for _, cache in self._prefixes.values()) > _PREFIX_BYTES
        ):
            self._prefixes.popitem(last=False)

    def forget_prefixes(self) -> None:
        """Give the memory of the cached prefixes back."""
        self._prefixes.clear()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _encode(self, text: str) -> list[int]:
        return encode(self._tokenizer, text)

    def _words(self, fixed: str, asked: str) -> str:
        return chat_words(self._tokenizer, fixed, asked)


class Chooser:
    """Chooses the next token: the likeliest, or one drawn at a temperature from a seeded generator."""

    def __init__(self, temperature: float, seed: int) -> None:
        self._temperature = temperature
        self._random = torch.Generator().manual_seed(seed)

    def __call__(self, logits: torch.Tensor) -> int:
        """A token id, from logits of shape (vocabulary,)."""
        if self._temperature <= 0:
            return int(logits.argmax())
        chances = torch.softmax(logits.cpu() / self._temperature, dim=-1)
        return int(torch.multinomial(chances, 1, generator=self._random))
