"""What the demo shop sells, as it is written by hand in this folder's TOML files.

`brands.toml` holds the brands; every file with a `path` holds one department's item types; `silhouettes.toml` belongs
to `retrieval.demo_shop.pictures`. A type has lines ("Ultralight Laptop", "Gaming Laptop"), and a line lays its own
price range, phrases and attribute rules over those of its type.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Written(BaseModel):
    """A part of a hand-written file: a key that nobody reads is a mistake, and fails."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AttributeRule(_Written):
    """How one attribute gets its value. Exactly one of `any`, `up`, `range` and `by` is given.

    Attributes:
        any: one of these, whatever the item's quality. In a file, a plain list or a plain string means this.
        up: a ladder; the better the item, the later the value.
        range: a number that goes from the first (worst item) to the second (best), in `unit`, rounded to `step`.
        by: another attribute that decides; `values` maps its value to this one's, or to a list to choose from.
        when: "name=value" of another attribute, without which this one is not stated.
    """

    any: tuple[str, ...] = ()
    up: tuple[str, ...] = ()
    range: tuple[float, float] | None = None
    unit: str = ""
    step: float = 1.0
    by: str | None = None
    values: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    when: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, written: Any) -> Any:
        if isinstance(written, str):
            return {"any": [written]}
        return {"any": written} if isinstance(written, list) else written

    @model_validator(mode="after")
    def _one_kind(self) -> AttributeRule:
        if sum(map(bool, (self.any, self.up, self.range, self.by))) != 1:
            raise ValueError("an attribute rule has exactly one of: any, up, range, by")
        return self


class VariantAxis(_Written):
    """An attribute in which the variants of one model differ; each step along its values changes the price."""

    attribute: str
    least: int = 1
    most: int
    price_step: float = 0.0


class Line(_Written):
    """A kind within a type, with phrases and rules of its own; price range and suffix are the type's unless given."""

    title: str
    share: int = 1
    price: tuple[float, float] | None = None
    suffix: str | None = None
    openings: tuple[str, ...]
    details: tuple[str, ...] = ()
    attributes: dict[str, AttributeRule] = Field(default_factory=dict)


class ItemType(_Written):
    """An item type: the last node of the category path.

    Attributes:
        models: how many models the shop sells (their variants are items of their own).
        price: lowest and highest price in dollars, for lines that give none.
        suffix: what follows the name in a title, with slots.
        complements: types that shoppers come back for afterwards.
    """

    label: str
    path: tuple[str, ...]
    names: tuple[str, ...]
    models: int
    price: tuple[float, float]
    suffix: str
    complements: tuple[str, ...] = ()
    variants: tuple[VariantAxis, ...] = ()
    details: tuple[str, ...]
    closings: tuple[str, ...]
    attributes: dict[str, AttributeRule]
    line: tuple[Line, ...]

    def price_range(self, line: Line) -> tuple[float, float]:
        """Lowest and highest price of a line, in dollars."""
        return line.price or self.price

    def rules(self, line: Line) -> dict[str, AttributeRule]:
        """Attribute rules of a line: its own over those of the type."""
        return {**self.attributes, **line.attributes}


class Brand(_Written):
    """An invented brand.

    Attributes:
        sells: category labels: departments, groups or types.
        tier: shift of its items' quality, -0.3 to 0.3.
        price: factor on its prices.
        says: sentences in its voice that are true of everything it sells.
    """

    name: str
    sells: frozenset[str]
    tier: float
    price: float
    says: tuple[str, ...]


class Blueprints(_Written):
    """Everything that is written by hand about the items of the demo shop."""

    brands: tuple[Brand, ...]
    types: tuple[ItemType, ...]

    def brands_of(self, item_type: ItemType) -> tuple[Brand, ...]:
        """The brands that sell a type."""
        labels = {*item_type.path, item_type.label}
        return tuple(brand for brand in self.brands if labels & brand.sells)


@cache
def load_blueprints() -> Blueprints:
    """The hand-written files, read and checked. A mistake in them raises `pydantic.ValidationError`."""
    folder = files(__package__)
    written = {f.name: tomllib.loads(f.read_text("utf-8")) for f in folder.iterdir() if f.name.endswith(".toml")}
    types = [
        {"path": department["path"], "names": department["names"], **item_type}
        for _, department in sorted(written.items())
        if "path" in department
        for item_type in department["type"]
    ]
    return Blueprints.model_validate({"brands": written["brands.toml"]["brand"], "types": types})
