"""The tagger's trained weights, written and gone on from."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from assistant.labelled.notation import read
from assistant.tagger.network import Heads
from assistant.tagger.tagger import Tagger, tokenizer
from assistant.training.tagger import measure
from assistant.training.tagger_lessons import lesson
from assistant.training.tagger_weights import go_on_from, parts_of, with_low_rank, write
from retrieval.embedding import Encoder
from retrieval.errors import SetupError
from retrieval.vocabulary import Vocabulary

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


def trained(encoder: Encoder, rank: int) -> tuple[object, Heads]:
    """A network that is not the encoder's own any more."""
    torch.manual_seed(5)
    network = with_low_rank(encoder.folder, rank)
    with torch.no_grad():
        for name, part in network.named_parameters():
            if "lora_B" in name:
                part.normal_(std=0.05)
    return network, Heads(network.config.hidden_size)


def test_a_training_goes_on_from_what_an_earlier_one_wrote_and_service_reads_the_same(
    encoder: Encoder, tmp_path: Path
) -> None:
    network, heads = trained(encoder, 2)
    file = write(parts_of(network, heads), 1.0, tmp_path, encoder.fingerprint)
    lessons = [
        lesson(example, Vocabulary.learn([]), tokenizer(encoder.folder))
        for example in read("@\nfind: [c:kettle], [a:steel]\nchitchat: thanks", "here")
    ]
    again = with_low_rank(encoder.folder, 2)
    heads_again = Heads(again.config.hidden_size)
    new = measure(again, heads_again, lessons).logits
    go_on_from(file, again, heads_again, encoder.fingerprint)
    wanted = measure(network, heads, lessons).logits
    assert torch.allclose(measure(again, heads_again, lessons).logits, wanted, atol=2e-2)
    assert not torch.allclose(new, wanted, atol=2e-2)
    assert Tagger(file).fingerprint


def test_weights_of_another_rank_or_encoder_are_not_gone_on_from(encoder: Encoder, tmp_path: Path) -> None:
    network, heads = trained(encoder, 1)
    file = write(parts_of(network, heads), 1.0, tmp_path, encoder.fingerprint)
    other, other_heads = trained(encoder, 2)
    with pytest.raises(SetupError, match="other parts"):
        go_on_from(file, other, other_heads, encoder.fingerprint)
    with pytest.raises(SetupError, match="another encoder"):
        go_on_from(file, network, heads, "0" * 12)
