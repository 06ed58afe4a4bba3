"""A client of the API, for the shop's own programs: typed, synchronous, over httpx.

    with Client("http://127.0.0.1:7860", key="shop_…") as shop:
        turn = shop.chat("a laptop under $900, not HP")
        for event in shop.stream("lighter, please", turn.conversation_id):
            if isinstance(event, TextAnswer):
                print(event.text, end="")

What it raises is in `assistant.client_errors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel

from assistant.api.carts import CartAnswer
from assistant.api.chat_models import CardsAnswer, Control, TextAnswer, TurnAnswer, TurnsAnswer, UnderstoodAnswer
from assistant.api.item_models import (
    BulkItem,
    BulkItemsAnswer,
    ConstraintsBody,
    ItemAnswer,
    ItemBody,
    ItemOutcome,
    ItemsAnswer,
    SearchAnswer,
)
from assistant.api.problems import ProblemAnswer
from assistant.api.shopper_models import (
    BulkEventsAnswer,
    EventBody,
    EventOutcome,
    ExportAnswer,
    ForgottenAnswer,
    RecommendationsAnswer,
    ShopperAnswer,
)
from assistant.api.wire import PREFIX
from assistant.client_errors import Unreachable, refusal, refused

StreamEvent = UnderstoodAnswer | CardsAnswer | TextAnswer | TurnAnswer
_EVENTS: Mapping[str, type[StreamEvent]] = {
    "understood": UnderstoodAnswer,
    "cards": CardsAnswer,
    "text": TextAnswer,
    "finished": TurnAnswer,
}
Model = TypeVar("Model", bound=BaseModel)


class Client:
    """The API of one service.

    Args:
        address: of the service: "http://127.0.0.1:7860".
        key: what is not open to everybody needs one.
        timeout: seconds to wait for an answer; a turn by a language model on a CPU takes some.
        http: an httpx client to send with, instead of one of its own; it stays the caller's to close.
    """

    def __init__(
        self, address: str, key: str | None = None, *, timeout: float = 60.0, http: httpx.Client | None = None
    ) -> None:
        self._base = address.rstrip("/") + PREFIX
        self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._own = http is None
        self._http = http or httpx.Client(timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._own:
            self._http.close()

    # chat

    def chat(self, utterance: str, conversation_id: str | None = None, **more: Any) -> TurnAnswer:
        """Say something; the whole turn.

        Args:
            utterance: what the shopper says, or the label of what she pressed.
            conversation_id: from the turn before; None begins a conversation.
            more: `control`, `shopper_token`, `item_id` (of the page she is on).
        """
        return self._post("/chat", TurnAnswer, _said(utterance, conversation_id, **more))

    def stream(self, utterance: str, conversation_id: str | None = None, **more: Any) -> Iterator[StreamEvent]:
        """Say something; what was understood, the cards, the text piece by piece, the whole turn, as they come.

        Closing the iterator early stops the writing. Arguments and errors as of `chat`.
        """
        body = _said(utterance, conversation_id, **more)
        headers = {**self._headers, "Accept": "text/event-stream"}
        with _reached(), self._http.stream("POST", self._base + "/chat", json=body, headers=headers) as answer:
            if answer.is_error:
                answer.read()
                raise refusal(answer)
            for name, data in _events(answer.iter_lines()):
                if name == "problem":
                    raise refused(ProblemAnswer.model_validate_json(data))
                yield _EVENTS[name].model_validate_json(data)

    def stop(self, conversation_id: str) -> bool:
        """End the reply that is being written; False: there is none."""
        return bool(self._send("POST", f"/conversations/{quote(conversation_id)}/stop").json()["stopped"])

    def turns(self, conversation_id: str, limit: int = 20, cursor: str | None = None) -> TurnsAnswer:
        """A page of the turns of a conversation, oldest first."""
        return self._get(f"/conversations/{quote(conversation_id)}/turns", TurnsAnswer, limit=limit, cursor=cursor)

    # the cart of a conversation

    def cart(self, conversation_id: str) -> CartAnswer:
        """The cart at today's prices and stock, and the address of the shop's checkout."""
        return self._get(f"/carts/{quote(conversation_id)}", CartAnswer)

    def set_in_cart(self, conversation_id: str, item_id: str, quantity: int) -> CartAnswer:
        """Set how many pieces of an item are in; 0 takes it out."""
        path = f"/carts/{quote(conversation_id)}/items/{quote(item_id, safe='')}"
        return CartAnswer.model_validate_json(self._send("PUT", path, json={"quantity": quantity}).content)

    # items

    def search(
        self,
        text: str = "",
        constraints: ConstraintsBody | None = None,
        *,
        sort: str = "relevance",
        limit: int = 10,
        cursor: str | None = None,
    ) -> SearchAnswer:
        """A page of the items for words, for constraints, or for both."""
        body: dict[str, Any] = {"text": text, "sort": sort, "limit": limit, "cursor": cursor}
        return self._post("/search", SearchAnswer, body | {"constraints": _plain(constraints or ConstraintsBody())})

    def item(self, item_id: str) -> ItemAnswer:
        """One item."""
        return self._get(f"/items/{quote(item_id, safe='')}", ItemAnswer)

    def items(self, limit: int = 100) -> Iterator[ItemAnswer]:
        """Every item, in the order of the ids; pages are asked for as they are needed."""
        cursor: str | None = None
        while True:
            page = self._get("/items", ItemsAnswer, limit=limit, cursor=cursor)
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def put_item(self, item_id: str, item: ItemBody, *, once: str | None = None) -> ItemOutcome:
        """Add or replace an item. `once`: an idempotency key, with which the same write is done one time only."""
        answer = self._send("PUT", f"/items/{quote(item_id, safe='')}", json=_plain(item), headers=_once(once))
        return ItemOutcome.model_validate_json(answer.content)

    def put_items(self, items: Iterable[BulkItem], *, once: str | None = None) -> BulkItemsAnswer:
        """Add or replace up to 500 items, with one outcome for each."""
        return self._post("/items", BulkItemsAnswer, {"items": [_plain(item) for item in items]}, _once(once))

    def delete_item(self, item_id: str) -> None:
        """Take an item out of the shop."""
        self._send("DELETE", f"/items/{quote(item_id, safe='')}")

    def recommend_beside(
        self, item_id: str, kind: Literal["similar", "together"] = "similar", limit: int = 10
    ) -> RecommendationsAnswer:
        """Items like this one, or those that shoppers went for together with it."""
        path = f"/recommendations/items/{quote(item_id, safe='')}"
        return self._get(path, RecommendationsAnswer, kind=kind, limit=limit)

    # shoppers

    def send_event(self, event: EventBody, *, once: str | None = None) -> EventOutcome:
        """Something that a shopper did; without her consent nothing is kept."""
        return self._post("/events", EventOutcome, _plain(event), _once(once))

    def send_events(self, events: Iterable[EventBody], *, once: str | None = None) -> BulkEventsAnswer:
        """Up to 1,000 events, with one outcome for each."""
        return self._post("/events/bulk", BulkEventsAnswer, {"events": [_plain(e) for e in events]}, _once(once))

    def shopper(self, shopper_id: str) -> ShopperAnswer:
        """Whether she consented, and how much is held about her."""
        return self._get(f"/shoppers/{quote(shopper_id, safe='')}", ShopperAnswer)

    def set_consent(
        self, shopper_id: str, granted: bool, surface: str = "api", words: str | None = None
    ) -> ShopperAnswer:
        """Her word on being remembered; where she was asked, and with what words, goes into the ledger."""
        path = f"/shoppers/{quote(shopper_id, safe='')}/consent"
        body = {"granted": granted, "surface": surface, "words": words}
        return ShopperAnswer.model_validate_json(self._send("PUT", path, json=body).content)

    def export(self, shopper_id: str) -> ExportAnswer:
        """Everything that is held about her."""
        return self._get(f"/shoppers/{quote(shopper_id, safe='')}/export", ExportAnswer)

    def forget(self, shopper_id: str) -> ForgottenAnswer:
        """Delete everything that is held about her."""
        answer = self._send("DELETE", f"/shoppers/{quote(shopper_id, safe='')}")
        return ForgottenAnswer.model_validate_json(answer.content)

    def recommend_to(self, shopper_id: str, limit: int = 10) -> RecommendationsAnswer:
        """What to show this shopper."""
        return self._get(f"/recommendations/shoppers/{quote(shopper_id, safe='')}", RecommendationsAnswer, limit=limit)

    # the wire

    def _get(self, path: str, model: type[Model], **query: Any) -> Model:
        params = {name: value for name, value in query.items() if value is not None}
        return model.model_validate_json(self._send("GET", path, params=params).content)

    def _post(
        self, path: str, model: type[Model], body: dict[str, Any], headers: Mapping[str, str] | None = None
    ) -> Model:
        return model.model_validate_json(self._send("POST", path, json=body, headers=headers).content)

    def _send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        with _reached():
            answer = self._http.request(
                method, self._base + path, json=json, params=params, headers={**self._headers, **(headers or {})}
            )
        if answer.is_error:
            raise refusal(answer)
        return answer


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        raise Unreachable(f"The service did not answer: {error}") from error


def _said(
    utterance: str,
    conversation_id: str | None,
    *,
    control: Control | None = None,
    shopper_token: str | None = None,
    item_id: str | None = None,
) -> dict[str, Any]:
    body: dict[str, Any] = {"utterance": utterance, "conversation_id": conversation_id, "shopper_token": shopper_token}
    if control is not None:
        body["control"] = _plain(control)
    if item_id is not None:
        body["context"] = {"item_id": item_id}
    return body


def _plain(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", exclude_none=True)


def _once(key: str | None) -> dict[str, str]:
    return {} if key is None else {"Idempotency-Key": key}


def _events(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Name and data of each event of a stream; comments are passed over."""
    name = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, value
