"""Draws the labelled utterances: seeded, each different, training and validation apart in words and phrases."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.resources import files

from assistant.labelled import apart, changes, needs, notation, talk
from assistant.labelled.draft import Draft
from assistant.labelled.examples import Example
from assistant.labelled.marks import Piece, meaning, pieces, visible
from assistant.labelled.noise import noisy
from assistant.labelled.phrases import Split
from assistant.labelled.voice import Voice

SEED = 20261124
_HELD = "validation.txt"  # written by somebody who had not seen the rest

# how many examples of each kind, of 1,000
_SHARES: tuple[tuple[Callable[[Voice], Draft], int], ...] = (
    (needs.find, 310),
    (changes.refine, 205),
    (talk.ask, 95),
    (talk.compare, 55),
    (talk.explain, 50),
    (talk.select, 65),
    (apart.privacy, 45),
    (apart.service, 65),
    (apart.chitchat, 35),
    (apart.out_of_scope, 67),
    (apart.injected_need, 8),
)


def generate(count: int, split: Split, seed: int = SEED) -> Iterator[Example]:
    """Generated examples, no two with the same letters; kinds in fixed shares, in random order.

    Args:
        count: about how many; each kind gives its share of it, fewer where its phrases run out.
        split: "train" or "validation": disjoint categories, brands, properties and phrases.
        seed: the same seed, the same examples.
    """
    rng = random.Random(f"{seed} {split}")
    seen: set[str] = set()
    made: list[Example] = []
    for draw, share in _SHARES:
        wanted = round(count * share / 1000)
        for _ in range(wanted * 8):
            example = _example(rng, split, draw)
            key = "".join(filter(str.isalnum, example.text.lower())) or example.text
            if key not in seen:
                seen.add(key)
                made.append(example)
                wanted -= 1
            if not wanted:
                break
    rng.shuffle(made)
    yield from made


def _example(rng: random.Random, split: Split, draw: Callable[[Voice], Draft]) -> Example:
    voice = Voice.draw(rng, split)
    draft = draw(voice)
    while not consistent(pieces(draft.marked)):
        draft = draw(voice)
    parts = noisy(rng, pieces(draft.marked))
    slots, dropped = meaning(parts)
    return Example(
        text=visible(parts),
        intent=draft.intent,
        slots=slots,
        dropped=dropped,
        edit=draft.edit,
        accepts=draft.accepts,
        situation=draft.situation,
        source=draft.source,
        shop=voice.shop.name,
        marked=parts,
    )


def consistent(parts: Sequence[Piece]) -> bool:
    """Whether nobody is made to want and not want the same, or to state one limit or order twice."""
    said = [(name, value or piece.text) for piece in parts for name, value in piece.labels if name not in ("d", "cur")]
    values = [value for name, value in said if name in ("a", "na", "b", "nb")]
    single = [name for name, _ in said if name in ("c", "s", "hi", "lo", "q")]
    return len(set(values)) == len(values) and len(set(single)) == len(single)


@cache
def by_hand(split: Split) -> tuple[Example, ...]:
    """The examples written by hand. Those for validation have an author of their own."""
    folder = files(__package__) / "by_hand"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".txt"))
    chosen = [name for name in names if (name == _HELD) == (split == "validation")]
    return tuple(example for name in chosen for example in notation.read((folder / name).read_text("utf-8"), name))
