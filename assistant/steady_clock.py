"""Whether the machine's clock can be believed before what is too old by it is deleted for good.

A clock that jumps a year ahead makes everything a year old. So it is noted, in the data folder, what the clock said
when it was last looked at. Where it does not go on from there, it is believed again after it has held for a day: a
service that was stopped for some days deletes a day later, and nothing is deleted by a clock that somebody corrects
meanwhile.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from retrieval.errors import SetupError

FILE = "clock.json"
HOLDS = timedelta(days=1)
_BACK = timedelta(hours=1)  # that a clock may be put back
_AHEAD = 2 * HOLDS  # that may pass between two looks
_LATE = timedelta(hours=1)  # by which a day between two looks may be short


class _Noted(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    seen: AwareDatetime
    jumped: AwareDatetime | None = None  # what it said after its last jump, while that is not yet believed


def is_steady(folder: Path, now: datetime) -> bool:
    """Whether the clock can be believed; what it says is noted for the next look.

    Args:
        folder: of the service's data.
        now: what the clock says, aware.

    Raises:
        SetupError: the note cannot be read or written.
    """
    file = folder / FILE
    try:
        jumped = _jumped(file, now)
        fresh = file.with_suffix(".new")
        fresh.write_text(_Noted(seen=now, jumped=jumped).model_dump_json(), "utf-8")
        os.replace(fresh, file)
    except OSError as error:
        raise SetupError(
            f"{file} cannot be used: {error.strerror or error}.",
            "Free disk space, or grant this user the rights to read and write there.",
        ) from error
    return jumped is None


def _jumped(file: Path, now: datetime) -> datetime | None:
    """When a jump was that is not yet believed, by the clock after it."""
    if not file.exists():
        return None
    try:
        noted = _Noted.model_validate_json(file.read_bytes())
    except ValidationError:
        return now  # nobody knows what it said
    if not noted.seen - _BACK <= now <= noted.seen + _AHEAD:
        return now
    held = noted.jumped is None or now - noted.jumped >= HOLDS - _LATE
    return None if held else noted.jumped
