"""A shopper's own rights: her consent, everything that is held about her, and that all of it is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path

from assistant.api.access import needs
from assistant.api.once import DOCUMENTED, OnceRoute
from assistant.api.problems import documented
from assistant.api.shopper_models import ConsentBody, ExportAnswer, ForgottenAnswer, HoldingsAnswer, ShopperAnswer
from assistant.store.export import export
from assistant.store.keys import Scope
from retrieval.interactions import Interaction

if TYPE_CHECKING:
    from assistant.service import Service

ShopperPath = Annotated[str, Path(min_length=1, max_length=200, pattern="^[^/]+$")]
_READING = ("no-key", "unknown-key", "missing-scope", "no-such-address", "invalid-request")


def routes(service: Service) -> APIRouter:
    """The routes of one service."""
    router = APIRouter(tags=["shoppers"], route_class=OnceRoute, dependencies=[needs(Scope.SHOPPERS)])
    store = service.store

    def answer(shopper_id: str) -> ShopperAnswer:
        held = _holdings(service, shopper_id)
        return ShopperAnswer(shopper_id=shopper_id, consented=store.consented(shopper_id), held=held)

    @router.get("/shoppers/{shopper_id}", response_model=ShopperAnswer, responses=documented(*_READING))
    def shopper(shopper_id: ShopperPath) -> ShopperAnswer:
        """Whether she consented, and how much is held about her; nothing of one who was never seen."""
        return answer(shopper_id)

    @router.put(
        "/shoppers/{shopper_id}/consent",
        response_model=ShopperAnswer,
        responses=documented(*_READING, "too-large", "write-under-way", "other-request"),
        openapi_extra=DOCUMENTED,
    )
    def consent(shopper_id: ShopperPath, body: ConsentBody) -> ShopperAnswer:
        """Her word on being remembered. Taken back, nothing new is kept and what is held ranks nothing any more."""
        store.set_consent(shopper_id, body.granted, body.surface, body.words)
        return answer(shopper_id)

    @router.get("/shoppers/{shopper_id}/export", response_model=ExportAnswer, responses=documented(*_READING))
    def everything(shopper_id: ShopperPath) -> dict[str, Any]:
        """Everything that is held about her: every row, every field, the shop's own interaction log included."""
        logged = [_as_json(interaction) for interaction in service.shop.records.interactions(shopper_id)]
        return {"shopper_id": shopper_id, "held": {**export(store, shopper_id), "logged": logged}}

    @router.delete("/shoppers/{shopper_id}", response_model=ForgottenAnswer, responses=documented(*_READING))
    def forget(shopper_id: ShopperPath) -> ForgottenAnswer:
        """Delete everything that is held about her, the shop's own log and every count included, at once."""
        held = _holdings(service, shopper_id)
        service.conversations.forget(shopper_id)
        return ForgottenAnswer(shopper_id=shopper_id, forgotten=held)

    return router


def _holdings(service: Service, shopper_id: str) -> HoldingsAnswer:
    held = service.store.holdings(shopper_id)
    return HoldingsAnswer(
        conversations=held.conversations,
        turns=held.turns,
        impressions=held.impressions,
        interactions=held.interactions,
        feedback=held.feedback,
        logged=sum(1 for _ in service.shop.records.interactions(shopper_id)),
    )


def _as_json(interaction: Interaction) -> dict[str, Any]:
    return {
        "item_id": interaction.item_id,
        "kind": interaction.kind.value,
        "at": interaction.at.isoformat(),
        "session_id": interaction.session_id,
        "value": interaction.value,
    }
