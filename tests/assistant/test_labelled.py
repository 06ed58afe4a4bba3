from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from rapidfuzz import fuzz, process

from assistant.dialogue import Edit, Intent
from assistant.labelled import money, notation
from assistant.labelled.examples import Example, read, write
from assistant.labelled.generate import by_hand, consistent, generate
from assistant.labelled.marks import meaning, pieces, visible
from assistant.labelled.noise import noisy
from assistant.labelled.phrases import Split, choose, fill, words
from assistant.labelled.shops import Kind, shops
from assistant.rules.money_words import number_from_words

_TEXT_SLOTS = ("category", "brands", "excluded_brands", "attributes", "excluded_attributes")
_RANKS = {
    "1": "first|1|one|top",
    "2": "second|2|two",
    "3": "third|3|three",
    "4": "fourth|4|four",
    "last": "last|bottom",
}


@pytest.fixture(scope="module")
def train() -> tuple[Example, ...]:
    return tuple(generate(10_000, "train"))


@pytest.fixture(scope="module")
def validation() -> tuple[Example, ...]:
    return tuple(generate(1_000, "validation"))


def _everything(train: tuple[Example, ...], validation: tuple[Example, ...]) -> list[Example]:
    return [*train, *validation, *by_hand("train"), *by_hand("validation")]


def test_marked_words_give_the_utterance_and_its_meaning() -> None:
    parts = pieces(
        "Red [c:Tents] from [lo=20:20] to [hi=50;cur=EUR:50€], not [nb:HP], [r=2:the second], [d=brands:any]"
    )
    slots, dropped = meaning(parts)
    assert visible(parts) == "Red Tents from 20 to 50€, not HP, the second, any"
    assert (slots.category, slots.price_min, slots.price_max, slots.currency) == ("tents", 20.0, 50.0, "EUR")
    assert (slots.excluded_brands, slots.references, dropped) == (("hp",), ("2",), ("brands",))


@pytest.mark.parametrize("marked", ["a [c tent]", "a [c:tent", "[1x:y]"])
def test_a_bracket_that_is_no_mark_is_a_mistake(marked: str) -> None:
    with pytest.raises(ValueError, match="bracket"):
        pieces(marked)


def test_an_unknown_label_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="unknown label 'zz'"):
        meaning(pieces("[zz:tent]"))


def test_the_same_seed_gives_the_same_examples_and_another_seed_others() -> None:
    first, again = (list(generate(300, "train", seed=5)) for _ in range(2))
    assert first == again
    assert first != list(generate(300, "train", seed=6))


def test_an_example_survives_the_disk(train: tuple[Example, ...], tmp_path) -> None:  # type: ignore[no-untyped-def]
    some = [*train[:200], *by_hand("train")]
    write(tmp_path / "some.jsonl", some)
    assert list(read(tmp_path / "some.jsonl")) == some


def test_every_intent_is_there_in_its_share(train: tuple[Example, ...]) -> None:
    counts = Counter(example.intent for example in train)
    assert len(train) >= 9_000
    assert {intent: counts[intent] >= 300 for intent in Intent} == dict.fromkeys(Intent, True)


def test_every_slot_and_edit_is_filled_often_enough(train: tuple[Example, ...]) -> None:
    filled = Counter(name for example in train for name in example.slots.as_json())
    filled.update("dropped" for example in train if example.dropped)
    least = dict.fromkeys((*_TEXT_SLOTS, "price_min", "price_max", "sort", "references"), 400)
    least |= {"quantity": 150, "dropped": 250, "currency": 400}
    assert {name: count for name, count in least.items() if filled[name] < count} == {}
    edits = Counter(example.edit for example in train)
    assert {edit for edit in Edit if edits[edit] < 40} == {Edit.FORGET_CONFIRMED}  # that one is never understood


def test_those_written_by_hand_are_many_and_of_all_intents() -> None:
    hand = [*by_hand("train"), *by_hand("validation")]
    counts = Counter(example.intent for example in hand)
    assert min(counts[intent] for intent in Intent) >= 250
    assert len(hand) >= 6_000
    assert len({(e.text.lower(), e.situation) for e in hand}) >= 0.999 * len(hand)


