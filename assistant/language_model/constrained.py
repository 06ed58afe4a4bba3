"""Decoding that cannot leave a JSON schema: llguidance grammars, compiled once per schema."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch
from llguidance import LLMatcher, LLTokenizer

_COMPACT = {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":"}
_KEPT = 64


class Grammars:
    """Compiled grammars of one tokenizer, the most recently used ones kept.

    Args:
        backend: the tokenizer as the `tokenizers` library serialises it.
        vocabulary: how many logits the model puts out (>= the tokenizer's size).
        ends: token ids that end an answer.
    """

    def __init__(self, backend: str, vocabulary: int, ends: list[int]) -> None:
        self._tokenizer = LLTokenizer(backend, n_vocab=vocabulary, eos_token=ends)
        self._compiled: OrderedDict[str, LLMatcher] = OrderedDict()

    def start(self, schema: Mapping[str, Any]) -> Constraint:
        """A constraint at the beginning of an answer. JSON comes without white space, keys in the schema's order.

        Raises:
            ValueError: the schema is one that llguidance cannot compile.
        """
        key = json.dumps(schema)  # the order of the keys is the order they are generated in
        matcher = self._compiled.pop(key, None)
        if matcher is None:
            matcher = LLMatcher(self._tokenizer, LLMatcher.grammar_from_json_schema(key, defaults=_COMPACT))
            if matcher.is_error():
                raise ValueError(f"schema cannot be compiled: {matcher.get_error()}")
        self._compiled[key] = matcher
        if len(self._compiled) > _KEPT:
            self._compiled.popitem(last=False)
        return Constraint(matcher.deep_copy())


class Constraint:
    """Where one answer stands in its grammar."""

    def __init__(self, matcher: LLMatcher) -> None:
        self._matcher = matcher

    @property
    def finished(self) -> bool:
        """Whether the answer is complete: nothing may follow."""
        return bool(self._matcher.is_stopped())

    def forced(self) -> list[int]:
        """Take the tokens that the grammar leaves no choice about; the model need not be asked for them."""
        tokens: list[int] = self._matcher.compute_ff_tokens()
        if tokens and not self._matcher.consume_tokens(tokens):
            raise RuntimeError(f"grammar refused its own tokens: {self._matcher.get_error()}")
        return tokens

    def masked(self, logits: torch.Tensor) -> torch.Tensor:
        """The logits, shape (vocabulary,), with minus infinity for every token that may not follow."""
        allowed = torch.frombuffer(bytearray(self._matcher.compute_logit_bias()), dtype=torch.uint8)
        return logits.masked_fill(allowed[: logits.shape[0]].to(logits.device) == 0, float("-inf"))

    def take(self, token: int) -> None:
        """Advance by a token that was allowed."""
        if not self._matcher.consume_token(token):
            raise RuntimeError(f"grammar refused token {token}: {self._matcher.get_error()}")
