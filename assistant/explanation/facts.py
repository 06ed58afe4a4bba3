"""What an item's record says that answers a need, as facts that can be put into a sentence, the weightiest first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.dialogue import Need
from assistant.events import Claim
from assistant.explanation.wording import bound_money, listing, named
from assistant.plain_text import gives_orders, plain, word_set
from retrieval.catalogue import Attribute, CatalogueItem
from retrieval.query import Constraints
from retrieval.words import function_words, singular, tokens

# words that speak of a measure without naming it, by the unit it is measured in
QUALITIES: dict[str, frozenset[str]] = {
    unit: frozenset(words.split())
    for unit, words in (
        ("g", "light lightweight heavy weigh weight portable travel carry backpack backpacking hiking pocket"),
        ("mm", "big small large compact tiny slim thin thick tall wide long short size"),
        ("ml", "roomy capacity capacious volume big small"),
        ("h", "lasting last battery endurance runtime"),
        ("mAh", "lasting last battery"),
        ("dB", "quiet silent noisy noise loud"),
        ("nit", "bright brightness"),
        ("GB", "storage memory space"),
        ("W", "powerful power strong"),
    )
}
_ADJECTIVE = re.compile(
    r"(?:proof|resistant|able|ible|less|free|friendly|safe|compatible|ready|ed|vegan|organic|automatic|magnetic)$"
)
_FOR_WHOM = frozenset({"gender", "pet", "audience", "age group"})
COLOUR_NAMES = frozenset({"colour", "color", "product colour", "product color"})
# numbers for machines, and values with marks that make no phrase, say nothing to a shopper
_CODES = word_set("ean gtin upc isbn mpn sku asin barcode")
_UNSAYABLE = re.compile(r"[()\[\]:;]|\d{8}")
_SAID_AS_WORDS = word_set("RAM ROM SIM LAN NAS HEPA")  # all others are spelt out
_PLURALS = {
    "is": "are",
    "has": "have",
    "costs": "cost",
    "weighs": "weigh",
    "comes in": "come in",
    "is rated": "are rated",
    "is made of": "are made of",
}
_TRUE, _FALSE = frozenset({"yes", "true"}), frozenset({"no", "false"})


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement of a record: "weighs" + "1.3 kg", from field "attributes.weight"."""

    field: str
    verb: str
    rest: str

    @property
    def words(self) -> str:
        """The statement without its subject: "weighs 1.3 kg"."""
        return f"{self.verb} {self.rest}"

    def claim(self, item: CatalogueItem) -> Claim:
        """What the statement claims; it is the record's own, so it is supported."""
        return Claim(self.words, item.item_id, self.field, True)


def truth(attribute: Attribute) -> bool | None:
    """Whether a yes/no property holds; None when it is not of that kind."""
    values = set(attribute.values) or {attribute.text.casefold()}
    return True if values <= _TRUE else False if values <= _FALSE else None


def attribute_fact(attribute: Attribute) -> Fact:
    """A property in words: "has 16 GB of ram", "is waterproof", "comes in black", "has a screen size of 15.6 in"."""
    field, name, text = f"attributes.{attribute.name}", named(attribute.name), plain(attribute.text, 80)
    holds = truth(attribute)
    if holds is not None:
        if _ADJECTIVE.search(name):
            return Fact(field, "is", name if holds else f"not {name}")
        return Fact(field, "has", name if holds else f"no {name}")
    if attribute.number is not None and attribute.unit == "g" and attribute.name in ("weight", "item weight"):
        return Fact(field, "weighs", text)
    if attribute.number is not None and attribute.unit == "GB":
        return Fact(field, "has", f"{text} of {name}")
    if attribute.number is not None and attribute.unit is None:
        return Fact(field, "has", f"{text} {name}" if name.endswith("s") else f"{_article(name)} {name} of {text}")
    if attribute.number is not None:
        return Fact(field, "has", f"{_article(name)} {name} of {text}")
    if attribute.name in COLOUR_NAMES:
        return Fact(field, "comes in", text)
    if attribute.name == "size":
        return Fact(field, "comes in", f"size {text}")
    if attribute.name == "material":
        return Fact(field, "is made of", text)
    return _in_words(field, name, text)


def _in_words(field: str, name: str, text: str) -> Fact:
    """A property whose value is words: "is for women", "has an on-ear fit", "has a handle made of ash"."""
    if name in _FOR_WHOM:
        return Fact(field, "is", f"for {text}")
    if name.endswith(" type"):
        return Fact(field, "is", f"for {text} {name.removesuffix(' type')}")
    if name.endswith(" material"):
        part = name.removesuffix(" material")
        return Fact(field, "has", f"{_article(part)} {part} made of {text}")
    if re.match(r"\d\S* ", text):
        return Fact(field, "has", f"{_article(name)} {name} of {text}")
    return Fact(field, "has", f"{text} {name}" if name.endswith("s") else f"{_article(text)} {text} {name}")


