"""The language model's part of a reply: one sentence for each pick, why it fits this need.

A model that can be trusted with prose, large or fine-tuned for it, writes the sentence itself: it is checked, asked
for once more when a claim does not hold, and given up for the record's own words after that. A weak one chooses: code
builds true sentences out of the record's facts, those that answer the need always among them, and the model decides
which else matters for this need, in what order it is said and how. A choice is checked just the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any

from assistant.claims import check
from assistant.claims.reading import Shown
from assistant.dialogue import Need
from assistant.events import Claim, Outcome, Pick
from assistant.explanation.facts import Fact, answering, facts_for, is_plural, sentence_of
from assistant.explanation.wording import describe
from assistant.language_model import LanguageModel, Prompt
from assistant.plain_text import clauses, plain
from prompts import digest, render

_UNTRAINED = ("explain", "explain_asked", "explain_again")
_TRAINED = ("explain_trained", "explain_asked")
MAX_TOKENS = 80  # of one sentence
_FACTS = 5
_SAID = 2  # facts of a sentence beside the price
_PROSE: Mapping[str, Any] = {
    "type": "object",
    "properties": {"why": {"type": "string", "maxLength": 240}},
    "required": ["why"],
    "additionalProperties": False,
}


class PickWriter:
    """Has a language model say why a pick fits.

    Args:
        model: see `LanguageModel`.
        prose: whether it writes its own sentences; False: it chooses among sentences built from the record.
        trained: whether it was fine-tuned for this: it needs no examples, and is asked again in the same words.
    """

    def __init__(self, model: LanguageModel, *, prose: bool, trained: bool = False) -> None:
        self.model = model
        self.prose = prose
        self.trained = trained

    @property
    def prompts(self) -> Mapping[str, str]:
        """Digest of each prompt by name."""
        return {name: digest(name) for name in (_TRAINED if self.trained else _UNTRAINED)}

    def tries(
        self, pick: Pick, outcome: Outcome, cancelled: Callable[[], bool]
    ) -> Iterator[tuple[str, tuple[Claim, ...]]]:
        """The model's sentences for a pick with their claims: a second one only when the first does not hold.

        Raises:
            LanguageModelUnavailable: the model cannot answer now.
        """
        need = outcome.after.need
        facts = facts_for(pick.item, need, outcome.constraints, _FACTS)
        shown = Shown(tuple(p.item for p in outcome.picks), need, outcome.constraints)
        slots = {"wish": wish_words(outcome), "facts": self._facts(pick, facts)}
        needed = answering(pick.item, need, outcome.constraints)
        schema = _PROSE if self.prose else _choice(sentences(facts, needed, several=is_plural(pick.item)))
        if schema is None:
            return
        asked = render("explain_asked", **slots)
        for number in range(2 if self.prose else 1):
            sentence = self._ask(asked, schema, number, cancelled)
            if sentence is None:
                return
            claims = check(sentence, pick.item, shown) or (Claim(sentence, pick.item.item_id, "", False),)
            yield sentence, claims
            unsupported = [claim.text for claim in claims if not claim.supported]
            if not unsupported:
                return
            if not self.trained:
                asked = render("explain_again", **slots, reason=plain(", ".join(unsupported), 120))

    def _ask(self, asked: str, schema: Mapping[str, Any], number: int, cancelled: Callable[[], bool]) -> str | None:
        """The sentence of one answer; None when it was cut off or is no sentence."""
        prompt = Prompt(render("explain_trained" if self.trained else "explain"), asked)
        answer = self.model.generate(
            prompt,
            max_tokens=MAX_TOKENS,
            schema=schema,
            temperature=0.7 if number else 0.0,
            seed=number,
            cancelled=cancelled,
        ).text()
        try:
            why = json.loads(answer)["why"]
        except (ValueError, KeyError, TypeError):
            return None
        words = " ".join(why.split()) if isinstance(why, str) else ""
        return words if words.endswith((".", "!")) else None

    def _facts(self, pick: Pick, facts: Sequence[Fact]) -> str:
        words = [fact.words for fact in facts]
        if self.prose:
            words += [f"its description says “{plain(clause, 120)}”" for clause in clauses(pick.item.description)[:2]]
        return "; ".join(words)


def wish_words(outcome: Outcome) -> str:
    """The need in words, as the prompt has it: "laptops under $900, light enough to travel"."""
    need: Need = outcome.after.need
    items = [pick.item for pick in outcome.picks]
    wish = describe(outcome.constraints, items, 2, str)
    return plain(", ".join(part for part in (wish, need.topic) if part), 200)


def sentences(facts: Sequence[Fact], needed: Sequence[Fact], *, several: bool = False) -> list[str]:
    """True sentences to choose among: each holds the facts that answer the need, the price, and others up to two."""
    price = [fact for fact in facts if fact.field == "price"]
    others = [fact for fact in facts if fact.field != "price"]
    must = [fact for fact in needed if fact in others][:_SAID]
    found, subject = [], "they" if several else "it"
    for order in permutations(others, min(_SAID, len(others))):
        if all(fact in order for fact in must):
            found.append(sentence_of(subject.capitalize(), [*order, *price], several=several))
            if price:
                found.append(f"At {price[0].rest}, {sentence_of(subject, order, several=several)}")
    return found


def _choice(choices: Sequence[str]) -> Mapping[str, Any] | None:
    """The schema of a choice; None when there is nothing to choose."""
    if len(choices) < 2:
        return None
    return {
        "type": "object",
        "properties": {"why": {"enum": list(choices)}},
        "required": ["why"],
        "additionalProperties": False,
    }
