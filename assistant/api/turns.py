"""The turns that are said through the API: checked, run one at a time for each conversation, told as they happen."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from assistant.api.chat_models import ChatRequest, Control
from assistant.api.problems import Problem, problem_of
from assistant.conversation import Conversations, UtteranceError, clean, run
from assistant.dialogue import DialogueAct, Edit, Intent, Rung, Slots
from assistant.events import Cards, Event, Finished, Text, Turn, Understood
from assistant.turn_json import act_as_json, cards_as_json, constraints_as_json, turn_as_json
from assistant.widget.token import TokenError, is_guest, verify
from retrieval.errors import AssistantError

if TYPE_CHECKING:
    from assistant.service import Service

T = TypeVar("T")
PULSE = 0.1  # seconds between two looks whether the client is still there
SILENCE = 15.0  # seconds after which a comment keeps the connection open through proxies


@dataclass(frozen=True, slots=True)
class Said:
    """An utterance that can be answered."""

    conversation_id: str
    utterance: str
    act: DialogueAct | None
    looking_at: str | None


class Turns:
    """The turns that are under way through the API, one at a time for each conversation."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._conversations: Conversations = service.conversations
        self._stops: dict[str, threading.Event] = {}
        self._lock = threading.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()

    def prepare(self, body: ChatRequest) -> Said:
        """Check what was sent; begin a conversation where none is named.

        Raises:
            Problem: no-such-conversation, turn-under-way, stale-control, unknown-shopper.
            UtteranceError: the utterance cannot be read.
        """
        utterance = clean(body.utterance)
        shopper_id = None if body.shopper_token is None else self._shopper(body.shopper_token)
        conversation_id = body.conversation_id
        if conversation_id is not None:
            self._check_owner(conversation_id, shopper_id)
            self._check_free(conversation_id)
        act = None if body.control is None else self._act(body.control, conversation_id)
        looking_at = None if body.context is None else body.context.item_id
        return Said(conversation_id or self._conversations.start(shopper_id), utterance, act, looking_at)

    def _shopper(self, token: str) -> str:
        if is_guest(token):
            return token
        secret = self._service.settings.shopper_secret
        if secret is None:
            raise Problem("unknown-shopper", "This service takes no tokens: its setting shopper_secret is not set.")
        try:
            return verify(secret.get_secret_value(), token, datetime.now(UTC))
        except TokenError as error:
            raise Problem("unknown-shopper", str(error)) from error

    def _check_owner(self, conversation_id: str, shopper_id: str | None) -> None:
        """A conversation goes on for whoever knows its id; with a token, only for the shopper who began it."""
        try:
            owner = self._conversations.store.shopper(conversation_id)
        except KeyError as error:
            raise Problem("no-such-conversation") from error
        if shopper_id is not None and owner is not None and owner != shopper_id:
            raise Problem("no-such-conversation")

    def _act(self, control: Control, conversation_id: str | None) -> DialogueAct:
        """What a press means, when it is still offered."""
        state = None if conversation_id is None else self._conversations.state(conversation_id)
        offered = 0 if state is None else len(state.offered)
        if control.accepts is not None and control.accepts > offered:
            raise Problem("stale-control", f"{offered} relaxations are offered; number {control.accepts} is not.")
        if control.edit is Edit.FORGET_CONFIRMED and (state is None or state.pending is not Edit.FORGET):
            raise Problem("stale-control", "Nothing waits for a confirmation; say “forget me” first.")
        if control.intent is Intent.REFINE and control.edit is None and (state is None or not state.needs):
            control = control.model_copy(update={"intent": Intent.FIND})  # there is nothing to change yet
        slots = Slots(**control.slots.model_dump())
        return DialogueAct(
            control.intent,
            slots,
            control.dropped,
            control.edit,
            accepts=control.accepts,
            cart=control.cart,
            rung=Rung.CONTROL,
        )

    def say(self, said: Said, stop: threading.Event) -> Iterator[Event]:
        """The events of the turn; `stop` ends its reply.

        Raises:
            Problem: turn-under-way.
        """
        with self._lock:
            self._check_free(said.conversation_id)
            self._stops[said.conversation_id] = stop
        try:
            yield from self._conversations.say(
                said.conversation_id, said.utterance, act=said.act, looking_at=said.looking_at, cancelled=stop.is_set
            )
        finally:
            with self._lock:
                del self._stops[said.conversation_id]

    def _check_free(self, conversation_id: str) -> None:
        if conversation_id in self._stops:
            raise Problem("turn-under-way")

    def stop(self, conversation_id: str) -> bool:
        """Stop the turn under way; False: there is none."""
        with self._lock:
            stop = self._stops.get(conversation_id)
        if stop is not None:
            stop.set()
        return stop is not None

    def stored(self, conversation_id: str) -> list[dict[str, Any]]:
        """The rows of a conversation's turns. Raises Problem: no-such-conversation."""
        self._check_owner(conversation_id, None)
        return self._conversations.store.turns(conversation_id)

    async def whole(self, said: Said, request: Request) -> Turn:
        """The turn at its end. When the client goes, writing ends; what was said by then is stored.

        Raises:
            Problem: turn-under-way.
        """
        stop = threading.Event()

        def work() -> Turn:
            with closing(cast(Any, self.say(said, stop))) as events:
                return run(events)

        task = self._begun(work)
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=PULSE)
                if await request.is_disconnected():
                    stop.set()
            return task.result()
        finally:
            stop.set()

    def _begun(self, work: Callable[[], T]) -> asyncio.Task[T]:
        """Work in a thread of its own, which comes to its own end."""
        task = asyncio.create_task(run_in_threadpool(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def stream(self, said: Said, request: Request) -> AsyncIterator[bytes]:
        """The turn as server-sent events. When the client goes, writing ends; what was said by then is stored.

        The turn runs in a thread of its own and comes to its own end: it waits neither for a slow reader nor for
        one that has left.
        """
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[bytes | None] = asyncio.Queue()
        stop = threading.Event()

        def work() -> None:
            try:
                for event in self._told(said, stop, request.state.request_id):
                    loop.call_soon_threadsafe(waiting.put_nowait, event)
            finally:
                loop.call_soon_threadsafe(waiting.put_nowait, None)

        self._begun(work)
        silent_since = loop.time()
        try:
            while True:
                try:
                    event = await asyncio.wait_for(waiting.get(), PULSE)
                except TimeoutError:
                    if await request.is_disconnected():
                        return
                    if loop.time() - silent_since < SILENCE:
                        continue
                    event = b": still here\n\n"
                if event is None:
                    return
                silent_since = loop.time()
                yield event
        finally:
            stop.set()

    def _told(self, said: Said, stop: threading.Event, request_id: str) -> Iterator[bytes]:
        """The events, encoded; an error under way is the last one."""
        try:
            for event in self.say(said, stop):
                yield _encoded(*_event(said.conversation_id, event))
        except (Problem, KeyError, UtteranceError, AssistantError) as error:
            known = Problem("no-such-conversation") if isinstance(error, KeyError) else error
            yield _encoded("problem", problem_of(known).answer(request_id).model_dump())


def _event(conversation_id: str, event: Event) -> tuple[str, dict[str, Any]]:
    match event:
        case Understood():
            act, constraints = act_as_json(event.act), constraints_as_json(event.constraints)
            return "understood", {"conversation_id": conversation_id, "act": act, "constraints": constraints}
        case Cards():
            return "cards", cards_as_json(event)
        case Text():
            return "text", {"text": event.text}
        case Finished():
            return "finished", turn_as_json(event.turn)


def _encoded(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
