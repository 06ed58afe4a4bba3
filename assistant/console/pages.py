"""Pages of the console: templates around what a route knows, escaped by default."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from assistant.console.session import Staff, current
from assistant.console.wording import FILTERS

HERE = Path(__file__).parent
STATIC = HERE / "static"

NAVIGATION = (  # path, label, key that opens it after "g", whether only an admin sees it
    ("/items", "Items", "i", False),
    ("/conversations", "Conversations", "c", False),
    ("/flagged", "Flagged", "f", False),
    ("/catalogue", "Catalogue", "k", False),
    ("/overview", "Overview", "o", False),
    ("/audit", "Audit", "a", True),
    ("/settings", "Settings", "s", True),
)


def render(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A page.

    Args:
        request: the one that is answered.
        template: its file in `templates/`; it extends `console.html` and fills the blocks `title` and `content`.
        status: of the answer.
        context: for the template, which also has `root` (path of the console, to put before every link), `staff`
            (None when nobody is signed in), `csrf` (for `<input name="csrf">` of every form that posts), `here` (path
            below `root`), `shop_name`, `navigation`, and the functions `asset` and `query`.
    """
    sign_in = current(request)
    root = request.scope["root_path"]
    return HTMLResponse(
        _environment()
        .get_template(template)
        .render(
            root=root,
            here=request.url.path.removeprefix(root),
            staff=None if sign_in is None else Staff(sign_in.name, sign_in.role),
            csrf="" if sign_in is None else sign_in.csrf,
            shop_name=request.app.state.shop_name,
            navigation=NAVIGATION,
            asset=lambda name: f"{root}/static/{name}?v={_version(name)}",
            query=with_query,
            **context,
        ),
        status,
    )


def redirect(request: Request, path: str, **parameters: object) -> RedirectResponse:
    """After a form: on to a page of the console, `path` below its root, with these query parameters."""
    return RedirectResponse(with_query(request.scope["root_path"] + path, **parameters), 303)


def address(request: Request) -> str:
    """Where a request was for, below the console's root: where its forms lead back to."""
    path = request.url.path.removeprefix(request.scope["root_path"])
    return f"{path}?{request.url.query}" if request.url.query else path


def inside(path: str) -> str:
    """The path when it is one of the console's own; an address that leads elsewhere is its start page."""
    safe = path.startswith("/") and not path.startswith(("//", "/\\", "/sign-"))
    return path if safe and path.isprintable() else "/"


def with_query(path: str, **parameters: object) -> str:
    """A path with query parameters; those that are None or "" are left out, a list is repeated."""
    kept = {name: value for name, value in parameters.items() if value is not None and value != ""}
    return f"{path}?{urlencode(kept, doseq=True)}" if kept else path


@cache
def _version(name: str) -> str:
    """Changes when the file does, so that browsers may keep it."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(HERE / "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["when"] = when
    environment.filters.update(FILTERS)
    return environment


def when(at: datetime) -> str:
    """A time as the console writes it: "2026-11-24 05:36 UTC"."""
    return f"{at:%Y-%m-%d %H:%M} UTC"
