"""`train encoder`: pairs, what is held out, and the verdict; on an encoder that is small enough to train in a test."""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

sys.path.append(str(Path(__file__).parents[1] / "retrieval"))  # for the stand-ins of what is heavy

from ranking_doubles import write_log
from search_doubles import item
from stored import store_turn

from assistant.__main__ import app
from assistant.settings import Settings, load_settings
from assistant.store import open_store
from assistant.training.encoder import Compared, train_encoder, verdict
from assistant.training.encoder_pairs import (
    NO_SOURCE,
    Pair,
    batches,
    pairs_of_folder,
    pairs_of_shop,
    some_words,
    word_pairs,
)
from assistant.training.encoder_trainer import EncoderRecipe, Questions
from retrieval.embedding import Encoder, load_model
from retrieval.errors import SetupError
from retrieval.interactions import Interaction, InteractionKind
from retrieval.ranking_evaluation.measures import Estimate
from retrieval.records import Records

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
ITEMS, SHOPPERS = 60, 250
COLOURS = ("red", "blue", "green", "black", "white", "pink")
THINGS = ("cup", "bowl", "lamp", "chair", "shoe", "watch", "kettle", "phone", "bag", "pen")
TITLES = tuple(
    f"{colour} {thing} for home number {n}" for n, (colour, thing) in enumerate((c, t) for t in THINGS for c in COLOURS)
)
QUICK = EncoderRecipe(words=0.2, held=60, pool=60, batch=32, learning_rate=5e-3, evaluations=2, rank=8)


@pytest.fixture(scope="module")
def small_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence encoder of one layer and random weights, with a vocabulary of these titles."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast, set_seed

    folder = tmp_path_factory.mktemp("small")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted({w for title in TITLES for w in title.split()})]
    (folder / "vocab.txt").write_text("\n".join(words))
    set_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=len(words), **sizes)).save_pretrained(folder / "bert")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder / "bert")
    bert = Transformer(str(folder / "bert"))
    SentenceTransformer(modules=[bert, Pooling(32)], device="cpu").save(str(folder / "encoder"))
    return folder / "encoder"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_encoder: Path) -> Settings:
    monkeypatch.setenv("ASSISTANT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ASSISTANT_DATA_FOLDER", str(tmp_path / "shop"))
    monkeypatch.setenv("ASSISTANT_ENCODER", str(small_encoder))
    return load_settings()


def data_folder(folder: Path, *, predictable: bool) -> Path:
    """Shoppers who stay with a kind of thing, or who take anything."""
    draws = random.Random(0)
    lines = []
    for who in range(SHOPPERS):
        shelf = range(6 * (who % 10), 6 * (who % 10) + 6) if predictable else range(ITEMS)
        lines += [f"u{who},i{row},{86400 * step}" for step, row in enumerate(draws.sample(list(shelf), 6))]
    items = (f"i{n},{title},{'warm'}" for n, title in enumerate(TITLES))
    return write_log(folder, ["item_id,title,cold_heldout", *items], ["user_id,item_id,timestamp", *lines])


def test_what_the_splits_ask_for_is_not_learnt_from(settings: Settings, tmp_path: Path) -> None:
    folder = data_folder(tmp_path / "data", predictable=True)
    items = (folder / "items.csv").read_text().replace("number 3,warm", "number 3,cold_test")
    (folder / "items.csv").write_text(items)
    pairs = pairs_of_folder(folder, 1000, 60, seed=0)
    every = [*pairs.train, *pairs.valid, *pairs.test]
    assert not {pair.item for pair in every} & {3}
    assert max(sum(pair.shopper == f"u{n}" for pair in every) for n in range(SHOPPERS)) == 3  # of six items, two asked


def test_no_shopper_is_both_learnt_from_and_held_out(settings: Settings, tmp_path: Path) -> None:
    pairs = pairs_of_folder(data_folder(tmp_path / "data", predictable=True), 1000, 60, seed=0)
    train, valid, test = ({pair.shopper for pair in part} for part in (pairs.train, pairs.valid, pairs.test))
    assert all((train, valid, test))
    assert not any((train & valid, train & test, valid & test))


def test_what_was_asked_for_and_taken_up_is_a_pair_of_words_and_item(settings: Settings) -> None:
    with Records(settings.data_folder) as records:
        records.upsert(item(f"i{n}", title) for n, title in enumerate(TITLES))
        records.add_interactions(
            Interaction(f"s{who}", f"i{(who + step) % ITEMS}", InteractionKind.VIEW, BEGIN + timedelta(days=step))
            for who in range(SHOPPERS)
            for step in range(4)
        )
    store = open_store(settings)
    for shopper, consents in (("s1", True), ("s2", False)):
        store.set_consent(shopper, consents)
        store_turn(store, f"c-{shopper}", at=BEGIN, shopper_id=shopper, shown=("i5", "i6"))
        store.add_interaction(
            Interaction(shopper, "i6", InteractionKind.CLICK, BEGIN + timedelta(minutes=1), f"c-{shopper}"),
            f"c-{shopper}",
        )
    store.close()
    pairs = pairs_of_shop(settings, 1000, 60, seed=0)
    asked = [pair for pair in (*pairs.train, *pairs.valid, *pairs.test) if pair.source == NO_SOURCE]
    assert asked == [Pair("a lamp", NO_SOURCE, 6, "s1")]


