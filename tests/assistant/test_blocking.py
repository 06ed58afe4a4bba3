"""What staff block is neither shown nor said from the next turn on, and comes back by itself; words they teach hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from api_doubles import open_doubles
from claiming_model import ClaimingModel, explained_by
from understanding_shop import shop_items

from assistant.blocking import Blocking
from assistant.conversation import run
from assistant.dialogue import Intent
from assistant.events import Turn
from assistant.service import Service, open_service, teach_synonyms
from assistant.settings import load_settings
from assistant.store import Store, blocks, synonyms
from retrieval.query import Query
from retrieval.recommendations import similar, together
from retrieval.withheld import Withheld

LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def service(tmp_path: Path, database_url: str | None) -> Iterator[Service]:
    with open_doubles(tmp_path, database_url=database_url) as opened:
        yield opened


def say(service: Service, conversation_id: str, words: str) -> Turn:
    return run(service.conversations.say(conversation_id, words))


def shown(turn: Turn) -> list[str]:
    return [pick.item.item_id for pick in turn.picks]


def block(service: Service, item_id: str, field: str | None = None, until: datetime = LATER) -> int:
    return service.block(item_id, field, "the maker recalled it", until, "ada")


def test_a_blocked_item_is_in_no_search_from_the_next_turn_on(service: Service) -> None:
    conversation_id = service.conversations.start()
    before = say(service, conversation_id, "laptops")
    block(service, shown(before)[0])
    after = say(service, service.conversations.start(), "laptops")
    assert shown(before)[0] not in shown(after)
    assert after.matching == before.matching - 1
    assert after.trace is not None
    assert after.trace.blocked == (shown(before)[0],)


def test_the_page_that_shows_a_blocked_item_does_not_show_it_after_the_next_turn(service: Service) -> None:
    conversation_id = service.conversations.start()
    before = say(service, conversation_id, "laptops")
    block(service, shown(before)[1])
    asked = say(service, conversation_id, "how heavy are they?")
    assert not asked.searched
    assert shown(asked) == [i for i in shown(before) if i != shown(before)[1]]
    assert before.picks[1].item.title not in asked.reply
    compared = say(service, conversation_id, "compare them")
    assert compared.table is not None
    assert shown(before)[1] not in compared.table.item_ids


def test_a_rank_still_means_the_card_that_had_it(service: Service) -> None:
    """She sees the old page: "the third" is its third card, though the second is gone by now."""
    conversation_id = service.conversations.start()
    before = say(service, conversation_id, "laptops")
    block(service, shown(before)[1])
    assert say(service, conversation_id, "how heavy is the third one?").discussed == (shown(before)[2],)


@pytest.mark.parametrize("words", ["I'll take the second one", "how heavy is the second one?"])
def test_pointing_at_a_card_that_is_blocked_by_now_takes_and_tells_no_other(service: Service, words: str) -> None:
    conversation_id = service.conversations.start()
    before = say(service, conversation_id, "laptops")
    block(service, shown(before)[1])
    turn = say(service, conversation_id, words)
    assert turn.discussed == ()
    assert turn.state.selected == ()
    assert "which" in turn.reply.casefold()
    assert before.picks[1].item.title not in turn.reply


def test_a_blocked_item_is_recommended_to_nobody(service: Service) -> None:
    shop = service.shop
    item = next(i for i in shop.catalogue if "Laptops" in i.category)
    recommended = similar(shop, item, 4)[0].item_id
    block(service, recommended)
    assert recommended not in {c.item_id for c in (*similar(shop, item, 9), *together(shop, item, 9))}


def test_a_block_that_is_lifted_brings_the_item_back_at_once_and_to_the_page_it_was_on(service: Service) -> None:
    conversation_id = service.conversations.start()
    before = say(service, conversation_id, "laptops")
    block_id = block(service, shown(before)[0])
    assert shown(say(service, conversation_id, "why this order?")) == shown(before)[1:]
    assert service.lift(block_id, "bob")
    assert shown(say(service, conversation_id, "why this order?")) == shown(before)
    assert not service.lift(block_id, "bob")


def test_a_block_ends_by_itself_when_its_time_has_come(tmp_path: Path) -> None:
    now = datetime(2026, 5, 1, 12, tzinfo=UTC)
    store = Store(tmp_path)
    blocks.block(store, "lamp-1", None, "recalled", now + timedelta(hours=1), "ada")
    blocks.block(store, "lamp-2", "price", "wrong", now + timedelta(hours=2), "ada")
    time = [now]
    blocking = Blocking(store, lambda: time[0])
    assert blocking.now() == Withheld(frozenset({"lamp-1"}), {"lamp-2": frozenset({"price"})})
    time[0] = now + timedelta(hours=1)
    assert blocking.now() == Withheld(frozenset(), {"lamp-2": frozenset({"price"})})
    time[0] = now + timedelta(hours=2)
    assert blocking.now() == Withheld()


def test_blocks_are_in_force_after_a_restart(tmp_path: Path) -> None:
    with open_doubles(tmp_path) as service:
        item_id = shown(say(service, service.conversations.start(), "laptops"))[0]
        block(service, item_id)
    with open_doubles(tmp_path) as service:
        assert item_id not in shown(say(service, service.conversations.start(), "laptops"))


def test_of_two_blocks_of_one_item_the_other_still_holds_when_one_is_lifted(service: Service) -> None:
    first, _ = block(service, "i1"), block(service, "i1")
    service.lift(first, "ada")
    assert service.shop.item("i1") is None
    assert [(b.item_id, b.by, b.until) for b in blocks.active(service.store, datetime.now(UTC))] == [
        ("i1", "ada", LATER)
    ]


def test_a_block_that_cannot_be_meant_is_refused(service: Service) -> None:
    with pytest.raises(ValueError, match="cannot be shown without its title"):
        block(service, "i1", "title")
    with pytest.raises(ValueError, match="time zone"):
        block(service, "i1", None, datetime(2100, 1, 1))
    assert blocks.active(service.store, datetime.now(UTC)) == ()


# a claim: one field of one item


def test_a_blocked_claim_is_not_said_in_explanations(service: Service) -> None:
    before = say(service, service.conversations.start(), "laptops")
    said = {claim.field for claim in before.claims if claim.item_id == shown(before)[0] and claim.supported}
    assert "price" in said
    block(service, shown(before)[0], "price")
    after = say(service, service.conversations.start(), "laptops")
    assert shown(after) == shown(before)
    assert not [c for c in after.claims if c.item_id == shown(before)[0] and c.field == "price"]
    assert str(before.picks[0].item.price) not in after.reply
    assert [c for c in after.claims if c.item_id == shown(before)[1] and c.field == "price"]


def test_a_blocked_claim_is_no_answer_and_no_cell_of_a_comparison(service: Service) -> None:
    conversation_id = service.conversations.start()
    first = say(service, conversation_id, "laptops").picks[0].item
    weight = first.attributes["weight"].text
    assert weight in say(service, conversation_id, "how heavy is the first one?").reply
    block(service, first.item_id, "attributes.weight")
    turn = say(service, conversation_id, "how heavy is the first one?")
    assert turn.discussed == (first.item_id,)
    assert weight not in turn.reply
    table = say(service, conversation_id, "compare them").table
    assert table is not None
    (row,) = (row for row in table.rows if row.field == "attributes.weight")
    assert row.values[0] == "not stated"
    assert "not stated" not in row.values[1:]


def test_an_item_is_not_presented_as_what_a_blocked_claim_would_make_it(service: Service) -> None:
    light = say(service, service.conversations.start(), "laptops under 1.3 kg")
    block(service, shown(light)[0], "attributes.weight")
    again = say(service, service.conversations.start(), "laptops under 1.3 kg")
    assert shown(light)[0] not in shown(again)
    assert again.matching == light.matching - 1


def test_a_model_that_makes_a_blocked_claim_has_its_sentence_withheld(service: Service) -> None:
    conversations = explained_by(ClaimingModel(), service)
    zephyr = next(i for i in service.shop.catalogue if "Zephyr" in i.title)
    before = run(conversations.say(conversations.start(), "laptops"))
    assert any(c.item_id == zephyr.item_id and c.field == "attributes.weight" and c.supported for c in before.claims)
    block(service, zephyr.item_id, "attributes.weight")
    after = run(conversations.say(conversations.start(), "laptops"))
    about = [c for c in after.claims if c.item_id == zephyr.item_id and "1.1 kg" in c.text]
    assert about
    assert not any(c.supported for c in about)
    line = next(line for line in after.reply.splitlines() if "Zephyr" in line)
    assert "1.1 kg" not in line


# words


def test_a_word_is_understood_and_searched_for_as_soon_as_it_is_taught(service: Service) -> None:
    before = say(service, service.conversations.start(), "show me clamshells under $900")
    assert before.constraints.category is None
    service.put_synonym("Clamshell", "laptop", "ada")
    after = say(service, service.conversations.start(), "show me clamshells under $900")
    assert after.act.intent is Intent.FIND
    assert after.constraints.category == "laptops"
    assert after.constraints.price_max == 900_00
    assert all("Laptops" in pick.item.category for pick in after.picks)
    found = service.shop.search(Query("clamshell")).candidates
    assert [c.item_id for c in found] == [c.item_id for c in service.shop.search(Query("laptop")).candidates]


def test_a_word_that_is_taken_back_means_nothing_again(service: Service) -> None:
    service.put_synonym("clamshell", "laptop", "ada")
    assert service.remove_synonym(" Clamshell ")
    assert not service.remove_synonym("clamshell")
    assert say(service, service.conversations.start(), "show me clamshells").constraints.category is None


def test_a_word_is_still_known_when_the_shop_is_opened_again(tmp_path: Path) -> None:
    with open_doubles(tmp_path) as service:
        service.put_synonym("clamshell", "lptop", "ada")
        service.put_synonym("clamshell", "laptop", "bob")
    with open_doubles(tmp_path) as service:
        teach_synonyms(service.shop, service.store)
        (synonym,) = synonyms.all(service.store)
        assert (synonym.word, synonym.means, synonym.by) == ("clamshell", "laptop", "bob")
        assert say(service, service.conversations.start(), "clamshells").constraints.category == "laptops"


@pytest.mark.slow
@pytest.mark.weights
def test_a_restarted_service_knows_what_staff_blocked_and_taught(tmp_path: Path) -> None:
    settings = load_settings(data_folder=tmp_path, language_model="none", understanding="rules")
    service = open_service(settings)
    service.shop.upsert(shop_items())
    block(service, "i1")
    service.put_synonym("clamshell", "laptop", "ada")
    service.close()
    service = open_service(settings)
    turn = say(service, service.conversations.start(), "clamshells")
    service.close()
    assert turn.constraints.category == "laptops"
    assert "i1" not in shown(turn)
    assert turn.trace is not None
    assert turn.trace.blocked == ("i1",)


def test_a_synonym_of_nothing_is_refused(service: Service) -> None:
    for word, means in (("", "laptop"), ("clamshell", "  ")):
        with pytest.raises(ValueError, match="needs a word and what it means"):
            service.put_synonym(word, means, "ada")
