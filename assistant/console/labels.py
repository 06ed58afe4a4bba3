"""What an utterance means, as a form: filled from a stored act, read back as slots or as an act."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from assistant.dialogue import DialogueAct, Edit, Intent, Rung, Slots

_Sort = Literal["price_asc", "price_desc", "rating", "newest", "popularity"]
SORTS: tuple[str, ...] = get_args(_Sort)
_COMMA = re.compile(r"(?<!\d),|,(?!\d)")
_LISTS = ("brands", "excluded_brands", "attributes", "excluded_attributes", "references")


def _or_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _parts(value: object) -> object:
    """Lists written with commas, in lower case as slots hold them; the comma of a number ("1,4 kg") parts nothing."""
    written = [value] if isinstance(value, str) else value
    if not isinstance(written, list | tuple):
        return value
    parts = (" ".join(part.casefold().split()) for text in written for part in _COMMA.split(str(text)))
    return tuple(part for part in parts if part)


Amount = Annotated[
    Annotated[float, Field(ge=0, lt=1e12, allow_inf_nan=False)] | None,
    BeforeValidator(_or_none),
]
Listed = Annotated[tuple[str, ...], BeforeValidator(_parts)]


class LabelForm(BaseModel):
    """The fields of a label; lists are written with commas. An empty form is an act without slots."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True, str_max_length=500)

    intent: Annotated[Intent | None, BeforeValidator(_or_none)] = None
    category: str = ""
    price_min: Amount = None
    price_max: Amount = None
    currency: Annotated[Annotated[str, Field(pattern="^[A-Z]{3}$")] | None, BeforeValidator(_or_none)] = None
    brands: Listed = ()
    excluded_brands: Listed = ()
    attributes: Listed = ()
    excluded_attributes: Listed = ()
    sort: Annotated[_Sort | None, BeforeValidator(_or_none)] = None
    references: Listed = ()
    quantity: Annotated[Annotated[int, Field(ge=1, le=999)] | None, BeforeValidator(_or_none)] = None
    dropped: Listed = ()
    edit: Annotated[Edit | None, BeforeValidator(_or_none)] = None
    topic: str = ""

    @field_validator("dropped")
    @classmethod
    def _of_slots(cls, dropped: tuple[str, ...]) -> tuple[str, ...]:
        """What is taken back names a slot, or a slot and one of its values."""
        for entry in dropped:
            if entry.partition("=")[0] not in Slots.__slots__:
                raise ValueError(f"“{entry}” names no slot; write for example price_max or excluded_brands=hp")
        return dropped

    def slots(self) -> Slots:
        """The slots of the label."""
        return Slots(
            category=" ".join(self.category.casefold().split()) or None,
            price_min=self.price_min,
            price_max=self.price_max,
            currency=self.currency,
            brands=self.brands,
            excluded_brands=self.excluded_brands,
            attributes=self.attributes,
            excluded_attributes=self.excluded_attributes,
            sort=self.sort,
            references=self.references,
            quantity=self.quantity,
        )

    def act(self, intent: Intent) -> DialogueAct:
        """The act that the label says, understood by whoever filled the form; `intent` where it names none."""
        return DialogueAct(
            self.intent or intent, self.slots(), self.dropped, self.edit, topic=self.topic, rung=Rung.CONTROL
        )

    def fields(self) -> dict[str, str]:
        """The form's fields as text, for its inputs and for a link that carries them."""
        return {name: _text(getattr(self, name)) for name in LabelForm.model_fields}


def label_of(act: Mapping[str, Any]) -> LabelForm:
    """The form that says what a stored act says (see `turn_json.act_as_json`); what is sent back is checked."""
    values = {name: value for name, value in act["slots"].items() if name in LabelForm.model_fields}
    values |= {name: act[name] for name in ("intent", "dropped", "edit", "topic") if act.get(name)}
    values |= {name: tuple(values[name]) for name in (*_LISTS, "dropped") if name in values}
    return LabelForm.model_construct(**values)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:.15g}" if isinstance(value, float) else str(value)
