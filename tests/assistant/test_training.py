from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_model import save_tiny_model
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerControl, TrainerState

from assistant.language_model.adapter import add_low_rank
from assistant.training.lessons import IGNORED, Collate, Lesson, Tokens, digest
from assistant.training.network import low_rank, trainable
from assistant.training.recipe import Recipe
from assistant.training.run import train_on
from assistant.training.trainer import AnswerTrainer, StopWhenFlat
from retrieval.errors import SetupError

LESSONS = [
    Lesson("understand", "What?", f"shopper: {asked}", answer)
    for asked, answer in (
        ("a laptop", '{"i":"find","c":"laptop"}'),
        ("not hp", '{"i":"refine","nb":["hp"]}'),
        ("the second one", '{"i":"select","r":["2"]}'),
        ("hello", '{"i":"chitchat"}'),
        ("under 900", '{"i":"refine","hi":900}'),
        ("my parcel is late", '{"i":"service"}'),
        ("why these?", '{"i":"explain"}'),
        ("forget me", '{"i":"privacy"}'),
    )
]
RECIPE = Recipe(rank=8, upper=1.0, epochs=30, batch=4, learning_rate=1e-2, evaluate_every=20, patience=50)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("tiny"))


def quiet(line: str) -> None:
    pass


def weights(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return dict(load_file(folder / "adapter_model.safetensors"))


def test_the_labels_are_the_answer_and_its_end_and_nothing_of_the_prompt(tiny: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    lesson = LESSONS[0]
    held = Tokens([lesson], tokenizer)[0]
    counted = [token for token in held["labels"] if token != IGNORED]
    assert tokenizer.decode(counted) == lesson.answer + tokenizer.eos_token
    assert held["input_ids"][-len(counted) :] == counted
    assert lesson.answer not in tokenizer.decode(held["input_ids"][: -len(counted)])


def test_padding_counts_in_neither_loss_nor_attention(tiny: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    short, long = (
        Tokens([lesson], tokenizer)[0] for lesson in (LESSONS[1], replace(LESSONS[1], asked="shopper: not hp, please"))
    )
    batch = Collate(tokenizer.eos_token_id)([short, long])
    missing = len(long["input_ids"]) - len(short["input_ids"])
    assert missing > 0
    assert batch["attention_mask"][0].tolist() == [1] * len(short["input_ids"]) + [0] * missing
    assert batch["labels"][0, -missing:].tolist() == [IGNORED] * missing


def test_a_lesson_that_is_too_long_is_left_out_and_counted(tiny: Path) -> None:
    tokens = Tokens([LESSONS[0], replace(LESSONS[1], asked="x " * 900)], AutoTokenizer.from_pretrained(tiny))
    assert (len(tokens), tokens.left_out) == (1, 1)


def test_the_loss_is_that_of_the_answers_tokens_alone(tiny: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    network = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32)
    batch = Collate(tokenizer.eos_token_id)([Tokens([lesson], tokenizer)[0] for lesson in LESSONS[:2]])
    trainer = AnswerTrainer(model=network)
    loss, outputs = trainer.compute_loss(network, batch, return_outputs=True)
    expected = network(**batch).loss  # transformers' own, with the same labels
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)
    assert outputs["exact"].tolist() == [False, False]
    other = {**batch, "labels": torch.where(batch["labels"] == IGNORED, IGNORED, 5)}
    assert float(trainer.compute_loss(network, other)) != pytest.approx(float(loss), rel=1e-3)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_small_random_model_learns_eight_lessons_by_heart(tiny: Path, tmp_path: Path) -> None:
    adapter = train_on(LESSONS, LESSONS, replace(RECIPE, model=str(tiny)), tmp_path, report=quiet)
    card = json.loads((adapter / "card.json").read_text())
    assert card["best"]["exact"] == 1.0
    assert card["validation"][0]["loss"] > 10 * card["validation"][-1]["loss"]
    assert card["data"]["train"] == digest(LESSONS)
    assert set(card["weights"]) == {"adapter_model.safetensors"}
    assert (tmp_path / "curves.png").stat().st_size > 1000
    assert list((tmp_path / "logs").glob("events.*"))


@pytest.mark.slow
def test_a_resumed_training_ends_with_the_weights_of_one_that_was_not_stopped(tiny: Path, tmp_path: Path) -> None:
    recipe = replace(RECIPE, model=str(tiny), epochs=4, evaluate_every=3)
    whole = train_on(LESSONS, LESSONS, recipe, tmp_path / "whole", report=quiet)

    class Interrupted(RuntimeError):
        pass

    def interrupt(line: str) -> None:
        if line.startswith("  validation"):
            interrupt.seen = getattr(interrupt, "seen", 0) + 1  # type: ignore[attr-defined]
            if interrupt.seen == 2:  # type: ignore[attr-defined]  # at step 6, the checkpoint of step 3 is there
                raise Interrupted

    with pytest.raises(Interrupted):
        train_on(LESSONS, LESSONS, recipe, tmp_path / "stopped", report=interrupt)
    resumed = train_on(LESSONS, LESSONS, recipe, tmp_path / "stopped", resume=True, report=quiet)
    expected = weights(whole)
    assert expected.keys() == weights(resumed).keys()
    assert all(torch.equal(part, expected[name]) for name, part in weights(resumed).items())


@pytest.mark.slow
def test_a_merged_model_says_what_the_base_with_the_adapter_says(tiny: Path, tmp_path: Path) -> None:
    from peft import PeftModel

    recipe = replace(RECIPE, model=str(tiny), epochs=4, upper=0.5)
    adapter = train_on(LESSONS, LESSONS, recipe, tmp_path, report=quiet)

    def base() -> Any:
        return AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32).eval()

    tokens = torch.arange(3, 40)[None]
    with torch.inference_mode():
        beside = PeftModel.from_pretrained(base(), adapter)(tokens).logits
        merged = base()
        add_low_rank(merged, adapter)
        torch.testing.assert_close(merged(tokens).logits, beside, rtol=1e-4, atol=1e-4)
        assert not torch.allclose(base()(tokens).logits, beside, atol=0.1)


def test_low_rank_matrices_are_beside_the_linear_layers_of_the_upper_half_and_not_the_output(tiny: Path) -> None:
    network = trainable(str(tiny), replace(RECIPE, upper=0.5), cuda=False)
    trained = {name for name, part in network.named_parameters() if part.requires_grad}
    assert trained
    assert all("lora" in name and ".layers.1." in name for name in trained)
    adapted = {name.split(".")[-4] for name in trained}
    assert adapted == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


def test_all_weights_are_trained_where_the_recipe_says_so(tiny: Path) -> None:
    network = trainable(str(tiny), replace(RECIPE, full=True), cuda=False)
    assert all(part.requires_grad for part in network.parameters())


@pytest.mark.gpu
def test_on_a_gpu_the_base_is_four_bit_and_the_matrices_beside_it_are_not(tiny: Path) -> None:
    from bitsandbytes.nn import Linear4bit

    network = trainable(str(tiny), RECIPE, cuda=True)
    layer = network.get_base_model().model.layers[0].self_attn.q_proj
    assert isinstance(layer.base_layer, Linear4bit)
    assert layer.base_layer.weight.quant_type == "nf4"
    assert layer.lora_A["default"].weight.dtype is torch.float32
    assert low_rank(network.get_base_model(), RECIPE).r == RECIPE.rank


def test_training_stops_once_neither_loss_nor_exact_match_improves() -> None:
    def stopped(*seen: tuple[float, float]) -> bool:
        state, control = TrainerState(), TrainerControl()
        state.log_history = [{"loss": 9.0}, *({"eval_loss": loss, "eval_exact": exact} for loss, exact in seen)]
        StopWhenFlat(2).on_evaluate(None, state, control)
        return bool(control.should_training_stop)

    assert not stopped((1.0, 0.1), (1.1, 0.1))
    assert not stopped((1.0, 0.1), (1.1, 0.2), (1.2, 0.1))
    assert stopped((1.0, 0.2), (1.1, 0.1), (1.2, 0.2))


def test_a_folder_that_holds_a_training_is_neither_overwritten_nor_mixed_up(tmp_path: Path) -> None:
    from assistant.training.run import train

    (tmp_path / "recipe.json").write_text(json.dumps({"model": "another"}))
    with pytest.raises(SetupError, match="holds a training already"):
        train(RECIPE, tmp_path)
    with pytest.raises(SetupError, match="another recipe"):
        train(RECIPE, tmp_path, resume=True)
