"""The fusion as a whole: it learns what there is to learn, nothing where there is nothing, and reads what it wrote."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.behaviour.events import NO_ITEM, Events, Floats, Histories, Items
from retrieval.behaviour.fusion.calibration import Calibration, calibration_error
from retrieval.behaviour.fusion.cold import least_cost, warm_gain
from retrieval.behaviour.fusion.fitting import beats, full_system, tuning_and_judging, win
from retrieval.behaviour.fusion.lambdamart import LambdaMart, Ranked, TreeRecipe
from retrieval.behaviour.fusion.lessons import held_out_items, last_events
from retrieval.behaviour.fusion.ranker import CARD, TREES, FusedRanker, FusionRecipe
from retrieval.behaviour.fusion.rule import ALPHAS, WeighedRanker
from retrieval.behaviour.fusion.stage import Stage
from retrieval.behaviour.markov import Markov
from retrieval.errors import SetupError

SHOPPERS, STEPS, KINDS_OF_THING, OF_EACH = 300, 6, 6, 10
ITEMS = KINDS_OF_THING * OF_EACH
RECIPE = FusionRecipe(trees=TreeRecipe(trees=40, fewest_in_leaf=10, learning_rate=0.1))


def shop() -> Items:
    """Sixty items of six kinds; items of one kind share a word and lie close in meaning."""
    generator = np.random.default_rng(0)
    kinds = np.repeat(np.arange(KINDS_OF_THING), OF_EACH)
    vectors = np.eye(KINDS_OF_THING, 16)[kinds] + 0.05 * generator.normal(size=(ITEMS, 16))
    return Items(
        ids=tuple(f"i{row}" for row in range(ITEMS)),
        texts=tuple(f"kind{kind} thing{row}" for row, kind in enumerate(kinds)),
        prices=np.full(ITEMS, 9.0),
        first_seen=np.zeros(ITEMS, dtype=np.int64),
        vectors=(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32),
    )


def predictable(generator: np.random.Generator) -> list[int]:
    """A walk within one kind: the next item is mostly the one after, else another of the kind."""
    kind, place = generator.integers(KINDS_OF_THING), generator.integers(OF_EACH)
    walk = [int(place)]
    while len(walk) < STEPS:
        follower = (walk[-1] + 1) % OF_EACH
        left = [place for place in range(OF_EACH) if place not in walk]
        walk.append(follower if follower in left and generator.random() < 0.7 else int(generator.choice(left)))
    return [int(kind) * OF_EACH + place for place in walk]


def anything(generator: np.random.Generator) -> list[int]:
    return [int(item) for item in generator.choice(ITEMS, size=STEPS, replace=False)]


class World:
    """Shoppers' walks: all but the last two items for training, then the validation's and the test's."""

    def __init__(self, walks: list[list[int]]) -> None:
        self.items = shop()
        self.item = np.array(walks, dtype=np.int32)
        self.train = self.events(STEPS - 2)
        self.fused = FusedRanker.fit(
            [last_events(self.train), held_out_items(self.train, ITEMS, seed=0)],
            self.train,
            self.items,
            self.histories(STEPS - 2),
            self.item[:, STEPS - 2],
            RECIPE,
        )

    def events(self, steps: int) -> Events:
        item = self.item[:, :steps]
        shopper = np.repeat(np.arange(len(item), dtype=np.int32), steps)
        at = np.tile(np.arange(steps, dtype=np.int64) * 86_400, len(item))
        return Events(shopper, item.ravel(), at, np.zeros(item.size, dtype=np.int8))

    def histories(self, steps: int) -> Histories:
        item = self.item[:, :steps]
        at = np.tile(np.arange(steps, dtype=np.int64) * 86_400, (len(item), 1))
        return Histories(item, at, np.zeros(item.shape, dtype=np.int8), np.full(len(item), steps * 86_400))


@cache
def world(walk: str) -> World:
    generator = np.random.default_rng(7)
    draw = {"predictable": predictable, "anything": anything}[walk]
    return World([draw(generator) for _ in range(SHOPPERS)])


