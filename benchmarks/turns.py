"""Whole turns over the demo shop with the packaged language model: how soon something is seen, and what holds.

    python benchmarks/turns.py [--conversations 8] [--data-folder var]

Latencies are wall-clock seconds on this machine; read the ratios. Every turn is held to its promises as well: no item
shown breaks a constraint, no claim without support is said, and no claim speaks of an item that has no card.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

CONVERSATIONS = (
    (
        "I need a new laptop under $900, light enough to travel",
        "not the first brand, something quieter",
        "why this order?",
    ),
    ("waterproof hiking boots size 42", "under 150", "compare the first two", "how heavy is the first one?"),
    ("wireless headphones for flights", "cheaper", "show me others", "I'll take the second"),
    ("a present for a six year old who likes dinosaurs", "no more than 30 dollars", "thanks"),
    ("phone with a great camera, max 700", "128 gb or more", "which is the lightest?"),
    ("tent for two people", "under $20", "ok, the first one"),
    ("espresso machine", "between 100 and 300", "go back"),
    ("office chair", "in black", "what's the rating of the last one?"),
)


def measure(folder: Path, conversations: int = len(CONVERSATIONS)) -> dict[str, Any]:
    """Seconds to cards, to the first words and to the whole turn; claims and violations, over all conversations."""
    from assistant.conversation import run
    from assistant.demo import prepare_demo
    from assistant.service import open_service
    from assistant.settings import load_settings

    settings = load_settings(data_folder=folder)
    prepare_demo(settings)
    began = time.perf_counter()
    service = open_service(settings)
    opened = time.perf_counter() - began
    turns = []
    for utterances in CONVERSATIONS[:conversations]:
        conversation_id = service.conversations.start()
        turns += [run(service.conversations.say(conversation_id, words)) for words in utterances]
    service.close()
    searched = [turn for turn in turns if turn.searched and turn.picks]
    cards_of = {id(turn): {pick.item.item_id for pick in turn.picks} for turn in turns}
    claims = [(turn, claim) for turn in turns for claim in turn.claims]
    written: Counter[str] = Counter()
    for turn in turns:
        written.update(turn.written_by)
    return {
        "turns": len(turns),
        "turns_with_picks": len(searched),
        "seconds_to_open": round(opened, 2),
        "cards": spread([turn.latency["cards"] for turn in searched]),
        "first_words": spread([turn.latency["first_text"] for turn in searched]),
        "whole_turn": spread([turn.latency["turn"] for turn in searched]),
        "cards_to_whole_turn": round(
            statistics.median(turn.latency["cards"] / turn.latency["turn"] for turn in searched), 4
        ),
        "constraint_violations": sum(
            not turn.constraints.admits(pick.item) for turn in searched for pick in turn.picks
        ),
        "claims_said": sum(claim.supported for _, claim in claims),
        "claims_withheld": sum(not claim.supported for _, claim in claims),
        "claims_without_card": sum(c.supported and c.item_id not in cards_of[id(turn)] for turn, c in claims),
        "sentences_by_origin": dict(written),
        "memory_mb": round(psutil.Process().memory_info().rss / 2**20),
    }


def spread(seconds: list[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    ordered = sorted(seconds)
    return {
        "p50": round(statistics.median(ordered), 3),
        "p95": round(ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))], 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Whole turns over the demo shop.")
    parser.add_argument("--conversations", type=int, default=len(CONVERSATIONS))
    parser.add_argument("--data-folder", type=Path, default=Path("var"))
    chosen = parser.parse_args()
    print(json.dumps(measure(chosen.data_folder, chosen.conversations), indent=2))


if __name__ == "__main__":
    main()
