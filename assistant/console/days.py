"""Days as forms send them, and the moments they begin in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

_Some = Annotated[date, Field(ge=date(1970, 1, 1), lt=date(3000, 1, 1))]
Day = Annotated[_Some | None, BeforeValidator(lambda value: value or None)]  # an empty field is sent as ""


def begins(day: date) -> datetime:
    """The first moment of a day."""
    return datetime.combine(day, time(), UTC)


def ends(day: date) -> datetime:
    """The first moment after a day."""
    return begins(day + timedelta(days=1))