def hits(scores: Floats, histories: Histories, targets: NDArray[np.int32], k: int) -> float:
    """Share of the histories whose target is among the first k unseen; a tie counts against it."""
    scores = scores.copy()
    rows, columns = np.nonzero(histories.item != NO_ITEM)
    scores[rows, histories.item[rows, columns]] = -1.0
    own = scores[np.arange(len(targets)), targets][:, None]
    return float(((scores >= own).sum(axis=1) <= k).mean())


def asked(of: World) -> tuple[Histories, NDArray[np.int32]]:
    return of.histories(STEPS - 1), of.item[:, STEPS - 1]


def test_on_predictable_walks_it_finds_what_is_next_far_more_often_than_popularity() -> None:
    shown = world("predictable")
    histories, targets = asked(shown)
    popular = np.tile(shown.fused.stage.counts.times.astype(np.float32), (SHOPPERS, 1))
    assert hits(shown.fused.score(histories), histories, targets, 1) > 0.45
    assert hits(popular, histories, targets, 1) < 0.1


def test_on_random_walks_it_finds_no_more_than_chance() -> None:
    shown = world("anything")
    histories, targets = asked(shown)
    assert (
        hits(shown.fused.score(histories), histories, targets, 5) < 5 / (ITEMS - STEPS + 1) + 0.06
    )  # three deviations


def test_scores_are_probabilities_of_candidates_and_zero_elsewhere() -> None:
    shown = world("predictable")
    histories, targets = asked(shown)
    scores = shown.fused.score(histories)
    assert scores.shape == (SHOPPERS, ITEMS)
    assert ((scores >= 0) & (scores < 1)).all()
    rows, columns = np.nonzero(scores)
    said, happened = scores[rows, columns].astype(np.float64), columns == targets[rows]
    assert calibration_error(said, happened) < 0.03


def test_asked_about_given_items_it_says_the_same_as_about_all() -> None:
    shown = world("predictable")
    histories = shown.histories(STEPS - 1).where(slice(0, 1))
    scores = shown.fused.score(histories)[0]
    rows = np.flatnonzero(scores)
    np.testing.assert_allclose(shown.fused.relevance(histories, rows), scores[rows], rtol=1e-6)


def test_a_shopper_without_history_gets_what_is_popular() -> None:
    shown = world("predictable")
    nobody = Histories(
        np.empty((2, 0), np.int32), np.empty((2, 0), np.int64), np.empty((2, 0), np.int8), np.zeros(2, np.int64)
    )
    scores = shown.fused.score(nobody)
    assert scores[0].argmax() == shown.fused.stage.counts.times.argmax()
    np.testing.assert_array_equal(scores[0], scores[1])


def test_an_item_without_events_is_found_by_its_text() -> None:
    shown = world("predictable")
    new = 3  # of the first kind
    train = shown.train.where(shown.train.item != new)
    stage = Stage.of(train, shown.items, shown.fused.stage.texts, ())
    known = FusedRanker(stage, shown.fused.model, 0.0, shown.fused.calibration)
    item = np.array([[1, 2]], dtype=np.int32)  # what comes just before it
    asking = Histories(item, np.array([[0, 86_400]]), np.zeros((1, 2), np.int8), np.array([172_800]))
    scores = known.score(asking)[0]
    assert scores[new] > 0
    assert scores[new] > scores[OF_EACH:].max()  # of no other kind is any item likelier


def test_what_is_saved_is_read_to_the_bit(tmp_path: Path) -> None:
    shown = world("predictable")
    shown.fused.save(tmp_path)
    again = FusedRanker.load(tmp_path, shown.fused.stage)
    histories, _ = asked(shown)
    np.testing.assert_array_equal(again.score(histories), shown.fused.score(histories))
    assert {file.name for file in tmp_path.iterdir()} == {TREES, CARD}


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    shown = world("predictable")
    shown.fused.save(tmp_path)
    trees = tmp_path / TREES
    trees.write_text(trees.read_text().replace("leaf_value=", "leaf_value=9 ", 1))
    with pytest.raises(SetupError, match="damaged"):
        FusedRanker.load(tmp_path, shown.fused.stage)


