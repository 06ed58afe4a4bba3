from __future__ import annotations

from dataclasses import replace

from shelf import LAPTOPS, picks_of

from assistant.explanation.ranking_words import difference_words, order_lead, order_words
from assistant.explanation.wording import place_words

PICKS = picks_of(LAPTOPS)


def with_candidate(pick, **changes):
    return replace(pick, candidate=replace(pick.candidate, **changes))


def test_a_place_is_told_in_the_stored_figures() -> None:
    words = order_words(PICKS[0], with_history=True)
    assert words == (
        "**Vantor Aero 14 Laptop** stands first with relevance 0.61: match 0.70 (meaning 0.72, words 0.60)"
        " and behaviour 0.40 from 40 interactions, trusted to 80%."
    )


def test_the_place_without_history_is_told_when_it_is_another() -> None:
    words = order_words(with_candidate(PICKS[0], rank_without_history=3), with_history=True)
    assert words.endswith("with an empty history it would stand third.")


def test_without_history_no_other_place_is_told() -> None:
    assert "empty history" not in order_words(with_candidate(PICKS[0], rank_without_history=3), with_history=False)


def test_an_item_without_interactions_is_said_to_have_no_purchase_data() -> None:
    assert "no purchase data yet" in order_words(PICKS[2], with_history=True)


def test_scores_that_were_not_computed_are_not_told() -> None:
    words = order_words(with_candidate(PICKS[0], scores={"dense": 0.5}), with_history=False)
    assert words == "**Vantor Aero 14 Laptop** stands first with relevance 0.61."


def test_an_order_that_was_asked_for_is_the_reason() -> None:
    assert "lowest price first" in order_lead(PICKS, "price_asc", with_history=True)


def test_whether_history_moved_anything_is_said() -> None:
    assert "did not change" in order_lead(PICKS, None, with_history=True)
    moved = (with_candidate(PICKS[0], rank_without_history=2), *PICKS[1:])
    assert "Your history changed the order" in order_lead(moved, None, with_history=True)
    assert "No history" in order_lead(PICKS, None, with_history=False)


def test_the_part_that_differs_most_is_what_puts_one_before_another() -> None:
    first = with_candidate(PICKS[0], scores={"content": 0.8, "behaviour": 0.9})
    second = with_candidate(PICKS[1], scores={"content": 0.7, "behaviour": 0.1})
    words = difference_words(first, second)
    assert words == "What puts it before **Kestrel Field 15 Laptop** is what shoppers did: 0.90 against 0.10."
    assert difference_words(second, first) is None


def test_places_beyond_ten_are_figures() -> None:
    assert [place_words(n) for n in (1, 3, 11, 21, 112)] == ["first", "third", "11th", "21st", "112th"]


def test_what_likeness_to_those_above_cost_is_told() -> None:
    scores = {"content": 0.7, "diversity": -0.04}
    assert "0.04 is taken off for its likeness" in order_words(
        with_candidate(PICKS[1], scores=scores), with_history=False
    )


def test_what_being_sold_out_cost_is_told() -> None:
    scores = {**PICKS[0].candidate.scores, "stock": -0.1}
    assert "0.10 is taken off because it is sold out" in order_words(with_candidate(PICKS[0], scores=scores), False)
