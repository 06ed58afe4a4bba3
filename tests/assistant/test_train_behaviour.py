"""`train behaviour`: on a folder of two files, and on the shop's own log."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

sys.path.append(str(Path(__file__).parents[1] / "retrieval"))  # for the stand-ins of what is heavy

from ranking_doubles import LetterEncoder, write_log
from search_doubles import item

from assistant.__main__ import app
from assistant.settings import Settings, load_settings
from assistant.training.behaviour import train_behaviour
from retrieval.behaviour.sequence.model import SequenceModel
from retrieval.behaviour.sequence.recipe import SequenceRecipe
from retrieval.errors import SetupError
from retrieval.interactions import Interaction, InteractionKind
from retrieval.records import Records

ITEMS, SHOPPERS, EVENTS = 20, 30, 6
QUICK = SequenceRecipe(width=8, epochs=2, batch=16, negatives=20)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("ASSISTANT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ASSISTANT_DATA_FOLDER", str(tmp_path / "shop"))
    return load_settings()


def data_folder(folder: Path) -> Path:
    lines = [f"u{n},i{(n + step) % ITEMS},{step * 86400}" for n in range(SHOPPERS) for step in range(EVENTS)]
    items = (f"i{n},thing {chr(97 + n)}" for n in range(ITEMS))
    return write_log(folder, ["item_id,title", *items], ["user_id,item_id,timestamp", *lines])


def test_a_folder_is_learnt_from_without_validation_and_test_items(settings: Settings, tmp_path: Path) -> None:
    card = train_behaviour(settings, LetterEncoder(), QUICK, tmp_path / "out", data_folder(tmp_path / "data"))
    assert card["events"] == SHOPPERS * (EVENTS - 2)
    assert card["held_out"] == SHOPPERS
    assert card["trained_until"] == (EVENTS - 3) * 86400
    assert json.loads((tmp_path / "out" / "card.json").read_text()) == card
    assert SequenceModel.load(tmp_path / "out").item_ids == tuple(f"i{n}" for n in range(ITEMS))


def test_without_a_folder_the_shops_own_log_is_learnt_from(settings: Settings, tmp_path: Path) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    with Records(settings.data_folder) as records:
        records.upsert(item(f"i{n}", f"thing {chr(97 + n)}") for n in range(ITEMS))
        records.add_interactions(
            Interaction(f"s{n}", f"i{(n + step) % ITEMS}", InteractionKind.VIEW, begin + timedelta(days=step))
            for n in range(SHOPPERS)
            for step in range(EVENTS)
        )
    card = train_behaviour(settings, LetterEncoder(), QUICK, tmp_path / "out", None)
    assert card["events"] == SHOPPERS * (EVENTS - 1)
    assert card["held_out"] == SHOPPERS
    assert set(SequenceModel.load(tmp_path / "out").item_ids) == {f"i{n}" for n in range(ITEMS)}


def test_a_training_is_not_overwritten(settings: Settings, tmp_path: Path) -> None:
    data = data_folder(tmp_path / "data")
    train_behaviour(settings, LetterEncoder(), QUICK, tmp_path / "out", data)
    with pytest.raises(SetupError, match="holds a training already"):
        train_behaviour(settings, LetterEncoder(), QUICK, tmp_path / "out", data)


def test_the_command_says_what_is_missing(settings: Settings, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["train", "behaviour", "--data", str(tmp_path / "nowhere"), "--out", str(tmp_path)])
    assert done.exit_code == 2
    assert "nowhere is no folder" in done.output


def test_a_private_training_says_on_its_card_what_it_promises(settings: Settings, tmp_path: Path) -> None:
    pytest.importorskip("opacus")
    data = data_folder(tmp_path / "data")
    card = train_behaviour(settings, LetterEncoder(), QUICK, tmp_path / "out", data, private=8.0)
    promised = card["privacy"]
    assert promised["unit"] == "shopper"
    assert 0 < promised["epsilon"] <= 8.0
    assert promised["shoppers"] == SHOPPERS
    assert promised["noise"] > 0
    assert json.loads((tmp_path / "out" / "card.json").read_text()) == card
    assert SequenceModel.load(tmp_path / "out").item_ids == tuple(f"i{n}" for n in range(ITEMS))
    with pytest.raises(SetupError, match="nothing to go on from"):
        train_behaviour(settings, LetterEncoder(), QUICK, tmp_path / "again", data, resume=True, private=8.0)