def test_a_fusion_that_decides_by_other_columns_is_refused(tmp_path: Path) -> None:
    shown = world("predictable")
    shown.fused.save(tmp_path)
    card = tmp_path / CARD
    card.write_text(card.read_text().replace('"pairs_long"', '"other"'))
    with pytest.raises(SetupError, match="other columns"):
        FusedRanker.load(tmp_path, shown.fused.stage)


def test_another_ranker_is_a_part_like_the_others_and_is_fitted_without_what_a_lesson_hides() -> None:
    shown = world("predictable")
    seen: list[int] = []

    def markov(events: Events) -> Markov:
        seen.append(len(events))
        return Markov.fit(events, ITEMS)

    lesson = last_events(shown.train)
    histories, targets = shown.histories(STEPS - 2), shown.item[:, STEPS - 2]
    fused = FusedRanker.fit([lesson], shown.train, shown.items, histories, targets, RECIPE, [markov])
    assert seen == [len(lesson.counted), len(shown.train)]
    assert "markov#" in fused.model.columns
    assert fused.score(histories).shape == (SHOPPERS, ITEMS)


def test_trees_are_the_same_from_the_same_seed() -> None:
    one, other = (World(world("predictable").item.tolist()).fused.model.text() for _ in range(2))
    assert one == other


def test_a_log_without_answers_says_that_it_is_too_small() -> None:
    nothing = Ranked(np.zeros((3, 1), np.float32), np.array([3]), np.zeros(3, np.bool_))
    with pytest.raises(SetupError, match="too small"):
        LambdaMart.fit(["column"], nothing, nothing)


def test_a_log_without_a_question_says_that_it_is_too_small() -> None:
    shown = world("predictable")
    once = shown.train.where(np.append(True, np.diff(shown.train.shopper) != 0))  # one event a shopper
    with pytest.raises(SetupError, match="too small"):
        FusedRanker.fit([last_events(once)], once, shown.items, *asked(shown), RECIPE)


def test_the_full_system_is_the_trees_where_they_beat_the_rule() -> None:
    shown = world("predictable")
    found = full_system("loo", shown.train, shown.items, shown.histories(STEPS - 2), shown.item[:, STEPS - 2], RECIPE)
    assert isinstance(found, FusedRanker)


def test_the_full_system_is_the_rule_where_there_is_too_little_to_learn() -> None:
    shown = world("predictable")
    once = shown.train.where(np.append(True, np.diff(shown.train.shopper) != 0))  # one event a shopper
    found = full_system("loo", once, shown.items, shown.histories(STEPS - 2), shown.item[:, STEPS - 2], RECIPE)
    assert isinstance(found, WeighedRanker)


def test_by_the_calendar_the_latest_questions_judge() -> None:
    item, now = np.zeros((9, 1), dtype=np.int32), np.array([5, 3, 9, 1, 7, 2, 8, 4, 6])
    item[2] = NO_ITEM  # the latest has no history
    asked = Histories(item, np.zeros((9, 1), np.int64), np.zeros((9, 1), np.int8), now)
    tuning, judging = tuning_and_judging("time", asked, seed=0)
    assert sorted(now[tuning]) == [1, 2, 3, 4]
    assert sorted(now[judging]) == [5, 6, 7, 8]
    tuning, judging = tuning_and_judging("loo", asked, seed=0)
    assert sorted([*tuning, *judging]) == [0, 1, 3, 4, 5, 6, 7, 8]
    assert sorted(now[judging]) != [5, 6, 7, 8]


