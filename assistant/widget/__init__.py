"""The chat on any page of the shop: widget.js, who may embed it, shopper tokens. docs/widget.md is for the shop.

The chat page talks with the widget by `postMessage`. Every message is an object with `source: "shop-assistant"` and a
`type`; both sides check origin and window of what they receive.

The page is opened in the iframe with the query parameters `embed=1`, `host` (the origin of the shop's page, which its
messages are addressed to), `__theme`, and where the shop states them `item` and `token`.

    page -> shop's page   ready                            it listens from now on
                          close                            Escape was pressed
                          reply                            an answer has come to its end
                          item-clicked {id, title, url}    she wants to see an item; the page doesn't follow the link
                          item-selected {id, title}        she said which one she takes
                          cart {action, lines, url}        "changed", or "checkout" with the address of the hand-off;
                                                           lines: [{id, quantity}]
    shop's page -> page   focus                            put the focus where she types
                          ask {text}                       say that for her
                          item {id}                        the item whose page she is on; null for none
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

HERE = Path(__file__).parent
PLACE = "const SERVED = {};"
KEPT = "public, max-age=300, stale-while-revalidate=86400"


def widget_routes(embed_origins: tuple[str, ...]) -> APIRouter:
    """The route /widget.js.

    Args:
        embed_origins: the setting; the script itself tells a page that is not among them what to set.
    """
    router = APIRouter()
    script = widget_script(embed_origins).encode()
    etag = f'"{hashlib.sha256(script).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": KEPT, "Cross-Origin-Resource-Policy": "cross-origin"}

    @router.api_route("/widget.js", methods=["GET", "HEAD"], include_in_schema=False)
    def widget(request: Request) -> Response:
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(script, media_type="text/javascript; charset=utf-8", headers=headers)

    return router


@cache
def widget_script(embed_origins: tuple[str, ...]) -> str:
    """The one file that a page loads: script, style and words, at most 30 KB."""
    served = {
        "origins": embed_origins,
        "words": json.loads((HERE / "words.json").read_text(encoding="utf-8")),
        "style": (HERE / "widget.css").read_text(encoding="utf-8"),
    }
    source = (HERE / "widget.js").read_text(encoding="utf-8")
    return source.replace(PLACE, f"const SERVED = {json.dumps(served, ensure_ascii=False)};")
