"""What the baselines are trained on, and the baselines trained."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from assistant.dialogue import Slots
from assistant.evaluation.baselines import Classifier, ClassifierSystem, Embeddings, Features, TfIdf, said
from assistant.evaluation.examples import Example
from assistant.evaluation.systems import System
from retrieval.embedding import TextEncoder

if TYPE_CHECKING:
    from assistant.labelled.examples import Situation

MOST_TRAINED = 5000
_BEGUN = ("...", "...")


def packaged_training_examples() -> list[Example]:
    """What the language model is fine-tuned on: `assistant.labelled`, hand-written first, `MOST_TRAINED` in all."""
    from assistant.labelled.generate import by_hand, generate

    hand = by_hand("train")
    drawn = (*hand, *generate(MOST_TRAINED - len(hand), "train"))
    return [
        Example(f"labelled-{place}", one.text, one.intent, one.slots, _BEGUN if _has_begun(one.situation) else ())
        for place, one in enumerate(drawn)
    ]


def _has_begun(situation: Situation) -> bool:
    """Whether anything was said or shown before; the training data does not keep the words."""
    return bool(situation.page or situation.offered) or situation.need != Slots()


def train_baselines(
    examples: Sequence[Example], encoder: TextEncoder, slots: System, say: Callable[[str], None]
) -> list[ClassifierSystem]:
    """TF-IDF and embeddings, each with logistic regression, trained on the examples; slots are another system's.

    Args:
        examples: of which at most `MOST_TRAINED` are drawn, always the same ones.
        encoder: of sentences.
        slots: the rules.
        say: progress.
    """
    if len(examples) > MOST_TRAINED:
        examples = random.Random(0).sample(list(examples), MOST_TRAINED)
    texts, labels = [said(one) for one in examples], [one.intent.value for one in examples]
    features: dict[str, Features] = {"tfidf + lr": TfIdf(), "embeddings + lr": Embeddings(encoder)}
    trained = []
    for name, feature in features.items():
        say(f"training {name} on {len(texts):,} examples")
        trained.append(ClassifierSystem(name, Classifier(feature).fit(texts, labels), slots))
    return trained
