"""Llama-shaped models on a CPU without the overhead of a general forward pass.

A 135M model spends more than half of a decoding step between its matrix products when it runs through transformers:
about sixty small operations a layer. Here the projections that read the same input are one product, rotary position
is one complex product in place, keys and values go into a buffer that is written and never concatenated. Weights
are float16, arithmetic is float32 (see `assistant.language_model.half_weights`).

It computes what `LlamaForCausalLM` computes; a test holds that on random weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from assistant.language_model.half_weights import HalfLinear


@dataclass(slots=True)
class KeyValues:
    """Keys and values of the tokens fed so far.

    Attributes:
        buffer: (layers, 2 * key-value heads, capacity, head size): the keys' heads, then the values'.
        length: how many tokens of the capacity are filled.
    """

    buffer: torch.Tensor
    length: int = 0


@dataclass(frozen=True, slots=True)
class _Layer:
    norm_in: torch.Tensor
    query_key_value: HalfLinear
    attention_out: HalfLinear
    norm_mid: torch.Tensor
    gate_up: HalfLinear
    down: HalfLinear


class LlamaDecoder:
    """A `LlamaForCausalLM` in float32, taken apart. The model given is not needed afterwards."""

    def __init__(self, model: Any) -> None:
        config = model.config
        self._heads, self._shared = config.num_attention_heads, config.num_key_value_heads
        self._size: int = config.head_dim
        self._eps: float = config.rms_norm_eps
        self._embedding: torch.Tensor = model.model.embed_tokens.weight.detach()
        self._layers = tuple(self._take_apart(layer) for layer in model.model.layers)
        self._norm_out: torch.Tensor = model.model.norm.weight.detach()
        self._head = HalfLinear(model.lm_head.weight.detach())
        positions = torch.arange(config.max_position_embeddings, dtype=torch.float32)
        angles = torch.outer(positions, model.model.rotary_emb.inv_freq.float())
        self._turns = torch.polar(torch.ones_like(angles), angles)[:, None]

    @staticmethod
    def fits(model: Any) -> bool:
        """Whether a model is of the one shape computed here."""
        config = model.config
        return bool(
            type(model).__name__ == "LlamaForCausalLM"
            and config.hidden_act == "silu"
            and not config.attention_bias
            and not config.mlp_bias
            and config.rope_parameters.get("rope_type") == "default"
        )

    def fresh(self, room: int) -> KeyValues:
        """An empty cache with room for `room` tokens."""
        return KeyValues(self._embedding.new_empty(len(self._layers), 2 * self._shared, room, self._size))

    def copy(self, cache: KeyValues, room: int) -> KeyValues:
        """An independent cache that holds the same tokens, with room for `room` more."""
        larger = self.fresh(cache.length + room)
        larger.buffer[:, :, : cache.length] = cache.buffer[:, :, : cache.length]
        larger.length = cache.length
        return larger

    def size(self, cache: KeyValues) -> int:
        """Bytes of a cache."""
        return int(cache.buffer.nbytes)

    @torch.inference_mode()  # type: ignore[untyped-decorator]  # torch is not followed
    def advance(self, tokens: list[int], cache: KeyValues) -> torch.Tensor:
        """Feed tokens; the logits of the next one: float32, shape (vocabulary,). The cache must have room for them."""
        count, past = len(tokens), cache.length
        stream = self._embedding[tokens]
        turns = self._turns[past : past + count]
        allowed = None
        if count > 1:
            allowed = torch.ones(count, past + count, dtype=torch.bool).tril(past)
        for layer, buffer in zip(self._layers, cache.buffer, strict=True):
            inner = functional.rms_norm(stream, layer.norm_in.shape, layer.norm_in, self._eps)
            stream += layer.attention_out(self._attend(layer.query_key_value(inner), turns, allowed, buffer, past))
            inner = functional.rms_norm(stream, layer.norm_mid.shape, layer.norm_mid, self._eps)
            gate, up = layer.gate_up(inner).chunk(2, dim=-1)
            stream += layer.down(functional.silu(gate).mul_(up))
        cache.length = past + count
        last = functional.rms_norm(stream[-1:], self._norm_out.shape, self._norm_out, self._eps)
        logits: torch.Tensor = self._head(last)[0]
        return logits

    def _attend(
        self, mixed: torch.Tensor, turns: torch.Tensor, allowed: torch.Tensor | None, buffer: torch.Tensor, past: int
    ) -> torch.Tensor:
        """Attention of new tokens, whose queries, keys and values are `mixed`, to all; (tokens, heads * size)."""
        count, heads, shared, size = len(mixed), self._heads, self._shared, self._size
        turning = mixed[:, : (heads + shared) * size].view(count, heads + shared, size // 2, 2)
        torch.view_as_complex(turning).mul_(turns)
        buffer[:, past : past + count] = mixed[:, heads * size :].view(count, 2 * shared, size).transpose(0, 1)
        keys, values = buffer[:shared, : past + count], buffer[shared:, : past + count]
        queries = mixed[:, : heads * size]
        if allowed is None:
            scores = torch.bmm(queries.view(shared, heads // shared, size), keys.transpose(1, 2))
            return torch.bmm(torch.softmax(scores, dim=-1), values).view(1, heads * size)
        queries = queries.view(count, heads, size).transpose(0, 1)
        attended = functional.scaled_dot_product_attention(
            queries[None], keys[None], values[None], attn_mask=allowed, scale=1.0, enable_gqa=True
        )
        return attended[0].transpose(0, 1).reshape(count, heads * size)

    def _take_apart(self, layer: Any) -> _Layer:
        attention, dense = layer.self_attn, layer.mlp
        # 1/sqrt(size) goes into the queries' weights; the two halves of a head that rotate together become neighbours
        query = self._neighbours(attention.q_proj.weight.detach()) / math.sqrt(self._size)
        key = self._neighbours(attention.k_proj.weight.detach())
        return _Layer(
            norm_in=layer.input_layernorm.weight.detach(),
            query_key_value=HalfLinear(torch.cat([query, key, attention.v_proj.weight.detach()])),
            attention_out=HalfLinear(attention.o_proj.weight.detach()),
            norm_mid=layer.post_attention_layernorm.weight.detach(),
            gate_up=HalfLinear(torch.cat([dense.gate_proj.weight.detach(), dense.up_proj.weight.detach()])),
            down=HalfLinear(dense.down_proj.weight.detach()),
        )

    def _neighbours(self, weight: torch.Tensor) -> torch.Tensor:
        """Rows i and i + size/2 of every head side by side."""
        return weight.view(-1, 2, self._size // 2, weight.shape[1]).transpose(1, 2).reshape(weight.shape)
