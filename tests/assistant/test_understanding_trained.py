from __future__ import annotations

from pathlib import Path

import pytest
from test_understanding import Knowing, Scripted
from understanding_shop import MiniShop

from assistant.dialogue import DialogueAct, Intent, Rung
from assistant.labelled.serialisation import asked
from assistant.rules import understand_by_rules
from assistant.rules.slots import read
from assistant.understanding import Understanding
from assistant.understanding_answer import findings
from assistant.understanding_trained import offers, schema


@pytest.fixture(scope="module")
def shop() -> MiniShop:
    return MiniShop()


def understand(shop: MiniShop, model: Scripted, *utterances: str) -> DialogueAct:
    state = shop.replay(utterances[:-1])
    understanding = Understanding(model, lambda: shop.vocabulary, mode="model", trained="abc")
    return understanding.understand(utterances[-1], state, shop.shown(state))


def offered(shop: MiniShop, *utterances: str) -> dict[str, tuple[object, ...]]:
    state = shop.replay(utterances[:-1])
    shown = shop.shown(state)
    ruled = understand_by_rules(utterances[-1], state, shown, shop.vocabulary)
    reading = read(utterances[-1], shop.vocabulary, shown)
    return offers(reading, findings(reading, ruled, state.need))


def test_a_trained_model_is_asked_in_the_words_of_its_lessons(shop: MiniShop) -> None:
    model = Scripted({"i": "refine", "nb": ["hp"]})
    understand(shop, model, "laptops under 900", "not hp")
    state = shop.replay(["laptops under 900"])
    assert model.asked[0].asked == asked("not hp", state.need.slots, len(state.shown))
    assert len(model.asked[0].fixed) < 40


def test_words_that_the_shop_does_not_know_can_be_slots(shop: MiniShop) -> None:
    act = understand(shop, Scripted({"i": "find", "c": "theremin", "nb": ["moog"]}), "a theremin but no moog")
    assert (act.intent, act.rung) == (Intent.FIND, Rung.MODEL)
    assert act.slots.as_json() == {"category": "theremin", "excluded_brands": ["moog"]}


def test_categories_and_brands_are_called_as_the_shop_calls_them(shop: MiniShop) -> None:
    act = understand(shop, Scripted({"i": "find", "c": "notebook", "hi": 900}), "a notebook under 900")
    assert act.slots.category == "laptops"


def test_a_value_is_a_run_of_the_shoppers_words(shop: MiniShop) -> None:
    values = offered(shop, "a red kettle, 1.5 l, under $40")["a"]
    assert {"red", "red kettle", "1.5 l"} <= set(values)
    assert "blue" not in values
    assert "kettle 1.5 l" not in values  # over the comma


def test_an_amount_is_one_that_was_said(shop: MiniShop) -> None:
    held = offered(shop, "a laptop for six hundred bucks or less")
    assert set(held["hi"]) == {600.0}
    assert "hi" not in offered(shop, "a laptop")


def test_pieces_are_counted_in_digits_and_words(shop: MiniShop) -> None:
    assert set(offered(shop, "mugs", "three of the first and 12 of the second")["q"]) >= {3, 12}
    assert "q" not in offered(shop, "mugs", "the cheaper mug")


def test_the_keys_come_in_the_order_of_the_lessons_and_only_the_intent_is_required(shop: MiniShop) -> None:
    form = schema(offered(shop, "a laptop under 900, not hp"))
    assert form["required"] == ["i"]
    assert list(form["properties"]) == ["i", "c", "lo", "hi", "b", "nb", "a", "na", "s", "r"]
    assert set(form["$defs"]["intent"]["enum"]) == {intent.value for intent in Intent}


def test_a_very_long_utterance_has_a_bounded_grammar(shop: MiniShop) -> None:
    assert len(offered(shop, " ".join(f"word{n}" for n in range(900)))["c"]) <= 310


@pytest.mark.parametrize(
    "wrong",
    [
        {"i": "find", "c": "laptop", "lo": 900},
        {"i": "find", "c": "laptop", "hi": 900, "b": ["zzz"]},
        {"i": "find", "c": "laptop"},
    ],
)
def test_a_first_answer_that_cannot_stand_is_asked_for_again_within_what_the_shop_knows(
    shop: MiniShop, wrong: object
) -> None:
    model = Scripted(wrong, {"i": "find", "c": "laptops", "hi": 900})
    act = understand(shop, model, "a laptop, max 900")
    assert (act.rung, act.slots.price_max, act.slots.price_min) == (Rung.REPAIR, 900, None)
    assert model.schemas[1]["properties"]["c"] == {"enum": ["laptops"]}


def test_two_answers_that_cannot_stand_leave_it_to_the_rules(shop: MiniShop) -> None:
    act = understand(shop, Scripted("{", "{"), "a laptop, max 900, not hp")
    assert act.rung is Rung.RULES
    assert act.slots.excluded_brands == ("hp",)


def test_the_prompts_and_the_status_say_that_the_model_is_fine_tuned(shop: MiniShop) -> None:
    understanding = Understanding(Scripted(), lambda: shop.vocabulary, mode="model", trained="abc")
    assert set(understanding.prompts) == {"understand_trained"}
    assert "fine-tuned" in understanding.status


def test_another_adapter_is_probed_anew(shop: MiniShop, tmp_path: Path) -> None:
    first = Understanding(Knowing(15), lambda: shop.vocabulary, probe_folder=tmp_path, trained="one")
    assert first.status.startswith("model: ")
    other = Knowing(15)
    other.answers = []
    again = Understanding(other, lambda: shop.vocabulary, probe_folder=tmp_path, trained="two")
    assert again.status.startswith("rules: ")
    assert other.asked
