"""History replayed, and the suites that disturb utterances."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.dialogue import DialogueAct, DialogueState, Edit, Intent, Slots
from assistant.evaluation.comparing import as_meant
from assistant.evaluation.examples import Example, read_jsonl
from assistant.evaluation.open_shop import open_shop
from assistant.evaluation.replay import Context, ShopDouble, listed, replay
from assistant.evaluation.robustness import SUITES, disturbed, obeyed
from assistant.evaluation.systems import Prediction, rules_system

GOLDEN = Path(__file__).parents[1] / "data" / "golden_intents.jsonl"


@pytest.fixture(scope="module")
def shop() -> ShopDouble:
    return ShopDouble(open_shop())


class Scripted:
    """Understands what it is told to, and notes what it was asked into."""

    def __init__(self, *acts: DialogueAct) -> None:
        self.acts = list(acts)
        self.asked: list[tuple[str, DialogueState, int]] = []

    def understand(self, utterance: str, state: DialogueState, shown: object) -> DialogueAct:
        assert isinstance(shown, tuple)
        self.asked.append((utterance, state, len(shown)))
        return self.acts.pop(0)


def test_items_that_we_listed_are_the_page_with_their_prices() -> None:
    items = listed("Sure. 1. Orvane 14, $799; 2. Lumo Slim, $1,049; 3. Pelta Air")
    assert [(item.title, None if item.price is None else item.price.minor) for item in items] == [
        ("Orvane 14", 79900),
        ("Lumo Slim", 104900),
        ("Pelta Air", None),
    ]


def test_plain_text_lists_nothing() -> None:
    assert listed("Here are 3 tents. The best weighs 2.5 kg.") == ()


def test_history_is_folded_into_the_state_and_our_list_is_the_page(shop: ShopDouble) -> None:
    scripted = Scripted(
        DialogueAct(Intent.FIND, Slots(category="kettles")), DialogueAct(Intent.REFINE, Slots(price_max=50))
    )
    history = ("kettles", "Which budget?", "50", "1. Ardent Glass, $39; 2. Boil Steel, $49")
    context = replay(Example("one", "the second", Intent.SELECT, history=history), scripted, shop)
    assert context.state.need.slots == Slots(category="kettles", price_max=50)
    assert [item.title for item in context.page] == ["Ardent Glass", "Boil Steel"]
    assert [candidate.item_id for candidate in context.state.shown] == ["listed-1", "listed-2"]
    assert scripted.asked[1][1].need.slots.category == "kettles"


def test_before_a_list_the_page_holds_items_of_the_category(shop: ShopDouble) -> None:
    context = replay(
        Example("one", "x", Intent.ASK, history=("kettles", "Here are kettles.")),
        Scripted(DialogueAct(Intent.FIND, Slots(category="kettles"))),
        shop,
    )
    assert len(context.page) == 4
    assert all("kettles" in item.category_labels and item.price is None for item in context.page)


def test_an_example_without_history_is_asked_on_an_empty_page(shop: ShopDouble) -> None:
    assert replay(Example("one", "x", Intent.FIND), Scripted(), shop) == Context(DialogueState(), ())


@pytest.mark.parametrize("suite", sorted(SUITES))
def test_a_suite_disturbs_some_examples_and_the_same_way_every_time(suite: str) -> None:
    examples = read_jsonl(GOLDEN)
    once = disturbed(suite, examples)
    assert len(once) >= 40
    assert once == disturbed(suite, examples)
    plain = {example.example_id: example.text for example in examples}
    assert all(one.text != plain[one.example_id] for one in once)
    assert all(one.intent is next(e.intent for e in examples if e.example_id == one.example_id) for one in once[:20])


def test_a_suite_can_be_drawn_smaller() -> None:
    drawn = disturbed("casing", read_jsonl(GOLDEN), limit=10)
    assert len(drawn) == 10
    assert drawn == disturbed("casing", read_jsonl(GOLDEN), limit=10)


def test_slips_of_the_finger_leave_numbers_alone() -> None:
    for one, plain in zip(disturbed("typos", read_jsonl(GOLDEN)), read_jsonl(GOLDEN), strict=False):
        digits = [c for c in plain.text if c.isdigit()]
        if one.example_id == plain.example_id:
            assert [c for c in one.text if c.isdigit()] == digits


def test_a_unit_written_differently_is_the_same_value(shop: ShopDouble) -> None:
    plain = Example("one", "a tent under 2.5 kg", Intent.FIND, Slots(category="tents", attributes=("under 2.5 kg",)))
    (changed,) = disturbed("units", [plain])
    assert changed.text == "a tent under 2500 grams"
    assert changed.slots is not None
    assert plain.slots is not None
    assert as_meant(changed.slots, shop.vocabulary, ()) == as_meant(plain.slots, shop.vocabulary, ())


def test_an_added_refusal_is_one_more_excluded_brand() -> None:
    plain = Example("one", "a tent", Intent.FIND, Slots(category="tents", excluded_brands=("vango",)))
    (changed,) = disturbed("negation", [plain])
    assert changed.slots is not None
    assert changed.slots.excluded_brands[0] == "vango"
    assert len(changed.slots.excluded_brands) == 2
    assert changed.slots.excluded_brands[1] in changed.text.casefold()


def prediction(act: DialogueAct) -> Prediction:
    return Prediction(act, act.confidence, 0.0, Context(DialogueState(), ()))


@pytest.mark.parametrize(
    ("injected", "gave_in"),
    [
        (DialogueAct(Intent.OUT_OF_SCOPE), False),
        (DialogueAct(Intent.FIND, Slots(category="tents", price_max=90)), False),
        (DialogueAct(Intent.FIND, Slots(category="tents")), True),
        (DialogueAct(Intent.FIND, Slots(category="tents", price_max=90, brands=("acme",))), True),
        (DialogueAct(Intent.FIND, Slots(category="tents", price_max=90, sort="price_desc")), True),
        (DialogueAct(Intent.SELECT, Slots(references=("1",), quantity=10)), True),
        (DialogueAct(Intent.PRIVACY, edit=Edit.FORGET), True),
    ],
)
def test_an_order_that_changes_the_act_was_obeyed(injected: DialogueAct, gave_in: bool) -> None:
    plain = prediction(DialogueAct(Intent.FIND, Slots(category="tents", price_max=90)))
    assert obeyed(plain, prediction(injected)) is gave_in


def test_the_rules_understand_a_plain_need_in_the_open_shop(shop: ShopDouble) -> None:
    found = rules_system(shop).predict(Example("one", "a kettle under 50, not Bosch", Intent.FIND))
    assert found.act.slots == Slots(category="kettles", price_max=50.0, excluded_brands=("bosch",))
    assert found.seconds > 0


def test_the_open_shop_is_broad_and_no_id_is_there_twice() -> None:
    items = open_shop()
    assert len({item.item_id for item in items}) == len(items)
    categories = {item.category[0] for item in items}
    assert len(categories) > 1000
