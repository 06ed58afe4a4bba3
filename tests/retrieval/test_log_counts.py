from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from ranking_doubles import DAY, events_of

from retrieval.behaviour.events import NO_ITEM, Histories, Items
from retrieval.behaviour.fusion.counts import CountTables
from retrieval.behaviour.fusion.texts import Texts
from retrieval.behaviour.log_counts import ADJACENT, BACKWARD, FORWARD, ONE, REACH, TOGETHER, LogCounts

ITEMS = 5
# (shopper, item, day), in the order in which they arrive; not in order of time
LOGS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, ITEMS - 1), st.integers(0, 400)), max_size=40)
Log = list[tuple[int, int, int]]


def built(log: Log) -> LogCounts:
    counts = LogCounts(ITEMS)
    for shopper, item, day in log:
        counts.add(shopper, item, day * DAY)
    return counts


def everything(counts: LogCounts) -> list[object]:
    """All that is counted, to the bit; shoppers by what they hold, for their numbers say when they came."""
    starts, columns, values = counts.near.entries(None)
    rows = np.arange(counts.items)
    numbers = counts.held.numbers()
    ends, members = counts.held.members(numbers)
    of_item, _ = counts.holders.members(rows)
    windows = [counts.recent(rows, np.full(counts.items, day * DAY), 30).tolist() for day in range(0, 420, 10)]
    first, last = counts.first_and_last(rows)
    arrays = (starts, columns, values, counts.times, ends, members, of_item, first, last)
    return [counts.shoppers(), *(array.tolist() for array in arrays), windows]


def texts() -> Texts:
    names = tuple(f"thing {'abcde'[row]}" for row in range(ITEMS))
    nothing = np.full(ITEMS, -1, dtype=np.int64)
    return Texts.of(Items(names, names, np.full(ITEMS, np.nan), nothing, np.eye(ITEMS, 8, dtype=np.float32)))


def asked(*items: int) -> Histories:
    item = np.array([[NO_ITEM, *items]], dtype=np.int32)
    return Histories(item, np.zeros(item.shape, np.int64), np.zeros(item.shape, np.int8), np.zeros(1, np.int64))


def pair(counts: LogCounts, one: int, other: int) -> list[int]:
    columns, values = counts.near.row(one)
    return list(values[columns.tolist().index(other)].tolist()) if other in columns else []


def test_a_pair_counts_by_steps_and_time_and_in_both_directions() -> None:
    counts = built([(0, 0, 0), (0, 1, 0), (0, 2, 180)])
    assert pair(counts, 0, 1) == [ONE, 0, 1, 1]
    assert pair(counts, 1, 0) == [0, ONE, 0, 1]
    forward = pair(counts, 0, 2)[FORWARD]
    assert abs(forward - ONE * 2**-0.5 / 2) <= 1  # two steps, one half-life
    assert pair(counts, 2, 0)[BACKWARD] == forward
    assert pair(counts, 0, 2)[ADJACENT :: TOGETHER - ADJACENT] == [0, 1]


def test_items_further_apart_than_the_reach_do_not_count_together() -> None:
    counts = LogCounts.of(events_of([list(range(REACH + 2))]), REACH + 2)
    assert pair(counts, 0, REACH)
    assert not pair(counts, 0, REACH + 1)


def test_an_item_that_follows_itself_is_one_step_at_its_first_event_and_as_many_events() -> None:
    counts = built([(0, 0, 0), (0, 0, 180), (0, 0, 360), (0, 1, 360)])
    assert pair(counts, 0, 1)[ADJACENT] == 1
    assert pair(counts, 0, 1)[FORWARD] == ONE // 4
    assert counts.times.tolist() == [3, 1, 0, 0, 0]


@settings(max_examples=100, deadline=None)
@given(LOGS)
def test_event_by_event_it_counts_what_it_counts_of_the_whole_log(log: Log) -> None:
    ordered = [
        event for shopper in range(4) for event in sorted((e for e in log if e[0] == shopper), key=lambda e: e[2])
    ]
    histories = [[item for who, item, _ in ordered if who == shopper] for shopper in range(4)]
    events = events_of([history for history in histories if history])
    events.at[:] = [day * DAY for _, _, day in ordered]
    assert everything(built(log))[1:4] == everything(LogCounts.of(events, ITEMS))[1:4]
    if log:
        assert everything(built(ordered)) == everything(LogCounts.of(events, ITEMS))


@settings(max_examples=100, deadline=None)
@given(LOGS, st.integers(0, 3), st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=4))
def test_forgetting_leaves_counts_and_parts_of_a_log_without_her(log: Log, shopper: int, history: list[int]) -> None:
    counts, without = built(log), built([event for event in log if event[0] != shopper])
    counts.forget(shopper)
    assert everything(counts) == everything(without)
    known = texts()
    for tables in (CountTables.whole, lambda c: CountTables.asked(c, asked(*history), known)):
        parts, those = (tables(c).parts(asked(*history), known) for c in (counts, without))
        for name, scores in parts.items():
            assert scores.tobytes() == those[name].tobytes(), name


@settings(max_examples=100, deadline=None)
@given(LOGS, st.lists(st.tuples(st.integers(0, 400), st.integers(0, ITEMS - 1)), max_size=6))
def test_a_history_put_in_the_place_of_another_counts_as_if_it_alone_had_been(log: Log, days: Log) -> None:
    history = sorted((day * DAY, item) for day, item in days)
    counts, without = built(log), built([event for event in log if event[0] != 3])
    counts.put(3, history)
    without.put(3, history)
    assert counts.history(3) == history
    assert everything(counts)[:5] == everything(without)[:5]
    assert everything(counts)[-3:] == everything(without)[-3:]


def test_the_rows_asked_for_say_what_the_whole_tables_say() -> None:
    generator = np.random.default_rng(0)
    counts = built([(int(s), int(i), n) for n, (s, i) in enumerate(generator.integers(0, (4, ITEMS), size=(60, 2)))])
    known, mine = texts(), asked(3, 0, 4)
    whole, rows = CountTables.whole(counts), CountTables.asked(counts, mine, known)
    for name, scores in rows.parts(mine, known).items():
        np.testing.assert_allclose(scores, whole.parts(mine, known)[name], rtol=1e-5, err_msg=name)


def test_a_new_item_makes_room_for_itself() -> None:
    counts = built([(0, 0, 0)])
    counts.add("new", ITEMS + 2, DAY)
    assert counts.items == ITEMS + 3
    assert counts.times[ITEMS + 2] == 1
    assert CountTables.whole(counts).forward.shape == (ITEMS + 3, ITEMS + 3)


def test_forgetting_one_who_is_not_known_changes_nothing() -> None:
    counts = built([(0, 0, 0), (0, 1, 0)])
    before = everything(counts)
    counts.forget("nobody")
    assert everything(counts) == before
