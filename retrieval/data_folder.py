"""The data folder, which one process at a time owns."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from retrieval.errors import SetupError

_LOCK_NAME = "shop.lock"


def hold(folder: Path, *, taken: tuple[str, str]) -> FileLock:
    """The lock of a data folder, made where it is missing; release it when done.

    Args:
        folder: to be owned.
        taken: problem, in which `{folder}` is put, and remedy, when another process owns it.

    Raises:
        SetupError: another process owns it, or it cannot be written to.
    """
    lock = FileLock(folder / _LOCK_NAME, timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        problem, remedy = taken
        raise SetupError(problem.format(folder=folder.resolve()), remedy) from error
    except OSError as error:
        raise SetupError(
            f"The data folder {folder.resolve()} cannot be used: {error}.",
            "Grant this user the rights to write there, or set ASSISTANT_DATA_FOLDER to another folder.",
        ) from error
    return lock
