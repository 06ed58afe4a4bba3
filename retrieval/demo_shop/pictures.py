"""Pictures of the demo shop's items: a silhouette per type in the item's colour, drawn as SVG."""

from __future__ import annotations

import colorsys
import tomllib
from functools import cache
from importlib.resources import files
from zlib import crc32

_INK = "#2b2f36"
_COLOURS = {
    "black": "#3a3d42",
    "white": "#f1eee8",
    "grey": "#8d949c",
    "silver": "#bcc3ca",
    "gold": "#d0a84a",
    "blue": "#4a7fb5",
    "navy": "#2f4468",
    "green": "#5f9468",
    "olive": "#7d8450",
    "yellow": "#e3b940",
    "orange": "#dd8442",
    "red": "#c4524b",
    "burgundy": "#7c3444",
    "pink": "#dc93a4",
    "purple": "#8670ac",
    "beige": "#d3bd9b",
    "brown": "#8a6246",
}
_BEHIND_WHITE = "#d5dde5"
_PLAIN = ("#7fa08c", "#a98bb0", "#c79a6b", "#6f93ab")  # for items that have no colour of their own


def draw_picture(label: str, line: str, colour: str | None) -> str:
    """The picture of an item type in a colour, 200 by 200: one SVG document without script, link or style.

    Args:
        label: the item type.
        line: title of its line, which may have a drawing of its own ("Dinosaur Soft Toy").
        colour: a colour that the shop uses; None for an item that has none.

    Raises:
        KeyError: no silhouette for the type, or no such colour.
    """
    main = _COLOURS[colour] if colour else _PLAIN[crc32(label.encode()) % len(_PLAIN)]
    shape = _silhouettes()[silhouette_name(label, line)].format(
        m=main, d=_shade(main, 0.72), l=_shade(main, 1.35), k=_INK
    )
    ground = _BEHIND_WHITE if colour == "white" else _shade(main, 1.85)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" width="200" height="200">'
        f'<rect width="200" height="200" fill="{ground}"/>'
        '<ellipse cx="100" cy="170" rx="70" ry="9" fill="#000" opacity=".08"/>'
        f"{shape}</svg>\n"
    )


def silhouette_name(label: str, line: str) -> str:
    """What the drawing is called: the line where it has one of its own, else the type."""
    return line if line in _silhouettes() else label


@cache
def _silhouettes() -> dict[str, str]:
    written = tomllib.loads(files(__package__).joinpath("silhouettes.toml").read_text("utf-8"))
    return {label: drawing["svg"] for drawing in written["silhouette"] for label in drawing["labels"]}


def _shade(colour: str, factor: float) -> str:
    """Darker below 1; above it, lighter and paler: 2 is nearly white."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, light, saturation = colorsys.rgb_to_hls(red, green, blue)
    if factor < 1:
        light *= factor
    else:
        light += (1 - light) * (factor - 1)
    return "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hls_to_rgb(hue, light, saturation))
