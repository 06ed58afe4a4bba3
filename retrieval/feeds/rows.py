"""One raw row to one item or one interaction, through the cleaners; a row that cannot be either says why.

Whatever is stated of an item comes in through `read_item` or `read_attributes`: a feed, the API and the staff's forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from retrieval.catalogue import Attribute, CatalogueItem, Money
from retrieval.feeds.attributes import attributes_of, stated_attributes
from retrieval.feeds.cleaning import (
    LONGEST,
    LONGEST_URL,
    Note,
    Notes,
    clean_category,
    clean_date,
    clean_number,
    clean_price,
    clean_text,
    clean_time,
    is_missing,
)
from retrieval.feeds.columns import COALESCED, Columns, plain_name
from retrieval.instructions import find_instruction, without_instructions
from retrieval.interactions import Interaction, InteractionKind

TO_A_MODEL = "speaks to a language model"
_MOST_PIECES = 10**9
_IN_STOCK = frozenset(
    {"in stock", "in_stock", "instock", "available", "yes", "true", "preorder", "pre order", "backorder"}
)
_NO_STOCK = frozenset({"out of stock", "out_of_stock", "outofstock", "sold out", "unavailable", "discontinued", "no"})
_NO_STOCK |= {"false"}
_KINDS = {
    InteractionKind.VIEW: "view viewed pageview page_view product_view detail detail_view viewcontent item_view",
    InteractionKind.CLICK: "click clicked select select_item click_item",
    InteractionKind.CART: "cart add_to_cart addtocart add_to_basket basket added_to_cart",
    InteractionKind.PURCHASE: "purchase purchased buy bought order ordered transaction checkout sale conversion",
    InteractionKind.REVIEW: "review reviewed rating rate rated",
}
_KIND_OF = {alias: kind for kind, aliases in _KINDS.items() for alias in aliases.split()}


@dataclass(frozen=True, slots=True)
class Unusable:
    """A row that is set aside whole."""

    note: Note


def item_id_of(row: Mapping[str, Any], columns: Columns) -> str:
    """The cleaned id of a row; empty when it has none."""
    return _text(_fields(row, columns)[0].get("item_id"), "item_id", Notes())


def shopper_id_of(row: Mapping[str, Any], columns: Columns) -> str:
    """The cleaned id of the shopper of a row; empty when it names none."""
    return _shopper_id(_fields(row, columns)[0].get("shopper_id"), Notes())


def read_item(row: Mapping[str, Any], columns: Columns, currency: str, notes: Notes) -> CatalogueItem | Unusable:
    """The item of a row. Without an id or a title it is unusable; every other field may be missing.

    Args:
        row: raw values by column.
        columns: where the fields stand.
        currency: of prices that name none.
        notes: what was repaired, and which single values were set aside.
    """
    fields, others = _fields(row, columns)
    item_id, title = (_text(fields.get(name), name, notes) for name in ("item_id", "title"))
    if not item_id or not title:
        missing = "title" if item_id else "item_id"
        return Unusable(Note(missing, f"no {missing}", fields.get(missing)))
    category = clean_category(fields.get("category"), notes)
    stated = stated_attributes(fields.get("attributes"), notes) if not is_missing(fields.get("attributes")) else {}
    attributes = attributes_of(stated, columns.attribute_of, notes)
    known = {item_id, title, *category}
    extra = {name: value for name, value in others.items() if not isinstance(value, str) or value not in known}
    attributes = attributes_of(extra, columns.attribute_of, notes) | attributes
    rating_count = clean_number(fields.get("rating_count"), "rating_count", 0, _MOST_PIECES, notes)
    return CatalogueItem(
        item_id=item_id,
        title=title,
        description=_description(fields.get("description"), notes),
        brand=_text(fields.get("brand"), "brand", notes) or None,
        category=category,
        price=_price(fields, currency, notes),
        attributes=_for_shoppers(attributes, notes),
        stock=_stock(fields.get("stock"), notes),
        rating=clean_number(fields.get("rating"), "rating", 0, 5, notes),
        rating_count=int(rating_count or 0),
        released=None if is_missing(fields.get("released")) else clean_date(fields["released"], "released", notes),
        image=_address(fields.get("image"), "image", notes),
        url=_address(fields.get("url"), "url", notes),
        variant_of=_text(fields.get("variant_of"), "variant_of", notes) or None,
    )


def read_interaction(row: Mapping[str, Any], columns: Columns, notes: Notes) -> Interaction | Unusable:
    """The interaction of a row; one without a kind column is a review where it has stars, else a view."""
    fields, _ = _fields(row, columns)
    shopper_id, item_id = _shopper_id(fields.get("shopper_id"), notes), _text(fields.get("item_id"), "item_id", notes)
    at = clean_time(fields.get("at"), "at", notes)
    value_column = next((plain_name(column) for column, name in columns.field_of.items() if name == "value"), "")
    default = InteractionKind.REVIEW if value_column in ("rating", "stars") else InteractionKind.VIEW
    stated = _text(fields.get("kind"), "kind", notes)
    kind = _KIND_OF.get(plain_name(stated)) if stated else default
    for name, usable in (("shopper_id", shopper_id), ("item_id", item_id), ("at", at), ("kind", kind)):
        if not usable:
            return Unusable(Note(name, f"no usable {name}", fields.get(name)))
    assert at is not None
    assert kind is not None
    session_id = _text(fields.get("session_id"), "session_id", notes) or None
    value = clean_number(fields.get("value"), "value", -_MOST_PIECES, _MOST_PIECES, notes)
    return Interaction(shopper_id, item_id, kind, at, session_id, value)


def _fields(row: Mapping[str, Any], columns: Columns) -> tuple[dict[str, Any], dict[str, Any]]:
    """Raw values by field, and the columns that are no field. A preferred column that a row leaves empty gives way."""
    fields: dict[str, Any] = {}
    others = {name: v for name, v in row.items() if name not in columns.field_of and name not in columns.left_out}
    for column, name in columns.field_of.items():
        value = row.get(column)
        if name not in fields or is_missing(fields[name]):
            fields[name] = value
        elif name in COALESCED and name == "category" and not plain_name(column).startswith("google"):
            others[column] = value
    return {**fields, **columns.constants}, others


def _text(value: object, name: str, notes: Notes) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # an id that a spreadsheet made a number: 1234.0
    if not name.endswith("_id"):
        return clean_text(value, name, notes)
    text = clean_text(value, name, notes, limit=LONGEST_URL)
    return text if len(text) <= LONGEST["item_id"] else ""  # cut, two long ids could become one


def _description(value: object, notes: Notes) -> str:
    text, spoken = without_instructions(clean_text(value, "description", notes, lines=True))
    for sentence in spoken:
        notes.cannot_use("description", TO_A_MODEL, sentence)
    return text


def read_attributes(stated: Mapping[str, object], names: Mapping[str, str], notes: Notes) -> dict[str, Attribute]:
    """Attributes that no row states, cleaned as those of a row are; see `attributes_of`."""
    return _for_shoppers(attributes_of(stated, names, notes), notes)


def _for_shoppers(attributes: Mapping[str, Attribute], notes: Notes) -> dict[str, Attribute]:
    """The attributes without those whose name or text speaks to a language model."""
    spoken = {name for name, held in attributes.items() if find_instruction(name) or find_instruction(held.text)}
    for name in sorted(spoken):
        notes.cannot_use(name, TO_A_MODEL, attributes[name].text)
    return {name: attribute for name, attribute in attributes.items() if name not in spoken}


def _shopper_id(value: object, notes: Notes) -> str:
    """The id as it stands; "" for one that only a repair would make readable: it could be made another shopper's."""
    text = _text(value, "shopper_id", notes)
    return text if not isinstance(value, str) or value.strip() == text else ""


