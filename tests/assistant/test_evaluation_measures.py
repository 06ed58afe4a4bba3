"""Figures of the evaluation, against values worked by hand."""

from __future__ import annotations

import math

import pytest

from assistant.dialogue import DialogueAct, DialogueState, Intent, Slots
from assistant.evaluation.agreement import agreement
from assistant.evaluation.comparing import as_meant, as_written, counts
from assistant.evaluation.examples import Example
from assistant.evaluation.measures import (
    INTENTS,
    Scored,
    Table,
    all_slots_as_written,
    all_slots_exact,
    compare,
    confusion,
    ece,
    false_rejects,
    intent_accuracy,
    intent_macro_f1,
    oos_auroc,
    oos_recall,
    per_intent,
    slot_f1,
    table,
    with_interval,
)
from assistant.evaluation.open_shop import open_shop
from assistant.evaluation.replay import Context, listed
from assistant.evaluation.systems import Prediction
from retrieval.vocabulary import Vocabulary

NOWHERE = Context(DialogueState(), ())


@pytest.fixture(scope="module")
def words() -> Vocabulary:
    return Vocabulary.learn(open_shop())


def scored(gold: str, predicted: str, sure: float, want: Slots | None = None, got: Slots | None = None) -> Scored:
    example = Example(f"{gold} {predicted} {sure}", "said", Intent(gold), want)
    act = DialogueAct(Intent(predicted), got or Slots(), confidence=sure)
    outside = sure if predicted == "out_of_scope" else 1 - sure
    return compare(example, Prediction(act, sure, outside, NOWHERE), Vocabulary())


def four() -> Table:
    """Right at .95, wrong at .85, rejected rightly at .55, rejected wrongly at .65."""
    return table(
        [
            scored("find", "find", 0.95),
            scored("find", "refine", 0.85),
            scored("out_of_scope", "out_of_scope", 0.55),
            scored("ask", "out_of_scope", 0.65),
        ]
    )


def test_accuracy_is_the_share_of_right_intents() -> None:
    assert intent_accuracy(four()) == 0.5


def test_macro_f1_counts_the_intents_that_occur_in_gold() -> None:
    # find: 1 of 2 found, none invented: 2/3; out_of_scope: found, one invented: 2/3; ask: 0
    assert intent_macro_f1(four()) == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)


def test_the_confusion_matrix_has_gold_in_rows() -> None:
    matrix = confusion(four())
    assert matrix[INTENTS.index("ask"), INTENTS.index("out_of_scope")] == 1
    assert matrix.sum() == 4


def test_out_of_scope_recall_and_false_rejects_are_told_apart() -> None:
    assert oos_recall(four()) == 1.0
    assert false_rejects(four()) == pytest.approx(1 / 3)


def test_auroc_is_the_share_of_pairs_in_the_right_order() -> None:
    # scores: .05, .15, .65 in scope against .55: two of three pairs
    assert oos_auroc(four()) == pytest.approx(2 / 3)


def test_auroc_without_out_of_scope_examples_is_not_defined() -> None:
    t = table([scored("find", "find", 0.9)])
    assert math.isnan(oos_auroc(t))
    assert with_interval(t, oos_auroc) is None


def test_calibration_error_is_the_mean_gap_between_confidence_and_accuracy() -> None:
    gaps = (1 - 0.95, 0.85, 1 - 0.55, 0.65)
    assert ece(four()) == pytest.approx(sum(gaps) / 4)


def test_precision_and_recall_of_one_intent() -> None:
    rows = per_intent(four())
    assert (rows["out_of_scope"]["precision"], rows["out_of_scope"]["recall"]) == (0.5, 1.0)
    assert rows["refine"]["n"] == 0


def test_slot_f1_counts_values_and_all_slots_exact_counts_utterances() -> None:
    rows = [
        scored("find", "find", 0.9, Slots(brands=("a", "b")), Slots(brands=("a", "c"))),
        scored("find", "find", 0.9, Slots(brands=("a",)), Slots(brands=("a",))),
        scored("find", "find", 0.9, None, Slots(brands=("x",))),
    ]
    t = table(rows)
    assert slot_f1("brands")(t) == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))  # unlabelled slots count nowhere
    assert all_slots_exact(t) == 0.5
    assert math.isnan(slot_f1("sort")(t))


