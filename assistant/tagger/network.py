"""The network: the sentence encoder's layers, and three small heads over them."""

from __future__ import annotations

from typing import Any

import torch

from assistant.dialogue import Edit, Intent
from assistant.tagger.sight import MARKS, WHOLE
from assistant.tagger.tags import TAGS

HIDDEN = 192
EDITS = (None, *Edit)


class Heads(torch.nn.Module):  # type: ignore[misc]  # torch is not followed
    """Intent and edit of an utterance, and the tags of its words.

    Args:
        width: of the encoder's vectors.
        dropout: while training.
    """

    def __init__(self, width: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.dropout = torch.nn.Dropout(dropout)
        self.words = torch.nn.Linear(width + len(MARKS), HIDDEN)
        self.tags = torch.nn.Linear(HIDDEN, len(TAGS))
        self.utterance = torch.nn.Linear(2 * width + WHOLE, HIDDEN)
        self.intents = torch.nn.Linear(HIDDEN, len(Intent))
        self.edits = torch.nn.Linear(HIDDEN, len(EDITS))
        self.follow = torch.nn.Parameter(torch.zeros(len(TAGS), len(TAGS)))  # score of a tag (column) after another

    def forward(
        self, hidden: torch.Tensor, spoken: torch.Tensor, marks: torch.Tensor, whole: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Scores before the softmax.

        Args:
            hidden: of the encoder, (utterances, tokens, width).
            spoken: 1 for the utterance's own tokens, 0 for the state's and padding, (utterances, tokens).
            marks: of the tokens, (utterances, tokens, len(MARKS)).
            whole: (utterances, WHOLE).

        Returns:
            intents (utterances, 10), edits (utterances, len(EDITS)), tags (utterances, tokens, len(TAGS)).
        """
        share = spoken / spoken.sum(dim=1, keepdim=True).clamp(min=1)
        mean = torch.einsum("ut,utw->uw", share, hidden)
        words = torch.nn.functional.gelu(self.words(self.dropout(torch.cat([hidden, marks], dim=2))))
        heard = torch.cat([hidden[:, 0], mean, whole], dim=1)
        utterance = torch.nn.functional.gelu(self.utterance(self.dropout(heard)))
        return self.intents(utterance), self.edits(utterance), self.tags(self.dropout(words))


def encoded(encoder: Any, ids: torch.Tensor, kinds: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
    """The encoder's vectors of tokens, (utterances, tokens, width).

    Args:
        encoder: a BERT model of transformers.
        ids: of the tokens, (utterances, tokens).
        kinds: 0 for the state's tokens, 1 for the utterance's.
        attended: 0 for padding.
    """
    hidden: torch.Tensor = encoder(input_ids=ids, token_type_ids=kinds, attention_mask=attended).last_hidden_state
    return hidden
