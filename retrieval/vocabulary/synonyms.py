"""What words mean in this shop that its records do not use: "settee" is a "sofa" here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from retrieval.words import Token, key, key_of, tokens

_LONGEST_PHRASE = 5  # words


class Synonyms:
    """Words and their meanings, one way. What is set counts at once for all who hold this object."""

    def __init__(self) -> None:
        self._meanings: Mapping[str, str] = {}

    def set(self, meanings: Mapping[str, str]) -> None:
        """Replace all: by word or phrase, what it means in the shop's words."""
        self._meanings = {key(word): " ".join(means.split()) for word, means in meanings.items()}

    def keys(self, words: Sequence[Token]) -> Iterator[str]:
        """Keys of what a phrase means: the whole of it, then one part of it replaced ("settee cover")."""
        for start, end, means in _windows(words, self._meanings):
            yield key_of(words[:start]) + key(means) + key_of(words[end:])

    def applied(self, text: str) -> str:
        """The text with every word that has a meaning replaced by it, the longest phrases first."""
        words = tokens(text)
        replaced: list[tuple[int, int, str]] = []
        for start, end, means in _windows(words, self._meanings):
            if not any(start < other_end and other < end for other, other_end, _ in replaced):
                replaced.append((start, end, means))
        for start, end, means in sorted(replaced, reverse=True):
            text = text[: words[start].start] + means + text[words[end - 1].end :]
        return text


def _windows(words: Sequence[Token], meanings: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    """Every run of words that has a meaning, as [start, end) and the meaning; the longest first."""
    for length in range(min(_LONGEST_PHRASE, len(words)) if meanings else 0, 0, -1):
        for start in range(len(words) - length + 1):
            means = meanings.get(key_of(words[start : start + length]))
            if means is not None:
                yield start, start + length, means
