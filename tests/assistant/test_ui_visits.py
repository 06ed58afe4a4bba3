"""Who comes to the page: passes, consent, tokens, and what is brought back or forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from pydantic import SecretStr
from ui_doubles import laptop, scripted_service

from assistant.conversation import run
from assistant.ui import panels
from assistant.ui.chat import ChatPage
from assistant.ui.passes import Passes, Visit
from assistant.ui.presses import Arrive
from assistant.ui.view import Shopper, View
from assistant.ui.visits import Visits
from assistant.widget.token import is_guest, sign
from retrieval.interactions import Interaction, InteractionKind

SECRET = "a secret of the shop's own server, long enough"


@pytest.fixture
def service(tmp_path):
    opened = scripted_service(tmp_path, [laptop(n) for n in (1, 2, 3)])
    opened.settings = opened.settings.model_copy(update={"shopper_secret": SecretStr(SECRET)})
    opened.shop.observe = lambda interaction: None
    opened.shop.forget = lambda shopper_id, until=None: 0
    yield opened
    opened.store.close()


@pytest.fixture(autouse=True)
def page_is_empty_but_for_its_ids(monkeypatch):
    """What a page shows is restored from the records of a real shop: `tests/browser` looks at it."""

    def restored(service, conversation_id):
        service.store.state(conversation_id)
        return View(conversation_id=conversation_id)

    monkeypatch.setattr("assistant.ui.visits.restored", restored)


def token(shopper_id: str, minutes: int = 10) -> str:
    return sign(SECRET, shopper_id, datetime.now(UTC) + timedelta(minutes=minutes))


def arrived(service, view: View, **said: str) -> View:
    """The page of the browser that kept what a view gave it."""
    visits = Visits(service)
    return visits.arrive(Arrive(press="arrive", kept=visits.kept(view), **said))


def conversation(service, shopper_id: str | None = None) -> View:
    begun = service.conversations.start(shopper_id)
    run(service.conversations.say(begun, "a laptop"))
    return View(conversation_id=begun, shopper=Shopper(shopper_id))


def test_a_pass_is_read_by_the_service_that_issued_it_also_after_a_restart(tmp_path):
    visit = Visit("c-1", "guest-1")
    assert Passes(tmp_path).read(Passes(tmp_path).issue(visit)) == visit
    assert (tmp_path / "page.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("spoil", [lambda p: p[:-1] + "0", lambda p: "x" + p, lambda p: p.split(".")[0], lambda p: ""])
def test_a_forged_pass_opens_nothing(tmp_path, spoil):
    passes = Passes(tmp_path)
    genuine = passes.issue(Visit("c-1"))
    assert passes.read(spoil(genuine)) in (None, Visit()) or spoil(genuine) == genuine


def test_a_pass_of_another_service_opens_nothing(tmp_path):
    (tmp_path / "other").mkdir()
    assert Passes(tmp_path / "other").read(Passes(tmp_path).issue(Visit("c-1"))) is None


def test_there_is_nothing_to_keep_of_an_empty_page(service):
    assert Visits(service).kept(View()) == ""


def test_a_reload_brings_a_conversation_back(service):
    view = conversation(service)
    assert arrived(service, view).conversation_id == view.conversation_id


def test_a_conversation_that_was_deleted_is_an_empty_page(service):
    view = conversation(service)
    service.store.begin_anew(view.conversation_id)
    gone = replace(view, conversation_id="never-was")
    assert arrived(service, gone) == View()


def test_consent_is_off_until_it_is_given_and_makes_an_id_that_is_nobodys_else(service):
    visits = Visits(service)
    view = conversation(service)
    assert view.shopper == Shopper()
    allowed = visits.consent(view, True)
    assert allowed.shopper.consented
    assert is_guest(allowed.shopper.shopper_id)
    assert service.store.shopper(view.conversation_id) == allowed.shopper.shopper_id
    assert visits.consent(view, True).shopper.shopper_id != allowed.shopper.shopper_id


def test_what_she_does_is_kept_from_then_on_and_no_more_once_she_forbids_it(service):
    visits, view = Visits(service), conversation(service)
    seen = InteractionKind.VIEW
    assert not service.conversations.observe(view.conversation_id, "laptop-1", seen)
    allowed = visits.consent(view, True)
    assert service.conversations.observe(view.conversation_id, "laptop-1", seen)
    assert visits.shopper(allowed.shopper.shopper_id).history == 1
    forbidden = visits.consent(allowed, False)
    assert not service.conversations.observe(view.conversation_id, "laptop-2", seen)
    assert (forbidden.shopper.consented, forbidden.shopper.declined) == (False, True)
    assert visits.shopper(allowed.shopper.shopper_id).history == 0


def test_no_before_any_id_makes_none(service):
    view = Visits(service).consent(View(), False)
    assert view.shopper == Shopper(declined=True)


def test_the_shops_token_says_who_she_is_and_nothing_of_consent(service):
    view = arrived(service, View(), token=token("ann"))
    assert view.shopper == Shopper("ann")
    service.store.set_consent("ann", True)
    assert arrived(service, View(), token=token("ann")).shopper.consented


@pytest.mark.parametrize("bad", ["x", token("ann", minutes=-1), token("ann")[:-2]])
def test_a_token_that_does_not_hold_makes_a_guest(service, bad):
    assert arrived(service, View(), token=bad).shopper == Shopper()


def test_a_signed_in_shoppers_pass_opens_nothing_without_her_token(service):
    hers = conversation(service, "ann")
    assert arrived(service, hers) == View()
    assert arrived(service, hers, token=token("bob")) == View(shopper=Shopper("bob"))
    assert arrived(service, hers, token=token("ann")).conversation_id == hers.conversation_id


def test_a_guest_who_signs_in_takes_her_conversation_and_leaves_no_guest_behind(service):
    visits, view = Visits(service), conversation(service)
    guest = visits.consent(view, True)
    service.store.add_interaction(
        Interaction(guest.shopper.shopper_id, "laptop-1", InteractionKind.VIEW, datetime.now(UTC))
    )
    view = arrived(service, guest, token=token("ann"))
    assert view.conversation_id == guest.conversation_id
    assert service.store.shopper(view.conversation_id) == "ann"
    assert service.store.interactions() == []
    assert not service.store.consented(guest.shopper.shopper_id)


def test_the_item_whose_page_she_is_on_is_known_if_the_shop_has_it(service):
    assert arrived(service, View(), item="laptop-2").looking_at == "laptop-2"
    assert arrived(service, View(), item="laptop-9").looking_at is None


def test_a_page_whose_connection_was_lost_goes_on_with_its_conversation(service):
    page, view = ChatPage(service), conversation(service)
    kept = panels.memory(Visits(service).kept(view))
    list(page.say(View(), kept, "and another"))
    assert [turn["utterance"] for turn in service.store.turns(view.conversation_id)] == ["a laptop", "and another"]
    list(page.press(View(), kept, SimpleNamespace(_data={"press": "say", "utterance": "a third"})))
    assert len(service.store.turns(view.conversation_id)) == 3


def test_a_lost_connection_of_a_signed_in_shopper_is_not_resumed_without_her_token(service):
    page, view = ChatPage(service), conversation(service, "ann")
    list(page.say(View(), panels.memory(Visits(service).kept(view)), "and another"))
    assert len(service.store.turns(view.conversation_id)) == 1
