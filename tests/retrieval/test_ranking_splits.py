from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from ranking_doubles import LetterEncoder, events_of, items_of

from retrieval.behaviour.events import NO_ITEM, Events
from retrieval.ranking_evaluation.folder import VALID, Log, NamedCases, read_folder
from retrieval.ranking_evaluation.splits import Cases, calendar, held_out_items, leave_one_out, sampled

BEAUTY = Path(__file__).parents[2].parent / "shared" / "data" / "amazon_beauty"


def log_of(events: Events, items: int) -> Log:
    shoppers = tuple(str(n) for n in range(int(events.shopper[-1]) + 1))
    return Log(items_of(events, items), shoppers, events)


def asked(cases: Cases) -> list[tuple[list[int], int]]:
    """The history and the target of each case."""
    rows = cases.histories(slice(None), longest=1000).item.tolist()
    return [([i for i in row if i != NO_ITEM], target) for row, target in zip(rows, cases.target.tolist(), strict=True)]


def test_the_last_new_item_is_the_test_and_the_last_but_one_the_validation() -> None:
    split = leave_one_out(log_of(events_of([[0, 1, 2, 3]]), 4))
    assert split.train.item.tolist() == [0, 1]
    assert asked(split.valid) == [([0, 1], 2)]
    assert asked(split.test) == [([0, 1, 2], 3)]


def test_an_item_touched_before_is_never_a_target_and_its_repeats_stay_in_the_history() -> None:
    split = leave_one_out(log_of(events_of([[0, 0, 1, 0, 2, 1, 2]]), 3))
    assert split.train.item.tolist() == [0, 0]
    assert asked(split.valid) == [([0, 0], 1)]
    assert asked(split.test) == [([0, 0, 1, 0], 2)]


def test_a_shopper_of_two_items_is_training_only() -> None:
    split = leave_one_out(log_of(events_of([[0, 1], [1, 2, 0]]), 3))
    assert split.train.shopper.tolist() == [0, 0, 1]
    assert len(split.test) == 1


def test_after_the_dates_every_new_item_is_a_case_and_events_of_its_own_time_are_not_its_history() -> None:
    at = np.array([1, 2, 3, 4, 5, 6, 7, 8, 10, 10], dtype=np.int64)
    zeros = np.zeros(10, dtype=np.int32)
    events = Events(zeros, np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], dtype=np.int32), at, zeros.astype(np.int8))
    split = calendar(log_of(events, 10))
    assert split.train.at.max() == 8
    assert asked(split.test) == [([0, 1, 2, 3, 4, 5, 6, 7], 8), ([0, 1, 2, 3, 4, 5, 6, 7], 9)]
    assert not split.warm[[8, 9]].any()


def test_a_shopper_without_any_history_is_asked_too() -> None:
    split = calendar(log_of(events_of([[0, 1, 2, 3, 4, 5, 6, 7, 8], [9]], step=1), 10))
    newcomer = Events(
        np.array([0] * 9 + [1], dtype=np.int32),
        np.arange(10, dtype=np.int32),
        np.arange(10, dtype=np.int64),
        np.zeros(10, dtype=np.int8),
    )
    split = calendar(log_of(newcomer, 10))
    assert asked(split.test) == [([], 9)]
    assert split.test.lengths.tolist() == [0]


def test_only_the_cases_that_the_folder_names_are_asked() -> None:
    events = events_of([list(range(10)), list(range(10))], step=1)
    named = NamedCases(np.array([1], np.int32), np.array([8], np.int32), np.array([VALID], np.int8))
    log = log_of(events, 10)
    split = calendar(Log(log.items, log.shopper_ids, events, time_cases=named))
    assert [(c.shopper.tolist(), c.target.tolist()) for c in (split.valid, split.test)] == [([1], [8]), ([], [])]


def test_items_held_out_are_in_no_training_event_and_in_no_history() -> None:
    generator = np.random.default_rng(0)
    events = events_of([generator.permutation(60)[:12].tolist() for _ in range(80)])
    split = held_out_items(log_of(events, 60))
    cold = set(np.flatnonzero(~split.warm).tolist())
    assert len(cold) == 9
    for cases in (split.valid, split.test):
        assert any(target in cold for _, target in asked(cases))
        assert any(target not in cold for _, target in asked(cases))
        assert not any(cold & set(history) for history, _ in asked(cases))
        assert cases.lengths.min() >= 2


def test_the_items_held_out_follow_from_the_seed() -> None:
    generator = np.random.default_rng(0)
    log = log_of(events_of([generator.permutation(60)[:12].tolist() for _ in range(80)]), 60)
    assert np.array_equal(held_out_items(log, 1).warm, held_out_items(log, 1).warm)
    assert not np.array_equal(held_out_items(log, 1).warm, held_out_items(log, 2).warm)


def test_a_sample_holds_all_cases_of_the_shoppers_drawn() -> None:
    cases = calendar(log_of(events_of([list(range(40))] * 6, step=1), 40)).test
    part = sampled(cases, 2, seed=3)
    assert len(part) == len(cases) // 3
    assert np.array_equal(sampled(cases, 2, seed=3).shopper, part.shopper)
    assert sampled(cases, 6, seed=3) is cases


def test_long_histories_keep_their_newest_events() -> None:
    cases = leave_one_out(log_of(events_of([[0, 1, 2, 3, 4], [4, 3, 2]]), 5)).test
    histories = cases.histories(slice(None), longest=2)
    assert histories.item.tolist() == [[2, 3], [4, 3]]
    one = cases.histories(slice(1, 2)).where(np.array([0]))
    assert one.item.tolist() == [[4, 3]]


@pytest.mark.slow
@pytest.mark.skipif(not BEAUTY.is_dir(), reason="shared/data/amazon_beauty is not here")
def test_histories_cut_from_the_real_log_are_those_its_files_state(tmp_path: Path) -> None:
    log = read_folder(BEAUTY, LetterEncoder(), tmp_path)
    assert log.held_out is not None
    for split, name, column in (
        (calendar(log), "eval_time", "history_before"),
        (held_out_items(log), "eval_cold_heldout", "history_warm"),
    ):
        stated = {}
        with gzip.open(BEAUTY / f"{name}.csv.gz", "rt") as file:
            for row in csv.DictReader(file):
                stated[row["user_id"], row["target_item_id"]] = (row["split"].removeprefix("cold_"), row[column])
        cut = {}
        for part, cases in (("valid", split.valid), ("test", split.test)):
            for place, (history, target) in enumerate(asked(cases)):
                key = log.shopper_ids[cases.shopper[place]], log.items.ids[target]
                if name == "eval_time" or log.held_out[target]:
                    cut[key] = (part, " ".join(log.items.ids[i] for i in history))
        assert cut == stated
    loo = leave_one_out(log)
    assert (len(loo.train), len(loo.valid), len(loo.test)) == (198_502 - 2 * 22_363, 22_363, 22_363)
