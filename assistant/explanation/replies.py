"""Replies that need no language model: their words are in `prompts/reply_*.md`, their facts in the outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from assistant.comparison import NOT_STATED
from assistant.dialogue import Edit
from assistant.events import Claim, Outcome, Pick, Sentence
from assistant.explanation.answers import answer, asks_generally, described
from assistant.explanation.facts import Fact, facts_for, is_plural, sentence_of
from assistant.explanation.kinds import is_weak, missing_kind, of_kind
from assistant.explanation.ranking_words import difference_words, order_lead, order_words
from assistant.explanation.wording import Display, bold, describe, failing, lead, listing, named
from assistant.plain_text import plain
from assistant.rules.cues import cue
from assistant.settings import Settings
from prompts import render
from retrieval.interactions import Session
from retrieval.query import Constraints
from retrieval.words import tokens

_MAX_ITEMS_NAMED = 10
_MOST_TOLD, _TOLD_OF_EACH = 6, 3  # facts of an item that a shopper wants to know more about


def say(name: str, end: str = " ", **slots: object) -> Sentence:
    """A reply of `prompts/reply_*.md`, its slots filled."""
    return Sentence(render(f"reply_{name}", **{slot: str(value) for slot, value in slots.items()}).strip() + end)


def from_facts(subject: str, pick: Pick, facts: tuple[Fact, ...], end: str = " ") -> Sentence:
    """A sentence built from the record, with a claim per fact."""
    words = sentence_of(subject, facts, several=is_plural(pick.item))
    return Sentence(words + end, tuple(f.claim(pick.item) for f in facts), "record")


def edited(outcome: Outcome) -> Iterator[Sentence]:
    """What is said of a change that is no slot value."""
    if outcome.act.edit is Edit.SHOW_DATA:
        yield show_data(outcome.session)
    else:
        name = outcome.act.edit.value if outcome.act.edit else "privacy"
        if outcome.act.edit is Edit.UNDO and not outcome.before.needs:
            name = "nothing_to_undo"
        elif outcome.act.edit is Edit.OTHERS and not outcome.picks:
            name = "no_more"
        elif outcome.act.edit is Edit.USE_HISTORY and outcome.session.shopper_id is None:
            name = "use_history_unallowed"
        yield say(name)


def show_data(session: Session) -> Sentence:
    """Exactly what the session holds of the shopper."""
    held = session.interactions
    if not held:
        return say("show_data_empty")
    kinds = Counter(i.kind.value for i in held)
    ids = list(dict.fromkeys(reversed(session.item_ids)))
    more = f" and {len(ids) - _MAX_ITEMS_NAMED:,} more" if len(ids) > _MAX_ITEMS_NAMED else ""
    return say(
        "show_data",
        count=f"{len(held):,} event{'' if len(held) == 1 else 's'}",
        shopper_id=plain(session.shopper_id or ""),
        kinds=listing([f"{n:,} {kind}{'' if n == 1 else 's'}" for kind, n in kinds.most_common()]),
        first=f"{held[0].at:%Y-%m-%d}",
        last=f"{held[-1].at:%Y-%m-%d}",
        items=f"{len(ids):,} item{'' if len(ids) == 1 else 's'}: {', '.join(map(plain, ids[:_MAX_ITEMS_NAMED]))}{more}",
    )


def chitchat(outcome: Outcome, settings: Settings) -> Sentence:
    """Hello, thanks, goodbye, and a no to what was asked or offered."""
    if cue("answer.no").match(outcome.utterance.casefold()):
        if outcome.before.pending is Edit.FORGET:
            return say("forget_declined")
        if outcome.before.offered:
            return say("offers_declined")
    words = {t.word for t in tokens(outcome.utterance)}
    if words & {"thanks", "thank", "thx", "cheers", "ta"}:
        return say("thanks")
    if words & {"bye", "goodbye", "cya"}:
        return say("goodbye")
    greets = words & {"hello", "hi", "hey", "hiya", "morning", "afternoon", "evening"}
    return say("hello" if greets else "chitchat", shop_name=settings.shop_name)


def which(outcome: Outcome) -> Sentence:
    """Asks which of the shown items is meant."""
    if not outcome.picks:
        return say("nothing_shown")
    if len(outcome.picks) == 1:
        return say("only_one", item=bold(outcome.picks[0].item))
    return say("which", choices=listing([f"{p.rank}. {bold(p.item)}" for p in outcome.picks], "or"))


def nothing_fits(outcome: Outcome, display: Display) -> Iterator[Sentence]:
    """An honest no: which constraint stands in the way, and the smallest changes that would help, with counts."""
    wish = describe(outcome.constraints, (), 1, display)
    article = "an" if wish[:1] in "aeiou" else "a"
    yield say("no_match", wish=f"{article} {wish}")
    if not outcome.relaxations:
        if outcome.constraints != Constraints():
            yield say("no_relaxations")
        return
    causes = dict.fromkeys(failing(r, outcome.constraints, display) for r in outcome.relaxations)
    yield say("no_match_cause", causes=listing(list(causes), "or"))
    choices = [f"{plain(r.label)} ({r.count:,} item{'' if r.count == 1 else 's'})" for r in outcome.relaxations]
    other_kind = missing_kind(outcome) is not None
    yield say("relaxations_other_kind" if other_kind else "relaxations", choices=listing(choices, "or"))


def opening(outcome: Outcome, display: Display) -> Sentence:
    """What is said before the picks: how many items fit, or that these are not what was asked for."""
    asked = missing_kind(outcome)
    named = outcome.picks if asked is None else of_kind(asked, outcome.picks)
    if not named:
        return say("other_kind", "\n\n")
    if len(named) < len(outcome.picks):
        ranks = listing([f"{pick.rank}" for pick in named])
        return say("partly_kind", "\n\n", ranks=ranks, have="has" if len(named) == 1 else "have")
    return say("weak_match", "\n\n") if is_weak(outcome) else Sentence(lead(outcome, display) + "\n\n")


def answered(outcome: Outcome) -> Iterator[Sentence]:
    """The answer to a question, for the items it speaks of; for all that are shown when it names none."""
    if not outcome.picks:
        yield say("nothing_shown")
        return
    picks = outcome.discussed or outcome.picks
    names = frozenset(t.key for words in outcome.act.slots.references for t in tokens(words))
    for pick in picks:
        end = "\n" if len(picks) > 1 else " "
        subject = f"{pick.rank}. {bold(pick.item)}" if len(picks) > 1 else bold(pick.item)
        facts = answer(outcome.utterance, pick.item, names)
        if not facts and asks_generally(outcome.utterance, names):
            yield from _told(outcome, pick, subject, end, alone=len(picks) == 1)
        elif facts and facts[0].field == "description":
            yield from_facts(f"{subject}: its description", pick, facts, end)
        elif facts:
            yield from_facts(subject, pick, facts, end)
        else:
            yield say("not_stated", end, item=subject if len(picks) == 1 else bold(pick.item))


def _told(outcome: Outcome, pick: Pick, subject: str, end: str, *, alone: bool) -> Iterator[Sentence]:
    """What there is to say of a pick; of one alone also how its description begins."""
    limit = _MOST_TOLD if alone else _TOLD_OF_EACH
    yield from_facts(subject, pick, facts_for(pick.item, outcome.after.need, outcome.constraints, limit), end)
    words = described(pick.item) if alone else None
    if words is not None:
        yield from_facts("Its description", pick, (words,))


def compared(outcome: Outcome) -> Iterator[Sentence]:
    """The differences of a comparison in a sentence or two; the table itself is shown beside it."""
    table = outcome.table
    if table is None:
        yield which(outcome)
        return
    picks = {p.item.item_id: p for p in outcome.picks}
    columns = [picks[item_id] for item_id in table.item_ids if item_id in picks]
    if len(columns) < 2:
        yield which(outcome)
        return
    told = [*_asked_extreme(outcome.utterance, columns), *_extremes(columns)]
    yield from told
    rows = [row.label for row in table.rows if row.differs and row.field not in ("price", "rating")]
    if rows:
        shown = [named(label) for label in rows[:6]]
        more = f" and {len(rows) - 6:,} more" if len(rows) > 6 else ""
        labels = f"{', '.join(shown)}{more}" if more else listing(shown)
        yield Sentence(f"They {'also ' if told else ''}differ in {labels}. ")
    missing = sum(value == NOT_STATED for row in table.rows for value in row.values)
    if not any(row.differs for row in table.rows):
        yield Sentence("Their records state no difference. ")
    if missing:
        yield Sentence(f"“{NOT_STATED}” means the record is silent, not that it is lacking. ")


def _asked_extreme(question: str, picks: list[Pick]) -> Iterator[Sentence]:
    """Who has the most and who the least of what the question names, where all state it."""
    asked = [fact.field for fact in answer(question, picks[0].item) if fact.field.startswith("attributes.")]
    for name in (field.removeprefix("attributes.") for field in asked[:1]):
        stated = [(p, a) for p in picks if (a := p.item.attributes.get(name)) is not None and a.number is not None]
        stated.sort(key=lambda pair: pair[1].number or 0)
        if (
            len(stated) < len(picks)
            or len({a.unit for _, a in stated}) > 1
            or stated[0][1].number == stated[-1][1].number
        ):
            return
        ends = ((stated[-1], "highest"), (stated[0], "lowest"))
        words = [f"{bold(p.item)} has the {word} {named(name)}, {plain(a.text)}" for (p, a), word in ends]
        claims = [Claim(f"{word} {name}", p.item.item_id, f"attributes.{name}", True) for (p, _), word in ends]
        yield Sentence(f"{words[0]}; {words[1]}. ", tuple(claims), "record")


def _priced(picks: list[Pick]) -> bool:
    prices = [p.item.price for p in picks]
    return len({p.currency for p in prices if p}) == 1 and None not in prices and len(set(prices)) > 1


def _extremes(picks: list[Pick]) -> Iterator[Sentence]:
    """The cheapest and the best rated, when one alone is."""
    if _priced(picks):
        ordered = sorted(picks, key=lambda p: p.item.price.minor if p.item.price else 0)
        low, high = ordered[0], ordered[-1]
        cheapest = [p for p in ordered if p.item.price == low.item.price]
        if len(cheapest) > 1:
            claims = [Claim(f"the cheapest at {p.item.price}", p.item.item_id, "price", True) for p in cheapest]
            names = listing([bold(p.item) for p in cheapest])
            yield Sentence(f"{names} are the cheapest at {low.item.price} each. ", tuple(claims), "record")
        else:
            word = "cheaper" if len(picks) == 2 else "cheapest"
            against = f", against {high.item.price} for {bold(high.item)}" if len(picks) == 2 else ""
            claims = [Claim(f"the {word} at {low.item.price}", low.item.item_id, "price", True)]
            claims += [Claim(str(high.item.price), high.item.item_id, "price", True)] if against else []
            yield Sentence(f"{bold(low.item)} is the {word} at {low.item.price}{against}. ", tuple(claims), "record")
    ratings = sorted(picks, key=lambda p: -(p.item.rating or 0))
    best, next_best = ratings[0].item, ratings[1].item
    if best.rating is not None and all(p.item.rating is not None for p in picks) and best.rating != next_best.rating:
        word = "better" if len(picks) == 2 else "best"
        claim = Claim(f"{word} rated, {best.rating:g} of 5", best.item_id, "rating", True)
        yield Sentence(f"{bold(best)} is the {word} rated, {best.rating:g} of 5. ", (claim,), "record")


def ordered(outcome: Outcome) -> Iterator[Sentence]:
    """Why this order, or why this pick (what its record answers, before where it stands): from the stored scores."""
    if not outcome.picks:
        yield say("nothing_shown")
        return
    for pick in outcome.discussed:
        yield from_facts(bold(pick.item), pick, facts_for(pick.item, outcome.after.need, outcome.constraints, 3), "\n")
    with_history = bool(outcome.session.interactions) and not outcome.after.ignore_history
    sort = outcome.after.need.slots.sort
    yield Sentence(order_lead(outcome.picks, sort, with_history) + "\n\n")
    if sort is not None:
        return  # no score had a part in it
    for pick in outcome.discussed or outcome.picks:
        yield Sentence(f"{pick.rank}. {order_words(pick, with_history)}\n")
    for pick in outcome.discussed:
        below = [p for p in outcome.picks if p.rank == pick.rank + 1]
        words = difference_words(pick, below[0]) if below else None
        if words:
            yield Sentence(f"\n{words} ")