def test_a_difference_beats_only_when_it_is_sure_and_no_slice_is_surely_worse() -> None:
    better = np.array([0.5, 0.4, 0.6, 0.5] * 20)
    everyone, few = np.ones(80, np.bool_), np.arange(80) < 10
    assert beats(better, {"all": everyone})
    assert not beats(better - 0.5, {"all": everyone})
    assert not beats(np.where(few, -better, better), {"few": few})
    assert beats(np.where(np.arange(80) < 1, -better, better), {"one": np.arange(80) < 1})  # one case is no evidence


def test_trees_win_against_the_baseline_unless_the_rule_in_their_place_ranks_better() -> None:
    trees = np.array([0.5, 0.4, 0.6, 0.5] * 20)
    baseline, few = trees - 0.2, np.arange(80) < 10
    slices = {"few": few}
    better_for_few = np.where(few, 1.0, trees - 0.2)  # but worse on the whole
    assert win(trees, baseline, baseline, slices)
    assert win(trees, baseline, better_for_few, slices)
    assert not win(trees, baseline, trees + 0.1, slices)
    assert not win(trees, np.where(few, 1.0, baseline), baseline, slices)


def test_a_cold_item_pays_the_least_that_gives_a_warm_answer_its_place_back() -> None:
    scores = np.array([0.0, *np.linspace(0.3, 0.39, 10), 0.0, 0.5])  # ten cold ones above a warm answer; a cold answer
    cold = np.array([False, *[True] * 10, False, True])
    hit = np.array([True, *[False] * 10, False, True])
    sizes = np.array([11, 2])
    assert warm_gain(scores, cold, hit, sizes) == 0.0
    assert least_cost(scores, cold, hit, sizes) == 0.4
    assert least_cost(scores, np.zeros(13, np.bool_), hit, sizes) == 0.0  # nobody to pay


def test_calibration_finds_the_curve_that_the_answers_were_drawn_from() -> None:
    generator = np.random.default_rng(1)
    scores = generator.normal(size=40_000)
    happened = generator.random(40_000) < 1 / (1 + np.exp(-(1.5 * scores - 2.0)))
    found = Calibration.fit(scores, happened)
    assert found.slope == pytest.approx(1.5, abs=0.1)
    assert found.level == pytest.approx(-2.0, abs=0.1)
    assert calibration_error(found.probability(scores), happened) < 0.01


def test_calibration_of_a_score_that_misleads_is_refused() -> None:
    scores = np.linspace(-1, 1, 100)
    with pytest.raises(ValueError, match="says nothing"):
        Calibration.fit(scores, scores < 0)


class Fixed:
    """Says the same of items 0, 1, 2, ... whoever asks."""

    name = "fixed"

    def __init__(self, *scores: float) -> None:
        self._scores = np.array(scores, dtype=np.float32)

    def score(self, histories: Histories) -> Floats:
        return np.tile(self._scores, (len(histories), 1))


def nobody_special(number: int) -> Histories:
    item = np.zeros((number, 1), dtype=np.int32)
    return Histories(item, np.zeros((number, 1), np.int64), np.zeros((number, 1), np.int8), np.zeros(number, np.int64))


def test_the_rule_weighs_by_what_validation_says() -> None:
    right, wrong = Fixed(0, 1, 9, 2), Fixed(0, 9, 1, 2)
    targets = np.full(4, 2, dtype=np.int32)
    by_behaviour, ndcg = WeighedRanker.tuned(right, wrong, nobody_special(4), targets)
    by_content, _ = WeighedRanker.tuned(wrong, right, nobody_special(4), targets)
    assert by_behaviour.alpha > 0.5 > by_content.alpha
    assert set(ndcg) == set(ALPHAS)
    assert ndcg[by_behaviour.alpha] == pytest.approx(1.0)


def test_the_rule_weighs_shares_not_scores() -> None:
    rule = WeighedRanker(Fixed(0, 500, 1000, 0), Fixed(0, 0.5, 0.25, 0), 0.5)
    np.testing.assert_allclose(rule.score(nobody_special(1))[0], [0, 0.75, 0.75, 0])
