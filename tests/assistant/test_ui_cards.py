"""Cards and panels: what they say, and that text of the catalogue stays text."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from ui_doubles import LIGHT, NASTY, NEED, TODAY, Spelling, a_date, laptop, pick

from assistant.comparison import compare
from assistant.dialogue import Need, Rung, Slots
from assistant.events import Claim, Suggestion
from assistant.store import Verdict
from assistant.ui import panels, privacy
from assistant.ui.cards import card, is_new
from assistant.ui.html import picture_address, web_address
from assistant.ui.transcript import transcript
from assistant.ui.view import Message, Shopper, View
from retrieval.catalogue import Attribute
from retrieval.query import Constraints, Relaxation

display = Spelling().display
SAID = (Message(True, "a laptop"), Message(False, "Here."))


class Elements(HTMLParser):
    """Every element with its attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def drawn(item=None, constraints=None, need=None, verdict=None, interactions=12, **more) -> Elements:
    shown = pick(item or laptop(1), interactions=interactions)
    return Elements(card(shown, need or Need(), constraints or Constraints(), verdict, TODAY, **more))


def full_view(**changes) -> View:
    picks = (pick(laptop(1), 1), pick(laptop(2), 2))
    return replace(View(conversation_id="c", transcript=SAID, picks=picks, matching=2), **changes)


def test_catalogue_text_never_becomes_an_element_or_an_attribute():
    item = laptop(
        1,
        item_id=NASTY,
        title=NASTY,
        brand=NASTY,
        description=NASTY,
        image=NASTY,
        url=f"https://example.com/{NASTY}",
        attributes={NASTY: Attribute(NASTY, NASTY, values=(NASTY,))},
    )
    claims = (Claim(NASTY, NASTY, NASTY, True),)
    view = full_view(
        picks=(pick(item, 1), pick(laptop(2), 2)),
        transcript=(Message(True, NASTY), Message(False, f"1. **{NASTY}** is {NASTY}", claims)),
        before=Need(Slots(brands=(f"{NASTY}2",))),
        note=NASTY,
        need=Need(Slots(category=NASTY, brands=(NASTY,), attributes=(NASTY,)), NASTY),
        suggestions=(Suggestion(NASTY, NASTY, 1),),
        relaxations=(Relaxation("brands", NASTY, Constraints(), 1),),
        table=compare([item, laptop(2)]),
        rung=Rung.RULES,
    )
    html = "".join(
        (
            panels.header(NASTY),
            panels.constraints(view, display),
            panels.picks(view, {}, TODAY),
            panels.replies(view, (NASTY,)),
            panels.replies(View(), (NASTY,)),
            panels.status(view, NASTY, NASTY),
            panels.memory(NASTY),
            transcript(view),
            privacy.settings(Shopper(NASTY, True, 3)),
        )
    )
    elements = Elements(html)
    assert NASTY in elements.text
    assert not [tag for tag, _ in elements.found if tag == "script"]
    assert not [name for _, attributes in elements.found for name in attributes if name.startswith("on")]
    assert all(str(attributes["src"]).startswith("/pictures/") for tag, attributes in elements.found if tag == "img")


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//", "http://[", "x"],
)
def test_only_web_addresses_are_followed(url):
    assert web_address(url) is None
    assert not [tag for tag, _ in drawn(laptop(1, url=url)).found if tag == "a"]


@pytest.mark.parametrize(
    ("image", "address"),
    [
        ("laptop 1.svg", "/pictures/laptop%201.svg"),
        ("a/b.png", "/pictures/a/b.png"),
        ("https://shop.example/a.jpg", "https://shop.example/a.jpg"),
        ("javascript:alert(1)", None),
        ("javascript://alert(1)", None),
        ("../secret.svg", None),
        ("/etc/x.svg", None),
        ("", None),
        (None, None),
    ],
)
def test_a_picture_comes_from_the_pictures_folder_or_the_web(image, address):
    assert picture_address(image) == address


def test_a_card_says_what_a_shopper_decides_by():
    text = drawn().text
    for words in ("Lenora Swift 1", "$600", "Only 3 left", "4.1 (100)", "Rated 4.1 of 5 by 100 shoppers", "1.1 kg"):
        assert words in text


@pytest.mark.parametrize(
    ("stock", "words"), [(0, "Out of stock"), (5, "Only 5 left"), (6, "In stock"), (None, "$600 4.1")]
)
def test_stock_is_said_as_the_record_has_it(stock, words):
    text = Elements(card(pick(laptop(1, stock=stock)), Need(), Constraints(), None, TODAY)).text
    assert words.replace("4.1", "").strip() in text
    assert ("stock" in text.lower() or "left" in text) is (stock is not None)


def test_an_item_without_a_price_says_so():
    assert "Price not stated" in drawn(laptop(1, price=None)).text


