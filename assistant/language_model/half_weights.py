"""Linear layers with float16 weights and float32 arithmetic, on processors that FBGEMM serves (x86 with AVX2).

Decoding on a CPU is bound by reading the weights: half the bytes, twice the speed, and answers that stay float32's,
because neither activations nor sums are rounded. Quantizing activations as well (torch's dynamic int8) is faster and
changes what small models say.
"""

from __future__ import annotations

import torch
from torch import nn


def available() -> bool:
    """Whether this build of torch and this processor can."""
    return "fbgemm" in torch.backends.quantized.supported_engines


class HalfLinear(nn.Module):  # type: ignore[misc]  # torch is not followed
    """A linear layer. `weight`: (outputs, inputs) float32, packed here and not kept."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None = None) -> None:
        super().__init__()
        self._packed = torch.ops.quantized.linear_prepack_fp16(weight.detach().contiguous(), bias)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """`rows`: (..., inputs) float32 -> (..., outputs) float32."""
        product: torch.Tensor = torch.ops.quantized.linear_dynamic_fp16(rows, self._packed)
        return product


def halve_weights(model: nn.Module) -> None:
    """Replace every linear layer of a float32 model, in place."""
    linears = [(name, layer) for name, layer in model.named_modules() if isinstance(layer, nn.Linear)]
    for name, layer in linears:
        parent, _, attribute = name.rpartition(".")
        bias = None if layer.bias is None else layer.bias.detach()
        setattr(model.get_submodule(parent), attribute, HalfLinear(layer.weight, bias))