def test_no_text_stands_twice_in_a_batch_and_no_pair_is_lost_that_fits() -> None:
    draws = random.Random(1)
    pairs = [(a, b) for a, b in (draws.sample("abcdefghijklmnop", 2) for _ in range(100))]
    made = list(batches(pairs, 4))
    assert all(len({text for pair in batch for text in pair}) == 2 * len(batch) for batch in made)
    taught = [pair for batch in made for pair in batch]
    left = list((Counter(pairs) - Counter(taught)).elements())
    assert len(taught) + len(left) == 100
    assert all(not set(pair).isdisjoint(left[0]) for pair in left)  # nothing to tell them apart from


def test_words_asked_with_are_the_items_own_in_their_order() -> None:
    rng = random.Random(2)
    for _ in range(50):
        words = some_words("a b c d e f", rng).split()
        assert 2 <= len(words) <= 4
        assert words == sorted(words)
    assert {pair.item for pair in word_pairs(["a b", "one two three four five"], 10, rng)} == {1}


def test_a_rank_counts_ties_against_the_item_and_not_the_item_before_it() -> None:
    class Fixed:
        """Vectors by text."""

        def encode_document(self, texts: list[str], **_: object) -> np.ndarray:
            vectors = {"a": [1.0, 0.0], "b": [0.8, 0.6], "c": [0.8, 0.6], "d": [0.0, 1.0], "words": [0.0, 1.0]}
            return np.array([vectors[text] for text in texts], dtype=np.float32)

        encode_query = encode_document

    pairs = [Pair("a", 0, 1, ""), Pair("words", NO_SOURCE, 1, ""), Pair("words", NO_SOURCE, 3, "")]
    questions = Questions(("a", "b", "c", "d"), pairs, np.arange(4))
    assert questions.ranks(Fixed()).tolist() == [2, 3, 1]  # type: ignore[arg-type]


def test_an_encoder_that_wins_is_kept_with_its_card_and_serves_with_a_fingerprint_of_its_own(
    settings: Settings, tmp_path: Path
) -> None:
    out, data = tmp_path / "out", data_folder(tmp_path / "data", predictable=True)
    card = train_encoder(settings, replace(QUICK, epochs=3, words=1.0), out, data)
    assert card["kept"], card["reason"]
    assert card["compared"]["mrr"]["after"] > 1.2 * card["compared"]["mrr"]["before"]
    assert json.loads((out / "card.json").read_text()) == card
    assert [*load_model(out / "encoder").state_dict()] == [*load_model(Path(settings.encoder)).state_dict()]
    served = Encoder(str(out / "encoder"))
    assert served.fingerprint == card["encoder"] != card["from"]
    red, blue, other = served.encode([TITLES[0], TITLES[1], TITLES[20]])
    assert red @ blue > red @ other
    with pytest.raises(SetupError, match="holds a training already"):
        train_encoder(settings, QUICK, out, tmp_path / "data")


def test_an_encoder_that_learnt_from_chance_is_not_kept(settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "out"
    card = train_encoder(settings, QUICK, out, data_folder(tmp_path / "data", predictable=False))
    assert not card["kept"]
    assert card["reason"].startswith("Not kept")
    assert card["encoder"] is None
    assert not (out / "encoder").exists()
    assert (out / "card.json").is_file()


def test_a_training_that_was_broken_off_goes_on_only_with_its_own_options(settings: Settings, tmp_path: Path) -> None:
    out, data = tmp_path / "out", data_folder(tmp_path / "data", predictable=True)
    train_encoder(settings, QUICK, out, data)
    (out / "card.json").unlink()
    with pytest.raises(SetupError, match="other options"):
        train_encoder(settings, replace(QUICK, batch=16), out, data, resume=True)
    assert train_encoder(settings, QUICK, out, data, resume=True)["evaluations"]


@pytest.mark.parametrize(
    ("gain", "words", "kept"),
    [((0.01, 0.03), (-0.02, 0.01), True), ((-0.01, 0.03), (0.0, 0.1), False), ((0.01, 0.03), (-0.05, -0.01), False)],
)
def test_kept_is_what_gains_for_sure_and_does_not_lose_words_for_sure(
    gain: tuple[float, float], words: tuple[float, float], kept: bool
) -> None:
    compared = {
        name: Compared(0.1, 0.1, Estimate(sum(span) / 2, *span))
        for name, span in (("mrr", gain), ("mrr of words", words))
    }
    assert verdict(compared)[0] is kept


def test_too_short_a_log_is_told(settings: Settings, tmp_path: Path) -> None:
    folder = write_log(
        tmp_path / "data", ["item_id,title", "a,red cup", "b,blue cup"], ["user_id,item_id,timestamp", "u,a,1", "u,b,2"]
    )
    done = CliRunner().invoke(app, ["train", "encoder", "--data", str(folder), "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "too few to train the encoder" in done.output
    assert not (tmp_path / "out").exists()
