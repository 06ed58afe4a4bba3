"""Trains the intent head on the labelled utterances: multinomial logistic regression, calibrated, in about a minute."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from assistant.dialogue import DialogueState, Intent, Need, Slots
from assistant.intent_head import features
from assistant.labelled.examples import Example
from assistant.labelled.generate import SEED, by_hand, generate
from assistant.labelled.phrases import Split
from assistant.labelled.shops import ShopWords, shops
from assistant.language_model.packaged import Report, sha256
from assistant.rules import understand_by_rules
from retrieval.candidates import Candidate
from retrieval.catalogue import Attribute, CatalogueItem
from retrieval.embedding import Encoder
from retrieval.vocabulary import Vocabulary

_STRENGTH = 3.0  # inverse of the penalty, and the weight of an utterance written by hand: chosen by cross-validation
_HAND_WEIGHT = 3.0
_FOLDS = 5
_ITEMS = 3  # of each thing
_SPLITS: tuple[Split, ...] = ("train", "validation")

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Utterances as the head sees them.

    Attributes:
        rows: float32, (utterances, features).
        intents: indexes into `Intent`.
        ruled: the rules' own.
        hand: which were written by hand.
    """

    rows: Rows
    intents: NDArray[np.int64]
    ruled: NDArray[np.int64]
    hand: NDArray[np.bool_]


def train_intent_head(out: Path, *, count: int = 4500, seed: int = SEED, report: Report) -> dict[str, Any]:
    """Train, calibrate, measure, write `head.safetensors` and `card.json`.

    Args:
        out: folder to write to.
        count: generated utterances; all those of the training split that were written by hand come on top.
        seed: of the data.
        report: receives progress lines.

    Returns:
        The card.
    """
    began = time.time()
    report("Reading the labelled utterances ...")
    vocabulary, encoder = Vocabulary.learn(items()), Encoder()
    train = labelled([*by_hand("train"), *generate(count, "train", seed)], vocabulary, encoder)
    held = labelled([*by_hand("validation"), *generate(count // 9, "validation", seed)], vocabulary, encoder)
    report(f"{len(train.intents):,} to learn from, {len(held.intents):,} held; fitting ...")
    temperature = _temperature(train)
    weights, biases = _fit(train, np.ones(len(train.intents), dtype=bool))
    out.mkdir(parents=True, exist_ok=True)
    file = out / "head.safetensors"
    # safetensors writes an array's memory as it lies, so it has to lie row by row
    parts = {"weights": weights / temperature, "biases": biases / temperature}
    scaled = {name: np.ascontiguousarray(part, dtype=np.float16) for name, part in parts.items()}
    save_file(scaled, file, {"encoder": encoder.fingerprint})
    card = {
        "utterances": {"generated": int((~train.hand).sum()), "by hand": int(train.hand.sum())},
        "seed": seed,
        "temperature": round(temperature, 3),
        "seconds": round(time.time() - began),
        "sha256": sha256(file),
        "validation": {
            name: {
                "n": int(chosen.sum()),
                "rules": _share(held.ruled[chosen] == held.intents[chosen]),
                "head": _share(_chosen(weights, biases, held.rows[chosen]) == held.intents[chosen]),
            }
            for name, chosen in (("by hand", held.hand), ("generated", ~held.hand))
        },
    }
    (out / "card.json").write_text(json.dumps(card, indent=1) + "\n", "utf-8")
    report(f"Written to {out}: {json.dumps(card['validation'])}")
    return card


def labelled(examples: Sequence[Example], vocabulary: Vocabulary, encoder: Encoder) -> Labelled:
    """Examples as rows of features."""
    order, rows, ruled = list(Intent), [], []
    vectors = encoder.encode([example.text for example in examples])
    for example, vector in zip(examples, vectors, strict=True):
        page = [CatalogueItem(str(rank), title) for rank, title in enumerate(example.situation.page)]
        need = example.situation.need
        state = DialogueState(
            needs=() if need == Slots() else (Need(need),),
            shown=tuple(Candidate(item.item_id, 0.0, {}) for item in page),
        )
        act = understand_by_rules(example.text, state, page, vocabulary)
        ruled.append(order.index(act.intent))
        rows.append(features(example.text, vector, act, need=bool(state.needs), shown=bool(page)))
    return Labelled(
        np.stack(rows),
        np.asarray([order.index(example.intent) for example in examples]),
        np.asarray(ruled),
        np.asarray([example.source == "hand" for example in examples]),
    )


def _fit(data: Labelled, chosen: NDArray[np.bool_]) -> tuple[Rows, Rows]:
    """Weights (intents, features) and biases (intents,) learnt from the chosen utterances."""
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(C=_STRENGTH, max_iter=400)
    weight = np.where(data.hand, _HAND_WEIGHT, 1.0)[chosen]
    regression.fit(csr_matrix(data.rows[chosen]), data.intents[chosen], sample_weight=weight)
    assert list(regression.classes_) == list(range(len(Intent)))
    return np.asarray(regression.coef_, np.float32), np.asarray(regression.intercept_, np.float32)


def _temperature(data: Labelled) -> float:
    """What the logits are divided by, so that a probability means what it says on utterances written by hand.

    Found on each fifth of those when the rest was learnt from.
    """
    logits, wanted = [], []
    numbers = np.cumsum(data.hand) - 1
    for fold in range(_FOLDS):
        held = data.hand & (numbers % _FOLDS == fold)
        weights, biases = _fit(data, ~held)
        logits.append(data.rows[held] @ weights.T + biases)
        wanted.append(data.intents[held])
    stacked, right = np.concatenate(logits), np.concatenate(wanted)

    def surprise(temperature: float) -> float:
        scaled = stacked / temperature
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        chances = scaled[np.arange(len(right)), right] - np.log(np.exp(scaled).sum(axis=1))
        return float(-chances.mean())

    return float(min(np.arange(0.5, 4.0, 0.05), key=surprise))


def _chosen(weights: Rows, biases: Rows, rows: Rows) -> NDArray[np.int64]:
    return np.asarray((rows @ weights.T + biases).argmax(axis=1))


def _share(right: NDArray[np.bool_]) -> float:
    return round(float(right.mean()), 4)


def items() -> Iterator[CatalogueItem]:
    """A shop that sells what the utterances are about, for the rules to read them with."""
    for split in _SPLITS:
        for shop in shops(split):
            yield from _items_of(shop, split)


def _items_of(shop: ShopWords, split: str) -> Iterator[CatalogueItem]:
    for place, thing in enumerate(shop.things):
        properties = [words for kind, listed in thing.properties.items() if kind != "measure" for words in listed]
        stated = [re.sub(r"^an? ", "", words).casefold() for words in properties]
        for number in range(_ITEMS):
            brand = shop.brands[(place * _ITEMS + number) % len(shop.brands)]
            values = tuple(stated[number::_ITEMS])
            yield CatalogueItem(
                f"{split} {shop.name} {place} {number}",
                f"{brand} {thing.one}",
                brand=brand,
                category=(shop.name, thing.many),
                attributes={"features": Attribute("features", ", ".join(values), values)} if values else {},
            )