def test_an_interval_holds_the_value_and_comes_out_the_same_again() -> None:
    found = with_interval(four(), intent_accuracy)
    assert found is not None
    assert found.low <= found.value <= found.high
    assert found.low < found.high
    assert with_interval(four(), intent_accuracy) == found


def test_a_system_does_not_differ_from_itself() -> None:
    found = with_interval(four(), intent_accuracy, four())
    assert found is not None
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Slots(attributes=("2.5 kg",)), Slots(attributes=("2500 grams",))),
        (Slots(attributes=("over 32 gb ram",)), Slots(attributes=("at least 32 gb of ram",))),
        (Slots(category="kettle"), Slots(category="kettles")),
        (Slots(price_max=80), Slots(price_max=80.0)),
        (Slots(excluded_attributes=("plastic",)), Slots(excluded_attributes=("the plastic",))),
    ],
)
def test_two_spellings_of_one_value_mean_the_same(words: Vocabulary, one: Slots, other: Slots) -> None:
    assert as_meant(one, words, ()) == as_meant(other, words, ())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Slots(attributes=("under 2 kg",)), Slots(attributes=("over 2 kg",))),
        (Slots(category="kettles"), Slots(category="toasters")),
        (Slots(price_max=80), Slots(price_min=80)),
        (Slots(brands=("bosch",)), Slots(excluded_brands=("bosch",))),
    ],
)
def test_other_values_do_not_mean_the_same(words: Vocabulary, one: Slots, other: Slots) -> None:
    assert as_meant(one, words, ()) != as_meant(other, words, ())


def test_a_description_and_a_rank_of_one_item_mean_the_same(words: Vocabulary) -> None:
    page = listed("1. Ardent Glass, $39; 2. Boil Steel, $49")
    rank, described = Slots(references=("2",)), Slots(references=("the steel one",))
    assert as_meant(rank, words, page) == as_meant(described, words, page)
    assert as_written(rank) != as_written(described)
    assert as_meant(Slots(references=("1",)), words, page) != as_meant(described, words, page)


def test_counts_tell_missing_values_from_invented_ones() -> None:
    found = counts(as_written(Slots(brands=("a", "b"))), as_written(Slots(brands=("b", "c"), sort="rating")))
    assert dict(found["brands"]) == {"tp": 1, "fp": 1, "fn": 1}
    assert dict(found["sort"]) == {"tp": 0, "fp": 1, "fn": 0}


def test_kappa_is_agreement_beyond_chance(words: Vocabulary) -> None:
    def rater(*intents: str) -> list[Example]:
        return [Example(str(n), "said", Intent(intent), Slots()) for n, intent in enumerate(intents)]

    # agreed 3 of 4; by chance (2*3 + 2*1) / 16 = 1/2: kappa 1/2
    found = agreement(rater("find", "find", "ask", "ask"), rater("find", "find", "find", "ask"), words)
    assert found.agreed == 0.75
    assert found.kappa == pytest.approx(0.5)
    assert found.disagreements == (("2", "ask", "find"),)


def test_raters_agree_on_slots_that_mean_the_same(words: Vocabulary) -> None:
    def rater(*categories: str) -> list[Example]:
        return [Example(str(n), "said", Intent.FIND, Slots(category=one)) for n, one in enumerate(categories)]

    found = agreement(rater("kettles", "kettles"), rater("kettle", "tents"), words)
    assert (found.all_slots, found.slot_f1) == (0.5, 0.0)


def test_verbatim_and_meaning_are_counted_apart(words: Vocabulary) -> None:
    example = Example("one", "said", Intent.FIND, Slots(category="kettles"))
    act = DialogueAct(Intent.FIND, Slots(category="kettle"))
    t = table([compare(example, Prediction(act, 1.0, 0.0, NOWHERE), words)])
    assert (all_slots_exact(t), all_slots_as_written(t)) == (1.0, 0.0)
