"""From the need in the shopper's words to a query in the catalogue's terms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from babel.numbers import get_currency_symbol

from assistant.dialogue import AttributeKey, DialogueAct, Intent, Need, Rung, Slots
from assistant.rules.slots import OPPOSITES
from retrieval.catalogue import Money
from retrieval.qualities import names_quality
from retrieval.query import AttributeConstraint, Comparison, Constraints, Query, Relaxation, Sort
from retrieval.vocabulary import Vocabulary
from retrieval.words import tokens


@dataclass(frozen=True, slots=True)
class ShopMoney:
    """The shop's currency, and what one unit of another is worth in it."""

    currency: str
    exchange_rates: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Grounded:
    """A query, and what has to be said about it: wishes that could not become a constraint."""

    query: Query
    notices: tuple[str, ...] = ()


def to_query(need: Need, vocabulary: Vocabulary, money: ShopMoney, limit: int) -> Grounded:
    """The query that a need asks for.

    A wish that the catalogue states as an attribute becomes a constraint; one that it does not becomes words to rank
    by, with a notice, so that nobody believes a filter was applied. Qualities that are measured ("light") rank without
    one, and what is the opposite of such a quality ("not too heavy") ranks by it.
    """
    slots, notices, words = need.slots, [], []
    attributes: list[AttributeConstraint] = []
    for phrase in slots.attributes:
        found = vocabulary.find_attributes(phrase)
        attributes.extend(replace(c, words=c.words or phrase) for c in found)
        if not found and not names_quality(phrase):
            notices.append(f"No item states “{phrase}” as a property, so I ranked by it and could not filter.")
        words.append(phrase)
    excluded: list[AttributeConstraint] = []
    for phrase in slots.excluded_attributes:
        found = vocabulary.find_attributes(phrase)
        excluded.extend(replace(c, words=c.words or phrase) for c in found)
        if not found and phrase in OPPOSITES:
            words.append(OPPOSITES[phrase])
        elif not found:
            notices.append(f"No item states “{phrase}” as a property, so I could not leave such items out.")
    unknown = dict.fromkeys(f"“{word}”" for word in need.topic.split() if vocabulary.is_unknown(word))
    if unknown:
        notices.append(f"I could not tell what {' '.join(unknown)} means, so I ranked by it and could not filter.")
    category = _category(slots.category, vocabulary) if slots.category else None
    if slots.category and category is None:
        notices.append(f"There is no “{slots.category}” department here.")
    low, high, currency, notice = _prices(slots, money)
    notices.extend(notice)
    text = " ".join(part for part in (*slots.brands, slots.category or "", *words, need.topic) if part)
    constraints = Constraints(
        category=category,
        price_min=low,
        price_max=high,
        currency=currency,
        brands=frozenset(slots.brands),
        excluded_brands=frozenset(slots.excluded_brands),
        attributes=tuple(attributes),
        excluded_attributes=tuple(excluded),
        excluded_items=frozenset(need.passed_over),
    )
    sort = Sort(slots.sort) if slots.sort else Sort.RELEVANCE
    return Grounded(Query(text, constraints, sort, limit), tuple(notices))


def _category(said: str, vocabulary: Vocabulary) -> str | None:
    """The shop's category for these words: of that name, or the last one named among them ("ofice chair": chairs).

    One that only qualifies a thing which the shop does not have is not meant: "garden hose", "car phone holder".
    """
    found = vocabulary.find_category(said)
    if found is not None:
        return found
    named = [mention for mention in vocabulary.mentions(said) if mention.kind == "category"]
    if not named or any(vocabulary.is_strange(token.word) for token in tokens(said[named[-1].end :])):
        return None
    return named[-1].value


def _prices(slots: Slots, money: ShopMoney) -> tuple[int | None, int | None, str | None, list[str]]:
    if slots.price_min is None and slots.price_max is None:
        return None, None, None, []
    currency, rate, notices = money.currency, 1.0, []
    named = slots.currency or currency
    if named == "USD" and get_currency_symbol(currency, locale="en_US").endswith("$"):
        named = currency  # in a shop that counts in dollars, a dollar is the shop's
    if named != currency and named in money.exchange_rates:
        rate = money.exchange_rates[named]
        notices.append(f"Prices are in {currency}; I took 1 {named} as {rate:g} {currency}.")
    elif named != currency:
        currency = named
        notices.append(f"Prices are in {money.currency} and I have no rate for {named}.")

    def minor(major: float | None) -> int | None:
        return None if major is None else Money.of(major * rate, currency).minor

    return minor(slots.price_min), minor(slots.price_max), currency, notices


def _major(minor: int | None, currency: str) -> float | None:
    return None if minor is None else float(Money(minor, currency).major)


def key_of(vocabulary: Vocabulary) -> Callable[[str], AttributeKey | None]:
    """Tells which attribute a phrase bounds, for `dialogue.update`."""

    def key(words: str) -> AttributeKey | None:
        found = vocabulary.find_attributes(words)
        bound = found[0] if len(found) == 1 else None
        if bound is None or bound.name is None:
            return None
        value = bound.value or f"{bound.number} {bound.unit or ''}".strip()
        match bound.comparison:
            case Comparison.IS:
                return AttributeKey(bound.name, "is", value)
            case Comparison.AT_LEAST | Comparison.MORE_THAN:
                return AttributeKey(bound.name, "low", value)
            case _:
                return AttributeKey(bound.name, "high", value)

    return key


def accept(relaxation: Relaxation, before: Constraints, slots: Slots, money: ShopMoney) -> DialogueAct:
    """The act that accepts an offered relaxation: the difference between the constraints, said in slots."""
    after = relaxation.constraints
    new, dropped = Slots(), []
    if (before.price_min, before.price_max) != (after.price_min, after.price_max):
        currency = after.currency or money.currency
        new = replace(new, price_min=_major(after.price_min, currency), price_max=_major(after.price_max, currency))
        new = replace(new, currency=currency)
        dropped += [name for name in ("price_min", "price_max") if getattr(after, name) is None]
    if after.category != before.category:
        dropped.append("category")
        new = replace(new, category=after.category)
    dropped += [f"brands={b}" for b in slots.brands if b not in after.brands]
    dropped += [f"excluded_brands={b}" for b in slots.excluded_brands if b not in after.excluded_brands]
    kept = {a.words for a in after.attributes}
    dropped += [f"attributes={a}" for a in slots.attributes if a in {x.words for x in before.attributes} - kept]
    new = replace(new, attributes=tuple(a.words for a in after.attributes if a.words not in slots.attributes))
    kept = {a.words for a in after.excluded_attributes}
    gone = {a.words for a in before.excluded_attributes} - kept
    dropped += [f"excluded_attributes={a}" for a in slots.excluded_attributes if a in gone]
    return DialogueAct(Intent.REFINE, new, tuple(dropped), rung=Rung.CONTROL)
