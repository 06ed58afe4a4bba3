from __future__ import annotations

from itertools import pairwise, product

import pytest
import torch

from assistant.tagger.tags import ALLOWED, FIRST, TAGS
from assistant.training.tag_chain import chain_loss
from assistant.training.tagger_lessons import IGNORED


def by_hand(scores: torch.Tensor, follow: torch.Tensor, right: list[int], among: list[int]) -> float:
    """The same loss by counting every allowed path over a few tags."""
    total = []
    for path in product(among, repeat=len(right)):
        if FIRST[path[0]] and all(ALLOWED[a, b] for a, b in pairwise(path)):
            total.append(score(scores, follow, list(path)))
    return float(torch.logsumexp(torch.stack(total), 0) - score(scores, follow, right))


def score(scores: torch.Tensor, follow: torch.Tensor, path: list[int]) -> torch.Tensor:
    words = sum(scores[n, tag] for n, tag in enumerate(path))
    return words + sum(follow[a, b] for a, b in pairwise(path))


def test_the_loss_is_that_of_all_allowed_paths_counted_by_hand() -> None:
    torch.manual_seed(0)
    among = [TAGS.index(name) for name in ("O", "B-category", "I-category", "B-attributes", "I-attributes")]
    scores = torch.full((1, 5, len(TAGS)), -50.0)
    scores[:, :, among] = torch.randn(1, 5, len(among))
    follow = torch.randn(len(TAGS), len(TAGS))
    right = [among[1], among[2], among[3]]
    # the second and the last token begin no word
    tags = torch.tensor([[right[0], IGNORED, right[1], right[2], IGNORED]])
    loss = chain_loss(scores, follow, tags)
    assert loss.shape == (1,)
    assert float(loss) == pytest.approx(by_hand(scores[0, [0, 2, 3]], follow, right, among), abs=1e-4)


def test_padding_changes_no_loss() -> None:
    torch.manual_seed(1)
    scores, follow = torch.randn(2, 4, len(TAGS)), torch.randn(len(TAGS), len(TAGS))
    begins = TAGS.index("B-brands")
    tags = torch.tensor([[0, begins, 0, 0], [0, begins, IGNORED, IGNORED]])
    alone = chain_loss(scores[1:, :2], follow, tags[1:, :2])
    assert float(chain_loss(scores, follow, tags)[1]) == pytest.approx(float(alone), abs=1e-4)


def test_an_utterance_without_words_costs_nothing() -> None:
    tags = torch.tensor([[0, 0], [IGNORED, IGNORED]])
    loss = chain_loss(torch.randn(2, 2, len(TAGS)), torch.zeros(len(TAGS), len(TAGS)), tags)
    assert float(loss[1]) == 0.0
