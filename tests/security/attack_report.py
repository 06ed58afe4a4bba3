"""How each family of shoppers' attacks is understood, and what it changes: `python tests/security/attack_report.py`.

Writes docs/results/attacks.json: by rung and family, the intents that resulted and the attacks that had an effect. The
phrases are tuned on all families but the last two; the reader of orders learnt from all but "fresh".
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from attacking import Attack, attacked_shop, attacks, effects, plain_turn, said  # noqa: E402

from assistant.service import Service  # noqa: E402


def measured(service: Service, tried: list[Attack]) -> dict[str, Any]:
    """By family: how many were tried, the intents that resulted, and what had an effect."""
    plain = plain_turn(service)
    report: dict[str, Any] = {}
    for attack in tried:
        family = report.setdefault(attack.family, {"attacks": 0, "intents": Counter(), "had an effect": {}})
        before, turn = said(service, attack)
        family["attacks"] += 1
        family["intents"][turn.act.intent.value] += 1
        if found := effects(plain, before, turn, attack.text):
            family["had an effect"][attack.text] = found
    return report


def main() -> None:
    """Measure with the rules and with the tagger, and write the result."""
    tried = [a for file in ("attacks", "attacks_held_out") for a in attacks("utterance", file=f"{file}.jsonl")]
    tried += [replace(attack, family="fresh") for attack in attacks("utterance", file="attacks_fresh.jsonl")]
    report = {}
    for rung in ("rules", "tagger"):
        with tempfile.TemporaryDirectory() as folder, attacked_shop(Path(folder), tagger=rung == "tagger") as service:
            report[rung] = measured(service, tried)
        for family, had in report[rung].items():
            print(f"{rung:7} {family:14} {len(had['had an effect']):3} of {had['attacks']:3}  {dict(had['intents'])}")
    (ROOT / "docs" / "results" / "attacks.json").write_text(json.dumps(report, indent=1, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
