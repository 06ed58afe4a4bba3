"""A shop's web site that knows nothing of us: plain pages on an origin of its own, under a strict policy.

Its pages allow the assistant's script and frame, their own style sheet and pictures, and nothing inline. `127.0.0.2` is
another site than `127.0.0.1`, as a shop's is: the browser keeps the frame in a process and a storage of its own.
"""

from __future__ import annotations

import html
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from live_site import ARGUMENTS

HOST = "127.0.0.2"
# A browser that reaches the shop's address too, and gives a frame its own storage as shipped browsers do: Playwright
# switches that off among other features, and then the frame has none at all. Of two such switches the last counts.
BROWSER_ARGUMENTS = [
    *(f"{one}, EXCLUDE {HOST}" if "host-resolver-rules" in one else one for one in ARGUMENTS),
    "--disable-features=Translate,HttpsUpgrades",
]
STYLE = """
:root { --ground: #faf8f5; --ink: #22201d; --card: #fff; --line: #e6e0d8; --accent: #7a3b12; }
.night { --ground: #14120f; --ink: #eee8e0; --card: #211e1a; --line: #3a342d; --accent: #f0a868; }
body { margin: 0; font: 17px/1.5 Georgia, "DejaVu Serif", serif; background: var(--ground); color: var(--ink); }
header { display: flex; gap: 28px; align-items: baseline; padding: 18px 32px; border-bottom: 1px solid var(--line); }
header strong { font-size: 24px; letter-spacing: .02em; }
a { color: var(--accent); }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); gap: 20px; padding: 28px 32px; }
h1 { grid-column: 1 / -1; margin: 0; font-weight: normal; font-size: 30px; }
article { background: var(--card); border: 1px solid var(--line); padding: 18px; }
article i { display: block; height: 120px; margin-bottom: 12px; background: var(--line); }
h2 { margin: 0 0 6px; font-size: 18px; }
p { margin: 0; }
@media (max-width: 480px) { header, main { padding-inline: 16px; } header { gap: 16px; } }
"""
# What no page should do, and some do.
HOSTILE = """
* { color: red !important; font-size: 7px !important; letter-spacing: 9px !important; }
div, button, iframe, span, svg, shop-assistant { display: none !important; transform: rotate(3deg) !important; }
shop-assistant { position: static !important; visibility: hidden !important; width: 900px !important; }
html > :not(head, body) { opacity: 0 !important; z-index: -1 !important; }
button { all: unset !important; }
body { transform: translateX(0); overflow: hidden; }
"""
PAGE = """<!doctype html>
<html lang="{lang}" dir="{dir}" class="{night}">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} | Oak &amp; Rook</title>
<link rel="stylesheet" href="/style.css">{hostile}
{script}
</head>
<body>
<header><strong>Oak &amp; Rook</strong><a href="/">Shop</a><a href="/items/one">An item</a></header>
<main><h1>{title}</h1>{articles}</main>
</body>
</html>"""
ARTICLE = '<article><i></i><h2>{0}</h2><p>Made to be used for years. <a href="/items/one">Look at it</a></p></article>'
THINGS = ("Kettle", "Walking boots", "Desk lamp", "Tent for two", "Wool blanket", "Radio", "Bread knife", "Rucksack")


@contextmanager
def strangers_shop(assistant: str) -> Iterator[str]:
    """Serve the site until the block is left; gives its origin.

    The query of a page chooses what it is like: `lang`, `dir`, `night`, `hostile`, `bare` (no widget); every other
    parameter is a data attribute of the one line that embeds the widget.

    Args:
        assistant: the origin of the assistant's service.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            kind = "text/css" if parts.path.endswith(".css") else "text/html"
            files = {"/style.css": STYLE, "/hostile.css": HOSTILE, "/favicon.ico": ""}
            text = files.get(parts.path) if parts.path in files else page(assistant, parts.path, parts.query)
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header(
                "Content-Security-Policy",
                f"default-src 'none'; script-src {assistant}; frame-src {assistant}; style-src 'self'; img-src 'self'",
            )
            self.end_headers()
            self.wfile.write(str(text).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def page(assistant: str, path: str, query: str) -> str:
    """A page of the shop."""
    asked = dict(parse_qsl(query))
    hostile = '<link rel="stylesheet" href="/hostile.css">' if asked.pop("hostile", "") else ""
    looks = {"lang": asked.pop("lang", "en"), "dir": asked.pop("dir", "ltr"), "night": asked.pop("night", "")}
    script = "" if asked.pop("bare", "") else one_line(assistant, asked)
    articles = "".join(ARTICLE.format(thing) for thing in THINGS)
    title = "An item" if path.startswith("/items/") else "Things for everyday"
    return PAGE.format(**looks, hostile=hostile, script=script, articles=articles, title=title)


def one_line(assistant: str, data: Mapping[str, str]) -> str:
    """The line that the documentation gives a shop."""
    attributes = {"shop": "Oak & Rook", **data}
    written = " ".join(f'data-{name}="{html.escape(value)}"' for name, value in attributes.items())
    return f'<script src="{assistant}/widget.js" {written} defer></script>'
