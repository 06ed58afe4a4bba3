"""Texts that end an answer, found in a stream although they may arrive in pieces."""

from __future__ import annotations

from collections.abc import Sequence


class StopTexts:
    """Passes a stream on up to the first stop text, holding back what may turn out to begin one."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = tuple(text for text in texts if text)
        self._held = ""
        self.met = False

    def pass_on(self, piece: str) -> str:
        """What of the stream so far is certain to belong to the answer and was not passed on before."""
        held = self._held + piece
        found = [place for text in self._texts if (place := held.find(text)) >= 0]
        if found:
            self.met, self._held = True, ""
            return held[: min(found)]
        keep = max((self._overlap(held, text) for text in self._texts), default=0)
        self._held = held[len(held) - keep :]
        return held[: len(held) - keep]

    def rest(self) -> str:
        """What was still held back when the stream ended."""
        rest, self._held = self._held, ""
        return rest

    @staticmethod
    def _overlap(held: str, text: str) -> int:
        """How long the longest end of `held` is that `text` begins with."""
        return next((n for n in range(min(len(text) - 1, len(held)), 0, -1) if held.endswith(text[:n])), 0)
