"""What is asked for and not sold: the reply says so, whatever the search found nearest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from shelf import LAPTOPS, at_most, item, outcome, picks_of

from assistant.dialogue import DialogueState, Need, Slots
from assistant.events import Outcome
from assistant.explanation.explainer import Explainer
from assistant.grounding import ShopMoney, to_query
from assistant.language_model import Generation, Prompt
from assistant.settings import Settings
from retrieval.catalogue import CatalogueItem
from retrieval.query import Constraints, Relaxation
from retrieval.vocabulary import Vocabulary

MONEY = ShopMoney("USD", {})


class NeverAsked:
    """A model that must not speak of items that are not what was asked for."""

    name = "scripted"

    def generate(self, prompt: Prompt, **how: object) -> Generation:
        raise AssertionError(f"it was asked: {prompt.asked}")


def asked_for(kind: str, items: tuple[CatalogueItem, ...], **fields: object) -> Outcome:
    need = Need(Slots(category=kind))
    grounded = to_query(need, Vocabulary.learn(items), MONEY, 4)
    given = {"items": items, "constraints": grounded.query.constraints, "notices": grounded.notices, **fields}
    return outcome(utterance=kind, after=DialogueState(needs=(need,)), **given)


def said(found: Outcome, model: NeverAsked | None = None) -> str:
    return "".join(s.text for s in Explainer(model, Settings(language_model="some/model")).reply(found))  # type: ignore[arg-type]


def test_what_the_shop_does_not_sell_is_not_said_to_fit() -> None:
    words = said(asked_for("cordless drill", LAPTOPS))
    assert words.startswith("There is no “cordless drill” department here. None of these is what you asked for.")
    assert "fit" not in words.split("\n1.")[0]


def test_no_model_is_asked_why_such_items_fit() -> None:
    assert "1. **Vantor Aero 14 Laptop**" in said(asked_for("cordless drill", LAPTOPS), NeverAsked())


def test_items_named_so_are_what_was_asked_for_without_a_department_of_the_name() -> None:
    drills = tuple(item(f"d{n}", f"Vantor Drill {n}", "40", category=("Tools", "Power")) for n in range(2))
    words = said(asked_for("cordless drill", drills))
    assert "None of these" not in words
    assert "fit best" in words


def test_where_only_some_are_named_so_the_reply_tells_which() -> None:
    mixed = (LAPTOPS[0], item("d1", "Vantor Drill", "40", category=("Tools", "Power")))
    assert "Only 2 has that name. The others are just the nearest in words." in said(asked_for("drills", mixed))


def test_the_changes_offered_for_it_are_called_other_kinds_of_things() -> None:
    narrow = Constraints(attributes=(at_most("weight", 10, "g", "under 10 g"),))
    offered = (Relaxation("attributes", "up to 1.1 kg", replace(narrow, attributes=()), 1),)
    words = said(asked_for("tv", LAPTOPS, picks=(), matching=0, constraints=narrow, relaxations=offered))
    assert "Nothing in the shop is an item, under 10 g." in words
    assert "Changes that would bring other kinds of things: up to 1.1 kg (1 item)." in words


@pytest.mark.parametrize(
    ("kind", "category"),
    [
        ("garden hose", None),
        ("garden", "garden"),
        ("garden stuff please", "garden"),
        ("folding garden chairs", "chairs"),
    ],
)
def test_a_department_that_only_qualifies_a_missing_thing_is_not_meant(kind: str, category: str | None) -> None:
    stock = (
        item("g1", "Folding Garden Chair", "40", category=("Garden", "Chairs")),
        item("g2", "Spade", "20", category=("Garden", "Tools")),
    )
    query = to_query(Need(Slots(category=kind)), Vocabulary.learn(stock), MONEY, 4).query
    assert query.constraints.category == category


def test_picks_of_a_known_department_are_never_called_another_kind() -> None:
    words = said(asked_for("laptops", LAPTOPS, picks=picks_of(LAPTOPS)))
    assert "None of these" not in words
