from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.dialogue import AttributeKey, DialogueAct, DialogueState, Edit, Intent, Need, Slots, refine, update
from retrieval.candidates import Candidate

BRANDS = ("hp", "dell", "acer")
COLOURS = ("blue", "red")


def key(words: str) -> AttributeKey | None:
    """Colours bound the same attribute; "light" and "heavy" the two sides of another; anything else is unknown."""
    if words in COLOURS:
        return AttributeKey("colour", "is", words)
    return {"light": AttributeKey("weight", "high"), "heavy": AttributeKey("weight", "low")}.get(words)


@dataclass
class Model:
    """The need as a plain dictionary would hold it: what the fold of `update` must equal."""

    category: str | None = None
    low: float | None = None
    high: float | None = None
    brands: set[str] = field(default_factory=set)
    excluded: set[str] = field(default_factory=set)
    colour: str | None = None

    def change(self, act: DialogueAct) -> None:
        if act.intent is Intent.FIND:
            self.__init__()  # type: ignore[misc]
        for entry in act.dropped if act.intent is Intent.REFINE else ():
            self.drop(entry)
        slots = act.slots
        self.category = slots.category or self.category
        if slots.price_max is not None:
            self.low = None if slots.price_min is None and (self.low or 0) > slots.price_max else self.low
        if slots.price_min is not None:
            self.high = None if slots.price_max is None and (self.high or 1e9) < slots.price_min else self.high
        self.low = slots.price_min if slots.price_min is not None else self.low
        self.high = slots.price_max if slots.price_max is not None else self.high
        if slots.brands:
            self.brands = set(slots.brands)
        self.brands -= set(slots.excluded_brands)
        self.excluded = (self.excluded - set(slots.brands)) | set(slots.excluded_brands)
        self.colour = slots.attributes[0] if slots.attributes else self.colour

    def drop(self, entry: str) -> None:
        match entry:
            case "price_max":
                self.high = None
            case "price_min":
                self.low = None
            case "brands":
                self.brands = set()
            case _:
                self.excluded.discard(entry.partition("=")[2])

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, Slots)
        colours = {a for a in other.attributes if a in COLOURS}
        return (
            (self.category, self.low, self.high) == (other.category, other.price_min, other.price_max)
            and self.brands == set(other.brands)
            and self.excluded == set(other.excluded_brands)
            and colours == ({self.colour} if self.colour else set())
        )


@st.composite
def acts(draw: st.DrawFn) -> DialogueAct:
    brands = draw(st.lists(st.sampled_from(BRANDS), unique=True, max_size=2))
    wanted = draw(st.integers(0, len(brands)))
    low, high = sorted(draw(st.tuples(st.integers(1, 50), st.integers(1, 50))))
    slots = Slots(
        category=draw(st.sampled_from((None, "laptops", "mugs"))),
        price_min=float(low) if draw(st.booleans()) else None,
        price_max=float(high) if draw(st.booleans()) else None,
        brands=tuple(brands[:wanted]),
        excluded_brands=tuple(brands[wanted:]),
        attributes=draw(st.sampled_from(((), ("blue",), ("red",)))),
    )
    drops = ("price_min", "price_max", "brands", *(f"excluded_brands={b}" for b in BRANDS))
    dropped = draw(st.lists(st.sampled_from(drops), unique=True, max_size=2))
    return DialogueAct(draw(st.sampled_from((Intent.FIND, Intent.REFINE, Intent.REFINE))), slots, tuple(dropped))


@given(st.lists(acts(), max_size=8))
def test_the_need_equals_a_plain_model_of_it(said: list[DialogueAct]) -> None:
    state, model = DialogueState(), Model()
    for act in said:
        state = update(state, act, key)
        model.change(act)
        assert model == state.need.slots


@given(st.lists(acts(), max_size=6), acts())
def test_undo_brings_back_exactly_the_need_before_a_change(said: list[DialogueAct], last: DialogueAct) -> None:
    before = DialogueState()
    for act in said:
        before = update(before, act, key)
    after = update(before, last, key)
    undone = update(after, DialogueAct(Intent.REFINE, edit=Edit.UNDO), key)
    changed = after.need != before.need
    assert undone.needs == (before.needs if changed else before.needs[:-1])


@given(st.lists(acts(), max_size=6))
def test_as_many_undos_as_changes_leave_nothing(said: list[DialogueAct]) -> None:
    state = DialogueState()
    for act in said:
        state = update(state, act, key)
    for _ in state.needs:
        state = update(state, DialogueAct(Intent.REFINE, edit=Edit.UNDO))
    assert state.needs == ()


@given(st.lists(acts(), max_size=6))
def test_no_brand_is_wanted_and_refused_at_once(said: list[DialogueAct]) -> None:
    state = DialogueState()
    for act in said:
        state = update(state, act, key)
        assert not set(state.need.slots.brands) & set(state.need.slots.excluded_brands)


def need(*said: Slots) -> Slots:
    state = DialogueState()
    for slots in said:
        state = update(state, DialogueAct(Intent.REFINE, slots), key)
    return state.need.slots


