"""A hundred short conversations through the API: the text and the cards of every turn speak of the same items."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

from api_doubles import open_doubles
from fastapi.testclient import TestClient

from assistant.api import create_api
from retrieval.catalogue import Catalogue

CONVERSATIONS = 100
NEEDS = (
    *("laptops", "a light laptop under $1000", "something for a rainy hike", "headphones, not Sony", "a tent"),
    *("running shoes size 42", "a coffee machine", "anything blue under $100", "laptops under $100", "a red dress"),
)
CHANGES = ("under $500", "not {brand}", "only {brand}", "something cheaper", "at least 16 GB ram", "go back", "others")
QUESTIONS = (
    *("compare the first two", "how heavy is the second one?", "why this order?", "is the first one waterproof?"),
    *("which one is the cheapest?", "tell me more about {title}", "what is the difference between 1 and 3?"),
)
ENDINGS = ("I'll take the second one", "thanks!", "where is my parcel?", "what do you know about me?", "start over")


def script(seed: int, catalogue: Catalogue) -> list[dict[str, Any]]:
    """What one simulated shopper says: a need, then changes and questions, then an ending; some from an item's page."""
    drawn = random.Random(seed)
    items = sorted(catalogue, key=lambda item: item.item_id)
    said = [drawn.choice(NEEDS), *drawn.sample(CHANGES + QUESTIONS, drawn.randint(1, 4)), drawn.choice(ENDINGS)]
    bodies = []
    for utterance in said:
        item = drawn.choice(items)
        body: dict[str, Any] = {"utterance": utterance.format(brand=item.brand, title=item.title)}
        if drawn.random() < 0.2:
            body["context"] = {"item_id": item.item_id}
        bodies.append(body)
    return bodies


def mismatches(turn: dict[str, Any], catalogue: Catalogue) -> list[str]:
    """Items that are named, or claimed about, without a card; claims that were said and are not in the text."""
    cards = {pick["item_id"] for pick in turn["picks"]}
    bold = set(re.findall(r"\*\*(.+?)\*\*", turn["reply"]))
    titles = {item.item_id: item.title for item in catalogue}
    named = {item_id for item_id, title in titles.items() if title in turn["reply"]}
    found = [f"{titles[item_id]} is named and has no card" for item_id in named - cards]
    found += [f"{words} stands in bold and is no card's name" for words in bold - {titles[card] for card in cards}]
    for claim in (claim for claim in turn["claims"] if claim["supported"]):
        if claim["item_id"] not in cards:
            found.append(f"{claim['text']!r} is claimed of {claim['item_id']}, which has no card")
        if not set(words_of(claim["text"])) <= set(words_of(turn["reply"])):
            found.append(f"{claim['text']!r} is claimed and not in the text")
    return found


def words_of(text: str) -> list[str]:
    return re.findall(r"[\w.]*\w", text.casefold())


def test_the_text_and_the_cards_speak_of_the_same_items_in_a_hundred_conversations(tmp_path: Path) -> None:
    intents: Counter[str] = Counter()
    claims = 0
    with open_doubles(tmp_path, api_requests_per_minute=0) as service:
        client = TestClient(create_api(service))
        for seed in range(CONVERSATIONS):
            conversation_id = None
            for body in script(seed, service.shop.catalogue):
                turn = client.post("/api/v1/chat", json={**body, "conversation_id": conversation_id}).json()
                conversation_id = turn["conversation_id"]
                assert mismatches(turn, service.shop.catalogue) == [], (seed, body, turn["reply"])
                intents[turn["act"]["intent"]] += 1
                claims += sum(claim["supported"] for claim in turn["claims"])
    assert {"find", "refine", "ask", "compare", "explain", "select"} <= intents.keys(), intents
    assert claims > 500


def test_a_mismatch_would_be_seen(tmp_path: Path) -> None:
    with open_doubles(tmp_path) as service:
        turn = TestClient(create_api(service)).post("/api/v1/chat", json={"utterance": "laptops"}).json()
        catalogue = service.shop.catalogue
        assert mismatches(turn, catalogue) == []
        first, *others = turn["picks"]
        assert any(first["title"] in told for told in mismatches({**turn, "picks": others}, catalogue))
        wrong = {**turn["claims"][0], "item_id": "i30"}
        assert mismatches({**turn, "claims": [wrong]}, catalogue)
        assert mismatches({**turn, "reply": f"{turn['reply']} **A thing of its own**"}, catalogue)
