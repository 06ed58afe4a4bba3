from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ranking_doubles import DAY, LetterEncoder, events_of, items_of, write_log

from retrieval.behaviour.events import Events, Floats, Histories
from retrieval.errors import SetupError
from retrieval.ranking_evaluation.asking import rank
from retrieval.ranking_evaluation.folder import Log, read_folder
from retrieval.ranking_evaluation.measures import Means, Ranking, coverage, per_case, slices
from retrieval.ranking_evaluation.models import MODELS, RankedModel
from retrieval.ranking_evaluation.page import as_html
from retrieval.ranking_evaluation.report import RankingReport
from retrieval.ranking_evaluation.running import Options, evaluate
from retrieval.ranking_evaluation.splits import Split, leave_one_out

ITEMS = 40
BASELINES = ("popularity", "item-knn", "markov", "content", "tf-idf")


class Fixed:
    """The same scores for every history."""

    name = "fixed"

    def __init__(self, scores: list[float]) -> None:
        self.scores = np.array(scores, dtype=np.float32)
        self.longest = 0

    def score(self, histories: Histories) -> Floats:
        self.longest = max(self.longest, histories.item.shape[1])
        return np.tile(self.scores, (len(histories), 1))


class Noise:
    """Scores drawn anew for each seed."""

    name = "noise"

    def __init__(self, split: Split, seed: int) -> None:
        self._items, self._draws = len(split.items), np.random.default_rng(seed)

    def score(self, histories: Histories) -> Floats:
        return self._draws.random((len(histories), self._items), dtype=np.float32)


def split_of(histories: list[list[int]], items: int) -> Split:
    events = events_of(histories)
    return leave_one_out(Log(items_of(events, items), tuple(map(str, range(len(histories)))), events))


def cycles(shoppers: int, random: bool) -> Events:
    """Histories that walk through the items in one order, or in none."""
    draws = np.random.default_rng(0)
    walks = [(draws.integers(ITEMS) + np.arange(8)) % ITEMS for _ in range(shoppers)]
    return events_of([(draws.permutation(ITEMS)[:8] if random else walk).tolist() for walk in walks])


def test_a_tie_counts_against_the_target_and_seen_items_are_no_rivals() -> None:
    cases = split_of([[0, 1, 2, 3]], 6).test
    assert rank(Fixed([9, 9, 9, 5, 1, 1]), cases, 6).rank.tolist() == [1]
    assert rank(Fixed([0, 0, 0, 5, 5, 1]), cases, 6).rank.tolist() == [2]
    assert rank(Fixed([0] * 6), cases, 6).rank.tolist() == [3]
    assert rank(Fixed([0, 0, 0, 0.3, float(np.nextafter(np.float32(0.3), np.float32(0))), 0]), cases, 6).rank == [2]


def test_what_is_seen_is_filtered_beyond_the_events_a_model_is_given() -> None:
    cases = split_of([[*range(230), 231]], 232).test
    ranker = Fixed([9.0] * 230 + [3.0, 5.0])
    assert rank(ranker, cases, 232).rank.tolist() == [1]
    assert ranker.longest == 200


def test_the_list_shown_holds_no_seen_item_and_nothing_the_model_knows_nothing_of() -> None:
    cases = split_of([[0, 1, 2, 3]], 6).test
    assert rank(Fixed([9, 8, 7, 0, 1, 2]), cases, 6).shown[0].tolist() == [5, 4] + [-1] * 8


@pytest.mark.parametrize("scores", [[1.0] * 5, [float("nan")] * 6])
def test_scores_of_another_shape_or_not_finite_are_a_mistake(scores: list[float]) -> None:
    with pytest.raises(ValueError, match="fixed: scores"):
        rank(Fixed(scores), split_of([[0, 1, 2, 3]], 6).test, 6)


