"""Escaped HTML. Catalogue text enters a page only as an argument of `Markup.format`, which escapes it.

Gradio's own templates are not used: they run Handlebars and then evaluate the result as JavaScript, so that an item's
title could be executed. What is built here is handed over as a finished `value`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import quote, urlsplit

from markupsafe import Markup

PICTURES = "/pictures"

_ICONS = {
    "like": "M7 10v11H3V10h4Zm2 11V9.6L13.2 2c1.5 0 2.6 1.2 2.4 2.7L15 9h5.2c1.2 0 2.1 1.1 1.9 2.3l-1.4 8"
    "c-.2 1-1 1.7-2 1.7H9Z",
    "dislike": "M17 14V3h4v11h-4Zm-2-11v11.4L10.8 22c-1.5 0-2.6-1.2-2.4-2.7L9 15H3.8c-1.2 0-2.1-1.1-1.9-2.3l1.4-8"
    "c.2-1 1-1.7 2-1.7H15Z",
    "star": "m12 2 3 6.6 7 .8-5.2 4.8 1.4 7L12 17.7 5.8 21.2l1.4-7L2 9.4l7-.8L12 2Z",
    "tick": "m4 12.5 5.2 5L20 6.5",
    "cross": "M6 6l12 12M18 6 6 18",
    "info": "M12 11v6M12 7.2v.1M12 21.5a9.5 9.5 0 1 0 0-19 9.5 9.5 0 0 0 0 19Z",
    "picture": "M4 5h16v14H4V5Zm0 11 4.5-5 4 4.2 2.5-2.4L20 17M15.5 9.5h.01",
    "ask": "M4 4h16v12H9l-5 4V4Z",
    "again": "M20 11A8 8 0 1 0 18 17M20 4v7h-7",
    "person": "M12 12.5a4.2 4.2 0 1 0 0-8.4 4.2 4.2 0 0 0 0 8.4Zm-8 8c.6-3.6 3.8-5.6 8-5.6s7.4 2 8 5.6",
    "cart": "M3 4h2.5l2.2 11h10.1l2.2-8H6.4M9.5 20a.8.8 0 1 0 0-1.6.8.8 0 0 0 0 1.6Zm7.5 0a.8.8 0 1 0 0-1.6.8.8 0 0 0"
    " 0 1.6Z",
}


def icon(name: str) -> Markup:
    """A drawn icon; decoration only, so that whatever it stands for is also said in words."""
    return Markup('<svg class="icon icon-{0}" viewBox="0 0 24 24" aria-hidden="true"><path d="{1}"/></svg>').format(
        name, _ICONS[name]
    )


def joined(parts: Iterable[Markup]) -> Markup:
    """Parts one after the other."""
    return Markup("").join(parts)


def press_attribute(kind: str, **values: object) -> Markup:
    """The attribute that makes an element send a press (see `assistant.ui.presses`)."""
    return Markup('data-press="{}"').format(json.dumps({"press": kind, **values}, ensure_ascii=False))


def wish_button(words: str, press: Markup, kind: str = "") -> Markup:
    """A small button that sends a press; `kind`: how it looks besides, a class of `style.css`."""
    return Markup('<button type="button" class="{}" {}>{}</button>').format(f"wish {kind}".rstrip(), press, words)


def web_address(url: str | None) -> str | None:
    """The address if it may be followed from the page: http and https only."""
    if url is None:
        return None
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    return url.strip() if parts.scheme in ("http", "https") and parts.netloc else None


def picture_address(image: str | None) -> str | None:
    """Where the page finds an item's picture: on the web, or in the shop's pictures folder; None when nowhere."""
    if not image:
        return None
    if "://" in image:
        return web_address(image)
    if image.startswith(("/", "\\")) or ":" in image or ".." in image.split("/"):
        return None
    return f"{PICTURES}/{quote(image)}"
