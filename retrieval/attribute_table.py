"""The catalogue's attributes by name, value and number, and the constraint that a shopper's words about one mean."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from retrieval.catalogue import Attribute
from retrieval.numeric_phrases import NumericPhrase
from retrieval.query import AttributeConstraint, Comparison
from retrieval.units import Quantity, parse_quantity
from retrieval.words import Token, function_words, key, key_of, singular, synonym_keys, tokens, word_data

_AFFIRMED = ("yes", "true")
_LONGEST_VALUE = 40  # characters; longer values are prose, which nobody asks for word by word
_SAMPLED_TEXTS = 50


@dataclass(frozen=True, slots=True)
class NumericMatch:
    """A numeric phrase with its attribute found: the constraints, and the words it spans."""

    name: str
    constraints: tuple[AttributeConstraint, ...]
    start: int
    end: int


class AttributeTable:
    """What the items state, countable. Grows with `include`; names and values are those of `Attribute`."""

    def __init__(self) -> None:
        self._named_values: Counter[tuple[str, str]] = Counter()
        self._numbers: defaultdict[tuple[str, str | None], list[tuple[int, float]]] = defaultdict(list)
        self._texts: defaultdict[tuple[str, str | None], list[tuple[str, float]]] = defaultdict(list)

    def include(self, ordinal: int, attributes: Collection[Attribute]) -> None:
        """Count an item's attributes; `ordinal` is the item's running number."""
        for attribute in attributes:
            if attribute.number is None:
                self._named_values.update((attribute.name, value) for value in attribute.values)
            else:
                place = attribute.name, attribute.unit
                self._numbers[place].append((ordinal, attribute.number))
                if len(self._texts[place]) < _SAMPLED_TEXTS:
                    self._texts[place].append((attribute.text, attribute.number))
        self.__dict__.pop("_index", None)

    @cached_property
    def _index(self) -> _Index:
        return _Index(Counter(self._named_values), list(self._numbers))

    # words

    def word_keys(self, least: int) -> Iterator[str]:
        """Keys of the values and yes/no attributes that at least so many items state: what a typo can be meant for."""
        return (k for k, names in self._index.names_of_value.items() if max(names.values()) >= least)

    def find_word(self, words: Sequence[Token], least: int = 1) -> AttributeConstraint | None:
        """The constraint that words without a number mean: "blue", "colour blue", "waterproof".

        Args:
            words: all of them have to be accounted for, function words aside.
            least: how many items have to state it.
        """
        for keys in (iter((key_of(words),)), synonym_keys(words)):
            for candidate in keys:
                names = self._index.names_of_value.get(candidate)
                if names and sum(names.values()) >= least:
                    return self._constraint(candidate, names)
        return self._find_named(words)

    def _find_named(self, words: Sequence[Token]) -> AttributeConstraint | None:
        """Name and value together, in either order: "blue colour", "size m"."""
        for cut in range(1, len(words)):
            for name_words, value_words in ((words[:cut], words[cut:]), (words[cut:], words[:cut])):
                value_key = key_of(value_words)
                stated = self._index.names_of_value.get(value_key, {})
                names = {n: stated[n] for n in self._names_with(name_words) if n in stated}
                if names:
                    return self._constraint(value_key, names)
        return None

    def _constraint(self, value_key: str, names: dict[str, int]) -> AttributeConstraint:
        """A value of these attributes; of several the name stays open, unless it is the name that was said ("yes")."""
        name, value = self._index.spelling(value_key, names)
        open_name = len(names) > 1 and value not in _AFFIRMED
        return AttributeConstraint(name=None if open_name else name, comparison=Comparison.IS, value=value)

    def _names_with(self, words: Sequence[Token]) -> list[str]:
        """Names that hold all of these words, or a synonym of them; function words aside."""
        wanted = [t for t in words if t.word not in function_words()]
        if not wanted:
            return []
        renamed = word_data()["attribute_names"]
        groups = [
            self._index.names_with_word.get(t.key, set())
            | self._index.names_with_word.get(renamed.get(t.key, t.key), set())
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
        unit = phrase.bounds[0].quantity.unit
        if unit is None:
            return self._find_plain(phrase, members)
        places = self._places(unit, members)
        if not places:
            return None
        nearby = _nearby_keys(phrase)
        place = max(places, key=lambda p: self._fit(p, phrase, nearby, members))
        return self._match(place, phrase, members, 1.0)

    def _places(self, unit: str | None, members: NDArray[np.int64] | None) -> list[tuple[str, str | None]]:
        places = [place for place in self._index.places if place[1] == unit]
        within = [place for place in places if members is not None and len(self._values(place, members))]
        return within or places

    def _values(self, place: tuple[str, str | None], members: NDArray[np.int64] | None) -> NDArray[np.float64]:
        ordinals, numbers = self._index.columns(place, self._numbers[place])
        return numbers if members is None else numbers[np.isin(ordinals, members)]

    def _fit(
        self,
        place: tuple[str, str | None],
        phrase: NumericPhrase,
        nearby: frozenset[str],
        members: NDArray[np.int64] | None,
    ) -> tuple[float, ...]:
        """How well an attribute suits a phrase: compared part by part, the larger the better."""
        name_keys = self._index.words_of_name(place[0])
        data = word_data()
        usual = data["dimension_names"].get(place[1], [])
        group = next((i for i, names in enumerate(usual) if name_keys & set(names)), len(usual))
        packing = len(name_keys & set(data["packing_words"]) - nearby)
        values = self._values(place, members)
        number = phrase.bounds[0].quantity.number
        return (
            len(name_keys & nearby) - packing,
            -group,
            -_distance(values, number),
            -len(name_keys - nearby),
            len(values),
        )

    def _find_plain(self, phrase: NumericPhrase, members: NDArray[np.int64] | None) -> NumericMatch | None:
        before = [t for t in phrase.before if t.word not in function_words()]
        for words in (before, before[-1:], phrase.after[:2], phrase.after[:1]):
            names = set(self._names_with(words)) if words else set()
            places = [p for p in self._index.places if p[0] in names and self._named_in_full(p[0], words)]
            if places:
                place = max(places, key=lambda p: len(self._values(p, members)))
                return self._match(place, phrase, members, self._stated_factor(place))
        return None

    def _named_in_full(self, name: str, words: Sequence[Token]) -> bool:
        return len(self._index.words_of_name(name)) <= len(words) + 1

    def _stated_factor(self, place: tuple[str, str | None]) -> float:
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
        place: tuple[str, str | None],
        phrase: NumericPhrase,
        members: NDArray[np.int64] | None,
        factor: float,
    ) -> NumericMatch:
        name, unit = place
        named = self._index.words_of_name(name) | {"of"}
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
        place: tuple[str, str | None],
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


class _Index:
    """Look-ups over one state of the table; built at the first question after a change."""

    def __init__(self, named_values: Counter[tuple[str, str]], places: list[tuple[str, str | None]]) -> None:
        self.places = places
        self.names_of_value: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._spellings: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        self._columns: dict[tuple[str, str | None], tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
        self._words_of_name: dict[str, frozenset[str]] = {}
        self.names_with_word: defaultdict[str, set[str]] = defaultdict(set)
        for name in {name for name, _ in named_values} | {name for name, _ in places}:
            for word in self.words_of_name(name):
                self.names_with_word[word].add(name)
        keys = {value: key(value) for value in {v for _, v in named_values} if len(value) <= _LONGEST_VALUE}
        names = {name: key(name) for name in {n for n, _ in named_values}}
        for (name, value), count in named_values.items():
            asked = names[name] if value in _AFFIRMED else keys.get(value, "")
            if asked and not asked.isdigit():
                known = self.names_of_value[asked]
                known[name] = known.get(name, 0) + count
                self._spellings[asked][name, value] += count

    def spelling(self, value_key: str, names: Collection[str]) -> tuple[str, str]:
        """Name and value as most items state it, of the names given."""
        spellings = self._spellings[value_key]
        return max((s for s in spellings if s[0] in names), key=lambda s: spellings[s])

    def words_of_name(self, name: str) -> frozenset[str]:
        """Keys of a name's words."""
        words = self._words_of_name.get(name)
        if words is None:
            words = self._words_of_name[name] = frozenset(t.key for t in tokens(name))
        return words

    def columns(
        self, place: tuple[str, str | None], pairs: list[tuple[int, float]]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Ordinals and numbers of one numeric attribute."""
        columns = self._columns.get(place)
        if columns is None:
            ordinals = np.array([ordinal for ordinal, _ in pairs], dtype=np.int64)
            numbers = np.array([number for _, number in pairs], dtype=np.float64)
            columns = self._columns[place] = ordinals, numbers
        return columns


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
