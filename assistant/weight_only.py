"""Linear layers with int8 weights and exact activations: the fastest on a CPU that still gives float32's answers.

Decoding is bound by reading the weights; int8 rows read a quarter. Activations stay bfloat16, because quantizing
them too (torch's dynamic int8) changes what small models say. Longer inputs (a prompt) are bound by arithmetic and
go through the float32 weights, which are kept: memory is five bytes a weight.
"""

from __future__ import annotations

import torch
from torch import nn

_FEW_ROWS = 4  # up to here reading the weights dominates


class WeightOnlyLinear(nn.Module):  # type: ignore[misc]  # torch is not followed
    """A linear layer that multiplies few rows in int8 and many in float32."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.weight, self.bias = linear.weight, linear.bias
        scale = linear.weight.detach().abs().amax(dim=1).clamp(min=1e-8) / 127
        packed = (linear.weight.detach() / scale[:, None]).round().clamp(-127, 127).to(torch.int8)
        self.register_buffer("packed", packed, persistent=False)
        self.register_buffer("scale", scale.bfloat16(), persistent=False)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """`rows`: (..., inputs) float32 -> (..., outputs) float32."""
        if rows.numel() > _FEW_ROWS * rows.shape[-1]:
            return nn.functional.linear(rows, self.weight, self.bias)
        flat = rows.reshape(-1, rows.shape[-1]).bfloat16()
        product = torch.ops.aten._weight_int8pack_mm(flat, self.packed, self.scale).float()
        product = product.reshape(*rows.shape[:-1], -1)
        return product if self.bias is None else product + self.bias


def quantize_weights(model: nn.Module) -> None:
    """Replace every linear layer of a float32 model, in place."""
    linears = [(name, layer) for name, layer in model.named_modules() if isinstance(layer, nn.Linear)]
    for name, layer in linears:
        parent, _, attribute = name.rpartition(".")
        setattr(model.get_submodule(parent), attribute, WeightOnlyLinear(layer))
