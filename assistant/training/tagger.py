"""Trains the tagger on the labelled utterances: low-rank matrices in the encoder, and the heads over it."""

from __future__ import annotations

import copy
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from assistant.evaluation.open_shop import open_shop
from assistant.labelled.again import DISTURBED, again
from assistant.labelled.examples import Example
from assistant.labelled.generate import SEED, by_hand, generate
from assistant.labelled.shelves import items
from assistant.language_model.packaged import Report, sha256
from assistant.tagger.network import Heads, encoded
from assistant.tagger.tagger import tokenizer
from assistant.tagger.tags import decode, spans_of
from assistant.training.tag_chain import chain_loss
from assistant.training.tagger_lessons import Batch, Lesson, batches, collate, lesson
from assistant.training.tagger_weights import go_on_from, parts_of, with_low_rank, write
from retrieval.embedding import Encoder
from retrieval.vocabulary import Vocabulary

_OPEN = 0.6  # the share of lessons read with the words of the open shop; the others with those of the generator's shops
_TAGS, _EDIT = 0.25, 0.3  # weights in the loss, beside the intent's 1
_SMOOTHING = 0.05
_WARM_UP = 0.06  # of the steps
_HEADS_RATE = 1e-3
_MEASURED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class TaggerRecipe:
    """The settings of one training.

    Attributes:
        generated: utterances; all those of the training split that were written by hand come on top.
        hand_weight: of an utterance written by hand, in the loss; a generated one weighs 1.
        rank: of the low-rank matrices; their scale is 2.
        epochs: passes over the lessons.
        batch: lessons of one step.
        learning_rate: of the low-rank matrices.
        seed: of the data, the order and the first weights.
    """

    generated: int = 4000
    hand_weight: float = 2.0
    rank: int = 32
    epochs: int = 12
    batch: int = 32
    learning_rate: float = 8e-4
    seed: int = SEED


@dataclass(frozen=True, slots=True)
class Measured:
    """How a network does on lessons: shares of utterances.

    Attributes:
        intent, edit: right.
        spans: every tagged span right.
        all_right: intent and every span.
        logits: of the intents, (lessons, 10).
        wanted: right intents, (lessons,).
    """

    intent: float
    edit: float
    spans: float
    all_right: float
    logits: torch.Tensor
    wanted: torch.Tensor

    def as_json(self) -> dict[str, float]:
        """The shares."""
        return {name: round(getattr(self, name), 4) for name in ("intent", "edit", "spans", "all_right")}


def train_tagger(
    out: Path, recipe: TaggerRecipe | None = None, *, start: Path | None = None, report: Report
) -> dict[str, Any]:
    """Train, keep the best epoch, calibrate, write `tagger.safetensors` and `card.json`.

    Args:
        out: folder to write to.
        recipe: None: as the fields of `TaggerRecipe` say.
        start: weights that an earlier training wrote, to go on from; None: the encoder's own and new heads.
        report: receives progress lines.

    Returns:
        The card.

    Raises:
        SetupError: `start` was made for another encoder, or has another rank.
    """
    recipe = recipe or TaggerRecipe()
    began = time.time()
    torch.manual_seed(recipe.seed)
    rng = random.Random(recipe.seed)
    encoder = Encoder()
    report("Reading the labelled utterances ...")
    lessons = _Lessons(recipe, tokenizer(encoder.folder), rng)
    held = lessons.held()
    report(f"some {len(lessons):,} to learn from in each epoch; {len(held)} held")
    network = with_low_rank(encoder.folder, recipe.rank)
    heads = Heads(network.config.hidden_size)
    if start is not None:
        go_on_from(start, network, heads, encoder.fingerprint)
    best, history = -1.0, list[dict[str, float]]()
    kept: tuple[dict[str, torch.Tensor], float] | None = None

    def measure_epoch(epoch: int) -> None:
        nonlocal best, kept
        result = measure(network, heads, held)
        history.append(result.as_json())
        report(f"epoch {epoch}: {json.dumps(history[-1])}, {time.time() - began:.0f} s")
        if result.all_right > best:
            best = result.all_right
            kept = copy.deepcopy(parts_of(network, heads)), _temperature(result.logits, result.wanted)

    _fit(network, heads, lessons, recipe, rng, measure_epoch)
    assert kept is not None
    parts, temperature = kept
    file = write(parts, temperature, out, encoder.fingerprint)
    card = {
        "command": _command(recipe, start),
        "recipe": asdict(recipe),
        "started from": None if start is None else sha256(start),
        "utterances": {"generated": recipe.generated, "by hand": len(by_hand("train"))},
        "held": {"n": len(held), "written by": "an author who had not seen the rest", "by epoch": history},
        "temperature": round(temperature, 3),
        "seconds": round(time.time() - began),
        "sha256": sha256(file),
    }
    (out / "card.json").write_text(json.dumps(card, indent=1) + "\n", "utf-8")
    report(f"Written to {out}.")
    return card


