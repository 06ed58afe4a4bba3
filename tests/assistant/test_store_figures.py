from __future__ import annotations

from datetime import UTC, datetime, timedelta

from stored import NOON, store_turn

from assistant.store import Store, Verdict, figures
from assistant.store.figures import Period, percentile
from retrieval.interactions import Interaction, InteractionKind

WEEK = Period(datetime(2026, 11, 7, tzinfo=UTC), datetime(2026, 11, 14, tzinfo=UTC))


def test_a_period_has_a_bucket_for_every_day_with_or_without_turns() -> None:
    assert WEEK.buckets()[0] == "2026-11-07"
    assert WEEK.buckets()[-1] == "2026-11-13"
    assert len(WEEK.buckets()) == 7


def test_a_period_up_to_now_begins_with_a_whole_day_or_hour() -> None:
    now = datetime(2026, 11, 24, 7, 13, 5, tzinfo=UTC)
    assert Period.up_to(now, timedelta(days=7)).buckets() == tuple(f"2026-11-{day}" for day in range(18, 25))
    hours = Period.up_to(now, timedelta(days=1)).buckets()
    assert (hours[0], hours[-1], len(hours)) == ("2026-11-23T08", "2026-11-24T07", 24)


def test_a_turn_on_the_border_belongs_to_the_period_that_it_begins(store: Store) -> None:
    store_turn(store, "first", at=WEEK.start)
    store_turn(store, "after", at=WEEK.end)
    assert figures.conversation_count(store, WEEK) == 1
    assert [one.bucket for one in figures.turn_counts(store, WEEK)] == ["2026-11-07"]


def test_only_a_turn_that_asked_for_items_can_come_out_empty(store: Store) -> None:
    store_turn(store, "a", intent="find", matching=0)
    store_turn(store, "b", intent="chitchat", matching=0)
    store_turn(store, "c", intent="refine", matching=4)
    counted = {one.intent: one.empty for one in figures.turn_counts(store, WEEK)}
    assert counted == {"find": True, "chitchat": False, "refine": False}


def test_likes_count_by_the_day_they_were_given(store: Store) -> None:
    store_turn(store, "a", shown=("lamp",))
    store.set_feedback("a", "lamp", Verdict.LIKE)
    today = Period.up_to(datetime.now(UTC) + timedelta(seconds=1), timedelta(days=7))
    (one,) = figures.verdict_counts(store, today)
    assert (one.verdict, one.given) == ("like", 1)
    assert figures.verdict_counts(store, WEEK) == ()


def test_impressions_tell_cold_starts_and_leave_out_what_was_not_noted(store: Store) -> None:
    store_turn(store, "a", shown=("new",), cold=True)
    store_turn(store, "b", shown=("known",), cold=False)
    store_turn(store, "c", shown=("old row",), cold=None)
    assert sorted(str(one.cold_start) for one in figures.impression_counts(store, WEEK)) == ["False", "None", "True"]


def bought(store: Store, shopper_id: str, item_id: str, at: datetime, kind: InteractionKind) -> None:
    store.add_interaction(Interaction(shopper_id, item_id, kind, at))


def test_only_impressions_to_shoppers_whose_last_word_is_yes_are_followed(store: Store) -> None:
    for shopper, words in (("yes", (True,)), ("withdrew", (True, False)), ("silent", ())):
        store_turn(store, f"of {shopper}", shopper_id=shopper, shown=("lamp",))
        for word in words:
            store.set_consent(shopper, word)
    store_turn(store, "of a guest", shown=("lamp",))
    followed = {one.followed: one.impressions for one in figures.impression_counts(store, WEEK)}
    assert followed == {True: 1, False: 3}
    for shopper in ("yes", "withdrew"):
        bought(store, shopper, "lamp", NOON + timedelta(hours=1), InteractionKind.CLICK)
    assert [one.impressions for one in figures.outcomes(store, WEEK)] == [1]


def test_a_click_counts_for_the_last_impression_before_it_and_once(store: Store) -> None:
    store.set_consent("ada", True)
    store_turn(store, "a", 1, shopper_id="ada", shown=("lamp", "desk"))
    store_turn(store, "a", 2, at=NOON + timedelta(minutes=5), shown=("desk", "lamp"))
    store_turn(store, "a", 3, at=NOON + timedelta(minutes=9), shown=("lamp",))
    for minute in (6, 7):
        bought(store, "ada", "lamp", NOON + timedelta(minutes=minute), InteractionKind.CLICK)
    (one,) = figures.outcomes(store, WEEK)
    assert (one.rank, one.kind, one.impressions) == (2, InteractionKind.CLICK, 1)


def test_a_purchase_after_the_days_of_attribution_counts_for_nothing(store: Store) -> None:
    store.set_consent("ada", True)
    store_turn(store, "a", shopper_id="ada", shown=("lamp",))
    late = timedelta(days=figures.ATTRIBUTED_DAYS, minutes=1)
    bought(store, "ada", "lamp", NOON + late, InteractionKind.PURCHASE)
    assert figures.outcomes(store, WEEK) == ()
    bought(store, "ada", "lamp", NOON + late - timedelta(minutes=2), InteractionKind.PURCHASE)
    assert [one.kind for one in figures.outcomes(store, WEEK)] == [InteractionKind.PURCHASE]


def test_somebody_elses_click_counts_for_nothing(store: Store) -> None:
    for shopper in ("ada", "grace"):
        store.set_consent(shopper, True)
    store_turn(store, "a", shopper_id="ada", shown=("lamp",))
    bought(store, "grace", "lamp", NOON + timedelta(minutes=1), InteractionKind.CLICK)
    assert figures.outcomes(store, WEEK) == ()


def test_percentiles_are_by_nearest_rank() -> None:
    assert percentile([4.0], 95) == 4.0
    assert percentile([1.0, 2.0, 3.0, 4.0], 50) == 2.0
    assert percentile([float(n) for n in range(1, 101)], 95) == 95.0


def test_latencies_leave_out_turns_that_noted_none(store: Store) -> None:
    for number, seconds in enumerate((1.0, 2.0, 9.0)):
        store_turn(store, f"c{number}", latency={"cards": seconds / 2, "turn": seconds})
    store_turn(store, "unmeasured", latency={})
    whole, (day,) = figures.latencies(store, WEEK)
    assert (day.bucket, day.turns, day.turn_p50, day.turn_p95, day.cards_p50) == ("2026-11-10", 3, 2.0, 9.0, 1.0)
    assert whole is not None
    assert whole.turns == 3
