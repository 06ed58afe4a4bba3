from __future__ import annotations

import random
import tomllib
from pathlib import Path

import assistant.evaluation
import assistant.labelled
from assistant.labelled.again import again
from assistant.labelled.generate import by_hand


def test_what_is_said_again_means_the_same() -> None:
    told = by_hand("train")[:400]
    disturbed = list(again(told, random.Random(0)))
    assert 150 < len(disturbed) < 250
    assert sum(example.text not in {o.text for o in told} for example in disturbed) > len(disturbed) / 2
    originals = {}
    for example in told:
        originals.setdefault((example.situation, example.source, example.intent), []).append(example)
    for example in disturbed:
        alike = originals[example.situation, example.source, example.intent]
        assert any(o.slots.price_max == example.slots.price_max and o.dropped == example.dropped for o in alike)


def test_remarks_learnt_from_are_not_those_that_robustness_is_measured_with() -> None:
    def of(package: object, name: str) -> dict[str, object]:
        return tomllib.loads((Path(package.__file__).parent / name).read_text("utf-8"))  # type: ignore[attr-defined]

    learnt = of(assistant.labelled, "remarks.toml")
    measured = of(assistant.evaluation, "robustness.toml")["distractors"]
    said = {remark.casefold() for part in ("first", "last") for remark in learnt[part]}  # type: ignore[attr-defined]
    assert len(said) == 164
    assert not said & {remark.casefold() for part in ("first", "last") for remark in measured[part]}  # type: ignore[index]
