"""A conversations database of any size, generated: what the console is measured on.

Rows have the sizes and the shares of real ones: four picks a search, three turns a conversation, one in nine turns
empty, a shopper in three known and consenting. Everything is drawn from one seed, so that two stores are equal.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from assistant.store import Store, schema

NEEDS = ("a laptop under $900", "waterproof hiking boots", "not that one", "the cheaper one", "compare the first two")
WORDS = ("light", "quiet", "blue", "for travel", "with a backlit keyboard", "for my sister", "16 gb ram", "size 42")
INTENTS = ("find", "find", "refine", "refine", "ask", "compare", "select", "chitchat")
RUNGS = ("model", "model", "model", "repair", "tagger", "rules")
ITEMS = 20_000
CHUNK = 5_000
PARTS = ("dense", "lexical", "content", "popularity", "behaviour", "expected", "trust", "novelty", "relevance")


def fill(store: Store, turns: int, *, days: int = 90, until: datetime | None = None, seed: int = 7) -> None:
    """Add conversations with so many turns in all, spread over the days before `until` (now)."""
    draw = random.Random(seed)
    end = until or datetime.now(UTC)
    start = end - timedelta(days=days)
    waiting: dict[str, list[dict[str, Any]]] = {}
    for made, (table, row) in enumerate(_rows(draw, start, end, turns)):
        waiting.setdefault(table, []).append(row)
        if made % CHUNK == 0:
            _write(store, waiting)
    _write(store, waiting)


def _write(store: Store, waiting: dict[str, list[dict[str, Any]]]) -> None:
    with store.connect() as connection:
        for table in ("conversations", "turns", "impressions", "interactions", "feedback", "flags", "consents"):
            if rows := waiting.pop(table, []):
                connection.execute(schema.metadata.tables[table].insert(), rows)


def _rows(draw: random.Random, start: datetime, end: datetime, turns: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows by table, conversations oldest first."""
    step = (end - start) / max(1, turns)
    at = start
    for number in range(turns):
        if number % 3 == 0:
            conversation_id = f"{draw.getrandbits(128):032x}"
            shopper = f"shopper-{draw.randrange(turns // 6 + 1):06d}" if draw.random() < 0.33 else None
            yield "conversations", _conversation(conversation_id, shopper, at)
            if shopper:
                yield "consents", {"shopper_id": shopper, "granted": True, "at": at.isoformat()}
        yield from _turn(draw, conversation_id, shopper, number % 3 + 1, at)
        at += step


def _conversation(conversation_id: str, shopper: str | None, at: datetime) -> dict[str, Any]:
    return {"conversation_id": conversation_id, "shopper_id": shopper, "started_at": at.isoformat()}


def _turn(
    draw: random.Random, conversation_id: str, shopper: str | None, number: int, at: datetime
) -> Iterator[tuple[str, dict[str, Any]]]:
    """One turn with what it showed and what came of it."""
    here = {"conversation_id": conversation_id, "turn": number}
    intent = "find" if number == 1 else draw.choice(INTENTS)
    searched = intent in ("find", "refine")
    empty = searched and draw.random() < 0.11
    shown = [] if empty else [_shown(draw) for _ in range(4)]
    rung = draw.choice(RUNGS)
    yield "turns", _turn_row(draw, here, intent, rung, shown, at)
    if empty:
        yield "flags", {**here, "kind": "empty_result", "detail": "nothing satisfied the need", "at": at.isoformat()}
    if draw.random() < 0.04:
        yield "flags", {**here, "kind": "low_confidence", "detail": "confidence 0.31", "at": at.isoformat()}
    for rank, item in enumerate(shown if searched else [], start=1):
        cold = item["interaction_count"] == 0
        row = {"rank": rank, "item_id": item["item_id"], "scores": item["scores"], "propensity": 1.0}
        yield "impressions", {**here, **row, "cold_start": cold}
        later = (at + timedelta(seconds=30 * rank)).isoformat()
        pressed = draw.random()
        if shopper and pressed < 0.2 / rank:
            event = {"shopper_id": shopper, "conversation_id": conversation_id, "item_id": item["item_id"]}
            yield "interactions", {**event, "kind": "click", "at": later, "value": None}
            if pressed < 0.04 / rank:
                yield "interactions", {**event, "kind": "purchase", "at": later, "value": None}
        if draw.random() < 0.01 and number == 3:
            verdict = draw.choice(("like", "dislike"))
            fresh = {"conversation_id": conversation_id, "item_id": item["item_id"]}
            yield "feedback", {**fresh, "verdict": verdict, "at": later}


def _shown(draw: random.Random) -> dict[str, Any]:
    count = 0 if draw.random() < 0.15 else draw.randrange(1, 400)
    scores = {part: round(draw.random(), 6) for part in PARTS}
    return {
        "item_id": f"item-{draw.randrange(ITEMS)}",
        "relevance": scores["relevance"],
        "scores": scores,
        "interaction_count": count,
    }


def _turn_row(
    draw: random.Random, here: dict[str, Any], intent: str, rung: str, shown: list[dict[str, Any]], at: datetime
) -> dict[str, Any]:
    words = f"{draw.choice(NEEDS)}, {draw.choice(WORDS)} and {draw.choice(WORDS)}, number {draw.randrange(10_000)}"
    slots = {"category": "laptops", "price_max": 900.0}
    state = {"needs": [{"slots": slots, "topic": words, "passed_over": []}] * 2, "shown": shown, "turns": here["turn"]}
    seconds = 0.4 + draw.expovariate(0.8)
    latency = {"understand": 0.3, "search": 0.03, "cards": 0.35, "explain": seconds - 0.35, "turn": seconds}
    reply = " ".join(f"**Item {n}** costs $849 and weighs 1.{n} kg, and that is under your limit." for n in range(4))
    claims = [{"text": "weighs 1.3 kg", "item_id": "x", "field": "attributes.weight", "supported": True}] * 8
    return {
        "conversation_id": here["conversation_id"],
        "number": here["turn"],
        "at": at.isoformat(),
        "utterance": words,
        "intent": intent,
        "rung": rung,
        "act": {"intent": intent, "slots": slots, "rung": rung, "confidence": 0.9, "dropped": [], "topic": words},
        "state": state,
        "constraints": {"category": "laptops", "price_max": 900.0, "currency": "USD"},
        "matching": 0 if not shown else draw.randrange(1, 300),
        "reply": reply,
        "claims": claims,
        "relaxations": [],
        "notices": [],
        "prompts": {"understand": "5b1f0c9d", "explain": "77aa0912"},
        "latency": {name: round(value, 4) for name, value in latency.items()},
    }
