"""Which column of a feed holds which field: well-known names first, the operator's `--map field=column` above them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

# Names are compared as words joined by "_", lower-case, without "g:". Of several columns for one field the first one
# listed is taken and the others become attributes; for the fields of COALESCED the first one that a row fills is.
ITEM_COLUMNS: dict[str, tuple[str, ...]] = {
    "item_id": ("item_id", "product_id", "id", "sku", "asin", "offer_id", "article_number", "item_number", "code"),
    "title": ("title", "product_title", "product_name", "item_name", "name"),
    "description": (
        "description",
        "product_description",
        "long_description",
        "body_html",
        "body",
        "summary",
        "details",
    ),
    "brand": ("brand", "brand_name", "vendor", "manufacturer", "make"),
    "category": (
        *("category", "category_path", "categories", "product_type", "google_product_category"),
        *("product_category", "department", "breadcrumb", "breadcrumbs"),
    ),
    "price": ("sale_price", "price", "current_price", "list_price", "unit_price", "regular_price", "amount"),
    "currency": ("currency", "price_currency", "currency_code"),
    "stock": (
        *("stock", "stock_quantity", "quantity_in_stock", "inventory", "inventory_quantity", "quantity", "qty"),
        *("availability", "in_stock"),
    ),
    "rating": ("rating", "average_rating", "avg_rating", "rating_average", "stars", "review_rating"),
    "rating_count": (
        *("rating_count", "ratings_count", "num_ratings", "number_of_ratings", "review_count", "reviews_count"),
        *("num_reviews", "number_of_reviews"),
    ),
    "released": ("released", "release_date", "date_released", "launch_date", "publication_date", "available_from"),
    "image": ("image", "image_url", "image_link", "image_src", "picture", "thumbnail", "images"),
    "url": ("url", "link", "product_url", "product_link"),
    "variant_of": ("variant_of", "item_group_id", "parent_id", "parent_sku", "group_id"),
    "attributes": ("attributes", "specifications", "specs", "features", "properties", "product_detail"),
}
COALESCED = frozenset({"price", "stock", "category", "image"})
INTERACTION_COLUMNS: dict[str, tuple[str, ...]] = {
    "shopper_id": ("shopper_id", "user_id", "customer_id", "visitor_id", "visitorid", "reviewer_id", "client_id"),
    "item_id": ("item_id", "product_id", "itemid", "sku", "asin"),
    "at": ("at", "timestamp", "event_time", "time", "datetime", "created_at", "date", "unix_review_time"),
    "kind": ("kind", "event", "event_type", "interaction", "action"),
    "session_id": ("session_id", "session", "user_session"),
    "value": ("value", "rating", "stars", "quantity"),
}
# what a shop keeps about its items and no shopper asks for: left out, and reported as such
BOOKKEEPING = re.compile(
    r"popularity|(sales_)?rank|position|score|views|clicks|status|published|row(_number|_id)?|index|unnamed.*"
    r"|sale_price_effective_date|(created|updated|modified|last_change|last_modified)(_at|_on|_date)?|.*_timestamp|timestamp|(n|num)_.+|column_\d+"
)
IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the fields of one feed stand.

    Attributes:
        field_of: field by column, for the columns that are taken as fields; of one field's the preferred first.
        constants: value by field, for fields the operator gave a fixed value ("currency": "EUR").
        attribute_of: attribute name, with its unit in brackets where given, by column or attribute key.
        left_out: columns that are neither.
    """

    field_of: Mapping[str, str]
    constants: Mapping[str, str]
    attribute_of: Mapping[str, str]
    left_out: tuple[str, ...]

    @property
    def fields(self) -> frozenset[str]:
        """The fields that have a column or a constant."""
        return frozenset(self.field_of.values()) | frozenset(self.constants)


@cache
def plain_name(column: str) -> str:
    """A column's name for comparison: "g:Image Link" is "image_link", "Body (HTML)" is "body_html"."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column.strip()).casefold().removeprefix("g:")
    return re.sub(r"[\W_]+", "_", words).strip("_")


def item_columns(columns: Iterable[str], mapping: Mapping[str, str]) -> Columns:
    """Where an item feed's fields stand.

    A price column may name its currency ("price_usd"). `mapping` is field to column; `"field": "=value"` gives every
    row that value; a key that is no field is an attribute's name, with a unit in brackets if the column has one
    ("weight [g]": "n_weight"); `"ignore": "a,b"` leaves columns out.

    """
    columns = list(columns)
    ignored = {c.strip() for c in mapping.get(IGNORE, "").split(",") if c.strip()}
    constants = {f: c[1:] for f, c in mapping.items() if c.startswith("=") and f in ITEM_COLUMNS}
    field_of = {c: f for f, c in mapping.items() if f in ITEM_COLUMNS and f not in constants}
    attribute_of = {c: f for f, c in mapping.items() if f not in ITEM_COLUMNS and f != IGNORE}
    free = [c for c in columns if c not in field_of and c not in attribute_of and c not in ignored]
    by_name = {plain_name(c): c for c in reversed(free)}
    for name, aliases in ITEM_COLUMNS.items():
        found = [by_name[a] for a in aliases if a in by_name] if name not in mapping else []
        field_of |= dict.fromkeys(found if name in COALESCED else found[:1], name)
    if "price" not in {*field_of.values(), *constants}:
        priced = {m[1].upper(): c for c in free if (m := re.fullmatch(r"price_([a-z]{3})", plain_name(c)))}
        for currency, column in list(priced.items())[:1]:
            field_of[column] = "price"
            if "currency" not in field_of.values():
                constants.setdefault("currency", currency)
    left_out = [c for c in columns if c in ignored or (c in free and c not in field_of and _is_bookkeeping(c))]
    return Columns(field_of, constants, attribute_of, tuple(left_out))


def interaction_columns(columns: Iterable[str], mapping: Mapping[str, str]) -> Columns:
    """Where an interaction log's fields stand; `mapping` as in `item_columns`, for the fields of an interaction."""
    columns = list(columns)
    constants = {f: c[1:] for f, c in mapping.items() if c.startswith("=") and f in INTERACTION_COLUMNS}
    field_of = {c: f for f, c in mapping.items() if f in INTERACTION_COLUMNS and f not in constants}
    by_name = {plain_name(c): c for c in reversed(columns) if c not in field_of}
    for name, aliases in INTERACTION_COLUMNS.items():
        column = next((by_name[a] for a in aliases if a in by_name), None)
        if column is not None and name not in mapping:
            field_of[column] = name
    return Columns(field_of, constants, {}, tuple(c for c in columns if c not in field_of))


def applicable(mapping: Mapping[str, str], columns: Iterable[str]) -> dict[str, str]:
    """The part of an operator's mapping that this file has the columns for; attributes may lie inside a column."""
    known, columns = {*ITEM_COLUMNS, *INTERACTION_COLUMNS}, set(columns)
    return {f: c for f, c in mapping.items() if f not in known or c.startswith("=") or c in columns}


def _is_bookkeeping(column: str) -> bool:
    return BOOKKEEPING.fullmatch(plain_name(column)) is not None