def test_every_word_of_a_slot_was_said(train: tuple[Example, ...], validation: tuple[Example, ...]) -> None:
    for example in _everything(train, validation):
        said = " ".join(example.text.lower().split())
        held = example.slots.as_json()
        for name in _TEXT_SLOTS:
            values = held.get(name, [])
            for value in [values] if isinstance(values, str) else values:  # type: ignore[union-attr]
                assert value in said, (example.text, name, value)


def test_bounds_belong_to_their_property_and_properties_side_by_side_stay_apart(train: tuple[Example, ...]) -> None:
    bounds = re.compile(r"(no \w+er than|between|max|min|at most|up to|or more|or less|tops)")
    bounded = [a for e in train for a in e.slots.attributes if bounds.search(a) and re.search(r"\d", a)]
    assert len(bounded) > len(train) / 100
    rows = [e for e in train if re.search(r"\] \[a:", "".join(_marks_of(e)))]
    assert len(rows) > len(train) / 200


def _marks_of(example: Example) -> Iterator[str]:
    for piece in example.marked:
        labels = [name for name, _ in piece.labels]
        yield f"[{labels[0]}:{piece.text}]" if labels else piece.text


def test_every_amount_was_said(train: tuple[Example, ...], validation: tuple[Example, ...]) -> None:
    for example in (*train, *validation):
        low, high = example.slots.price_min, example.slots.price_max
        said = _amounts(example.text.lower())
        around = {(round(n * 0.85, 2), round(n * 1.15, 2)) for n in said}
        assert {low, high} - {None} <= said or (low, high) in around, (example.text, low, high)


def _amounts(text: str) -> set[float]:
    found: set[float] = set()
    for digits, scale in re.findall(r"(\d+(?:,\d{3})*(?:\.\d+)?)\s*(k\b)?", text):
        found.add(float(digits.replace(",", "")) * (1000 if scale else 1))
    tokens = re.findall(r"[a-z]+", text)
    for start in range(len(tokens)):
        for end in range(start + 1, min(start + 7, len(tokens)) + 1):
            number = number_from_words(" ".join(tokens[start:end]))
            if number is not None:
                found.add(number)
    return found


def test_a_rank_was_said_as_one(train: tuple[Example, ...]) -> None:
    for example in train:
        for reference in example.slots.references:
            if reference in _RANKS:
                assert re.search(_RANKS[reference], example.text.lower()), (example.text, reference)
            elif reference not in ("it", "all", "both"):
                assert reference.isdigit() or reference in " ".join(example.text.lower().split()), example


def test_only_what_is_held_is_taken_back(train: tuple[Example, ...]) -> None:
    for example in train:
        held = example.situation.need.as_json()
        for entry in example.dropped:
            name, _, value = entry.partition("=")
            assert name in held, (example.text, entry, held)
            assert not value or value in held[name], (example.text, entry, held)  # type: ignore[operator]


def test_words_about_items_are_said_where_items_are_shown(train: tuple[Example, ...]) -> None:
    talk = (Intent.ASK, Intent.COMPARE, Intent.EXPLAIN, Intent.SELECT)
    assert all(len(e.situation.page) >= 2 for e in train if e.intent in talk)
    assert all(e.situation.need.category for e in train if e.intent is Intent.REFINE)


def test_nobody_wants_what_she_refuses(train: tuple[Example, ...]) -> None:
    for example in train:
        slots = example.slots
        assert not set(slots.brands) & set(slots.excluded_brands)
        assert not set(slots.attributes) & set(slots.excluded_attributes)
    assert not consistent(pieces("[b:hp] laptop not [nb:hp]"))
    assert not consistent(pieces("[hi=5:5] or [hi=6:6]"))


def test_training_and_validation_share_no_category_brand_or_property() -> None:
    def vocabulary(split: Split) -> dict[str, set[str]]:
        kinds: tuple[Kind, ...] = ("adjective", "noun", "material", "measure")
        found = {"things": {t.one for s in shops(split) for t in s.things}, "brands": set[str]()}
        found["brands"] = {brand for shop in shops(split) for brand in shop.brands}
        return found | {k: {w for s in shops(split) for t in s.things for w in t.properties[k]} for k in kinds}

    train, validation = vocabulary("train"), vocabulary("validation")
    assert {kind: train[kind] & validation[kind] for kind in train} == {kind: set() for kind in train}
    assert len(train["things"] | validation["things"]) >= 500
    assert len(train["brands"] | validation["brands"]) >= 400