def _price(fields: Mapping[str, Any], currency: str, notes: Notes) -> Money | None:
    value, stated = fields.get("price"), fields.get("currency")
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):  # {"amount": 12.99, "currency": "USD"}
        stated = value.get("currency") or value.get("currency_code") or stated
        value = value.get("amount", value.get("value"))
    code = clean_text(stated, "currency", notes)
    own = clean_price(f"1000 {code}", currency, Notes()) if code else None
    if code and own is None and not is_missing(value):
        notes.cannot_use("price", "unknown currency", f"{value} {code}")
        return None
    return clean_price(value, own.currency if own else currency, notes)


def _stock(value: object, notes: Notes) -> int | None:
    if is_missing(value):
        return None
    word = str(value).strip().casefold()
    if word in _IN_STOCK:
        return None
    if word in _NO_STOCK:
        return 0
    number = clean_number(value, "stock", -_MOST_PIECES, _MOST_PIECES, notes)
    if number is not None and number < 0:
        notes.repaired("stock", "negative, read as none left")
    return None if number is None else max(0, int(number))


def _address(value: object, name: str, notes: Notes) -> str | None:
    """A web address or a path; anything else a page could be made to run is set aside."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("url") or value.get("src")
    text = clean_text(value, name, notes, limit=LONGEST_URL + 1)
    if not text:
        return None
    try:
        scheme = urlsplit(text).scheme
    except ValueError:
        scheme = "unreadable"
    if len(text) > LONGEST_URL or scheme not in ("", "http", "https"):
        notes.cannot_use(name, "not a web address", value)
        return None
    return quote(text, safe="%/:=&?~#+!$,;'@()*[]") if not text.isascii() or " " in text else text
