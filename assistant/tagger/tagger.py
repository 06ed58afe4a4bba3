"""The trained tagger at work: an utterance in its state, read in some ten milliseconds on one core."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.dialogue import DialogueAct, DialogueState, Edit, Intent
from assistant.language_model.packaged import sha256
from assistant.rules.slots import Reading
from assistant.tagger.lines import line
from assistant.tagger.tags import Span, decode
from retrieval.catalogue import CatalogueItem
from retrieval.embedding import Encoder
from retrieval.errors import SetupError
from retrieval.vocabulary import Vocabulary

SHIPPED = Path(__file__).parents[1] / "adapters" / "tagger" / "tagger.safetensors"
# on what was held for validation .25 to .35 was best: everything unforeseen falls into this intent, and half the
# confidence that a likeliest one has is too much to ask of it
_OUT_OF_SCOPE_AT = 0.3
_RETRAIN = "Train it again: python -m assistant train tagger --out FOLDER"


@dataclass(frozen=True, slots=True)
class Tagged:
    """What the network makes of an utterance.

    Attributes:
        chances: of each intent, calibrated; they sum to 1.
        edit: the likeliest one, None included.
        spans: tagged words of `reading.text`.
        reading: what the rules found in the utterance.
    """

    chances: Mapping[Intent, float]
    edit: Edit | None
    spans: tuple[Span, ...]
    reading: Reading

    @property
    def intent(self) -> Intent:
        """The likeliest; out of scope as soon as that is likely enough."""
        if self.chances.get(Intent.OUT_OF_SCOPE, 0.0) >= _OUT_OF_SCOPE_AT:
            return Intent.OUT_OF_SCOPE
        return max(self.chances, key=lambda intent: self.chances[intent])


class Tagger:
    """The packaged encoder with trained matrices added, and the heads. Safe to use from several threads.

    Args:
        file: safetensors that `assistant.training.tagger` wrote.

    Attributes:
        fingerprint: the first 12 digits of the file's SHA-256.

    Raises:
        SetupError: the file was made for another encoder or another version of the network.
        OSError: there is no such file.
    """

    def __init__(self, file: Path = SHIPPED) -> None:
        from safetensors import safe_open

        self.fingerprint = sha256(file)[:12]
        encoder = Encoder()
        with safe_open(file, "np") as held:
            noted = held.metadata() or {}
            parts = {name: held.get_tensor(name).astype(np.float32) for name in held.keys()}  # noqa: SIM118  # no mapping
        if noted.get("encoder") != encoder.fingerprint:
            raise SetupError(f"{file} was made for another encoder.", _RETRAIN)
        self._temperature = float(json.loads(noted["temperature"]))
        self._lock = threading.Lock()
        self._tokenizer = tokenizer(encoder.folder)
        self._network, self._heads = _loaded(encoder.folder, parts, file)
        self._follow = self._heads.follow.detach().numpy()

    def read(
        self,
        utterance: str,
        state: DialogueState,
        shown: Sequence[CatalogueItem],
        vocabulary: Vocabulary,
        ruled: DialogueAct | None = None,
    ) -> Tagged:
        """Read an utterance.

        Args:
            utterance: cleaned words of the shopper.
            state: before the turn.
            shown: items on the page.
            vocabulary: the shop's words.
            ruled: what the rules make of it, when that is known.
        """
        import torch

        from assistant.tagger.network import EDITS, encoded

        said = line(utterance, state, shown, vocabulary, self._tokenizer, ruled)
        spoken = np.zeros(len(said.ids), dtype=np.float32)
        spoken[said.first] = 1
        ids, kinds, here, marks, whole = (
            torch.from_numpy(part)[None] for part in (said.ids, said.kinds, spoken, said.marks, said.whole)
        )
        with self._lock, torch.inference_mode():
            hidden = encoded(self._network, ids, kinds, torch.ones_like(ids))
            intents, edits, tags = self._heads(hidden, here, marks, whole)
            chances = (intents[0] / self._temperature).softmax(-1).tolist()
            edit = EDITS[int(edits[0].argmax())]
            scores = tags[0].numpy()
        spans = decode(scores[said.first], self._follow, said.words)
        return Tagged(dict(zip(Intent, chances, strict=True)), edit, spans, said.reading)


def tokenizer(folder: Path) -> Any:
    """The encoder's tokenizer, without truncation and padding."""
    from tokenizers import Tokenizer

    made = Tokenizer.from_file(str(folder / "tokenizer.json"))
    made.no_truncation()
    made.no_padding()
    return made


def _loaded(folder: Path, parts: Mapping[str, Any], file: Path) -> tuple[Any, Any]:
    """The encoder with the low-rank products added to its weights, and the heads."""
    import torch
    from transformers import AutoModel

    from assistant.tagger.network import Heads

    network = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True).eval()
    heads = Heads(network.config.hidden_size).eval()
    held = {name: torch.from_numpy(part) for name, part in parts.items()}
    try:
        for name in [name for name in held if name.endswith(".down")]:
            layer = name.removesuffix(".down")
            with torch.no_grad():
                network.get_submodule(layer).weight += held[f"{layer}.up"] @ held[name]
        heads.load_state_dict({n.removeprefix("heads."): p for n, p in held.items() if n.startswith("heads.")})
    except (AttributeError, KeyError, RuntimeError) as error:
        raise SetupError(f"{file} was made for another version of the network: {error}", _RETRAIN) from error
    return network, heads
