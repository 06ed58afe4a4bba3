"""Recommendations for use outside the chat: on the shop's start page, beside an item, in a mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query

from assistant.api.access import needs
from assistant.api.items import ItemPath
from assistant.api.json_body import JsonRoute
from assistant.api.problems import Problem, documented
from assistant.api.search import found_as_json
from assistant.api.shopper_models import RecommendationsAnswer
from assistant.api.shoppers import ShopperPath
from assistant.store.keys import Scope
from retrieval.recommendations import for_shopper, similar, together

if TYPE_CHECKING:
    from assistant.service import Service

Limit = Annotated[int, Query(ge=1, le=50)]
_READING = ("no-key", "unknown-key", "missing-scope", "no-such-address", "invalid-request")


def routes(service: Service) -> APIRouter:
    """The routes of one service."""
    router = APIRouter(tags=["recommendations"], route_class=JsonRoute)
    shop = service.shop

    @router.get(
        "/recommendations/shoppers/{shopper_id}",
        response_model=RecommendationsAnswer,
        responses=documented(*_READING),
        dependencies=[needs(Scope.SHOPPERS)],
    )
    def of_shopper(shopper_id: ShopperPath, limit: Limit = 10) -> dict[str, Any]:
        """What to show this shopper. Without her consent, or a history, it is what a new shopper is shown."""
        session = service.store.session(shopper_id)
        found = for_shopper(shop, session, limit)
        return {"personal": bool(session.interactions), "items": found_as_json(shop, found)}

    @router.get(
        "/recommendations/items/{item_id:path}",
        response_model=RecommendationsAnswer,
        responses=documented(*_READING, "no-such-item"),
        dependencies=[needs(Scope.SEARCH)],
    )
    def of_item(
        item_id: ItemPath, kind: Annotated[Literal["similar", "together"], Query()] = "similar", limit: Limit = 10
    ) -> dict[str, Any]:
        """Items like this one by what their records say, or those that shoppers went for together with it."""
        recommend = similar if kind == "similar" else together
        item = shop.item(item_id)
        if item is None:
            raise Problem("no-such-item")
        found = recommend(shop, item, limit)
        return {"personal": False, "items": found_as_json(shop, found)}

    return router
