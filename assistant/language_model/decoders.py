"""One step of a causal language model: tokens in, the next token's logits out, keys and values kept in a cache."""

from __future__ import annotations

import copy
from typing import Any, Protocol

import torch
from transformers import DynamicCache


class Decoder(Protocol):
    """What runs a model's network. A cache belongs to the decoder that made it."""

    def fresh(self, room: int) -> Any:
        """An empty cache with room for `room` tokens."""
        ...

    def copy(self, cache: Any, room: int) -> Any:
        """An independent cache that holds the same tokens, with room for `room` more."""
        ...

    def size(self, cache: Any) -> int:
        """Bytes of a cache."""
        ...

    def advance(self, tokens: list[int], cache: Any) -> torch.Tensor:
        """Feed tokens; the logits of the next one: float32, shape (vocabulary,)."""
        ...


class GeneralDecoder:
    """Any causal language model that transformers runs, on any device."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def fresh(self, room: int) -> DynamicCache:
        """An empty cache; it grows as needed."""
        return DynamicCache(config=self._model.config)

    def copy(self, cache: DynamicCache, room: int) -> DynamicCache:
        """An independent cache that holds the same tokens."""
        return copy.deepcopy(cache)

    def size(self, cache: DynamicCache) -> int:
        """Bytes of a cache."""
        return sum(part.nbytes for layer in cache for part in layer if part is not None)

    @torch.inference_mode()  # type: ignore[untyped-decorator]  # torch is not followed
    def advance(self, tokens: list[int], cache: DynamicCache) -> torch.Tensor:
        """Feed tokens; the logits of the next one: float32, shape (vocabulary,)."""
        ids = torch.tensor([tokens], device=self._model.device)
        output = self._model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        logits: torch.Tensor = output.logits[0, -1].float()
        return logits
