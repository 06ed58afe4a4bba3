"""A page's service with a scripted assistant: real store, real conversations, real HTML; no model and no index."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from assistant.comparison import compare
from assistant.conversation import Conversations
from assistant.dialogue import DialogueAct, DialogueState, Intent, Rung, Slots, update
from assistant.events import Cards, Claim, Event, Finished, Pick, Suggestion, Text, Turn, Understood
from assistant.settings import Settings
from assistant.store import Store
from retrieval.candidates import Candidate
from retrieval.catalogue import Attribute, Catalogue, CatalogueItem, Money
from retrieval.interactions import Session
from retrieval.query import AttributeConstraint, Comparison, Constraints, Relaxation
from retrieval.withheld import NOTHING_WITHHELD

NASTY = '${alert(1)}<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>{{value}}'
TODAY = datetime.now(UTC).date()


def laptop(number: int, **changes: Any) -> CatalogueItem:
    """A laptop at $500 + 100 for each number."""
    grams = 1000 + 100 * number
    item = CatalogueItem(
        item_id=f"laptop-{number}",
        title=f"Lenora Swift {number}",
        description="A light laptop with a bright screen. The battery lasts a day.",
        brand="Lenora" if number % 2 else "Hewlard",
        category=("Electronics", "Laptops"),
        price=Money(50_000 + 10_000 * number, "USD"),
        attributes={
            "weight": Attribute("weight", f"{grams / 1000:g} kg", number=float(grams), unit="g"),
            "colour": Attribute("colour", "blue", values=("blue",)),
        },
        stock=3 * number,
        rating=4.0 + number / 10,
        rating_count=100 * number,
        released=TODAY - timedelta(days=400),
        image=f"laptop-{number}.svg",
    )
    return replace(item, **changes)


def pick(item: CatalogueItem, rank: int = 1, interactions: int = 12) -> Pick:
    scores = {"dense": 0.62, "lexical": 0.4, "content": 0.55, "popularity": 0.2, "trust": 0.3, "relevance": 0.5}
    return Pick(rank, item, Candidate(item.item_id, 0.5, scores, interactions))


LIGHT = AttributeConstraint("weight", Comparison.LESS_THAN, number=1400.0, unit="g", words="under 1.4 kg")
NEED = Slots(category="laptops", price_max=900.0, excluded_brands=("hp",), attributes=("under 1.4 kg",))


class Spelling:
    def display(self, label: str) -> str:
        return {"hp": "HP", "laptops": "Laptops"}.get(label, label)


class Rungs(NamedTuple):
    status: str


RULES, RECORDS = Rungs("rules: no language model is loaded"), Rungs("replies are built from records")


@dataclass
class ScriptedAssistant:
    """Answers every utterance with the shop's items that its state admits; folds acts with the real `update`.

    Attributes:
        act: what every typed utterance is taken to mean.
        sentences: the reply.
        gate: when given, the reply waits for it after its first sentence.
        raising: raised instead of an answer.
        interactions: that each item has had.
    """

    shop: Any
    act: DialogueAct
    sentences: tuple[str, ...] = ("Here are **two** that fit. ", "Both are light.")
    gate: threading.Event | None = None
    raising: Exception | None = None
    relaxations: tuple[Relaxation, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    notices: tuple[str, ...] = ()
    interactions: int = 12
    understanding: Rungs = RULES
    explainer: Rungs = RECORDS

    def turn(
        self,
        conversation_id: str,
        state: DialogueState,
        utterance: str,
        *,
        session: Session,
        act: DialogueAct | None,
        cancelled: Callable[[], bool],
        asker: str,
    ) -> Iterator[Event]:
        if self.raising is not None:
            raise self.raising
        act = act or self.act
        after = update(state, act)
        slots = after.need.slots
        limit = None if slots.price_max is None else Money.of(slots.price_max, "USD").minor
        constraints = Constraints(
            category=slots.category,
            price_max=limit,
            currency="USD",
            excluded_brands=frozenset(slots.excluded_brands),
            attributes=(LIGHT,) if "under 1.4 kg" in slots.attributes else (),
        )
        found = [item for item in self.shop.catalogue if constraints.admits(item)]
        picks = tuple(pick(item, rank, self.interactions) for rank, item in enumerate(found[:4], start=1))
        after = replace(after, shown=tuple(p.candidate for p in picks))
        table = compare([p.item for p in picks[:2]]) if act.intent is Intent.COMPARE else None
        relaxations = self.relaxations if not picks else ()
        yield Understood(act, constraints, after.need)
        yield Cards(picks, len(found), relaxations, table, self.suggestions)
        reply = ""
        for sentence in self.sentences:
            reply += sentence
            yield Text(sentence)
            if self.gate is not None:
                self.gate.wait(10)
            if cancelled():
                break
        claims = tuple(Claim(str(p.item.price), p.item.item_id, "price", True) for p in picks)
        yield Finished(
            Turn(
                conversation_id,
                after.turns,
                utterance,
                act,
                after,
                constraints,
                picks,
                len(found),
                True,
                (),
                reply,
                claims,
                relaxations,
                table,
                self.suggestions,
                self.notices,
            )
        )


def scripted_service(folder: Path, items: list[CatalogueItem], **script: Any) -> Any:
    """A service over the items; see `ScriptedAssistant` for the script."""
    catalogue, columns = Catalogue(items), SimpleNamespace(withheld=lambda: NOTHING_WITHHELD)
    shop: Any = SimpleNamespace(catalogue=catalogue, vocabulary=Spelling(), columns=columns, item=catalogue.get)
    shop.behaviour = SimpleNamespace(status="counts")
    script.setdefault("act", DialogueAct(Intent.FIND, NEED, topic="light enough to travel", rung=Rung.RULES))
    assistant: Any = ScriptedAssistant(shop, **script)
    store = Store(folder)
    settings = Settings(data_folder=folder)
    return SimpleNamespace(
        settings=settings,
        shop=shop,
        language_model=None,
        assistant=assistant,
        store=store,
        conversations=Conversations(assistant, store),
    )


def a_date(days_ago: int) -> date:
    return TODAY - timedelta(days=days_ago)
