"""A form about an item and back: what staff typed, read and cleaned like a row of a feed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from retrieval.catalogue import Attribute, CatalogueItem
from retrieval.corrections import Value, with_values
from retrieval.feeds.cleaning import Notes
from retrieval.feeds.columns import item_columns
from retrieval.feeds.rows import Unusable, read_attributes, read_item

FIELDS = ("title", "brand", "category", "price", "stock", "released", "variant_of", "url", "image", "description")


@dataclass(frozen=True, slots=True)
class Correcting:
    """What became of a form.

    Attributes:
        item: as it is with everything that could be read.
        problems: by field or attribute, why what was typed cannot be used; such an item must not be saved.
    """

    item: CatalogueItem
    problems: Mapping[str, str] = field(default_factory=dict)


def typed(item: CatalogueItem) -> dict[str, str]:
    """What the fields of the form hold for an item; "" where the record states nothing."""
    return {
        "title": item.title,
        "brand": item.brand or "",
        "category": " > ".join(item.category) if item.category_stated else "",
        "price": "" if item.price is None else f"{item.price.major} {item.price.currency}",
        "stock": "" if item.stock is None else str(item.stock),
        "released": "" if item.released is None else item.released.isoformat(),
        "variant_of": item.variant_of or "",
        "url": item.url or "",
        "image": item.image or "",
        "description": item.description,
    }


def correct(
    item: CatalogueItem, fields: Mapping[str, str], attributes: Sequence[tuple[str, str]], currency: str
) -> Correcting:
    """The item with what staff typed.

    Args:
        item: as the records have it.
        fields: by name, as `typed` gives them; one that is left as it was keeps its value, one made empty has none.
        attributes: name and value; a known name made empty is taken away, an unknown one is added.
        currency: of a price that names none.
    """
    before, notes = typed(item), Notes()
    changed = {n: text for n in FIELDS if _lines(text := fields.get(n, before[n])) != _lines(before[n])}
    row: dict[str, Any] = {"item_id": item.item_id, "title": item.title, **changed}
    read = read_item(row, item_columns(row, {}), currency, notes)
    if isinstance(read, Unusable):
        return Correcting(item, {read.note.field: "An item needs one."})
    values = {name: getattr(read, name) for name in changed}
    if "category" in changed:
        values["category_stated"] = True
    held = dict(item.attributes)
    for name, text in attributes:
        _put(held, name.strip(), _lines(text), notes)
    problems = {note.field: f"{note.reason}: {str(note.raw)[:60]}" for note in notes.set_aside}
    return Correcting(replace(item, **values, attributes=held), problems)


def _put(held: dict[str, Attribute], name: str, text: str, notes: Notes) -> None:
    known = held.get(name.casefold())
    if known is not None and text == known.text:
        return
    if not text:
        held.pop(name.casefold(), None)
        return
    if not name:
        notes.cannot_use("attribute", "a value needs a name", text)
        return
    told = len(notes.set_aside)
    read = next(iter(read_attributes({name: text}, {}, notes).values()), None)
    if read is not None:
        stays = read.name if known is None else known.name
        held[stays] = replace(read, name=stays)
    elif len(notes.set_aside) == told:  # nothing says yet why it cannot be used
        notes.cannot_use(name, "not a value", text)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def shown(field: str, value: Value) -> str:
    """A value of a correction or an audit line, as staff read it; "nothing" for none."""
    if value is None:
        return "nothing"
    item = with_values(CatalogueItem("", "-"), {field: value})
    if field.startswith("attributes."):
        return next(iter(item.attributes.values())).text
    return typed(item).get(field) or str(value)
