"""Any sequence of changes, undos, restarts, "others" and privacy edits, against a plain history of them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from test_dialogue import Model, acts, key

from assistant.dialogue import DialogueAct, DialogueState, Edit, Intent, update
from retrieval.candidates import Candidate

PRIVACY = (Edit.IGNORE_HISTORY, Edit.USE_HISTORY, Edit.SHOW_DATA, Edit.FORGET)
NEED = (Edit.UNDO, Edit.RESTART, Edit.OTHERS)
PAGES = (("a", "b"), ("c",), ("a", "d"))


@st.composite
def steps(draw: st.DrawFn) -> DialogueAct:
    """A change of the need, or an edit."""
    edit = draw(st.sampled_from((None, None, *NEED, *PRIVACY)))
    if edit is None:
        return draw(acts())
    return DialogueAct(Intent.PRIVACY if edit in PRIVACY else Intent.REFINE, edit=edit)


class History:
    """Every need so far, the items waved away for it, and the switches: as a plain list and plain flags hold them."""

    def __init__(self) -> None:
        self.needs: list[tuple[Model, list[str]]] = [(Model(), [])]
        self.ignoring = self.asked_to_forget = False

    def step(self, act: DialogueAct, page: tuple[str, ...], is_new: bool) -> None:
        """Take a step; `is_new`: the need is another than before, so that there is something to undo."""
        self.asked_to_forget = act.edit is Edit.FORGET
        need, waved = self.needs[-1]
        match act.edit:
            case Edit.UNDO:
                self.needs = self.needs[:-1] or [(Model(), [])]
            case Edit.RESTART:
                self.needs = [(Model(), [])]
            case Edit.OTHERS:
                self.needs.append((need, waved + [i for i in page if i not in waved]))
            case Edit.IGNORE_HISTORY | Edit.USE_HISTORY:
                self.ignoring = act.edit is Edit.IGNORE_HISTORY
            case None:
                changed = deepcopy(need)
                changed.change(act)
                held = (changed, [] if act.intent is Intent.FIND else waved)
                self.needs = [*self.needs, held] if is_new else [*self.needs[:-1], held]


@settings(deadline=None)
@given(st.lists(st.tuples(steps(), st.sampled_from(PAGES)), max_size=12))
def test_any_sequence_of_steps_leaves_what_a_plain_history_holds(
    said: list[tuple[DialogueAct, tuple[str, ...]]],
) -> None:
    state, history = DialogueState(), History()
    for turn, (act, page) in enumerate(said, start=1):
        before = replace(state, shown=tuple(Candidate(item_id, 0.5, {}) for item_id in page))
        state = update(before, act, key)
        history.step(act, page, len(state.needs) > len(before.needs))
        need, waved = history.needs[-1]
        assert need == state.need.slots
        assert waved == list(state.need.passed_over)
        assert len(history.needs) == len(state.needs) + 1
        assert (state.ignore_history, state.pending is Edit.FORGET) == (history.ignoring, history.asked_to_forget)
        assert state.turns == turn


@settings(deadline=None)
@given(st.lists(steps(), max_size=8), st.sampled_from(PRIVACY))
def test_an_edit_about_privacy_leaves_the_need_the_page_and_the_cart(said: list[DialogueAct], edit: Edit) -> None:
    state = DialogueState(shown=(Candidate("a", 0.5, {}),), selected=(("a", 1),))  # type: ignore[arg-type]
    for act in said:
        state = update(state, act, key)
    after = update(state, DialogueAct(Intent.PRIVACY, edit=edit), key)
    assert (after.needs, after.shown, after.selected) == (state.needs, state.shown, state.selected)


@settings(deadline=None)
@given(st.lists(steps(), max_size=8), st.lists(steps(), max_size=6))
def test_after_starting_over_nothing_of_before_counts(before: list[DialogueAct], later: list[DialogueAct]) -> None:
    old = DialogueState()
    for act in before:
        old = update(old, act, key)
    old, new = update(old, DialogueAct(Intent.REFINE, edit=Edit.RESTART), key), DialogueState()
    for act in later:
        old, new = update(old, act, key), update(new, act, key)
        assert (old.needs, old.shown, old.focus) == (new.needs, new.shown, new.focus)


@settings(deadline=None)
@given(st.lists(acts(), max_size=6), st.lists(st.sampled_from(PRIVACY), max_size=3))
def test_an_undo_after_edits_about_privacy_takes_back_the_change_before_them(
    said: list[DialogueAct], edits: list[Edit]
) -> None:
    state = DialogueState()
    for act in said:
        state = update(state, act, key)
    needs = state.needs
    for edit in edits:
        state = update(state, DialogueAct(Intent.PRIVACY, edit=edit), key)
    assert update(state, DialogueAct(Intent.REFINE, edit=Edit.UNDO), key).needs == needs[:-1]
