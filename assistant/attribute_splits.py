"""What an attribute is to be: yes or no, one of its values, one of its few numbers, or a range of its many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.dialogue import Slots
from assistant.explanation.facts import attribute_fact, truth
from assistant.explanation.wording import named
from assistant.plain_text import gives_orders
from assistant.splits import Answer, Key, Split, bounds_between, place_of, range_of
from retrieval.catalogue import Attribute, CatalogueItem
from retrieval.query import Constraints

if TYPE_CHECKING:
    from retrieval.vocabulary import Vocabulary

FEW = 6  # different numbers up to which each is an answer of its own; more are cut into ranges
LONGEST = 30  # characters of a value that fits on a button


def attribute_splits(
    items: Sequence[CatalogueItem], constraints: Constraints, vocabulary: Vocabulary
) -> Iterator[Split]:
    """A split for each attribute of the items that the constraints say nothing of."""
    stated = {a.name for a in (*constraints.attributes, *constraints.excluded_attributes)}
    for name in dict.fromkeys(name for item in items for name in item.attributes):
        values = [item.attributes[name] for item in items if name in item.attributes]
        sayable = not any(len(a.text) > LONGEST or gives_orders(a.text) for a in values)
        if name not in stated and sayable:
            yield _AttributeSplit(name, values, constraints, vocabulary).split()


class _AttributeSplit:
    """The split by one attribute."""

    def __init__(
        self, name: str, values: Sequence[Attribute], constraints: Constraints, vocabulary: Vocabulary
    ) -> None:
        self._name = name
        self._constraints = constraints
        self._vocabulary = vocabulary
        self._unit = next((a.unit for a in values if a.number is not None), None)
        self._numeric = all(a.number is not None and a.unit == self._unit for a in values)
        self._two = all(truth(a) is not None for a in values)
        self._spelled = {a.text.casefold(): a.text for a in values}
        self._texts = {number: a.text for a in reversed(values) if (number := a.number) is not None}
        many = self._numeric and len(self._texts) > FEW
        weighed = [(a.number, 1.0) for a in values if a.number is not None]
        self._bounds = bounds_between(weighed, lambda number: number) if many else []

    def split(self) -> Split:
        """The question, what items answer, and the buttons."""
        if self._bounds:
            return Split(self._question(), self._range_keys, self._range, in_order=True)
        if self._numeric:
            return Split(self._question(), self._number_keys, self._number, in_order=True)
        if self._two:
            return Split(f"{named(self._name).capitalize()} or not?", self._value_keys, self._yes_or_no)
        return Split(self._question(), self._value_keys, self._value)

    def _question(self) -> str:
        how_much = self._unit in ("GB", "ml")
        return f"{'How much' if how_much else 'Which'} {named(self._name)}?"

    def _value_keys(self, item: CatalogueItem) -> Sequence[Key]:
        attribute = item.attributes.get(self._name)
        return () if attribute is None else attribute.values or (attribute.text.casefold(),)

    def _number_keys(self, item: CatalogueItem) -> Sequence[Key]:
        attribute = item.attributes.get(self._name)
        return () if attribute is None or attribute.number is None else (attribute.number,)

    def _range_keys(self, item: CatalogueItem) -> Sequence[Key]:
        return tuple(place_of(float(number), self._bounds) for number in self._number_keys(item))

    def _value(self, key: Key) -> Answer | None:
        value = str(key)
        label = self._spelled.get(value, value)
        for words in (value, f"{self._name} {value}", f"{value} {self._name}"):
            found = self._answer(label[:1].upper() + label[1:], words)
            if found is not None:
                return found
        return None

    def _number(self, key: Key) -> Answer | None:
        text = self._texts[float(key)]
        words = f"{text} {self._name}" if self._unit else f"{self._name} {text}"
        return self._answer(text if self._unit else f"{named(self._name).capitalize()} {text}", words)

    def _range(self, key: Key) -> Answer | None:
        low, high = (None if b is None else self._texts[b] for b in range_of(int(key), self._bounds))
        over, most = f"over {low} {self._name}", f"at most {high} {self._name}"
        if low and high:
            return self._answer(f"{low} to {high}", over, most)
        return self._answer(f"Up to {high}", most) if high else self._answer(f"Over {low}", over)

    def _yes_or_no(self, key: Key) -> Answer | None:
        """With it, or without: the second leaves out what has it, and not what says nothing of it."""
        fact = attribute_fact(Attribute(self._name, "yes", ("yes",)))
        label = fact.rest.capitalize() if fact.verb == "is" else f"With {fact.rest}"
        found = self._answer(label, self._name)
        if found is None or key in ("yes", "true"):
            return found
        label = f"Not {fact.rest}" if fact.verb == "is" else f"Without {fact.rest}"
        unwanted = (*self._constraints.excluded_attributes, *found.constraints.attributes[-1:])
        slots = Slots(excluded_attributes=(self._name,))
        return Answer(label, f"not {self._name}", slots, replace(self._constraints, excluded_attributes=unwanted))

    def _answer(self, label: str, *phrases: str) -> Answer | None:
        """The button for some phrases; None when the vocabulary takes one of them to be of anything else."""
        found = [constraint for words in phrases for constraint in self._vocabulary.find_attributes(words)]
        if len(found) != len(phrases) or any(constraint.name != self._name for constraint in found):
            return None
        wanted = replace(self._constraints, attributes=(*self._constraints.attributes, *found))
        return Answer(label, " and ".join(phrases), Slots(attributes=phrases), wanted)
