"""Pairs that the item encoder learns from: what a shopper asked for or had, and the item she turned to next."""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from assistant.dialogue import Intent
from assistant.language_model.packaged import default_cache
from assistant.settings import Settings
from assistant.store import open_store
from assistant.store.history import learnable
from assistant.store.shown import ShownItem, shown_items
from retrieval.errors import SetupError
from retrieval.interactions import by_shopper
from retrieval.ranking_evaluation.folder import read_folder
from retrieval.ranking_evaluation.splits import held_out_items
from retrieval.records import Records

NO_SOURCE = -1
FEWEST_LEARNT, FEWEST_HELD = 200, 50
_FEWEST_WORDS, _MOST_WORDS = 2, 4
_HELD_SHARE = 0.1  # of the shoppers, at most, for each of the two parts that are held out


@dataclass(frozen=True, slots=True)
class Pair:
    """A text, and the item that it should be near.

    Attributes:
        asked: a shopper's words, or the text of the item she had before.
        source: row of that item, `NO_SOURCE` for words.
        item: row of the item she turned to.
        shopper: her id, "" for nobody's; the pairs of one are all learnt from or all held out.
    """

    asked: str
    source: int
    item: int
    shopper: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of one shop.

    Attributes:
        texts: of the items, as they are encoded, by row.
        train: to learn from.
        valid: to stop by.
        test: to decide by, whether the trained encoder is kept.
    """

    texts: tuple[str, ...]
    train: tuple[Pair, ...]
    valid: tuple[Pair, ...]
    test: tuple[Pair, ...]

    def digest(self) -> str:
        """SHA-256 of all of it."""
        return hashlib.sha256(repr((self.texts, self.train, self.valid, self.test)).encode()).hexdigest()


def pairs_of_folder(data: Path, most: int, held: int, seed: int) -> Pairs:
    """Pairs of a log on disk (see `retrieval.ranking_evaluation.folder`), of the training part of its splits alone.

    Neither the events of items that the cold split holds out are learnt from, nor each shopper's last two items: what
    `evaluate ranking` asks in those two splits was not seen.

    Raises:
        SetupError: the folder cannot be read, or holds too few pairs.
    """
    log = read_folder(data, None, default_cache())
    train = held_out_items(log).train
    histories: dict[str, list[int]] = defaultdict(list)
    for who, row in zip(train.shopper.tolist(), train.item.tolist(), strict=True):
        histories[log.shopper_ids[who]].append(row)
    texts = log.items.texts
    return _divided(texts, _consecutive(texts, histories), most, held, seed)


def pairs_of_shop(settings: Settings, most: int, held: int, seed: int) -> Pairs:
    """Pairs of the shop's own interactions, and of what consenting shoppers asked for and then clicked.

    Raises:
        SetupError: there are too few.
    """
    with Records(settings.data_folder) as records:
        items = list(records.items())
        seen = list(records.interactions())
    with closing(open_store(settings)) as store:
        seen += learnable(store)
        shown = shown_items(store)
    texts = tuple(item.text() for item in items)
    row_of = {item.item_id: row for row, item in enumerate(items)}
    histories = {
        who: [row_of[deed.item_id] for deed in deeds if deed.item_id in row_of]
        for who, deeds in by_shopper(seen).items()
    }
    return _divided(texts, [*_consecutive(texts, histories), *_asked(shown, row_of)], most, held, seed)


def _consecutive(texts: Sequence[str], histories: Mapping[str, Sequence[int]]) -> list[Pair]:
    """An item and the next other one of the same shopper; each such pair of hers once."""
    found = {
        (who, before, after)
        for who, rows in histories.items()
        for before, after in pairwise(rows)
        if texts[before] != texts[after]
    }
    return [Pair(texts[before], before, after, who) for who, before, after in sorted(found)]


def _asked(shown: Sequence[ShownItem], row_of: Mapping[str, int]) -> list[Pair]:
    """What stated a new need, and an item that was shown for it and taken up."""
    return [
        Pair(one.utterance, NO_SOURCE, row_of[one.item_id], one.shopper_id)
        for one in shown
        if one.deeds and one.intent is Intent.FIND and one.item_id in row_of
    ]


def _divided(texts: tuple[str, ...], pairs: Sequence[Pair], most: int, held: int, seed: int) -> Pairs:
    rng = random.Random(seed)
    shoppers = sorted({pair.shopper for pair in pairs})
    rng.shuffle(shoppers)
    theirs: dict[str, list[Pair]] = {who: [] for who in shoppers}
    for pair in pairs:
        theirs[pair.shopper].append(pair)
    parts: list[tuple[Pair, ...]] = []
    for _ in ("test", "valid"):
        number, chosen = int(_HELD_SHARE * len(theirs)), list[Pair]()
        while len(chosen) < held and number > 0:
            chosen += theirs.pop(shoppers.pop())
            number -= 1
        parts.append(tuple(chosen[:held]))
    train = [pair for who in shoppers for pair in theirs[who]]
    rng.shuffle(train)
    if len(train) < FEWEST_LEARNT or min(map(len, parts)) < FEWEST_HELD:
        shoppers = sorted({pair.shopper for pair in pairs})
        raise SetupError(
            f"There are {len(pairs):,} pairs of items that one shopper turned to, of {len(shoppers):,} shoppers: too "
            "few to train the encoder, and to tell whether that helped.",
            "Ingest a longer interaction log (python -m assistant ingest PATH), or name one with --data.",
        )
    return Pairs(texts, tuple(train[:most]), valid=parts[1], test=parts[0])


def some_words(text: str, rng: random.Random) -> str:
    """Two to four words of a text in their order, as a shopper would ask for the item."""
    words = text.split()
    number = min(len(words), rng.randint(_FEWEST_WORDS, _MOST_WORDS))
    return " ".join(words[n] for n in sorted(rng.sample(range(len(words)), number)))


def word_pairs(texts: Sequence[str], number: int, rng: random.Random) -> list[Pair]:
    """Some words of an item, and the item: drawn so that an encoder keeps what it knows of short queries."""
    rows = [row for row, text in enumerate(texts) if len(text.split()) > _FEWEST_WORDS]
    drawn = rng.sample(rows, min(number, len(rows)))
    return [Pair(some_words(texts[row], rng), NO_SOURCE, row, "") for row in drawn]


def batches(pairs: Sequence[tuple[str, str]], size: int) -> Iterator[list[tuple[str, str]]]:
    """Pairs of texts in batches, in their order.

    No text stands twice in a batch, on either side: each is what the others of its batch are told apart from. What is
    left at the end with nothing to be told apart from is left out.
    """
    waiting = list(pairs)
    while waiting:
        chosen: list[tuple[str, str]] = []
        used: set[str] = set()
        left: list[tuple[str, str]] = []
        for place, pair in enumerate(waiting):
            if len(chosen) == size:
                left += waiting[place:]
                break
            if used.isdisjoint(pair):
                chosen.append(pair)
                used.update(pair)
            else:
                left.append(pair)
        if len(chosen) < 2:
            return
        yield chosen
        waiting = left
