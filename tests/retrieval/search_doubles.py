"""Stand-ins for what is heavy: an encoder that hashes words, and a few items."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from retrieval.catalogue import Attribute, CatalogueItem, Money
from retrieval.embedding import Vectors

DIMENSION = 64


@dataclass
class HashingEncoder:
    """Texts that share words are near each other. Counts what it is asked to embed."""

    fingerprint: str = "hashing-1"
    embedded: list[str] = field(default_factory=list)

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.embedded.extend(texts)
        return np.stack([_vector(text) for text in texts]) if texts else np.zeros((0, DIMENSION), dtype=np.float32)

    def encode_query(self, text: str) -> Vectors:
        return _vector(text)


def _vector(text: str) -> Vectors:
    vector = np.full(DIMENSION, 1e-3, dtype=np.float32)
    for word in re.findall(r"\w+", text.lower()):
        vector[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") % DIMENSION] += 1.0
    normed: Vectors = vector / np.linalg.norm(vector)
    return normed


def item(
    item_id: str,
    title: str,
    *,
    brand: str | None = None,
    category: tuple[str, ...] = (),
    price: float | None = None,
    description: str = "",
    stock: int | None = None,
    **facts: str,
) -> CatalogueItem:
    attributes = {name: Attribute(name, text, (text.lower(),)) for name, text in facts.items()}
    money = None if price is None else Money.of(price, "USD")
    return CatalogueItem(item_id, title, description, brand, category, price=money, attributes=attributes, stock=stock)