def price_fact(item: CatalogueItem, constraints: Constraints) -> Fact | None:
    """The price, and how it stands to the limit that was asked for."""
    if item.price is None:
        return None
    limit = bound_money(constraints, "price_max")
    within = limit is not None and limit.currency == item.price.currency and item.price <= limit
    against = "" if not within else f", exactly your {limit}" if item.price == limit else f", under your {limit}"
    return Fact("price", "costs", f"{item.price}{against}")


def rating_fact(item: CatalogueItem) -> Fact | None:
    """The mean rating."""
    return None if item.rating is None else Fact("rating", "is rated", f"{item.rating:g} of 5")


def facts_for(item: CatalogueItem, need: Need, constraints: Constraints, limit: int = 4) -> tuple[Fact, ...]:
    """The facts that answer this need: price, what was asked for, what its words speak of, then what the record has.

    Args:
        item: the record.
        need: the wishes in words.
        constraints: the wishes that code enforced.
        limit: most facts.
    """
    asked = answering(item, need, constraints)
    others = [a for a in item.attributes.values() if truth(a) is not False and _tells(a, item)]
    found = [price_fact(item, constraints), *asked, rating_fact(item), *map(attribute_fact, others)]
    return tuple(dict.fromkeys(fact for fact in found if fact is not None))[:limit]


def answering(item: CatalogueItem, need: Need, constraints: Constraints) -> tuple[Fact, ...]:
    """The facts that answer what was asked for beside the price, three at most, the weightiest first."""
    words = " ".join((need.topic, *need.slots.attributes, *need.slots.excluded_attributes))
    wanted = frozenset(t.key for t in tokens(words)) - function_words()
    weighed = [(_answers(a, constraints, wanted), a) for a in item.attributes.values() if not gives_orders(a.text)]
    asked = [attribute_fact(a) for weight, a in sorted(weighed, key=lambda pair: -pair[0]) if weight > 0]
    brand = [Fact("brand", "is", f"from {plain(item.brand, 60)}")] if constraints.brands and item.brand else []
    return tuple([*brand, *asked][:3])


def _answers(attribute: Attribute, constraints: Constraints, wanted: frozenset[str]) -> int:
    if any(c.name in (None, attribute.name) and c.met_by(attribute) for c in constraints.attributes):
        return 4
    if any(c.name == attribute.name for c in constraints.excluded_attributes):
        return 3
    if attribute.number is not None and QUALITIES.get(attribute.unit or "", frozenset()) & wanted:
        return 2
    words = {t.key for t in tokens(f"{attribute.name} {attribute.text}")}
    return 1 if words & wanted and truth(attribute) is not False else 0


def _tells(attribute: Attribute, item: CatalogueItem) -> bool:
    """Whether a property says what the item's name and department do not say already, and is short enough to say."""
    said = {t.key for t in tokens(f"{item.title} {' '.join(item.category)}")}
    if attribute.name in _CODES or len(attribute.text) > 40 or _UNSAYABLE.search(attribute.text):
        return False
    return not {t.key for t in tokens(attribute.text)} <= said and not gives_orders(attribute.text)


def sentence_of(subject: str, facts: Sequence[Fact], *, several: bool = False) -> str:
    """One sentence of several facts: "X costs $849, under your $900, weighs 1.3 kg and has 16 GB of ram."

    Args:
        subject: who the facts are of.
        facts: in the order they are said; those with the same verb are said together.
        several: the subject is a plural: "they cost", not "it costs".
    """
    parts: dict[str, list[str]] = {}
    for fact in facts:
        parts.setdefault(_PLURALS.get(fact.verb, fact.verb) if several else fact.verb, []).append(fact.rest)
    groups = [f"{verb} {listing(rests)}" for verb, rests in parts.items()]
    return f"{subject} {listing(groups)}."


def is_plural(item: CatalogueItem) -> bool:
    """Whether the item is spoken of in the plural, as its title and department name it: headphones, boots, jeans."""
    words = {t.word for t in tokens(item.title)}
    last = [tokens(label)[-1].word for label in item.category if tokens(label)]
    return any(word in words and word != singular(word) for word in last)


def _article(phrase: str) -> str:
    """ "a" or "an", as the first word is said: "an April", "an 8", "a USB", "an IPS"."""
    word = phrase.partition(" ")[0].partition("-")[0]
    if word[:1].isdigit():
        return "an" if re.match(r"8|1[18](?!\d)", word) else "a"
    spelt = word.isupper() and word.isalpha() and word not in _SAID_AS_WORDS
    return "an" if word[:1] in ("AEFHILMNORSX" if spelt else "aeiouAEIOU") else "a"
