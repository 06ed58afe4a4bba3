"""Kills of what reads feeds and of what swaps models: the next start needs nobody, and nothing acknowledged is lost.

Between the readers those who make all vectors again are killed, and one start is itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

KILLS = 20
ROOT = Path(__file__).parents[2]


def starts(program: str, *arguments: str) -> list[dict[str, Any]]:
    """What each start of a program that kills found."""
    command = [sys.executable, str(Path(__file__).with_name(program)), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    print({"starts": len(found), **found[-1]})
    return found


def test_twenty_killed_readers_of_feeds_lose_no_item_event_or_vector_that_was_acknowledged(tmp_path: Path) -> None:
    found = starts("killed_feeds.py", str(tmp_path), str(KILLS))
    assert len(found) > KILLS
    for start in found:
        assert (start["lost"], start["wrong vectors"], start["not found"], start["integrity"]) == (0, 0, 0, "ok")
    assert any(start["made again"] for start in found), "no kill came between an item and its vector"
    assert found[-1]["made again"] == 0, "what was read to its end has all its vectors"
    set_aside = (tmp_path / "var" / "set_aside.jsonl").read_text().splitlines()
    assert len(set_aside) == 1, "the row that is no item is on record once"


def test_a_swap_killed_before_any_of_its_steps_leaves_the_last_acknowledged_model_or_the_next_in_service(
    tmp_path: Path,
) -> None:
    first, *found, last = starts("killed_models.py", str(tmp_path))
    assert not first["answers"], "there was no model yet"
    assert len(found) > KILLS
    for start in (*found, last):
        assert (start["answers"], start["lost"]) == (True, False)
    assert max(start["left behind"] for start in found) > 1, "no kill came in the middle of a swap"
    assert last["left behind"] == 0
