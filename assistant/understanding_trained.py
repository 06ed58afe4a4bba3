"""Understanding by a fine-tuned model: the short prompt of its lessons, its answer held to the shopper's own words.

The grammar is built for each utterance. A brand, a category, a property or a description is a run of her words, an
amount is one that the money grammar found, a number of pieces is one she said: the model assigns and cannot invent. It
may use words that the shop's vocabulary does not know, so it finds what the rules cannot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from assistant.labelled.serialisation import KEYS, asked
from assistant.language_model import Prompt
from assistant.rules.number_words import number_from_words
from assistant.rules.slots import Reading
from assistant.understanding_answer import SORTS, ModelAnswer, parse, plain_number, strangers
from assistant.understanding_wording import Question, Wrong
from prompts import render
from retrieval.vocabulary import Vocabulary

_MOST_WORDS = 5  # of a value
_MOST_SPANS = 300  # of a grammar; a longer utterance offers shorter runs of words
_WORD = re.compile(r"[^\W_](?:[\w'’&.,/+\"%×-]*[\w%\"+])?")
_SPOKEN = ("c", "b", "nb", "a", "na", "r")
_LISTS = ("b", "nb", "a", "na", "r", "d")
_RANKS = 9


class Trained:
    """The prompt and the answer of `assistant.labelled.serialisation`.

    The second try is held to what the vocabulary and the money grammar found: what was wrong at the first, mostly an
    invented property or brand, cannot be said again.
    """

    prompts = ("understand_trained",)

    def ask(self, question: Question, wrong: Wrong | None) -> tuple[Prompt, Mapping[str, Any]]:
        """See `assistant.understanding_wording.Wording.ask`."""
        labels = [relaxation.label for relaxation in question.state.offered]
        words = asked(question.reading.said, question.state.need.slots, len(question.shown), labels)
        offered = offers(question.reading, question.found) if wrong is None else question.found
        return Prompt(render("understand_trained"), words), schema(offered)

    def read(self, text: str, question: Question, vocabulary: Vocabulary) -> ModelAnswer | tuple[str, ...]:
        """See `assistant.understanding_wording.Wording.read`."""
        answer = parse(text)
        if isinstance(answer, str):
            return (answer,)
        return strangers(answer, offers(question.reading, question.found)) or canonical(answer, vocabulary)


def offers(reading: Reading, found: Mapping[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    """What each key of the answer may hold; a key with nothing to hold is absent.

    Args:
        reading: what was found in the utterance.
        found: see `assistant.understanding_answer.findings`.
    """
    spans = tuple(_spans(reading.text))
    held = {key: (*found.get(key, ()), *spans) for key in _SPOKEN}
    held["r"] = (*held["r"], *(str(rank) for rank in range(1, _RANKS + 1)), "last")
    held |= {key: found[key] for key in ("lo", "hi", "d") if key in found}
    held["s"] = SORTS
    held["q"] = (*found.get("q", ()), *_counts(reading.text))
    order = ("i", *KEYS, "d")
    unique = {key: tuple(dict.fromkeys(held[key])) for key in order if held.get(key)}
    return unique


def schema(offered: Mapping[str, tuple[Any, ...]]) -> dict[str, Any]:
    """The JSON schema of the answer: the intent, and of the other keys those that hold something."""
    properties: dict[str, Any] = {"i": {"$ref": "#/$defs/intent"}}
    for key, values in offered.items():
        one = {"enum": [plain_number(value) for value in values]}
        properties[key] = {"type": "array", "items": one, "minItems": 1, "maxItems": 6} if key in _LISTS else one
    return {
        "$defs": {"intent": ModelAnswer.model_json_schema()["$defs"]["Intent"]},
        "type": "object",
        "properties": properties,
        "required": ["i"],
        "additionalProperties": False,
    }


def canonical(answer: ModelAnswer, vocabulary: Vocabulary) -> ModelAnswer:
    """The answer with categories and brands as the shop calls them; what it does not have stays as it was said."""

    def brands(said: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(vocabulary.find_brand(words) or words for words in said))

    category = answer.c and (vocabulary.find_category(answer.c) or answer.c)
    return answer.model_copy(update={"c": category, "b": brands(answer.b), "nb": brands(answer.nb)})


def _spans(text: str) -> Iterator[str]:
    """Runs of words, the shorter first; none goes over a comma or the end of a sentence."""
    places = [match.span() for match in _WORD.finditer(text)]
    made = 0
    for length in range(1, _MOST_WORDS + 1):
        for first in range(len(places) - length + 1):
            run = text[places[first][0] : places[first + length - 1][1]]
            gaps = (text[places[n][1] : places[n + 1][0]] for n in range(first, first + length - 1))
            if all(gap.isspace() for gap in gaps):
                yield " ".join(run.split())
                made += 1
                if made == _MOST_SPANS:
                    return


def _counts(text: str) -> Iterator[int]:
    """Numbers of pieces that are said: "2", "three"."""
    for word in re.findall(r"\w+", text):
        number = int(word) if word.isdigit() else number_from_words(word)
        if number is not None and number == int(number) and 0 < number < 100:
            yield int(number)
