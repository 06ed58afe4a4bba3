"""Conversations over a real store, with a scripted assistant in place of search and language."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest

from assistant.conversation import Conversations, UtteranceError, run
from assistant.dialogue import DialogueAct, DialogueState, Edit, Intent, update
from assistant.events import Event, Finished, Text, Turn, Understood
from assistant.store import Store
from assistant.turn import Assistant
from retrieval.catalogue import Catalogue, CatalogueItem
from retrieval.interactions import Interaction, InteractionKind, Session
from retrieval.query import Constraints


class CountingShop:
    """A shop that only remembers what it was told."""

    def __init__(self) -> None:
        self.catalogue = Catalogue([CatalogueItem("lamp-1", "Desk lamp")])
        self.observed: list[Interaction] = []
        self.forgotten: list[str] = []

    def observe(self, interaction: Interaction) -> None:
        self.observed.append(interaction)

    def forget(self, shopper_id: str, until: datetime | None = None) -> None:
        self.forgotten.append(shopper_id)


class ScriptedAssistant:
    """Understands two utterances and repeats the rest."""

    def __init__(self) -> None:
        self.shop = CountingShop()
        self.sessions: list[Session] = []

    def turn(
        self,
        conversation_id: str,
        state: DialogueState,
        utterance: str,
        *,
        session: Session,
        act: DialogueAct | None,
        cancelled: Callable[[], bool],
        asker: str,
    ) -> Iterator[Event]:
        self.sessions.append(session)
        edit = {"forget me": Edit.FORGET, "yes": Edit.FORGET_CONFIRMED}.get(utterance)
        act = act or DialogueAct(Intent.PRIVACY if edit else Intent.CHITCHAT, edit=edit)
        yield Understood(act, Constraints())
        yield Text(utterance)
        after = update(state, act)
        yield Finished(
            Turn(conversation_id, after.turns, utterance, act, after, Constraints(), (), 0, False, (), utterance)
        )


@pytest.fixture
def scripted() -> ScriptedAssistant:
    return ScriptedAssistant()


@pytest.fixture
def conversations(scripted: ScriptedAssistant, tmp_path: Path) -> Conversations:
    return Conversations(cast(Assistant, scripted), Store(tmp_path))


def test_a_turn_is_stored_before_it_is_given_as_finished(conversations: Conversations) -> None:
    conversation_id = conversations.start()
    for event in conversations.say(conversation_id, "hello"):
        if isinstance(event, Finished):
            assert conversations.state(conversation_id).turns == 1


def test_a_reader_who_leaves_in_the_middle_frees_the_conversation_and_stores_nothing(
    conversations: Conversations,
) -> None:
    conversation_id = conversations.start()
    events = conversations.say(conversation_id, "hello")
    next(events)
    cast(Any, events).close()
    assert conversations.state(conversation_id).turns == 0
    assert run(conversations.say(conversation_id, "again")).number == 1


def test_what_cannot_be_read_changes_nothing(conversations: Conversations) -> None:
    conversation_id = conversations.start()
    with pytest.raises(UtteranceError):
        run(conversations.say(conversation_id, "\x00\x01\x02"))
    assert conversations.store.turns(conversation_id) == []


def test_an_unknown_conversation_is_a_key_error(conversations: Conversations) -> None:
    with pytest.raises(KeyError):
        run(conversations.say("guessed", "hello"))


def test_events_are_kept_and_counted_only_with_consent(
    conversations: Conversations, scripted: ScriptedAssistant
) -> None:
    conversation_id = conversations.start("ada")
    conversations.observe(conversation_id, "lamp-1", InteractionKind.CLICK)
    assert scripted.shop.observed == []
    conversations.store.set_consent("ada", True)
    conversations.observe(conversation_id, "lamp-1", InteractionKind.CLICK)
    assert [i.item_id for i in scripted.shop.observed] == ["lamp-1"]
    run(conversations.say(conversation_id, "hello"))
    assert scripted.sessions[-1].item_ids == ("lamp-1",)


def test_an_event_on_an_item_the_shop_does_not_have_is_refused(conversations: Conversations) -> None:
    with pytest.raises(KeyError):
        conversations.observe(conversations.start("ada"), "no such item", InteractionKind.VIEW)


def test_forget_me_takes_effect_before_the_reply_says_so_and_the_page_goes_on(
    conversations: Conversations, scripted: ScriptedAssistant, tmp_path: Path
) -> None:
    conversation_id = conversations.start("ada-7c1f")
    conversations.store.set_consent("ada-7c1f", True)
    run(conversations.say(conversation_id, "forget me"))
    for event in conversations.say(conversation_id, "yes"):
        if isinstance(event, Text):
            assert scripted.shop.forgotten == ["ada-7c1f"]
            assert conversations.store.turns(conversation_id) == []
    assert conversations.store.shopper(conversation_id) is None
    assert run(conversations.say(conversation_id, "hello")).number == 1
    conversations.store.close()
    assert b"ada-7c1f" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_a_guest_is_forgotten_too(conversations: Conversations, scripted: ScriptedAssistant) -> None:
    conversation_id = conversations.start()
    run(conversations.say(conversation_id, "forget me"))
    run(conversations.say(conversation_id, "yes"))
    assert conversations.store.turns(conversation_id) == []
    assert scripted.shop.forgotten == []
