"""A Chroma folder that was damaged while nobody looked: noticed, and moved out of the way.

Chroma maps its graph files as they are: a damaged one can end the process that reads it, without an error and at every
start. So opening is noted in a file that only the death of the process leaves, and what is noted is tried out in
another process first.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import structlog

_TRIAL = "import sys; from retrieval.index import read_through; read_through(sys.argv[1])"

log = structlog.get_logger()


class DamagedVectorsError(Exception):
    """What is stored are no vectors of ours."""


@contextmanager
def opening(folder: Path) -> Iterator[None]:
    """Note, beside the folder, that it is being opened; one whose last opening killed its process is moved aside."""
    note = folder.with_name(f"{folder.name}.opening")
    if note.exists() and _kills_its_reader(folder):
        move_aside(folder, "a process that read it was killed by it")
    note.parent.mkdir(parents=True, exist_ok=True)
    note.touch()
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def move_aside(folder: Path, why: str) -> None:
    """Keep a damaged folder under another name, and say so."""
    aside = folder.with_name(f"{folder.name}-corrupt-{datetime.now():%Y%m%d-%H%M%S-%f}")
    folder.rename(aside)
    log.warning("vectors are made again: the Chroma folder was corrupt", moved_to=str(aside), error=why)


def _kills_its_reader(folder: Path) -> bool:
    """Whether reading the folder ends a process by a signal; one that merely fails ends with a status."""
    return subprocess.run([sys.executable, "-c", _TRIAL, str(folder)], capture_output=True).returncode < 0
