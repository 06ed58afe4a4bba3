"""Runs the turns of all open pages: one at a time for each conversation, each of them stoppable."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace

import structlog

from assistant.conversation import Conversations, UtteranceError, clean
from assistant.ui.view import Said, View
from retrieval.errors import AssistantError

log = structlog.get_logger()


class Trouble(Exception):
    """Nothing was answered; the message says why to the shopper, in plain words. `again`: trying again may help."""

    def __init__(self, words: str, *, again: bool = False) -> None:
        super().__init__(words)
        self.again = again


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A turn, and the page that it is answered on."""

    page: str | None
    stop: threading.Event = field(default_factory=threading.Event)


class Answering:
    """The turns under way. Holds nothing of a conversation but that it is being answered."""

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations
        self._turns: dict[str, _UnderWay] = {}
        self._lock = threading.Lock()

    def answer(self, view: View, said: Said, page: str | None = None) -> Iterator[View]:
        """The page after each event of a turn; at the end of one that was stopped, it can be said again.

        Args:
            view: of the page; without a conversation one is started.
            said: what the shopper typed, or the words and the meaning of what she pressed.
            page: the open page, for `leave`.

        Raises:
            Trouble: the utterance cannot be read, the last one is still being answered, or the shop cannot answer now.
        """
        try:
            text = clean(said.utterance)
            started = view.conversation_id or self._conversations.start(view.shopper.shopper_id)
            view = replace(view, conversation_id=started)
            with self._turn(started, page) as stop:
                view = view.asked(text)
                yield view
                events = self._conversations.say(
                    started, text, act=said.act, looking_at=view.looking_at, cancelled=stop.is_set
                )
                with closing(events):  # type: ignore[type-var]
                    for event in events:
                        view = view.seeing(event)
                        yield view
                if stop.is_set():
                    yield replace(view, again=said)
        except UtteranceError as error:
            raise Trouble(str(error)) from error
        except KeyError as error:
            raise Trouble("This conversation is no longer kept. Press “Start over” to begin a new one.") from error
        except AssistantError as error:
            log.error("turn failed", problem=error.problem, fix=error.fix)
            words = "The shop cannot answer right now. Nothing is lost; please try again in a moment."
            raise Trouble(words, again=True) from error

    def stop(self, view: View) -> None:
        """End the reply that is being written for a page; what has been said of it stays."""
        with self._lock:
            turn = self._turns.get(view.conversation_id or "")
        if turn is not None:
            turn.stop.set()

    def leave(self, page: str) -> None:
        """End what is written for a page that was closed; nobody who has left waits for the language model."""
        with self._lock:
            turns = [turn for turn in self._turns.values() if turn.page == page]
        for turn in turns:
            turn.stop.set()

    def busy(self, view: View) -> bool:
        """Whether a turn of this page is under way."""
        with self._lock:
            return view.conversation_id in self._turns

    @contextmanager
    def _turn(self, conversation_id: str, page: str | None) -> Iterator[threading.Event]:
        with self._lock:
            if conversation_id in self._turns:
                raise Trouble("One moment: I am still answering. Press Stop if you want to change it.")
            turn = self._turns[conversation_id] = _UnderWay(page)
        try:
            yield turn.stop
        finally:
            with self._lock:
                del self._turns[conversation_id]
