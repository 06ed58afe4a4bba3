"""What the language model writes about the picks of the demo shop, held against their records before anything is said.

    python benchmarks/explanations.py [--pages 40] [--data-folder var] [--read docs/explanations.md]

Every page is a need of `NEEDS`; every pick's sentence is checked claim by claim as the model wrote it.
`written_again` and `given_up` are shares of the first sentences: those asked for a second time, and those that failed
twice and were replaced by the record. `--read` writes the best pick's sentence for each of thirty needs, to be
read by people.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.conversation import run
from assistant.demo import prepare_demo
from assistant.events import Claim, Outcome, Pick
from assistant.explanation.pick_writer import PickWriter
from assistant.language_model import LanguageModel
from assistant.service import Service, open_service
from assistant.settings import load_settings

NEEDS = (
    "I need a new laptop under $900, light enough to travel",
    "waterproof hiking boots",
    "wireless headphones for flights",
    "a kettle, steel",
    "tent for two people under $200",
    "espresso machine",
    "office chair in black",
    "a phone with 256 gb",
    "toys for a six year old who likes dinosaurs",
    "running shoes under 120",
    "a quiet dishwasher",
    "tv, at least 50 inches",
    "a rain jacket for women",
    "desk lamp",
    "backpack with a laptop sleeve",
    "a blender that crushes ice",
    "yoga mat",
    "sunglasses, polarised",
    "a bike helmet",
    "electric toothbrush",
    "a monitor for work under 300 dollars",
    "a warm blanket",
    "coffee grinder",
    "garden hose 25 m",
    "a watch as a present",
    "a mouse for travel",
    "board game for a family",
    "a cordless drill",
    "dog bed",
    "moisturiser for dry skin",
    "a frying pan for induction",
    "noise cancelling earbuds",
    "a small bookshelf",
    "winter gloves",
    "vacuum cleaner for pet hair",
    "a suitcase, carry on",
    "tablet for drawing",
    "a microphone for podcasts",
    "pillow, firm",
    "car phone holder",
)
SHOWN = 30


@dataclass(frozen=True, slots=True)
class Written:
    """One sentence as the model wrote it: the need, the pick, which try it was, its claims and the seconds it took."""

    need: str
    pick: Pick
    number: int
    sentence: str
    claims: tuple[Claim, ...]
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether the record supports all of it."""
        return all(claim.supported for claim in self.claims)


class Noting(PickWriter):
    """A writer that notes every sentence of the model, said or not."""

    def __init__(self, model: LanguageModel, *, prose: bool, trained: bool) -> None:
        super().__init__(model, prose=prose, trained=trained)
        self.written: list[Written] = []

    def tries(
        self, pick: Pick, outcome: Outcome, cancelled: Callable[[], bool]
    ) -> Iterator[tuple[str, tuple[Claim, ...]]]:
        """See `PickWriter.tries`."""
        began = time.perf_counter()
        for number, (sentence, claims) in enumerate(super().tries(pick, outcome, cancelled)):
            seconds = time.perf_counter() - began
            self.written.append(Written(outcome.utterance, pick, number, sentence, claims, seconds))
            yield sentence, claims
            began = time.perf_counter()


def explained(service: Service, pages: int) -> tuple[list[Written], list[Claim]]:
    """What the model wrote about the picks of so many needs, and the claims that were said."""
    writer = service.assistant.explainer.writer
    if writer is None:
        raise SystemExit("No language model is in service: unset ASSISTANT_LANGUAGE_MODEL.")
    noting = Noting(writer.model, prose=writer.prose, trained=writer.trained)
    service.assistant.explainer.writer = noting
    claims: list[Claim] = []
    for need in NEEDS[:pages]:
        turn = run(service.conversations.say(service.conversations.start(), need))
        claims += [claim for claim in turn.claims if claim.supported]
        claims += [claim for claim in turn.claims if not claim.supported and claim.text in turn.reply]
    return noting.written, claims


def figures(written: list[Written], said: list[Claim]) -> dict[str, Any]:
    """Shares before and after the check."""
    first = [one for one in written if one.number == 0]
    before = [claim for one in first for claim in one.claims]
    again = sum(one.number > 0 for one in written)
    return {
        "sentences": len(first),
        "claims": len(before),
        "claims_supported_before_the_check": round(statistics.mean(claim.supported for claim in before), 4),
        "sentences_supported_before_the_check": round(statistics.mean(one.holds for one in first), 4),
        "written_again": round(again / len(first), 4),
        "given_up": round((again - sum(one.holds for one in written if one.number)) / len(first), 4),
        "claims_said": len(said),
        "claims_said_supported": round(statistics.mean(claim.supported for claim in said), 4),
        "seconds_p50": round(statistics.median(one.seconds for one in first), 2),
        "words_p50": statistics.median(len(one.sentence.split()) for one in first),
    }


def to_read(written: list[Written]) -> list[Written]:
    """The sentence of the best pick for each need, thirty of them."""
    return [one for one in written if one.number == 0 and one.pick.rank == 1][:SHOWN]


def main() -> None:
    """Measure, print, and write what is to be read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=len(NEEDS))
    parser.add_argument("--data-folder", type=Path, default=Path("var"))
    parser.add_argument("--read", type=Path)
    chosen = parser.parse_args()
    settings = load_settings(data_folder=chosen.data_folder)
    prepare_demo(settings)
    service = open_service(settings)
    try:
        written, said = explained(service, chosen.pages)
    finally:
        service.close()
    if chosen.read:
        rows = [f"| {one.need} | {one.pick.item.title} | {one.sentence} |" for one in to_read(written)]
        chosen.read.write_text("\n".join(["| need | pick | sentence |", "| --- | --- | --- |", *rows]) + "\n", "utf-8")
    print(json.dumps(figures(written, said), indent=1))


if __name__ == "__main__":
    main()