def test_a_later_budget_replaces_an_earlier_one() -> None:
    assert need(Slots(price_max=900), Slots(price_max=700)).price_max == 700


def test_a_limit_that_crosses_the_other_one_removes_it() -> None:
    crossed = need(Slots(price_min=500), Slots(price_max=300))
    assert (crossed.price_min, crossed.price_max) == (None, 300)


def test_limits_in_another_currency_start_anew() -> None:
    changed = need(Slots(price_min=100, price_max=500, currency="USD"), Slots(price_max=300, currency="EUR"))
    assert (changed.price_min, changed.price_max, changed.currency) == (None, 300, "EUR")


def test_a_value_replaces_another_of_the_same_attribute_and_bounds_of_two_sides_stay() -> None:
    assert need(Slots(attributes=("blue",)), Slots(attributes=("red",))).attributes == ("red",)
    assert need(Slots(attributes=("light",)), Slots(attributes=("heavy",))).attributes == ("light", "heavy")


def test_an_unknown_wish_is_kept_beside_the_others() -> None:
    assert need(Slots(attributes=("vegan",)), Slots(attributes=("blue",))).attributes == ("vegan", "blue")


def test_a_wish_that_is_refused_later_is_gone() -> None:
    refused = need(Slots(attributes=("blue",)), Slots(excluded_attributes=("blue",)))
    assert (refused.attributes, refused.excluded_attributes) == ((), ("blue",))


def test_another_value_that_is_refused_leaves_the_wanted_one_as_it_is() -> None:
    refused = need(Slots(attributes=("blue",)), Slots(excluded_attributes=("red",)))
    assert (refused.attributes, refused.excluded_attributes) == (("blue",), ("red",))


def test_a_value_is_the_same_however_it_is_put() -> None:
    def coloured(words: str) -> AttributeKey | None:
        return key(words.removeprefix("in "))

    refused = refine(Need(Slots(attributes=("in blue",))), refining(excluded_attributes=("blue",)), coloured)
    assert (refused.slots.attributes, refused.slots.excluded_attributes) == ((), ("blue",))
    wanted = refine(Need(refused.slots), refining(attributes=("in blue",)), coloured)
    assert (wanted.slots.attributes, wanted.slots.excluded_attributes) == (("in blue",), ())


def refining(**slots: tuple[str, ...]) -> DialogueAct:
    return DialogueAct(Intent.REFINE, Slots(**slots))  # type: ignore[arg-type]


def test_a_new_need_keeps_nothing_of_the_old_one() -> None:
    state = update(DialogueState(), DialogueAct(Intent.FIND, Slots(category="laptops", price_max=900), topic="travel"))
    state = update(state, DialogueAct(Intent.FIND, Slots(category="mugs")))
    assert (state.need.slots, state.need.topic) == (Slots(category="mugs"), "")


def test_references_and_quantity_are_no_part_of_the_need() -> None:
    state = update(DialogueState(), DialogueAct(Intent.FIND, Slots(category="mugs", quantity=6, references=("1",))))
    assert state.need.slots == Slots(category="mugs")


@pytest.mark.parametrize("intent", [i for i in Intent if i not in (Intent.FIND, Intent.REFINE)])
def test_only_find_and_refine_change_the_need(intent: Intent) -> None:
    state = update(DialogueState(), DialogueAct(Intent.FIND, Slots(category="mugs")))
    after = update(state, DialogueAct(intent, Slots(category="tents", price_max=3)))
    assert after.needs == state.needs
    assert after.turns == state.turns + 1


def test_forgetting_waits_for_one_turn_only() -> None:
    asked = update(DialogueState(), DialogueAct(Intent.PRIVACY, edit=Edit.FORGET))
    assert asked.pending is Edit.FORGET
    assert update(asked, DialogueAct(Intent.CHITCHAT)).pending is None


def test_starting_over_keeps_what_was_chosen() -> None:
    state = replace(DialogueState(), selected=(("i1", 2),), focus="i1")
    state = update(
        update(state, DialogueAct(Intent.FIND, Slots(category="mugs"))), DialogueAct(Intent.REFINE, edit=Edit.RESTART)
    )
    assert (state.needs, state.focus, state.selected) == ((), None, (("i1", 2),))


def test_items_waved_away_stay_away_until_the_need_is_another() -> None:
    page = (Candidate("a", 0.9, {}), Candidate("b", 0.8, {}))
    state = update(DialogueState(shown=page), DialogueAct(Intent.FIND, Slots(category="mugs")))
    state = update(state, DialogueAct(Intent.REFINE, edit=Edit.OTHERS))
    assert state.need.passed_over == ("a", "b")
    state = update(state, DialogueAct(Intent.REFINE, Slots(price_max=20.0)))
    assert state.need.passed_over == ("a", "b")
    assert update(state, DialogueAct(Intent.FIND, Slots(category="lamps"))).need.passed_over == ()


def test_waving_one_item_away_leaves_the_others() -> None:
    page = (Candidate("a", 0.9, {}), Candidate("b", 0.8, {}))
    state = update(DialogueState(shown=page), DialogueAct(Intent.REFINE, edit=Edit.OTHERS), referenced=("b",))
    assert state.need.passed_over == ("b",)
