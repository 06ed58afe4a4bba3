"""A category for items whose feed states none, learned from how the catalogue's titles name things.

A title is brand, name, type and specifications in some order: "Xerox 006R90321 toner cartridge Original Black 6 pc(s)".
Its type is the noun that many titles of many brands end a run of words with ("cartridge"), together with the word
before it where that is common too ("toner cartridge"). What items state as their own attributes' values (colours,
materials), words that follow numbers (units), and names that one brand alone uses are no types. Learned paths have two
levels, general first: ("Cartridge", "Toner cartridge"). A category that other items state wins over a learned one.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from retrieval.catalogue import CatalogueItem
from retrieval.words import english_ranks, fold, function_words, key, singular, synonym_keys, tokens

Gram = tuple[str, ...]

_LEAST_SHARE = 0.0005  # of all items must share a type, and at least
_LEAST_ITEMS = 5  # so many
_LEAST_BRANDS = 3  # must use its noun, where the shop has as many
_VALUE_SHARE = 0.3  # of a word's titles state it as their own attribute's value: then it is a value
_NOUN_VALUE_SHARE = 0.6  # the same for a word that has a plural, which may name a type as well ("paper")
_UNIT_SHARE = 0.5  # of a word's occurrences follow a number: then it is a unit
_PLURAL_SHARE = 0.02  # of a noun's titles have it in the plural, at least: adjectives have none
_LEAST_NOUNHOOD = 0.3  # how much a word must look like a type, see `_Titles.nounhood`
_LONGER_SHARE = 0.8  # of a pair's titles have the same third word before it: then all three are the name

_ADJECTIVES = ("able", "al", "ed", "ible", "ic", "ing", "ive", "less")

_WORD = re.compile(r"[^\W\d_]+(?:[-/'’][^\W\d_]+)*")
_AFTER_NUMBER = re.compile(r"(?<!\S)\d[\d.,/x]*[\s-]?([^\W\d_]+(?:/[^\W\d_]+)?)")
_QUALIFIERS = re.compile(r"\s[-–|]\s|[,;(\[]|\b(?:with|for|w/|incl|including|from|by)\b", re.IGNORECASE)


def learn_categories(items: Iterable[CatalogueItem]) -> Mapping[str, tuple[str, ...]]:
    """Learn a category path for every item that states none, where its title names a type.

    Args:
        items: the whole catalogue; stated categories are used as they are.

    Returns:
        Path by item id, general first, for items without a category only. What no type was found for is missing.
    """
    catalogue = list(items)
    waiting = [item for item in catalogue if not item.category]
    if not waiting:
        return {}
    titles = _Titles.of(catalogue)
    stated = _stated_paths(catalogue)
    learned = {}
    for item in waiting:
        path = titles.path(item, stated)
        if path:
            learned[item.item_id] = path
    return learned


def _stated_paths(items: Sequence[CatalogueItem]) -> dict[str, tuple[str, ...]]:
    """The commonest stated path by the key of its last label."""
    paths: defaultdict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for item in items:
        if item.category and item.category_stated:
            paths[key(item.category[-1])][item.category] += 1
    return {label: counts.most_common(1)[0][0] for label, counts in paths.items()}


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a title as written, and folded to its singular."""

    written: str
    singular: str


