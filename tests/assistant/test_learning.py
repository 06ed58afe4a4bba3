"""The feedback loop over small shops: what is learnt from, when a model goes in service, and how it goes out again."""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock
from typer.testing import CliRunner

sys.path.append(str(Path(__file__).parents[1] / "retrieval"))  # for the stand-ins of what is heavy

from search_doubles import HashingEncoder, item

from assistant import learning
from assistant.__main__ import app
from assistant.learning import RECIPE, Learned, learn, roll_back, verdict
from assistant.settings import Settings, load_settings
from assistant.store import Store, Verdict, open_store
from assistant.store.history import learnable
from retrieval.behaviour.bundle import FUSION, Bundles
from retrieval.behaviour.sequence.recipe import SequenceRecipe
from retrieval.errors import SetupError
from retrieval.interactions import Interaction, InteractionKind
from retrieval.metrics import Interval
from retrieval.records import Records
from retrieval.shop import Shop

ITEMS, SHOPPERS, EVENTS = 24, 240, 9
START = datetime(2026, 1, 1, tzinfo=UTC)
QUICK = SequenceRecipe(width=16, epochs=12, patience=12, learning_rate=1e-2, batch=32, dropout=0.0, input_dropout=0.0)
Next = Callable[[random.Random, int, InteractionKind], int]


def by_kind(draw: random.Random, at: int, kind: InteractionKind) -> int:
    """After a look the next one, after a purchase the fifth after it: counts of items together cannot tell which."""
    return (at + (5 if kind is InteractionKind.PURCHASE else 1)) % ITEMS


def anything(draw: random.Random, at: int, kind: InteractionKind) -> int:
    return draw.randrange(ITEMS)


def forwards(draw: random.Random, at: int, kind: InteractionKind) -> int:
    """Mostly the next one, and else any: counts of items together cannot tell it from the one before."""
    return (at + 1) % ITEMS if draw.random() < 0.6 else draw.randrange(ITEMS)


def data_folder(folder: Path, following: Next, shoppers: int = SHOPPERS) -> Settings:
    """A shop whose shoppers come one after the other and move by a rule."""
    draw, log = random.Random(3), []
    for shopper in range(shoppers):
        at = draw.randrange(ITEMS)
        for event in range(EVENTS):
            kind = draw.choice((InteractionKind.VIEW, InteractionKind.PURCHASE))
            when = START + timedelta(hours=shopper, minutes=event)
            log.append(Interaction(f"s{shopper}", str(at), kind, when))
            at = following(draw, at, kind)
    with Records(folder) as records:
        records.upsert(item(str(n), f"thing number{n}") for n in range(ITEMS))
        records.add_interactions(log)
    return load_settings(data_folder=folder)


