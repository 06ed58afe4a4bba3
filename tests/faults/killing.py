"""Writers that are killed while they write: what a program needs that imports all once and forks for each of them.

Every writer opens the shop as any start of the product does, tells what it finds of all that was acknowledged before,
then writes until it is killed.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any

CHANGES = frozenset({"mkdir", "write", "fsync", "rename", "replace", "unlink", "rmdir"})

Tell = Callable[[str, Any], None]
Writer = Callable[[Path, "Acknowledged", Tell], None]


@dataclass
class Acknowledged:
    """What was told before the last kill.

    Attributes:
        items: the latest edition of each item that was stored.
        logs: editions whose interactions were all stored.
        models: names of the models put in service, in their order.
    """

    items: dict[str, int] = field(default_factory=dict)
    logs: list[int] = field(default_factory=list)
    models: list[str] = field(default_factory=list)

    def hear(self, kind: str, told: Any) -> None:
        """Take one thing that a writer told."""
        if kind == "found":
            print(json.dumps(told), flush=True)
        elif kind == "items":
            self.items.update(told)
        else:
            getattr(self, kind).append(told)


def forked(writer: Writer, folder: Path, known: Acknowledged) -> tuple[int, IO[bytes]]:
    """The writer in a process of its own: its id, and what it tells."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, os.fdopen(reading, "rb")

    signal.alarm(120)  # should whoever kills it be gone

    def tell(kind: str, told: Any) -> None:
        os.write(writing, json.dumps([kind, told]).encode() + b"\n")

    try:
        writer(folder, known, tell)
        os._exit(0)  # without what this program does at its own end
    finally:
        traceback.print_exc()
        os._exit(1)


def killed(writer: Writer, folder: Path, known: Acknowledged, lines: int, seconds: float) -> None:
    """Kill the writer so long after it told so many lines; what it told is acknowledged, but for a line cut short."""
    child, told = forked(writer, folder, known)
    for _ in range(lines):
        known.hear(*json.loads(told.readline()))
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL, "it ended before it was killed"
    for line in told.read().splitlines(keepends=True):
        if line.endswith(b"\n"):
            known.hear(*json.loads(line))


def ended(writer: Writer, folder: Path, known: Acknowledged) -> bool:
    """Let the writer come to its end; whether that is none of its own making: SIGKILL."""
    child, told = forked(writer, folder, known)
    for line in told:
        known.hear(*json.loads(line))
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL)
    return status == signal.SIGKILL


def die_before(step: int) -> None:
    """Have this process killed just before its so many-th change of a file or a folder from now on."""
    left = step

    def watch(frame: FrameType, event: str, called: Any) -> None:
        nonlocal left
        if event != "c_call" or called.__name__ not in CHANGES:
            return
        if called.__module__ == "posix" or isinstance(called.__self__, io.IOBase):
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(watch)