def test_metrics_worked_by_hand() -> None:
    shown = np.full((3, 10), -1, dtype=np.int32)
    shown[0, :2] = [0, 1]
    shown[1, :1] = [2]
    ranking = Ranking(np.array([1, 3, 11]), shown)
    counts = np.array([5, 0, 0], dtype=np.int64)
    values = per_case(ranking, counts)
    assert values["hr", 1].tolist() == [1, 0, 0]
    assert values["hr", 20].tolist() == [1, 1, 1]
    assert values["ndcg", 10].tolist() == pytest.approx([1, 0.5, 0])
    assert values["mrr", None].tolist() == pytest.approx([1, 1 / 3, 1 / 11])
    assert values["novelty", 10].tolist() == pytest.approx([(np.log2(8 / 6) + 3) / 2, 3, 0])
    assert values["cold share", 10].tolist() == [0.5, 1, 0]
    assert coverage(ranking, np.array([True, False, True]), 4) == 0.5


def test_slices_without_a_case_are_left_out() -> None:
    parts = slices(np.array([True, True]), np.array([0, 25]))
    assert {name: chosen.tolist() for name, chosen in parts.items()} == {
        "mixed": [True, True],
        "warm": [True, True],
        "history 0": [True, False],
        "history 20+": [False, True],
    }


def test_a_shopper_of_many_cases_weighs_by_cases_in_one_mean_and_once_in_the_other() -> None:
    means = Means(np.array([0, 0, 0, 1], dtype=np.int32), seed=0)
    every = np.ones(4, dtype=np.bool_)
    values = np.array([1.0, 1.0, 1.0, 0.0])
    means.over_cases(("mixed", ("hr", 10)), values, every)
    means.over_shoppers(("mixed", ("recall", 10)), values, every)
    found = means.estimates()
    assert found["mixed", ("hr", 10)].value == 0.75
    assert found["mixed", ("recall", 10)].value == 0.5