@pytest.mark.parametrize(
    ("days", "interactions", "new"), [(10, 0, True), (10, 1, False), (400, 0, False), (None, 0, False)]
)
def test_new_is_what_came_lately_and_nobody_has_tried(days, interactions, new):
    item = laptop(1, rating=None, rating_count=0, released=None if days is None else a_date(days))
    assert is_new(pick(item, interactions=interactions), TODAY) is new


def test_why_it_fits_is_read_from_the_record():
    wanted = Constraints(price_max=90_000, currency="USD", attributes=(LIGHT,))
    text = drawn(constraints=wanted, need=Need(NEED)).text
    assert "costs $600, under your $900" in text
    assert "weighs 1.1 kg" in text


def test_nothing_is_said_to_fit_that_the_record_does_not_state():
    wanted = Constraints(price_max=90_000, currency="USD", attributes=(LIGHT,))
    assert "weighs" not in drawn(laptop(1, attributes={}), constraints=wanted, need=Need(NEED)).text


def test_the_score_breakdown_names_every_part_and_no_other():
    shown = pick(laptop(1))
    text = drawn().text
    assert all(f"{score:.2f}" in text for score in shown.candidate.scores.values())
    assert "by those with a like history" not in text  # no neighbours were computed


def test_a_cost_of_nothing_has_no_sign_and_a_real_one_has_no_bar():
    shown = pick(laptop(1))
    shown.candidate.scores.update(diversity=-0.0, stock=-0.25)
    html = card(shown, Need(), Constraints(), None, TODAY)
    assert "-0.00" not in html
    assert "Cost of being sold out</th><td></td><td>-0.25</td>" in html


def test_a_cold_item_says_that_it_is_ranked_by_content():
    assert "No shopper has interacted with it yet" in drawn(interactions=0).text


def test_feedback_is_shown_pressed():
    pressed = [a["aria-pressed"] for tag, a in drawn(verdict=Verdict.DISLIKE).found if "aria-pressed" in a]
    assert pressed == ["false", "true"]


def test_every_control_has_a_name():
    for tag, attributes in drawn().found:
        if tag in ("button", "input"):
            assert attributes.get("aria-label")


def test_a_comparison_marks_the_rows_that_differ_and_says_what_is_not_stated():
    second = replace(laptop(2), attributes={"colour": laptop(2).attributes["colour"]})
    html = panels.picks(full_view(table=compare([laptop(1), second])), {}, TODAY)
    rows = html.split("<tr")
    price, colour, weight = (next(row for row in rows if f">{name}" in row) for name in ("price", "colour", "weight"))
    assert 'class="differs"' in price
    assert 'class="differs"' not in colour
    assert '<td class="not-stated">not stated</td>' in weight


def test_the_page_says_how_many_fit():
    assert (
        "2 of 37 that fit, best first"
        in Elements(panels.picks(full_view(matching=37, need=Need(NEED)), {}, TODAY)).text
    )


def test_the_page_says_in_which_order_they_stand():
    cheapest = replace(NEED, sort="price_asc")
    drawn = panels.picks(full_view(matching=37, need=Need(cheapest)), {}, TODAY)
    assert "2 of 37 that fit, cheapest first" in Elements(drawn).text


def test_an_item_that_is_only_looked_at_is_not_counted_among_all_items():
    text = Elements(panels.picks(full_view(matching=1584), {}, TODAY)).text
    assert "2 items" in text
    assert "1,584" not in text


def test_an_honest_no_when_nothing_fits():
    view = View(conversation_id="c", transcript=SAID, need=Need(NEED))
    assert "Nothing in the shop meets all of that" in panels.picks(view, {}, TODAY)


def test_relaxations_come_before_suggestions_and_both_are_counted():
    view = full_view(
        relaxations=(Relaxation("price_max", "+$40", Constraints(), 6),),
        suggestions=(Suggestion("Only Lenora", "x", 1),),
    )
    assert "+$40 6 items Only Lenora 1 item" in Elements(panels.replies(view, ())).text


@pytest.mark.parametrize(
    ("rung", "status", "words"),
    [
        (Rung.RULES, "rules: no language model is loaded", "Read by rules, not by the language model."),
        (Rung.RULES, "model: SmolLM2 passed", "Read by rules, not by the language model."),
        (Rung.TAGGER, "tagger: why", "Read by a small network, not by the language model."),
        (Rung.REPAIR, "model: SmolLM2 passed", "The language model needed a second try to read that."),
        (Rung.MODEL, "model: SmolLM2 passed", ""),
        (Rung.CONTROL, "rules: no language model is loaded", ""),
    ],
)
def test_a_lower_rung_is_visible(rung, status, words):
    assert Elements(panels.status(View(rung=rung), status)).text == words


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("rules: no language model is loaded", "no language model is loaded."),
        ("model: SmolLM2 passed", "the language model gave no usable answer this time."),
    ],
)
def test_the_reason_for_a_lower_rung_is_there_to_be_read(status, why):
    assert f'title="{why}"' in panels.status(View(rung=Rung.RULES), status)
