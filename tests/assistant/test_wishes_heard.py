"""Wishes that one reader misses and another hears, and words that nobody can tell."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from understanding_shop import MONEY, MiniShop

from assistant.dialogue import DialogueAct, DialogueState, Intent, Need, Slots
from assistant.grounding import to_query
from assistant.rules.named import insisted, with_named
from assistant.rules.slots import read
from assistant.rules.words import strip_filler
from assistant.tagger.tagger import Tagged
from assistant.tagger.tags import Span
from assistant.understanding import Understanding
from retrieval.catalogue import Attribute, CatalogueItem
from retrieval.vocabulary import Vocabulary

LAPTOPS = DialogueState((Need(Slots(category="laptops", price_max=900)),))


@pytest.fixture(scope="module")
def shop() -> MiniShop:
    return MiniShop()


class TaggerThatSays:
    """A tagger whose every answer is this one."""

    fingerprint = "says"

    def __init__(self, chances: Mapping[Intent, float], *words: tuple[str, str]) -> None:
        self._chances, self._words = chances, words

    def read(self, utterance: str, state: object, shown: object, vocabulary: Vocabulary, ruled: object) -> Tagged:
        reading = read(utterance, vocabulary, ())
        places = [(kind, said, reading.text.index(said)) for kind, said in self._words]
        spans = tuple(Span(kind, start, start + len(said)) for kind, said, start in places)
        return Tagged(self._chances, None, spans, reading)


def understood(shop: MiniShop, tagger: TaggerThatSays, utterance: str) -> DialogueAct:
    understanding = Understanding(None, lambda: shop.vocabulary, tagger=tagger)  # type: ignore[arg-type]
    return understanding.understand(utterance, LAPTOPS, [])


def test_a_brand_alone_is_a_wish_though_it_is_taken_for_an_item(shop: MiniShop) -> None:
    tagger = TaggerThatSays({Intent.SELECT: 0.86, Intent.REFINE: 0.14}, ("references", "dell"))
    act = understood(shop, tagger, "from dell please")
    assert (act.intent, act.slots.brands) == (Intent.REFINE, ("dell",))
    assert understood(shop, tagger, "i'll take the dell").intent is Intent.SELECT


def test_a_wish_counts_where_it_is_hardly_sure_that_she_asks_about_her_data(shop: MiniShop) -> None:
    unsure = TaggerThatSays({Intent.PRIVACY: 0.55, Intent.FIND: 0.45})
    act = understood(shop, unsure, "copied from my notes: headphones, only sony")
    assert (act.intent, act.slots.category, act.slots.brands) == (Intent.FIND, "headphones", ("sony",))
    sure = TaggerThatSays({Intent.PRIVACY: 0.8, Intent.FIND: 0.2})
    assert understood(shop, sure, "what do your notes say of my headphones").intent is Intent.PRIVACY


@pytest.mark.parametrize(
    ("said", "topic", "slots"),
    [
        ("I said the brand dell", "", Slots(brands=("dell",))),
        ("shoud be in blakc", "shoud be in blakc", Slots(attributes=("blakc",))),
        ("i am after something comfy", "comfy", Slots()),
    ],
)
def test_what_the_shop_knows_by_name_is_a_slot(shop: MiniShop, said: str, topic: str, slots: Slots) -> None:
    act = with_named(DialogueAct(Intent.REFINE, topic=topic), said, [], shop.vocabulary)
    assert act.slots == slots


def test_for_women_is_a_property_where_items_state_it() -> None:
    items = [
        CatalogueItem(f"i{n}", "Runner", category=("shoes",), attributes={"gender": Attribute("gender", sex, (sex,))})
        for n, sex in enumerate(("women", "men"))
    ]
    vocabulary = Vocabulary.learn(items)
    act = with_named(DialogueAct(Intent.FIND, Slots("shoes"), topic="light for women"), "", [], vocabulary)
    assert (act.slots.attributes, act.topic) == (("women",), "light")
    act = with_named(DialogueAct(Intent.FIND, Slots("shoes"), topic="for travel"), "", [], vocabulary)
    assert (act.slots.attributes, act.topic) == ((), "for travel")


def test_the_department_in_force_said_again_starts_no_new_need() -> None:
    again = DialogueAct(Intent.FIND, Slots("laptops"))
    assert insisted(again, "again: laptops", LAPTOPS).intent is Intent.REFINE
    assert insisted(again, "show me laptops", LAPTOPS).intent is Intent.FIND
    assert insisted(DialogueAct(Intent.FIND, Slots("mugs")), "again: mugs", LAPTOPS).intent is Intent.FIND


def test_a_slip_in_a_word_without_a_need_leaves_it_one() -> None:
    assert strip_filler("shoud be comfy") == "comfy"
    assert strip_filler("sturdy and comfy") == "sturdy and comfy"


def test_a_word_that_nobody_can_tell_is_said(shop: MiniShop) -> None:
    def said(topic: str) -> str:
        return " ".join(to_query(Need(Slots("laptops"), topic), shop.vocabulary, MONEY, 4).notices)

    assert "“qwhie”" in said("qwhie")
    assert said("comfortable dell") == ""
