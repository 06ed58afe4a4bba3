"""Fit the reader of orders (`assistant.rules.order_reader`); half a minute on one core:

    python -m assistant.training.orders tests/data/attacks.jsonl tests/data/attacks_held_out.jsonl

Orders are the sentences of `orders.toml` and of the attacks named. Honest are its other sentences, what was written by
hand for understanding (but for what is out of scope), and the demo shop's texts. A first fit leaves a part of the
honest sentences out and sets the threshold on them; the weights are then fitted to everything.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections import Counter
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from assistant.dialogue import Intent
from assistant.labelled.generate import by_hand
from assistant.labelled.phrases import Split
from assistant.rules.order_reader import features, score
from assistant.rules.orders import sentences, unmasked
from retrieval.demo_shop.blueprints import load_blueprints
from retrieval.demo_shop.items import draw_items

_RESULT = Path(__file__).parents[1] / "adapters" / "orders" / "weights.json"
_HONEST = {"change_of_mind", "firm", "machine_words", "about_the_shop", "honest_elsewhere"}
_FALSE_ALARMS = 1e-3  # of honest sentences that were not learnt from
_PRODUCT_TEXTS = 1500
_LEFT_OUT = 4  # every fourth honest sentence sets the threshold
_STRENGTH, _ORDER_WEIGHT, _SEEN_AT_LEAST = 30.0, 3.0, 2


def _own(honest: bool) -> list[str]:
    lists = tomllib.loads((files(__package__) / "orders.toml").read_text("utf-8"))
    chosen = [text for name, text in lists.items() if (name in _HONEST) == honest]
    return [line for text in chosen for line in text.splitlines() if line.strip()]


def _attacks(file: Path) -> list[str]:
    """The sentences of the attacks by shoppers in a file, without the need they stand beside."""
    told = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    texts = [attack["text"].replace("{need}", " ") for attack in told if attack["channel"] == "utterance"]
    said = [sentence.strip(" .;") for text in texts for sentence in sentences(text.strip(" .;-"))]
    return [sentence for sentence in said if len(sentence.split()) > 1]


def _by_hand(split: Split) -> list[str]:
    """What shoppers say that is not out of scope: what is may be cut at no cost, and orders are among it."""
    texts = [example.text for example in by_hand(split) if example.intent is not Intent.OUT_OF_SCOPE]
    return sorted({sentence for text in texts for sentence in sentences(text)})


def _product_texts() -> list[str]:
    items = draw_items(load_blueprints(), 7)
    found = sorted({sentence for item in items for sentence in sentences(f"{item.title}. {item.description}")})
    return found[:: max(1, len(found) // _PRODUCT_TEXTS)]


def _fitted(orders: Sequence[str], honest: Sequence[str]) -> tuple[dict[str, float], float]:
    """Weights by feature, and the intercept."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    found = [features(unmasked(text)[0]) for text in (*orders, *honest)]
    seen = Counter(name for each in found for name in each)
    kept = [{name: value for name, value in each.items() if seen[name] >= _SEEN_AT_LEAST} for each in found]
    vectorizer = DictVectorizer()
    table = vectorizer.fit_transform(kept)
    table.indices, table.indptr = table.indices.astype(np.int32), table.indptr.astype(np.int32)
    model: Any = LogisticRegression(C=_STRENGTH, solver="liblinear", class_weight={1: _ORDER_WEIGHT, 0: 1.0})
    model.fit(table, [1] * len(orders) + [0] * len(honest))
    names = vectorizer.get_feature_names_out()
    weights = {str(name): round(float(weight), 2) for name, weight in zip(names, model.coef_[0], strict=True)}
    return {name: weight for name, weight in weights.items() if weight}, round(float(model.intercept_[0]), 2)


def main(files_of_attacks: Sequence[str]) -> None:
    """Fit, and write the weights that the package ships."""
    orders = _own(honest=False) + [text for file in files_of_attacks for text in _attacks(Path(file))]
    honest = [*_by_hand("train"), *_own(honest=True), *_product_texts()]
    learnt = [text for place, text in enumerate(honest) if place % _LEFT_OUT]
    held = honest[::_LEFT_OUT] + _by_hand("validation")
    weights, intercept = _fitted(orders, learnt)
    scores = sorted((score(unmasked(text)[0], weights, intercept) for text in held), reverse=True)
    threshold = round(scores[int(_FALSE_ALARMS * len(scores))], 2)
    weights, intercept = _fitted(orders, honest)
    noted = {"orders": len(orders), "honest": len(honest), "held for the threshold": len(held)}
    card = {"learnt from": noted, "threshold": threshold, "intercept": intercept, "weights": weights}
    _RESULT.write_text(json.dumps(card, ensure_ascii=False, indent=0) + "\n", "utf-8")
    print(f"{noted}, threshold {threshold}, {len(weights):,} weights in {_RESULT}")


if __name__ == "__main__":
    main(sys.argv[1:])
