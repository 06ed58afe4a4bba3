"""A secret of the data folder, made at first use."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def key_in(file: Path) -> bytes:
    """The 32 bytes in the file, drawn when it is not there; readable by its owner alone."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_bytes()
    key = secrets.token_bytes(32)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(key)
    return key