def test_intervals_are_as_wide_as_theory_says_and_keep_a_shoppers_cases_together() -> None:
    draws = np.random.default_rng(1)
    hits = (draws.random(2000) < 0.3).astype(np.float64)
    alone, together = (Means(np.repeat(np.arange(2000 // r), r).astype(np.int32), 0) for r in (1, 10))
    every = np.ones(2000, dtype=np.bool_)
    key = ("mixed", ("hr", 10))
    alone.over_cases(key, hits, every)
    together.over_cases(key, np.repeat(hits[:200], 10), every)
    width, clustered = (e.high - e.low for e in (alone.estimates()[key], together.estimates()[key]))
    assert width == pytest.approx(2 * 1.96 * (0.3 * 0.7 / 2000) ** 0.5, rel=0.12)
    assert clustered > 2.5 * width


def test_on_predictable_histories_counts_beat_popularity_and_on_random_ones_they_do_not() -> None:
    found = {}
    for random in (False, True):
        events = cycles(400, random)
        log = Log(items_of(events, ITEMS), tuple(map(str, range(400))), events)
        report = evaluate(log, Options(("popularity", "markov"), splits=("loo",)), lambda line: None)
        found[random] = {m: report.row(m, "loo", "ndcg") for m in ("popularity", "markov")}
    assert found[False]["markov"].value > 0.9 > 2 * found[False]["popularity"].value
    chance = 10 / (ITEMS - 7)
    assert found[True]["markov"].low < chance * 0.55  # nDCG of a random order: 4.54 / 33
    assert found[True]["markov"].high < found[True]["popularity"].value + 0.08


def test_a_random_model_is_fitted_with_three_seeds_and_its_spread_is_told() -> None:
    events = cycles(100, random=True)
    log = Log(items_of(events, ITEMS), tuple(map(str, range(100))), events)
    models = {"noise": RankedModel(Noise, random=True, baseline=False), "popularity": MODELS["popularity"]}
    report = evaluate(log, Options(splits=("loo",)), lambda line: None, models)
    spread = report.row("noise", "loo", "ndcg over seeds")
    assert spread.low < report.row("noise", "loo", "ndcg").value < spread.high
    assert spread.value > 0
    assert report.protocol["seeds of random models"] == [0, 1, 2]
    assert report.protocol["splits"]["loo"]["best baseline by nDCG@10"] == "popularity"
    apart = report.row("noise", "loo", "ndcg over best baseline")
    assert apart.value == pytest.approx(
        report.row("noise", "loo", "ndcg").value - report.row("popularity", "loo", "ndcg").value
    )


def test_the_other_splits_have_one_seed_unless_all_are_asked_for() -> None:
    events = cycles(100, random=True)
    log = Log(items_of(events, ITEMS), tuple(map(str, range(100))), events)
    models = {"noise": RankedModel(Noise, random=True, baseline=False)}
    for everywhere, told in ((False, [3, 1]), (True, [3, 3])):
        options = Options(splits=("loo", "cold"), seeds_everywhere=everywhere)
        report = evaluate(log, options, lambda line: None, models)
        facts = report.protocol["splits"]
        assert [facts[split]["seeds of random models"] for split in ("loo", "cold")] == told
        assert sum(row.metric == "ndcg over seeds" for row in report.rows) == sum(n > 1 for n in told)


def test_a_model_that_a_split_is_too_small_for_is_left_out_and_named() -> None:
    def refuse(split: Split, seed: int) -> Noise:
        raise SetupError("There is too little.", "Give more.")

    events = cycles(60, random=True)
    log = Log(items_of(events, ITEMS), tuple(map(str, range(60))), events)
    models = {"picky": RankedModel(refuse), "noise": RankedModel(Noise)}
    told: list[str] = []
    report = evaluate(log, Options(splits=("loo",)), told.append, models)
    assert report.protocol["splits"]["loo"]["models left out"] == ["picky"]
    assert "loo: picky is left out: There is too little." in told
    assert {row.model for row in report.rows} == {"noise"}
    with pytest.raises(SetupError, match="too small for any split"):
        evaluate(log, Options(("picky",), splits=("loo",)), told.append, models)


def test_cases_with_and_without_a_query_are_told_apart_by_the_event_that_is_asked_for() -> None:
    events = cycles(60, random=False)
    asked = np.zeros(len(events), dtype=np.bool_)
    asked[7 : 8 * 20 : 8] = True  # the last of eight events, of the first twenty shoppers
    log = Log(items_of(events, ITEMS), tuple(map(str, range(60))), events, query=asked)
    ranker = {"half": RankedModel(lambda split, seed: Fixed([1.0] * ITEMS))}
    report = evaluate(log, Options(splits=("loo",)), lambda line: None, ranker)
    assert {"with a query", "without a query"} <= {row.slice for row in report.rows}
    cases = leave_one_out(log).test
    assert asked[cases.place].sum() == 20
    assert np.array_equal(events.item[cases.place], cases.target)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """A small log of views and clicks in turns, whose simulator would know what comes next."""
    folder = tmp_path_factory.mktemp("log")
    draws = np.random.default_rng(3)
    lines = ["user_id,item_id,timestamp,kind,kind_bound"]
    for shopper in range(120):
        start = int(draws.integers(0, 300)) * DAY
        for step, item in enumerate((draws.integers(ITEMS) + np.arange(8)) % ITEMS):
            kind = "view" if step % 2 == 0 else "click"
            lines.append(f"u{shopper},i{item},{start + step * 60},{kind},1.0")
    write_log(folder, ["item_id,title", *(f"i{n},thing {chr(97 + n % 26)}" for n in range(ITEMS))], lines)
    return read_folder(folder, LetterEncoder(), folder / "cache")


def evaluated(log: Log, *models: str) -> RankingReport:
    return evaluate(log, Options(models, users=80), lambda line: None)


@pytest.fixture(scope="module")
def report(log: Log) -> RankingReport:
    """All of the baselines on all splits."""
    return evaluated(log, *BASELINES)


def test_every_model_has_every_metric_on_every_split(report: RankingReport) -> None:
    metrics = {(m, k) for m in ("hr", "ndcg", "recall") for k in (1, 5, 10, 20)} | {("mrr", None)}
    assert {"markov learning", "markov frozen"} <= {r.model for r in report.rows if r.split == "replay"}
    metrics |= {(m, 10) for m in ("coverage", "novelty", "cold share")}
    for model in BASELINES:
        for split in ("loo", "time", "cold"):
            measured = {(r.metric, r.k) for r in report.rows if (r.model, r.split, r.slice) == (model, split, "mixed")}
            assert metrics <= measured
    assert {"warm", "cold"} <= {r.slice for r in report.rows if r.split == "cold"}
    assert all(row.low <= row.value <= row.high for row in report.rows if "over seeds" not in row.metric)
    assert report.protocol["splits"]["loo"]["shoppers asked"] == 80


def test_the_kind_of_the_next_event_is_measured_against_its_bound(report: RankingReport) -> None:
    assert report.row("kind counts", "time", "kind accuracy", None).value == 1.0
    assert report.row("kind counts", "time", "kind accuracy over bound", None).value == 1.0
    commonest = report.row("commonest kind", "time", "kind accuracy", None).value
    assert report.row("commonest kind", "time", "kind recall weighted", None).value == pytest.approx(commonest)
    assert report.row("commonest kind", "time", "kind recall macro", None).value == 0.5
    loose = report.row("commonest kind", "time", "kind accuracy one against the rest", None).value
    assert loose == pytest.approx(1 - 0.4 * (1 - commonest))


def test_the_same_seed_gives_the_same_report_as_json(log: Log) -> None:
    first, second = (evaluated(log, "markov").as_json() for _ in range(2))
    assert first["rows"] == second["rows"]
    assert json.loads(json.dumps(first)) == first
    assert set(first["rows"][0]) == {"model", "split", "slice", "metric", "k", "value", "low", "high"}


def test_the_table_names_every_model_with_its_interval(report: RankingReport) -> None:
    text = str(report)
    assert all(text.count(f"\n{model} ") >= 3 for model in BASELINES)
    assert "seen items filtered: yes" in text
    assert "trained on validation: no" in text
    assert text.count("\nkind counts ") >= 1
    assert "kind accuracy over bound" in text


def test_a_log_without_texts_is_measured_all_the_same(tmp_path: Path) -> None:
    events = [f"u{u},{(u + step) % 9},{step}" for u in range(9) for step in range(5)]
    folder = write_log(tmp_path, ["item_id", *map(str, range(9))], ["user_id,item_id,timestamp", *events])
    log = read_folder(folder, LetterEncoder(), tmp_path / "cache")
    report = evaluate(log, Options(BASELINES, splits=("loo",)), lambda line: None)
    assert report.row("content", "loo", "hr", 1).value == 0  # all texts are alike: every item is a tie
    assert report.row("markov", "loo", "hr", 1).value > 0.5


def test_an_unknown_model_and_a_log_too_small_are_told(tmp_path: Path) -> None:
    events = events_of([[0, 1]])
    log = Log(items_of(events, 2), ("0",), events)
    with pytest.raises(SetupError, match=r"no model 'magic'.*\n.*markov"):
        evaluate(log, Options(("magic",)), lambda line: None)
    with pytest.raises(SetupError, match="too small"):
        evaluate(log, Options(("markov",), splits=("loo", "cold")), lambda line: None)


def test_the_page_escapes_names_and_draws_a_bar_for_every_model(report: RankingReport) -> None:
    row = report.rows[0]
    odd = replace(report, rows=(*report.rows, replace(row, model="<b>odd</b>", metric="ndcg", k=10)))
    page = as_html(odd)
    assert "<b>odd" not in page
    assert page.count("<rect") == len([r for r in odd.rows if (r.metric, r.k, r.slice) == ("ndcg", 10, "mixed")])
    assert "http" not in page
