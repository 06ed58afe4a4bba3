"""The service's process killed while it writes turns: nothing acknowledged is lost, and no half turn is seen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]

KILLS = """
import json, os, random, signal, sys, threading, time
from pathlib import Path
sys.path.append(sys.argv[1])
from api_doubles import open_doubles
from assistant.events import Finished
from assistant.store import Store, traces

folder, kills = Path(sys.argv[2]), int(sys.argv[3])
SAYINGS = ["a laptop under $900", "not HP", "cheaper", "compare the first two", "start over"]

def write(told):
    with open_doubles(folder) as service:
        def talk():
            conversation = service.conversations.start()
            while True:
                for saying in SAYINGS:
                    for event in service.conversations.say(conversation, saying):
                        if isinstance(event, Finished):
                            shown = len(event.turn.picks) if event.turn.searched else 0
                            line = json.dumps([conversation, event.turn.number, event.turn.reply, shown])
                            os.write(told, line.encode() + b"\\n")
        threads = [threading.Thread(target=talk) for _ in range(2)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]

def half(store, conversation):
    numbers = []
    shown = {}
    for impression in store.impressions(conversation):
        shown.setdefault(impression["turn"], []).append(impression["rank"])
    for turn in store.turns(conversation):
        numbers.append(turn["number"])
        ranks = shown.pop(turn["number"], [])
        if ranks != list(range(1, len(ranks) + 1)) or traces.trace(store, conversation, turn["number"]) is None:
            return True
    store.state(conversation)
    return bool(shown) or numbers != list(range(1, len(numbers) + 1))

acknowledged = {}
chance = random.Random(6)
for kill in range(kills):
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        write(writer)
    os.close(writer)
    lines = os.fdopen(reader, "rb")
    after = chance.randint(1, 12)
    for _ in range(after):
        conversation, number, reply, shown = json.loads(lines.readline())
        acknowledged[conversation, number] = reply, shown
    time.sleep(chance.uniform(0, 0.03))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    for line in lines.read().splitlines(keepends=True):
        if line.endswith(b"\\n"):
            conversation, number, reply, shown = json.loads(line)
            acknowledged[conversation, number] = reply, shown
    log = (folder / "conversations.db-wal").stat().st_size
    store = Store(folder)
    with store.connect() as connection:
        integrity = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
        conversations = list(connection.exec_driver_sql("SELECT conversation_id FROM conversations").scalars())
    stored, halves = {}, 0
    for conversation in conversations:
        halves += half(store, conversation)
        shown = [impression["turn"] for impression in store.impressions(conversation)]
        for turn in store.turns(conversation):
            stored[conversation, turn["number"]] = turn["reply"], shown.count(turn["number"])
    store.close()
    lost = [place for place, told in acknowledged.items() if stored.get(place) != told]
    print(json.dumps({"acknowledged": len(acknowledged), "stored": len(stored), "lost": len(lost),
        "half": halves, "integrity": integrity, "log": log}), flush=True)
"""


def killed(folder: Path, kills: int) -> list[dict[str, int | str]]:
    """What was found after each of so many kills of one data folder's service."""
    command = [sys.executable, "-c", KILLS, str(TESTS), str(folder), str(kills)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def assert_nothing_lost(found: list[dict[str, int | str]], kills: int) -> None:
    assert len(found) == kills
    for kill in found:
        assert (kill["lost"], kill["half"], kill["integrity"]) == (0, 0, "ok")
        assert kill["log"], "the process was killed before SQLite folded its log in"
    assert int(found[-1]["acknowledged"]) >= kills
    print({"kills": kills, **found[-1]})


def test_a_service_killed_while_it_writes_turns_loses_none_that_was_told(tmp_path: Path) -> None:
    assert_nothing_lost(killed(tmp_path, 20), 20)
