"""Facts of an item put into one sentence, in the many ways that people put them."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.explanation.facts import Fact
from assistant.explanation.wording import bound_money, listing
from assistant.labelled.phrases import choose, fill, part, slots_of, words
from assistant.labelled.voice import Voice, article
from retrieval.catalogue import CatalogueItem, Money
from retrieval.query import Constraints

_VERBS = {
    "has": ("has", "has", "comes with", "offers", "gives you", "features"),
    "comes in": ("comes in", "comes in", "is in"),
    "is rated": ("is rated", "is rated", "scores"),
}
_BESIDE = {"has": "with", "is made of": "made of", "comes in": "in", "weighs": "at"}


def say(
    voice: Voice, item: CatalogueItem, constraints: Constraints, answers: Sequence[Fact], others: Sequence[Fact]
) -> str:
    """One sentence: what answers the wish first, then what else there is; the price more often than not.

    Args:
        voice: the shopper's words for things.
        item: what is spoken of.
        constraints: the wish.
        answers: facts that answer the wish, at most three.
        others: other facts, the price not among them.
    """
    count = max(len(answers), voice.rng.choice((1, 2, 2, 2, 3)))
    chosen = [*answers, *voice.rng.sample(others, len(others))][: min(count, 3)]
    described = item.description and len(chosen) < 3 and voice.chance(0.3)
    frame = "asked" if answers and len(chosen) == len(answers) and not described and voice.chance(0.6) else "free"
    asked = [constraint.words for constraint in constraints.attributes]
    section = "with_price" if item.price is not None and voice.chance(0.8) else "without_price"
    every = words("explaining")[frame][section]
    suited = [t for t in part(every, voice.split) if _suits(t, voice, bool(asked), bool(chosen))]
    template = voice.rng.choice(suited or [t for t in every if _suits(t, voice, bool(asked), bool(chosen))])
    verbs = [_with_verb(voice, fact) for fact in chosen]
    if described:
        verbs.append(voice.rng.choice(item.description.split(". ")).removeprefix("It ").rstrip("."))
    amount = _amount(voice, item, constraints)
    said = fill(
        template,
        v=listing(verbs) if verbs else "fits",
        np=_noun_phrase(voice, chosen),
        costs=f"costs {amount}",
        price=amount,
        thing=voice.thing.one,
        asked=listing(asked),
    )
    said = said.replace(f"{amount} ", f"{amount}, ") if "," in amount else said
    return said[:1].upper() + said[1:]


def _suits(template: str, voice: Voice, asked: bool, facts: bool) -> bool:
    """Whether a template can be filled: something was asked, there are facts to say, the thing is countable."""
    slots = slots_of(template)
    if ("asked" in slots and not asked) or ("np" in slots and not facts):
        return False
    return voice.thing.kind == "counted" or ("thing" not in slots and "np" not in slots)


def _with_verb(voice: Voice, fact: Fact) -> str:
    forms = _VERBS.get(fact.verb, ()) if " as its " not in fact.rest else ()
    return f"{voice.rng.choice(forms or (fact.verb,))} {_with_article(voice, fact.rest)}"


def _noun_phrase(voice: Voice, facts: Sequence[Fact]) -> str:
    """The thing with its facts around it: "a waterproof tent in green, rated 4.6 of 5"."""
    before = [fact.rest for fact in facts if fact.verb == "is" and not fact.rest.startswith(("from ", "not "))]
    beside = [fact for fact in facts if fact.verb != "is" or fact.rest.startswith(("from ", "not "))]
    around: dict[str, list[str]] = {}
    for fact in beside:
        link = _BESIDE.get(fact.verb, fact.verb.removeprefix("is").strip())
        around.setdefault(link, []).append(_with_article(voice, fact.rest))
    said = [f"{link} {listing(rests)}".strip() for link, rests in around.items()]
    name = " ".join((*before, voice.thing.one))
    return f"{article(name)} {name} {listing(said)}".strip()


def _with_article(voice: Voice, rest: str) -> str:
    """ "hood" as "a hood", as the shop's people say it."""
    entries = voice.thing.properties["noun"]
    return next((entry for entry in entries if entry.startswith(("a ", "an ")) and entry.endswith(f" {rest}")), rest)


def _amount(voice: Voice, item: CatalogueItem, constraints: Constraints) -> str:
    """The price, and how it stands to the limit."""
    limit, price = bound_money(constraints, "price_max"), item.price
    if limit is None or price is None or price >= limit or voice.chance(0.2):
        return str(price)
    template = choose(voice.rng, voice.rng.choice(words("explaining")["price"]["within"]))
    return fill(template, p=str(price), limit=str(limit), left=str(Money(limit.minor - price.minor, price.currency)))