def test_few_examples_are_nearly_the_same(train: tuple[Example, ...]) -> None:
    """Of longer utterances: short ones ("sold", "why?") repeat in life as well."""
    long = [e.text.lower() for e in train if len(e.text.split()) >= 6]
    sample = random.Random(1).sample(long, 250)
    scores = process.cdist(sample, long, scorer=fuzz.ratio, score_cutoff=95)
    near = (scores >= 95).sum(axis=1) - 1  # each is itself
    assert (near > 0).mean() <= 0.06


def test_hardly_an_example_by_hand_is_generated_as_well(train: tuple[Example, ...]) -> None:
    hand = {e.text.lower().strip(" .?!") for e in by_hand("validation") if len(e.text.split()) >= 4}
    shared = hand & {e.text.lower().strip(" .?!") for e in train}
    assert len(shared) <= 5, shared  # everyday formulas


def test_noise_changes_words_but_no_stated_value() -> None:
    marked = "i am looking for [c:running shoes] under [hi=600:six hundred], not the [nb:adidas] ones please"
    texts = set()
    for seed in range(300):
        parts = noisy(random.Random(seed), pieces(marked))
        slots, _ = meaning(parts)
        assert slots.price_max == 600.0
        assert slots.category in visible(parts).lower()  # type: ignore[operator]
        texts.add(visible(parts))
    assert len(texts) > 80
    assert any(text.isupper() for text in texts)


@pytest.mark.parametrize("value", [7, 45, 100, 150, 250, 640, 999, 1000, 1200, 2000, 2500])
def test_amounts_in_words_read_back_as_the_amount(value: int) -> None:
    for seed in range(20):
        assert number_from_words(money.in_words(random.Random(seed), value)) == value


def test_phrases_choose_inside_out_and_fill_their_slots() -> None:
    said = {choose(random.Random(seed), "(a|b (c|d)) {x}") for seed in range(50)}
    assert said == {"a {x}", "b c {x}", "b d {x}"}
    assert fill("{x} and {x}", x="y") == "y and y"
    with pytest.raises(KeyError):
        fill("{x}")


def test_an_example_by_hand_reads_its_state() -> None:
    text = """
# one shop
@ {"need": {"category": "laptops", "brands": ["hp"]}, "page": ["A", "B"], "offered": ["up to $950"]}
refine: not [nb:HP], [a:blue]: a nice one
refine accepts=1: ok
refine undo: go back
@
find: [c:Dog bed]
"""
    excluded, accepting, undoing, bed = notation.read(text, "some.txt")
    assert excluded.slots.excluded_brands == ("hp",)
    assert excluded.text == "not HP, blue: a nice one"
    assert excluded.situation.need.brands == ("hp",)
    assert excluded.situation.page == ("A", "B")
    assert accepting.accepts == 1
    assert undoing.edit is Edit.UNDO
    assert (bed.slots.category, bed.situation.page) == ("dog bed", ())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("find laptop", "expected 'intent: words'"),
        ("buy: a laptop", "'buy' is not a valid Intent"),
        ("find: a [c:laptop", "a bracket outside a mark"),
        ("service: where is my [c:laptop]", "service has no slots"),
        ("refine: cheaper", "there is no need to refine"),
        ("refine accepts=2: yes", "there is no need to refine"),
        ('@ {"needs": {}}', "a situation has no needs"),
        ('@ {"need": {"colour": "red"}}', "a situation has no colour"),
        ('@ {"need": {"category": "tents"}}\nrefine: any [d=brands:brand]', "the need does not hold brands"),
        ('@ {"need": {"category": "tents"}}\nrefine accepts=1: yes', "relaxation 1 was not offered"),
    ],
)
def test_a_line_by_hand_that_says_nothing_is_named(line: str, said: str) -> None:
    with pytest.raises(notation.NotationError, match=f"some.txt, line [12]: .*{re.escape(said)}"):
        notation.read(line, "some.txt")


def test_people_have_many_ways_to_say_each_thing() -> None:
    needs, talk = words("needs"), words("talk")
    counts = {
        "openers": len(needs["find"]["openers"]),
        "most": len(needs["price"]["most"]) + len(needs["price"]["most_said"]),
        "unwanted": len(needs["brand"]["unwanted"]) + len(needs["brand"]["unwanted_said"]),
        "references": sum(map(len, talk["references"].values())),
    }
    least = {"openers": 40, "most": 25, "unwanted": 20, "references": 30}
    assert {name for name, count in least.items() if counts[name] < count} == set()