class _Lessons:
    """The lessons of each epoch: all labelled utterances, and some of those written by hand disturbed in a new way."""

    def __init__(self, recipe: TaggerRecipe, tokens: Any, rng: random.Random) -> None:
        self._tokens, self._rng = tokens, rng
        self._wide, self._narrow = Vocabulary.learn(open_shop()), Vocabulary.learn(items())
        self._fixed = self._told(by_hand("train"), recipe.hand_weight)
        self._fixed += self._told(list(generate(recipe.generated, "train", recipe.seed)), 1.0)

    def __len__(self) -> int:
        """How many an epoch has, give or take the draw of those that are disturbed."""
        return len(self._fixed) + round(DISTURBED * len(by_hand("train")))

    def of_epoch(self) -> list[Lesson]:
        """In no order that matters."""
        return self._fixed + self._told(list(again(by_hand("train"), self._rng)), 1.0)

    def held(self) -> list[Lesson]:
        """Those written by hand for validation."""
        return [lesson(example, self._wide, self._tokens) for example in by_hand("validation")]

    def _told(self, examples: Sequence[Example], weight: float) -> list[Lesson]:
        vocabularies = [self._wide if self._rng.random() < _OPEN else self._narrow for _ in examples]
        return [lesson(e, v, self._tokens, weight) for e, v in zip(examples, vocabularies, strict=True)]


def _fit(
    network: Any,
    heads: Heads,
    lessons: _Lessons,
    recipe: TaggerRecipe,
    rng: random.Random,
    after_epoch: Callable[[int], None],
) -> None:
    low_rank = [part for part in network.parameters() if part.requires_grad]
    groups = [
        {"params": low_rank, "lr": recipe.learning_rate},
        {"params": heads.parameters(), "lr": _HEADS_RATE},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    steps = recipe.epochs * -(-len(lessons) // recipe.batch)

    def pace(step: int) -> float:
        return min(1.0, (step + 1) / (steps * _WARM_UP)) * max(0.0, 1 - step / steps)

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, pace)
    for epoch in range(1, recipe.epochs + 1):
        network.train(), heads.train()
        for told in batches(lessons.of_epoch(), recipe.batch, rng):
            loss = _loss(network, heads, collate(told, rng))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_([*low_rank, *heads.parameters()], 1.0)
            optimizer.step()
            schedule.step()
        after_epoch(epoch)


def _scores(network: Any, heads: Heads, batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    hidden = encoded(network, batch.ids, batch.kinds, batch.attended)
    scores: tuple[torch.Tensor, torch.Tensor, torch.Tensor] = heads(hidden, batch.spoken, batch.marks, batch.whole)
    return scores


def _loss(network: Any, heads: Heads, batch: Batch) -> torch.Tensor:
    intents, edits, tags = _scores(network, heads, batch)
    intent = cross_entropy(intents, batch.intents, reduction="none", label_smoothing=_SMOOTHING)
    edit = cross_entropy(edits, batch.edits, reduction="none")
    words = chain_loss(tags, heads.follow, batch.tags)
    return ((intent + _EDIT * edit + _TAGS * words) * batch.weights).mean()


def measure(network: Any, heads: Heads, lessons: Sequence[Lesson]) -> Measured:
    """How a network does on lessons; the order of `logits` is that of `batches`."""
    network.eval(), heads.eval()
    logits, wanted = [], []
    right = np.zeros(3)
    everything = 0.0
    with torch.inference_mode():
        for chosen in batches(lessons, _MEASURED_AT_ONCE):
            batch = collate(chosen)
            intents, edits, tags = _scores(network, heads, batch)
            logits.append(intents)
            wanted.append(batch.intents)
            scores, follow = tags.numpy(), heads.follow.numpy()
            for row, one in enumerate(chosen):
                found = {(s.kind, s.start, s.end) for s in decode(scores[row][one.line.first], follow, one.line.words)}
                meant = {(s.kind, s.start, s.end) for s in spans_of(one.tags, one.line.words)}
                intent = int(intents[row].argmax()) == one.intent
                right += intent, int(edits[row].argmax()) == one.edit, found == meant
                everything += intent and found == meant
    intent_right, edit_right, spans_right = (right / len(lessons)).tolist()
    everything /= len(lessons)
    return Measured(intent_right, edit_right, spans_right, everything, torch.cat(logits), torch.cat(wanted))


def _command(recipe: TaggerRecipe, start: Path | None) -> str:
    """What makes these weights again."""
    go_on = "" if start is None else " --start FILE"
    rest = f"--epochs {recipe.epochs} --learning-rate {recipe.learning_rate:g}"
    return f"python -m assistant train tagger{go_on} {rest} --out FOLDER"


def _temperature(logits: torch.Tensor, wanted: torch.Tensor) -> float:
    """What the intents' scores are divided by, so that a probability means what it says on what was held."""
    return float(min(np.arange(0.4, 3.0, 0.02), key=lambda t: float(cross_entropy(logits / t, wanted))))
