"""What all that goes over the wire is made of. Prices are numbers in major units, times ISO 8601, latencies seconds."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

PREFIX = "/api/v1"
MOST_NAMES = 100  # of an object that describes its names; each one that it does not know would be complained about

ItemId = Annotated[str, Field(min_length=1, max_length=200)]
ShopperId = Annotated[str, Field(min_length=1, max_length=200)]
ConversationId = Annotated[str, Field(min_length=1, max_length=64)]
Words = Annotated[str, Field(min_length=1, max_length=200)]
Price = Annotated[float, Field(ge=0, le=1e9)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
Cursor = Annotated[str, Field(min_length=1, max_length=600)]


class Body(BaseModel):
    """Something that is sent; nothing is allowed in it that is not described."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _few_names(cls, sent: Any) -> Any:
        if isinstance(sent, dict) and len(sent) > MOST_NAMES:
            raise PydanticCustomError("too_many_names", "More than {most} names", {"most": MOST_NAMES})
        return sent


class Answer(BaseModel):
    """Something that comes back."""

    model_config = ConfigDict(extra="forbid")
