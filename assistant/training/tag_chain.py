"""The loss of a sentence's tags as a whole: a linear-chain conditional random field (Lafferty et al., 2001).

A tag is scored by its word and by the tag before it, so that two words of one property are not torn apart by two
decisions that know nothing of each other.
"""

from __future__ import annotations

import torch

from assistant.tagger.tags import ALLOWED, FIRST
from assistant.training.tagger_lessons import IGNORED

_NEVER = -1e4


def chain_loss(scores: torch.Tensor, follow: torch.Tensor, tags: torch.Tensor) -> torch.Tensor:
    """Negative log-likelihood of the tags of each utterance, (utterances,).

    Args:
        scores: of the tags of each token, (utterances, tokens, tags).
        follow: of a tag (column) after another (row), (tags, tags).
        tags: right ones, `IGNORED` for tokens that begin no word of the utterance, (utterances, tokens).
    """
    spoken = tags != IGNORED
    words = int(spoken.sum(dim=1).max())
    order = torch.argsort((~spoken).int(), dim=1, stable=True)[:, :words]
    told = spoken.gather(1, order)
    right = tags.gather(1, order).clamp(min=0)
    scores = scores.gather(1, order[..., None].expand(-1, -1, scores.shape[2]))
    scores = torch.cat([scores[:, :1].masked_fill(~torch.from_numpy(FIRST), _NEVER), scores[:, 1:]], dim=1)
    steps = follow.masked_fill(~torch.from_numpy(ALLOWED), _NEVER)
    return (_all_paths(scores, steps, told) - _path(scores, steps, right, told)) * told.any(dim=1)


def _path(scores: torch.Tensor, steps: torch.Tensor, tags: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
    """The score of one path of tags, (utterances,)."""
    words = scores.gather(2, tags[..., None])[..., 0] * told
    return words.sum(dim=1) + (steps[tags[:, :-1], tags[:, 1:]] * told[:, 1:]).sum(dim=1)


def _all_paths(scores: torch.Tensor, steps: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
    """The log of the summed exponentials of all paths' scores, (utterances,): the forward algorithm."""
    sofar = scores[:, 0]
    for place in range(1, scores.shape[1]):
        onward = torch.logsumexp(sofar[:, :, None] + steps, dim=1) + scores[:, place]
        sofar = torch.where(told[:, place, None], onward, sofar)
    return torch.logsumexp(sofar, dim=1)