def run(settings: Settings, recipe: SequenceRecipe = QUICK, **options: bool) -> Learned:
    return learn(settings, lambda line: None, recipe=recipe, encoder=HashingEncoder(), **options)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> object:
    patch = pytest.MonkeyPatch()
    patch.setenv("ASSISTANT_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Learned]:
    """A shop that has learnt, and what came of it. Read it through `shutil.copytree` when you write to it."""
    folder = tmp_path_factory.mktemp("taught")
    return folder, run(data_folder(folder, by_kind))


def test_a_model_that_knows_more_than_counts_goes_in_service(taught: tuple[Path, Learned]) -> None:
    folder, learned = taught
    assert learned.swapped
    assert learned.low > 0
    assert learned.new > learned.before + 0.05
    assert learned.weights["sequence"] > 0
    assert Bundles(folder).in_service() == learned.in_service


def test_what_it_is_measured_on_it_was_not_trained_on(taught: tuple[Path, Learned]) -> None:
    _, learned = taught
    assert learned.interactions == pytest.approx(0.9 * SHOPPERS * EVENTS, abs=2 * EVENTS)
    assert learned.cases >= learning.FEWEST_CASES


def test_the_shop_ranks_by_it_and_one_command_takes_it_back(taught: tuple[Path, Learned], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(taught[0], tmp_path / "var"))
    with Shop.open(folder, encoder=HashingEncoder()) as shop:
        shop.warm_up()
        assert shop.behaviour.status.startswith(f"model {taught[1].in_service}")
        assert roll_back(load_settings(data_folder=folder)) is None
        shop.behaviour.look()
        assert shop.behaviour.status.startswith("counts")


def test_the_next_run_is_compared_with_the_model_in_service(taught: tuple[Path, Learned], tmp_path: Path) -> None:
    """An untrained one is worse than that, and does not replace it; it does where that is what was asked for."""
    folder = Path(shutil.copytree(taught[0], tmp_path / "var"))
    settings, first = load_settings(data_folder=folder), taught[1].in_service
    worse = run(settings, SequenceRecipe(width=2, epochs=1, learning_rate=0.0))
    assert worse.before == pytest.approx(taught[1].new)
    assert not worse.swapped
    assert worse.in_service == first == Bundles(folder).in_service()
    forced = run(settings, SequenceRecipe(width=2, epochs=1, learning_rate=0.0), even_if_worse=True)
    assert forced.swapped
    assert roll_back(settings) == first


def test_on_shoppers_who_move_at_random_nothing_goes_in_service(tmp_path: Path) -> None:
    settings = data_folder(tmp_path, anything)
    learned = run(settings, SequenceRecipe(width=8, epochs=2))
    assert not learned.swapped
    assert Bundles(tmp_path).in_service() is None


def test_a_dry_run_compares_and_writes_nothing(taught: tuple[Path, Learned], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(taught[0], tmp_path / "var"))
    before = sorted(path.name for path in (folder / "behaviour").iterdir())
    learned = run(load_settings(data_folder=folder), SequenceRecipe(width=2, epochs=1), dry_run=True)
    assert learned.cases
    assert not learned.swapped
    assert sorted(path.name for path in (folder / "behaviour").iterdir()) == before


def test_the_fusion_goes_in_service_where_it_surely_ranks_better_than_the_rule(tmp_path: Path) -> None:
    """The sequence model is untrained here, so that the rule is what counts of items together say."""
    learned = run(data_folder(tmp_path, forwards, shoppers=400), SequenceRecipe(width=2, epochs=1, learning_rate=0.0))
    assert learned.fusion.startswith("With the fusion: nDCG@10")
    assert learned.weights["fusion"] > 0
    bundles = Bundles(tmp_path)
    assert learned.in_service is not None
    assert bundles.card(learned.in_service).fusion == learned.fusion
    with Shop.open(tmp_path, encoder=HashingEncoder()) as shop:
        shop.warm_up()
        assert shop.behaviour.status.endswith("with the fusion")


def test_without_a_sure_gain_the_rule_stays_and_the_card_says_why(taught: tuple[Path, Learned]) -> None:
    """Shoppers who move by what they did, which no count of the fusion knows."""
    folder, learned = taught
    assert "fusion" not in learned.weights
    assert learned.fusion.startswith("Without the fusion, which is not surely better: ")
    assert not (Bundles(folder).path(learned.in_service or "") / FUSION).exists()
    assert Bundles(folder).card(learned.in_service or "").fusion == learned.fusion


@pytest.mark.parametrize(
    ("low", "high", "cases", "first", "anyway", "swapped"),
    [
        (-0.01, 0.02, 500, False, False, True),
        (-0.03, -0.01, 500, False, False, False),
        (-0.01, 0.02, 500, True, False, False),
        (0.001, 0.02, 500, True, False, True),
        (0.01, 0.02, 99, False, False, False),
        (-0.03, -0.01, 5, False, True, True),
    ],
)
def test_a_model_goes_in_service_when_it_is_not_worse_than_a_model_or_better_than_counts(
    low: float, high: float, cases: int, first: bool, anyway: bool, swapped: bool
) -> None:
    assert verdict(Interval((low + high) / 2, low, high), cases, first=first, anyway=anyway)[0] is swapped


def test_a_shop_without_a_log_is_told_what_to_do(tmp_path: Path) -> None:
    with Records(tmp_path) as records:
        records.upsert([item("0", "thing")])
    with pytest.raises(SetupError, match="no interactions to learn from"):
        run(load_settings(data_folder=tmp_path))


def test_two_runs_do_not_train_at_once(tmp_path: Path) -> None:
    (tmp_path / "behaviour").mkdir()
    with FileLock(tmp_path / "behaviour" / "learn.lock"), pytest.raises(SetupError, match="under way"):
        run(load_settings(data_folder=tmp_path))


def test_the_command_says_what_is_in_service_after_a_rollback(
    taught: tuple[Path, Learned], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(taught[0], tmp_path / "var"))
    monkeypatch.setenv("ASSISTANT_DATA_FOLDER", str(folder))
    told = CliRunner().invoke(app, ["learn", "--rollback"])
    assert told.output == "In service again: counts, without a trained model.\n"
    again = CliRunner().invoke(app, ["learn", "--rollback"])
    assert again.exit_code == 2
    assert "No trained behaviour model is in service" in again.output


def test_what_consenting_shoppers_did_and_like_is_learnt_from_and_nothing_else(tmp_path: Path) -> None:
    store: Store = open_store(load_settings(data_folder=tmp_path))
    for shopper in ("ada", "bo"):
        store.set_consent(shopper, True)
        conversation_id = store.start(shopper)
        show(store, conversation_id, ("lamp", "shade", "bulb"))
        store.add_interaction(Interaction(shopper, "lamp", InteractionKind.VIEW, START), conversation_id)
        store.set_feedback(conversation_id, "shade", Verdict.LIKE)
        store.set_feedback(conversation_id, "lamp", Verdict.DISLIKE)
        store.set_feedback(conversation_id, "bulb", Verdict.LIKE)
        store.set_feedback(conversation_id, "bulb", None)
    store.set_consent("bo", False)
    seen = [(i.shopper_id, i.item_id, i.kind.value) for i in learnable(store)]
    assert seen == [("ada", "lamp", "view"), ("ada", "shade", "click")]
    assert store.session("ada").item_ids == ("lamp", "shade")
    assert store.session("bo").item_ids == ()


def show(store: Store, conversation_id: str, item_ids: tuple[str, ...]) -> None:
    from assistant.store import schema

    row = {"conversation_id": conversation_id, "turn": 1, "scores": {}, "propensity": 1.0}
    rows = [{**row, "rank": rank, "item_id": i} for rank, i in enumerate(item_ids, start=1)]
    with store.connect() as connection:
        connection.execute(schema.impressions.insert(), rows)


def test_the_default_recipe_is_the_models_own_but_shorter() -> None:
    assert RECIPE.epochs < SequenceRecipe().epochs
    assert RECIPE.encoder in ("gru", "lstm")
