"""The catalogue's attributes by name, value and number, and the constraint that a shopper's words about one mean."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from retrieval.catalogue import Attribute
from retrieval.query import AttributeConstraint, Comparison
from retrieval.units import Quantity, parse_quantity
from retrieval.vocabulary.labels import similar_key
from retrieval.vocabulary.numeric_phrases import NumericPhrase
from retrieval.vocabulary.synonyms import Synonyms
from retrieval.words import Token, function_words, key, key_of, singular, synonym_keys, tokens, word_data

Pair = tuple[str, str]  # name and value
Place = tuple[str, str | None]  # name and unit of a numeric attribute

_AFFIRMED = ("yes", "true")
_DENIED = ("no", "false")
_LONGEST_VALUE = 40  # characters; longer values are prose, which nobody asks for word by word
_SAMPLED_TEXTS = 50
# how far, as a logarithm of the ratio, a number that comes without a name may lie from all values of an attribute and
# still be about it: "5 year old" is no battery life
_FARTHEST_EQUAL = 0.5
_FARTHEST_BOUND = 3.0


@dataclass(frozen=True, slots=True)
class NumericMatch:
    """A numeric phrase with its attribute found: the constraints, and the words it spans."""

    name: str
    constraints: tuple[AttributeConstraint, ...]
    start: int
    end: int


class AttributeTable:
    """What the items state, countable. Grows with `include`; names and values are those of `Attribute`."""

    def __init__(self, synonyms: Synonyms) -> None:
        self._synonyms = synonyms
        self._counts: dict[Pair, int] = {}
        self._unread: list[Pair] = []
        self._pairs_of_key: defaultdict[str, list[Pair]] = defaultdict(list)
        self._keys_by_letter: defaultdict[str, list[str]] = defaultdict(list)
        self._names_with_word: defaultdict[str, set[str]] = defaultdict(set)
        self._numbers: defaultdict[Place, list[tuple[int, float]]] = defaultdict(list)
        self._columns: dict[Place, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
        self._texts: defaultdict[Place, list[tuple[str, float]]] = defaultdict(list)

    def include(self, ordinal: int, attributes: Collection[Attribute]) -> None:
        """Count an item's attributes; `ordinal` is the item's running number."""
        counts = self._counts
        for attribute in attributes:
            if attribute.number is None:
                for value in attribute.values:
                    pair = attribute.name, value
                    count = counts.get(pair, 0)
                    counts[pair] = count + 1
                    if not count:
                        self._unread.append(pair)
            else:
                place = attribute.name, attribute.unit
                if place not in self._numbers:
                    self._note_name(attribute.name)
                self._numbers[place].append((ordinal, attribute.number))
                if len(self._texts[place]) < _SAMPLED_TEXTS:
                    self._texts[place].append((attribute.text, attribute.number))

    def _read(self) -> None:
        """Make what was included lately findable: its keys are made at the first question after it."""
        while self._unread:
            pair = self._unread.pop()
            self._note_name(pair[0])
            asked = _asked_by(*pair)
            if asked and not asked.isdigit():
                if asked not in self._pairs_of_key:
                    self._keys_by_letter[asked[0]].append(asked)
                self._pairs_of_key[asked].append(pair)

    def _note_name(self, name: str) -> None:
        for word in words_of_name(name):
            self._names_with_word[word].add(name)

    # words

    def find_word(self, words: Sequence[Token], least: int = 1) -> AttributeConstraint | None:
        """The constraint that words without a number mean: "blue", "colour blue", "waterproof".

        All of the words have to be accounted for, and at least so many items have to state it.
        """
        self._read()
        for keys in (self._synonyms.keys(words), (key_of(words),), synonym_keys(words)):
            for candidate in keys:
                pairs = self._pairs_of_key.get(candidate, ())
                if sum(self._counts[pair] for pair in pairs) >= max(1, least):
                    return self._constraint(pairs)
        return self._find_named(words)

    def find_similar(self, words: Sequence[Token], least: int = 1) -> AttributeConstraint | None:
        """The constraint that words with a typing error mean, as `Labels.find_similar` forgives it."""
        self._read()
        typed = key_of(words)
        similar = similar_key(typed, self._keys_by_letter.get(typed[:1], ()))
        pairs = self._pairs_of_key.get(similar, ()) if similar else ()
        return self._constraint(pairs) if sum(self._counts[pair] for pair in pairs) >= max(1, least) else None

    def _find_named(self, words: Sequence[Token]) -> AttributeConstraint | None:
        """Name and value together, in either order: "blue colour", "size m"."""
        for cut in range(1, len(words)):
            for name_words, value_words in ((words[:cut], words[cut:]), (words[cut:], words[:cut])):
                names = self._names_with(name_words)
                pairs = [pair for pair in self._pairs_of_key.get(key_of(value_words), ()) if pair[0] in names]
                if pairs:
                    said = {token.key for token in name_words}
                    return self._constraint([pair for pair in pairs if words_of_name(pair[0]) == said] or pairs)
        return None

    def _constraint(self, pairs: Sequence[Pair]) -> AttributeConstraint:
        """The value most items state; its name stays open where several have it, unless the name was said ("yes")."""
        name, value = max(pairs, key=lambda pair: self._counts[pair])
        open_name = len({name for name, _ in pairs}) > 1 and value not in _AFFIRMED
        return AttributeConstraint(name=None if open_name else name, comparison=Comparison.IS, value=value)

    def _names_with(self, words: Sequence[Token]) -> list[str]:
        """Names that hold all of these words, or a synonym of them; function words aside."""
        wanted = [t for t in words if t.word not in function_words()]
        if not wanted:
            return []
        renamed = word_data()["attribute_names"]
        groups = [
            self._names_with_word.get(t.key, set()) | self._names_with_word.get(renamed.get(t.key, t.key), set())
            for t in wanted
        ]
        return sorted(set.intersection(*groups))

    # numbers

    def find_number(self, phrase: NumericPhrase, members: NDArray[np.int64] | None) -> NumericMatch | None:
        """The attribute that a numeric phrase means, and the bounds on it.

        With a unit: of the attributes in that dimension the one that the words nearby name, else the one usual for
        the dimension, else the one whose values hold the number or lie nearest to it ("512 GB": storage, where
        memories end at 64). A plain number needs the attribute's name right beside it.

        Args:
            phrase: what was said.
            members: ordinals of the items of the category in force, ascending; None: the whole shop.
        """
        quantity = phrase.bounds[0].quantity
        if quantity.unit is None:
            return self._find_plain(phrase, members)
        places = self._places(quantity.unit, members) or self._counted(quantity.unit, members)
        if not places:
            return None
        nearby = _nearby_keys(phrase)
        place = max(places, key=lambda p: self._fit(p, phrase, nearby, members))
        if not words_of_name(place[0]) & nearby:
            far = _FARTHEST_EQUAL if phrase.bounds[0].comparison is Comparison.IS else _FARTHEST_BOUND
            if _distance(self._values(place, members), quantity.number) > far:
                return None
        return self._match(place, phrase, members, 1.0)

    def _counted(self, unit: str, members: NDArray[np.int64] | None) -> list[Place]:
        """Plain numbers that count such things: "4 people" is what a tent "sleeps"."""
        names = {name for group in word_data()["dimension_names"].get(unit, []) for name in group}
        return [place for place in self._places(None, members) if words_of_name(place[0]) & names]

    def _places(self, unit: str | None, members: NDArray[np.int64] | None) -> list[Place]:
        places = [place for place in self._numbers if place[1] == unit]
        within = [place for place in places if members is not None and len(self._values(place, members))]
        return within or places

    def _values(self, place: Place, members: NDArray[np.int64] | None) -> NDArray[np.float64]:
        ordinals, numbers = self._column(place)
        return numbers if members is None else numbers[np.isin(ordinals, members)]

    def _column(self, place: Place) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        pairs = self._numbers[place]
        column = self._columns.get(place)
        if column is None or len(column[0]) != len(pairs):
            ordinals, numbers = zip(*pairs, strict=True)
            column = self._columns[place] = np.array(ordinals, dtype=np.int64), np.array(numbers, dtype=np.float64)
        return column

    def _fit(
        self, place: Place, phrase: NumericPhrase, nearby: frozenset[str], members: NDArray[np.int64] | None
    ) -> tuple[float, ...]:
        """How well an attribute suits a phrase: compared part by part, the larger the better."""
        name_keys = words_of_name(place[0])
        data = word_data()
        usual = data["dimension_names"].get(place[1], [])
        group = next((i for i, names in enumerate(usual) if name_keys & set(names)), len(usual))
        packing = len(name_keys & set(data["packing_words"]) - nearby)
        values = self._values(place, members)
        far = _distance(values, phrase.bounds[0].quantity.number)
        return len(name_keys & nearby) - packing, -group, -far, -len(name_keys - nearby), len(values)

    def _find_plain(self, phrase: NumericPhrase, members: NDArray[np.int64] | None) -> NumericMatch | None:
        before = [t for t in phrase.before if t.word not in function_words()]
        for words in (before, before[-1:], phrase.after[:2], phrase.after[:1]):
            names = set(self._names_with(words))
            unsaid = {name: len(words_of_name(name)) - len(words) for name in names}
            places = [place for place in self._numbers if unsaid.get(place[0], 2) <= 1]
            if places:
                place = min(places, key=lambda p: (unsaid[p[0]], -len(self._values(p, members))))
                return self._match(place, phrase, members, self._stated_factor(place))
        return None

    def _stated_factor(self, place: Place) -> float:
        """Canonical units in one of the unit that the feed mostly writes this attribute in."""
        if place[1] is None:
            return 1.0
        factors: Counter[float] = Counter()
        for text, number in self._texts[place]:
            plain = parse_quantity("".join(c for c in text.split("(")[0] if c.isdigit() or c == "."))
            if plain is not None and plain.number:
                factors[float(f"{number / plain.number:.4g}")] += 1
        return factors.most_common(1)[0][0] if factors else 1.0

    def _match(
        self,
        place: Place,
        phrase: NumericPhrase,
        members: NDArray[np.int64] | None,
        factor: float,
    ) -> NumericMatch:
        name, unit = place
        named = words_of_name(name) | {"of"}
        start, end = phrase.start, phrase.end
        for token in reversed(phrase.before):
            if not _names(token, named):
                break
            start = token.start
        for token in phrase.after:
            if not _names(token, named):
                break
            end = token.end
        bounds = [(b.comparison, b.quantity.number * factor) for b in phrase.bounds]
        if phrase.next_whole is not None:
            bounds = self._loosened(place, bounds[0][1], phrase.next_whole, members, factor)
        constraints = tuple(
            AttributeConstraint(name=name, comparison=comparison, number=number, unit=unit)
            for comparison, number in bounds
        )
        return NumericMatch(name, constraints, start, end)

    def _loosened(
        self,
        place: Place,
        number: float,
        following: Quantity,
        members: NDArray[np.int64] | None,
        factor: float,
    ) -> list[tuple[Comparison, float]]:
        """A bare whole number is that number; where no item has it, what it is short for: 15.6 inches are "15 inch"."""
        values = self._values(place, members)
        above = following.number * factor
        exact = np.any(np.isclose(values, number, rtol=1e-6))
        if exact or not np.any((values > number) & (values < above)):
            return [(Comparison.IS, number)]
        return [(Comparison.AT_LEAST, number), (Comparison.LESS_THAN, above)]


def _asked_by(name: str, value: str) -> str:
    """The key of the words that ask for a value: of a feature its name; "" for what nobody asks for by a word."""
    if value in _AFFIRMED:
        return key(name)
    return "" if value in _DENIED or len(value) > _LONGEST_VALUE else key(value)


@cache
def words_of_name(name: str) -> frozenset[str]:
    """Keys of the words of an attribute's name."""
    return frozenset(token.key for token in tokens(name))


def _nearby_keys(phrase: NumericPhrase) -> frozenset[str]:
    """Keys of the words that may name the attribute, and of what else they are called."""
    renamed = word_data()["attribute_names"]
    words = {t.key for t in (*phrase.before, *phrase.after)} | {singular(w) for w in phrase.hint.casefold().split()}
    return frozenset(words | {renamed[w] for w in words if w in renamed})


def _names(token: Token, named: Collection[str]) -> bool:
    return token.key in named or word_data()["attribute_names"].get(token.key) in named


def _distance(values: NDArray[np.float64], number: float) -> float:
    """How far a number lies from the values: 0 when it is one of them, else the least ratio's logarithm."""
    positive = values[values > 0]
    if not len(positive) or number <= 0:
        return math.inf
    return float(np.round(np.abs(np.log(positive / number)).min(), 3))