@dataclass(slots=True)
class _Titles:
    """What the titles of a catalogue have in common."""

    items: int = 0
    values: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    brand_names: frozenset[str] = frozenset()
    brands: int = 0
    no_type: dict[str, bool] = field(default_factory=dict)
    titled: Counter[str] = field(default_factory=Counter)
    plural: Counter[str] = field(default_factory=Counter)
    used: Counter[str] = field(default_factory=Counter)
    lower: Counter[str] = field(default_factory=Counter)
    upper: Counter[str] = field(default_factory=Counter)
    grams: Counter[Gram] = field(default_factory=Counter)
    brands_of: defaultdict[Gram, set[str]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def of(cls, items: Sequence[CatalogueItem]) -> _Titles:
        """Count the titles of a catalogue: first its words, then the runs of words that may name a type."""
        titles = cls(items=len(items))
        brands = {fold(item.brand) for item in items if item.brand}
        titles.brands = len(brands)
        titles.brand_names = frozenset(brand for brand in brands if " " not in brand)
        titles._count_words(items)
        for item in items:
            for run in titles.runs(item):
                titles._count_run(run, item.brand or "")
        return titles

    def _count_words(self, items: Sequence[CatalogueItem]) -> None:
        stated: Counter[str] = Counter()
        after_number: Counter[str] = Counter()
        for item in items:
            written = {fold(word) for word in _WORD.findall(item.title)}
            words = {singular(word) for word in written}
            self.titled.update(words)
            self.plural.update(singular(word) for word in written if singular(word) != word)
            stated.update(words & _value_words(item))
            after_number.update({singular(fold(unit)) for unit in _AFTER_NUMBER.findall(item.title)})
        self.values = frozenset(
            word
            for word, count in stated.items()
            if count >= 3
            and count >= (_NOUN_VALUE_SHARE if self._has_plural(word) else _VALUE_SHARE) * self.titled[word]
        )
        self.units = frozenset(w for w, count in after_number.items() if count >= _UNIT_SHARE * self.titled[w])

    def _has_plural(self, word: str) -> bool:
        return self.plural[word] >= max(1, _PLURAL_SHARE * self.titled[word])

    def runs(self, item: CatalogueItem) -> list[list[_Word]]:
        """Runs of words of a title that may name a type: before what qualifies it, between numbers, values, names."""
        title = item.title
        if item.brand and title.casefold().startswith(item.brand.casefold()):
            title = title[len(item.brand) :]
        qualifier = _QUALIFIERS.search(title, 1)
        runs: list[list[_Word]] = [[]]
        for written in title[: qualifier.start() if qualifier else None].split():
            bare = written.strip(".:!?\"'*")
            folded = fold(bare)
            word = _Word(bare, singular(folded))
            if _WORD.fullmatch(bare) and len(bare) > 1 and not self._names_no_type(folded, word.singular):
                runs[-1].append(word)
            elif word.singular in self.values and self._has_plural(word.singular):
                runs[-1] = []  # a noun that is also a value: what stands before it only qualifies it
            else:
                runs.append([])
        return [run for run in runs if run]

    def _names_no_type(self, folded: str, word: str) -> bool:
        known = self.no_type.get(folded)
        if known is None:
            known = self.no_type[folded] = (
                word in self.values
                or word in self.units
                or folded in self.brand_names
                or folded in function_words()
                or any(other in self.values for other in synonym_keys(tokens(folded)))
            )
        return known

    def _count_run(self, run: Sequence[_Word], brand: str) -> None:
        for word in run:
            self.used[word.singular] += 1
            self.lower[word.singular] += word.written.islower()
            self.upper[word.singular] += word.written.isupper()
        for length in range(1, min(3, len(run)) + 1):
            gram = tuple(word.singular for word in run[-length:])
            self.grams[gram] += 1
            self.brands_of[gram].add(brand)

    def nounhood(self, word: str) -> float:
        """How much a word looks like the noun of a type, 0 to about 3.

        It ends the runs it is in, is frequent, is written in lower case where names are not, and has a plural somewhere
        or at least no adjective's ending. An acronym that English doesn't know is none.
        """
        least = max(_LEAST_ITEMS, _LEAST_SHARE * self.items)
        gram = (word,)
        if self.grams[gram] < least or len(self.brands_of[gram]) < min(_LEAST_BRANDS, self.brands):
            return 0.0
        if self.upper[word] > 0.5 * self.used[word] and word not in english_ranks():
            return 0.0
        if not self.plural[word] and (self.lower[word] < 0.5 * self.used[word] or word.endswith(_ADJECTIVES)):
            return 0.0
        ending = (self.grams[gram] / self.used[word]) ** 2
        lower = 0.4 + 0.6 * self.lower[word] / self.used[word]
        return float(ending * lower * self.grams[gram] ** 0.25)

    def path(self, item: CatalogueItem, stated: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """The category that a title names; () when it names none."""
        runs = self.runs(item)
        for run in runs:
            for length in range(len(run), 0, -1):
                known = stated.get("".join(word.singular for word in run[-length:]))
                if known:
                    return known
        nouns = [(self.nounhood(run[-1].singular) * (1.5 if run[-1].written.islower() else 1.0), run) for run in runs]
        best = max(nouns, key=lambda pair: pair[0], default=(0.0, []))
        if best[0] < _LEAST_NOUNHOOD:
            return ()
        return self._labels(tuple(word.singular for word in best[1]))

    def _labels(self, run: Gram) -> tuple[str, ...]:
        noun, pair, triple = run[-1:], run[-2:], run[-3:]
        least = max(_LEAST_ITEMS, _LEAST_SHARE * self.items)
        if len(pair) < 2 or self.grams[pair] < least or len(self.brands_of[pair]) < min(2, self.brands):
            return (_label(noun),)
        if len(triple) == 3 and self.grams[triple] >= _LONGER_SHARE * self.grams[pair]:
            pair = triple
        return _label(noun), _label(pair)


def _value_words(item: CatalogueItem) -> set[str]:
    """Singulars of the words that an item states as short attribute values, and of the features it has.

    The last word of a value of two is what kind of thing it is ("sleeve case"), and may name a type.
    """
    words: set[str] = set()
    for attribute in item.attributes.values():
        if attribute.number is not None or attribute.name in ("product type", "type of product", "category"):
            continue
        for value in attribute.values:
            if value in ("yes", "true"):
                words.add(singular(attribute.name))
            elif value.count(" ") <= 1 and len(value) < 25:
                written = value.split()
                words.update(singular(word) for word in (written[:-1] if len(written) == 2 else written))
    return words


def _label(gram: Gram) -> str:
    return " ".join(gram).capitalize()
