"""Runs the turns of all open pages: one at a time for each conversation, each of them stoppable."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import structlog

from assistant.conversation import Conversations, UtteranceError, clean
from assistant.dialogue import DialogueAct
from assistant.ui.view import View
from retrieval.errors import AssistantError

log = structlog.get_logger()


class Trouble(Exception):
    """Nothing was answered; the message says why to the shopper, in plain words."""


class Answering:
    """The turns under way. Holds nothing of a conversation but that it is being answered."""

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations
        self._stops: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def answer(self, view: View, utterance: str, act: DialogueAct | None = None) -> Iterator[View]:
        """The page after each event of a turn.

        Args:
            view: of the page; without a conversation one is started.
            utterance: what the shopper typed, or the words of what she pressed.
            act: what the press means.

        Raises:
            Trouble: the utterance cannot be read, the last one is still being answered, or the shop cannot answer now.
        """
        try:
            text = clean(utterance)
            view = replace(view, conversation_id=view.conversation_id or self._conversations.start())
            with self._turn(str(view.conversation_id)) as stop:
                view = view.asked(text)
                yield view
                events = self._conversations.say(str(view.conversation_id), text, act=act, cancelled=stop.is_set)
                with closing(events):  # type: ignore[type-var]
                    for event in events:
                        view = view.seeing(event)
                        yield view
        except UtteranceError as error:
            raise Trouble(str(error)) from error
        except KeyError as error:
            raise Trouble("This conversation is no longer kept. Press “Start over” to begin a new one.") from error
        except AssistantError as error:
            log.error("turn failed", problem=error.problem, fix=error.fix)
            raise Trouble("The shop cannot answer right now. Nothing is lost; please try again in a moment.") from error

    def stop(self, view: View) -> None:
        """End the reply that is being written for a page; what has been said of it stays."""
        with self._lock:
            stop = self._stops.get(view.conversation_id or "")
        if stop is not None:
            stop.set()

    @contextmanager
    def _turn(self, conversation_id: str) -> Iterator[threading.Event]:
        with self._lock:
            if conversation_id in self._stops:
                raise Trouble("One moment: I am still answering. Press Stop if you want to change it.")
            stop = self._stops[conversation_id] = threading.Event()
        try:
            yield stop
        finally:
            with self._lock:
                del self._stops[conversation_id]
