"""The last step of a restore: what was laid ready takes the place of what was there, whatever interrupts it.

A restore (`assistant.backup`) lays the new files into a folder of the data folder and renames it to `restoring` once
they are whole and on disk: from then on the new state counts. This step puts them in their places; whoever opens a
database of the folder finishes it first, so that a process killed in the middle leaves nothing half done.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from filelock import FileLock

from retrieval.durable import to_disk
from retrieval.errors import SetupError

FOLDER = "restoring"
PLAN = "replaces.json"  # JSON list of names in the data folder that give way; gone once they have
_LOCK = "restoring.lock"


def finish_restoring(folder: Path) -> None:
    """Put what lies ready in a data folder into its places; nothing to do where no restore was begun.

    Raises:
        SetupError: a file cannot be moved; it goes on from there the next time.
    """
    ready = folder / FOLDER
    if not ready.is_dir():
        return
    try:
        _finish(folder, ready)
    except OSError as error:
        raise SetupError(
            f"The restore of {folder.resolve()} could not be finished: {error}.",
            "Grant this user the rights to write there; then run this again, and it goes on.",
        ) from error


def _finish(folder: Path, ready: Path) -> None:
    with FileLock(folder / _LOCK):
        if not ready.is_dir():  # another process was faster
            return
        plan = ready / PLAN
        if plan.exists():
            for name in json.loads(plan.read_bytes()):
                _delete(folder / name)
            to_disk(folder)
            plan.unlink()
            to_disk(ready)
        for entry in list(ready.iterdir()):
            entry.replace(folder / entry.name)
        to_disk(folder)
        ready.rmdir()


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
