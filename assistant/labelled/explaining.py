"""The second task: a wish and the facts of a pick, and one sentence that says why it fits, from those facts alone.

Items are invented, of all kinds of shops; wish and facts are put into words by the code that the service itself uses
(`assistant.explanation.facts`, `.wording`), and a sentence is kept only when the claim checker supports all its claims.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from assistant.claims import check
from assistant.claims.reading import Shown
from assistant.dialogue import Need, Slots
from assistant.explanation.facts import Fact, answering, facts_for
from assistant.explanation.wording import describe
from assistant.labelled import money
from assistant.labelled.phrases import Split
from assistant.labelled.saying import say
from assistant.labelled.shops import Kind
from assistant.labelled.voice import Voice
from assistant.plain_text import clauses, plain
from retrieval.catalogue import Attribute, CatalogueItem, Money
from retrieval.feeds.attributes import attributes_of
from retrieval.feeds.cleaning import Notes
from retrieval.query import AttributeConstraint, Comparison, Constraints

_FACTS = 5  # as `assistant.explanation.pick_writer` gives
_MOST_WORDS = 30
_GOOD = 4.0  # of 5
# a property so named is said with "is" (see `assistant.explanation.facts`); other adjectives are no property
_ADJECTIVE = re.compile(r"(?:proof|resistant|able|ible|less|free|friendly|safe|compatible|ready|ed)$")


@dataclass(frozen=True, slots=True)
class Explanation:
    """A wish, the facts of an item, in words, and why the item fits.

    Attributes:
        item, need, constraints: what the sentence is checked against.
    """

    wish: str
    facts: str
    why: str
    item: CatalogueItem
    need: Need
    constraints: Constraints

    @property
    def supported(self) -> bool:
        """Whether the sentence claims something, and the record supports all of it."""
        claims = check(self.why, self.item, Shown((self.item,), self.need, self.constraints))
        return bool(claims) and all(claim.supported for claim in claims)

    def as_json(self) -> Mapping[str, str]:
        """What the model sees and says."""
        return {"wish": self.wish, "facts": self.facts, "why": self.why}


def explanations(count: int, split: Split, seed: int) -> Iterator[Explanation]:
    """Explanations that the checker accepts, no two with the same words.

    Args:
        count: how many.
        split: as in `assistant.labelled.generate.generate`.
        seed: the same seed, the same explanations.
    """
    seen: set[str] = set()
    for explanation in drafts(split, seed):
        if explanation.supported and explanation.why not in seen:
            seen.add(explanation.why)
            yield explanation
        if len(seen) == count:
            return


def drafts(split: Split, seed: int) -> Iterator[Explanation]:
    """Explanations as they are drawn, without end, supported or not."""
    rng = random.Random(f"{seed} explain {split}")
    while True:
        voice = Voice.draw(rng, split)
        item = _item(voice)
        need, constraints = _need(voice, item)
        facts = facts_for(item, need, constraints, _FACTS)
        answers = [fact for fact in answering(item, need, constraints) if fact in facts]
        others = [f for f in facts if f not in answers and f.field != "price" and not _poor(f, item)]
        why = say(voice, item, constraints, answers, others)
        if len(why.split()) <= _MOST_WORDS:
            said = [fact.words for fact in facts]
            said += [f"its description says “{plain(clause, 120)}”" for clause in clauses(item.description)[:2]]
            wish = ", ".join(p for p in (describe(constraints, [item, item], 2, str), need.topic) if p)
            yield Explanation(plain(wish, 200), "; ".join(said), why, item, need, constraints)


def _poor(fact: Fact, item: CatalogueItem) -> bool:
    """A rating that nobody would speak of to recommend an item."""
    return fact.field == "rating" and (item.rating or 0) < _GOOD


def _item(voice: Voice) -> CatalogueItem:
    rng = voice.rng
    brand, thing = rng.choice(voice.shop.brands).title(), voice.thing
    price = Money.of(f"{money.draw(rng, voice.shop.prices):.2f}", money.draw_currency(rng) or "USD")
    return CatalogueItem(
        item_id="1",
        title=f"{brand} {thing.one.title()} {rng.choice('ABDKLMRSTVX')}{rng.randrange(1, 99)}",
        description=". ".join((*rng.sample(thing.says, rng.choice((0, 1, 2))), "")).strip(),
        brand=brand,
        category=(voice.shop.name.title(), thing.many.title()),
        price=price,
        attributes=attributes_of(_stated(voice), {}, Notes()),
        rating=round(rng.uniform(3.4, 5), 1) if voice.chance(0.7) else None,
    )


def _stated(voice: Voice) -> dict[str, str]:
    """The attributes of a record: colour, material, measures, and what holds or does not."""
    rng, thing = voice.rng, voice.thing
    stated: dict[str, str] = {}
    if voice.coloured:
        stated["colour"] = voice.property_of("colour")
    if thing.properties["material"] and voice.chance(0.6):
        stated["material"] = voice.property_of("material")
    for entry in rng.sample(thing.record, min(rng.choice((1, 2, 2, 3)), len(thing.record))):
        name, unit, *numbers = entry.rsplit(" ", 4)
        least, most, step = map(float, numbers)
        number = least + step * rng.randrange(int((most - least) / step) + 1)
        stated[name] = f"{round(number, 2):g} {unit.strip('-')}".strip()
    wholly: tuple[Kind, ...] = ("adjective", "adjective", "noun")
    for kind in wholly:
        said = re.sub(r"^an? ", "", voice.property_of(kind)) if thing.properties[kind] else ""
        if said and (kind == "adjective") == bool(_ADJECTIVE.search(said)):
            stated.setdefault(said, "yes" if voice.chance(0.92) else "no")
    return stated


def _need(voice: Voice, item: CatalogueItem) -> tuple[Need, Constraints]:
    """A need that the item meets: a limit on the price, properties that it has, a use."""
    rng = voice.rng
    held = [a for a in item.attributes.values() if a.values != ("no",)]
    wanted = [_constraint(rng, a) for a in rng.sample(held, min(len(held), rng.choice((0, 1, 1, 2))))]
    highest = None
    if item.price is not None and voice.chance(0.65):
        step = 500 if item.price.minor < 10_000 else 5_000
        highest = (item.price.minor // step + rng.choice((1, 1, 2, 4))) * step
    constraints = Constraints(
        category=voice.thing.many.casefold(),
        price_max=highest,
        currency=item.price.currency if item.price else None,
        brands=frozenset({str(item.brand).casefold()}) if voice.chance(0.1) else frozenset(),
        attributes=tuple(wanted),
    )
    topic = rng.choice(voice.shop.uses) if voice.chance(0.4) else ""
    return Need(Slots(attributes=tuple(c.words for c in wanted)), topic), constraints


def _constraint(rng: random.Random, attribute: Attribute) -> AttributeConstraint:
    """What a shopper would have asked for to be shown this."""
    if attribute.number is None:
        value = attribute.values[0]
        said = attribute.name if value == "yes" else value
        return AttributeConstraint(attribute.name, Comparison.IS, value=value, words=said)
    comparison, word = rng.choice(((Comparison.AT_LEAST, "at least"), (Comparison.AT_MOST, "at most")))
    said = f"{word} {attribute.text}" if attribute.unit else f"{word} {attribute.text} {attribute.name}"
    return AttributeConstraint(attribute.name, comparison, number=attribute.number, unit=attribute.unit, words=said)
