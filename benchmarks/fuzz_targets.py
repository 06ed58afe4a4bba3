"""What is fuzzed: each target makes inputs out of real ones, broken at random, and puts them through the product.

A target's `check` returns for every outcome that is documented; whatever else it raises is a finding.
"""

from __future__ import annotations

import gzip
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from assistant.claims import check as check_claims
from assistant.claims.reading import Shown
from assistant.dialogue import DialogueState, Intent, Need, Slots, update
from assistant.grounding import ShopMoney, key_of, to_query
from assistant.language_model import Generation, Prompt
from assistant.understanding import Understanding
from retrieval.catalogue import Attribute, CatalogueItem, Money
from retrieval.errors import FeedError
from retrieval.ingest import ingest
from retrieval.query import Constraints
from retrieval.records import Records
from retrieval.units import parse_quantity
from retrieval.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that is fuzzed.

    Attributes:
        inputs: makes the bytes that are put in.
        check: puts bytes in; returns when what comes out is documented.
    """

    inputs: st.SearchStrategy[bytes]
    check: Callable[[bytes], None]


# how an input is broken


@st.composite
def broken(draw: st.DrawFn, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """One of the seeds with up to eight places cut, doubled, overwritten, or with a token put in."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 8))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 30)))
        piece = draw(st.one_of(st.sampled_from(tokens), st.binary(max_size=8), st.just(data[start:end])))
        times = draw(st.sampled_from((1, 1, 1, 2, 300)))
        keep = draw(st.booleans())
        data = data[:start] + piece * times + data[start if keep else end :]
    return data[: 1 << 16]


# feeds

_ROWS = [
    {
        "id": "a1",
        "title": "Oak Lamp, 12 W",
        "price": "19.90",
        "brand": "Orrin",
        "weight": "1.2 kg",
        "stock": "3",
        "category": "Home > Lamps",
        "colour": "red|blue",
        "rating": "4.5",
    },
    {
        "id": "a2",
        "title": 'Steel "Mug"',
        "price": "$7",
        "brand": "Vantor",
        "weight": "300 g",
        "stock": "0",
        "category": "Kitchen > Mugs",
        "colour": "",
        "rating": "5",
    },
]
_CSV = (
    b"id,title,price,brand,weight,stock,category,colour,rating\n"
    b"a1,Oak Lamp,19.90,Orrin,1.2 kg,3,Home > Lamps,red,4.5\n"
    b'a2,"Steel ""Mug"", large",$7,Vantor,300 g,0,Kitchen,,5\n'
)
_EVENTS = b"shopper_id,item_id,event,timestamp\ns1,a1,view,2026-03-01T10:00:00Z\ns1,a2,purchase,1772359200\n"
_SHOPIFY = (
    b"Handle,Title,Body (HTML),Vendor,Variant SKU,Variant Price\nlamp,Lamp,<p>x</p>,Orrin,L1,9.90\nlamp,,,,L2,8\n"
)
_XML = (
    b'<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0"><channel><item><g:id>a1</g:id>'
    b"<title>Oak Lamp</title><g:price>19.90 USD</g:price><g:brand>Orrin</g:brand></item>"
    b"<item><g:id>a2</g:id><title>Mug &amp; cup</title></item></channel></rss>"
)
_JSON_LINES = "\n".join(map(json.dumps, _ROWS)).encode()
_JSON = json.dumps([*_ROWS, {"id": 3, "title": None, "attributes": {"ram": "8 GB", "ports": ["usb", 2]}}]).encode()
_FEEDS = (_CSV, _EVENTS, _SHOPIFY, _XML, _JSON_LINES, _JSON, _CSV.decode().encode("utf-16"), _CSV.replace(b",", b"\t"))
_FEED_TOKENS = (
    *(b'"', b",", b"\n", b"\r", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe9", b"[", b"{", b"}", b"]", b"null", b"NaN"),
    *(b"1e999", b"-0", b"Infinity", b"<item>", b"</item>", b"<![CDATA[", b"&#0;", b"&amp;", b"<!--", b"id", b"title"),
    *(b"9" * 400, b"0000-00-00", b"9999-12-31T23:59:59Z", b"$", "€".encode(), b"\\ud800", b"true", b"\x1f\x8b", b"%s"),
)


def _packed(data: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("items.csv", data)
    return held.getvalue()


def _feed_inputs() -> st.SearchStrategy[bytes]:
    plain = broken(_FEEDS, _FEED_TOKENS)
    packed = tuple(gzip.compress(feed, mtime=0) for feed in _FEEDS[:3])
    return st.one_of(plain, plain, plain, plain.map(gzip.compress), broken(packed, _FEED_TOKENS), plain.map(_packed))


def check_feed(data: bytes) -> None:
    """A feed of these bytes is read row by row, each row with one outcome, or refused whole."""
    with tempfile.TemporaryDirectory() as folder, Records(Path(folder)) as records:
        file = Path(folder) / "items.feed"
        file.write_bytes(data)
        try:
            report = ingest(file, records)
        except FeedError:
            return
        for each in report.files:
            assert each.accounted == each.read, f"{each.read} rows, {each.accounted} with an outcome"
        for item in records.items():
            assert item.item_id
            assert item.title


# what reads the language model's answer


def _item(item_id: str, title: str, price: int, brand: str, kind: str, **attributes: str) -> CatalogueItem:
    held = {}
    for name, text in attributes.items():
        quantity = parse_quantity(text)
        number, unit = (None, None) if quantity is None else (quantity.number, quantity.unit)
        held[name] = Attribute(name, text, (text.casefold(),), number, unit)
    words = "A slim machine for long days. The keyboard is backlit; it is not waterproof."
    return CatalogueItem(
        item_id,
        title,
        brand=brand,
        description=words,
        category=("Shop", kind),
        price=Money(price, "USD"),
        attributes=held,
        rating=4.5,
        rating_count=12,
        stock=3,
    )


ITEMS = (
    _item("L1", "Vantor Aero 14 Laptop", 84900, "Vantor", "Laptops", ram="16 GB", weight="1.3 kg", colour="silver"),
    _item("L2", "Kestrel Field 15 Laptop", 79990, "Kestrel", "Laptops", ram="8 GB", weight="1.9 kg", colour="black"),
    _item("M1", "Orrin Oak Mug, 300 ml", 1200, "Orrin", "Mugs", capacity="300 ml", colour="blue", material="oak"),
)
MONEY = ShopMoney("USD", {"EUR": 1.1})
_UTTERANCES = (
    "a silver laptop under $900, not kestrel",
    "between 20 and 40 dollars, blue, at least 8 gb ram",
    "compare the first two",
    "no wait, two of the oak mugs, €30 max",
)
_ANSWERS = (
    b'{"i":"find","c":"laptops","hi":900,"nb":["kestrel"],"a":["silver"]}',
    b'{"i":"refine","lo":20,"hi":40,"a":["blue","at least 8 gb ram"],"d":["price_max"]}',
    b'{"i":"compare","r":["1","2"]}',
    b'{"i":"select","r":["the oak mugs"],"q":2,"s":"price_asc","b":["orrin"],"na":["blue"]}',
)
_ANSWER_TOKENS = (
    *(b'"i"', b'"c"', b'"lo"', b'"hi"', b'"b"', b'"nb"', b'"a"', b'"na"', b'"s"', b'"r"', b'"q"', b'"d"', b"null"),
    *(b"[", b"]", b"{", b"}", b":", b",", b'"', b"\\", b"\\u0000", b"\\ud800", b"1e999", b"-1", b"NaN", b"900", b"20"),
    *(
        b'"find"',
        b'"refine"',
        b'"privacy"',
        b'"laptops"',
        b'"kestrel"',
        b'"price_max"',
        b'"brands=hp"',
        b"true",
        b"\xff",
    ),
    *(b"9" * 5000, b"[" * 200, b'"1"', b'"last"', b'"price_asc"', b'"attributes=blue"'),
)


class Says:
    """A language model that answers what it is told to."""

    name = "scripted"

    def __init__(self) -> None:
        self.answer = ""

    def load(self) -> None:
        """There is nothing to load."""

    def generate(self, prompt: Prompt, **how: Any) -> Generation:
        """See `LanguageModel.generate`."""
        return Generation(iter([self.answer]))


_VOCABULARY = Vocabulary.learn(ITEMS)
_MODEL = Says()
_READERS = [Understanding(_MODEL, lambda: _VOCABULARY, mode="model", trained=trained) for trained in (None, "adapter")]
_STATE = DialogueState((Need(Slots(category="laptops", price_max=900.0, brands=("vantor",), attributes=("blue",))),))
_AMOUNTS = frozenset({900.0, 20.0, 40.0, 30.0, 8.0})


def check_answer(data: bytes) -> None:
    """Whatever a model answers becomes an act that updates the need, makes a query and holds no amount of its own."""
    utterance = _UTTERANCES[data[0] % len(_UTTERANCES)] if data else _UTTERANCES[0]
    _MODEL.answer = data[1:].decode("utf-8", "replace")
    for reader in _READERS:
        for state in (DialogueState(), _STATE):
            act = reader.understand(utterance, state, ITEMS)
            assert act.intent in Intent
            assert {act.slots.price_min, act.slots.price_max} - {None} <= _AMOUNTS, act.slots
            after = update(state, act, key_of(_VOCABULARY), tuple(i.item_id for i in ITEMS[:1]))
            to_query(after.need, _VOCABULARY, MONEY, 4)


# the claim checker

_SENTENCES = (
    b"It weighs 1.3 kg, costs $849, under your $900, and is rated 4.5 of 5.",
    b"Vantor Aero 14 Laptop is the cheapest of these and has 16 GB of RAM, more than the others.",
    b"You asked for something light: at 1.3 kg it is, and its keyboard is backlit but not waterproof.",
    b"It comes in silver and black, has about 16 GB of ram and is 14 inches wide.",
)
_CLAIM_TOKENS = (
    *(
        b"not ",
        b"no ",
        b"without ",
        b"$",
        b"9" * 300,
        b"1.2.3",
        b"1e999",
        b" kg",
        b" GB",
        b"cheapest ",
        b"lighter than ",
    ),
    *(b"you asked for ", b"your ", b"under ", b"at least ", b"%", b"(", b")", b"<b>", b"**", b"|", b"`", b"\n", b"\0"),
    *(
        "½ ² – — ″ ’ İ ß ﬁ ٣ 二".encode(),
        "\u202e\u200d\ufeff".encode(),
        b"4.5 of 5",
        b"waterproof",
        b"L2",
        b"the first ",
    ),
)
_SHOWN = Shown(
    ITEMS[:2],
    Need(Slots(category="laptops", price_max=900.0), "light enough to travel"),
    Constraints(category="laptops", price_max=90000, currency="USD"),
)
INVENTED = " It has 7391 sapphire gyroscopes."


def check_claim(data: bytes) -> None:
    """Any sentence is read into claims; with an invented property in it, one of them is unsupported."""
    sentence = data.decode("utf-8", "replace")
    for claim in check_claims(sentence, ITEMS[0], _SHOWN):
        assert claim.item_id == "L1"
    assert not all(claim.supported for claim in check_claims(sentence + INVENTED, ITEMS[0], _SHOWN)), "invention passed"


TARGETS: Mapping[str, Target] = {
    "feeds": Target(_feed_inputs(), check_feed),
    "answers": Target(
        st.builds(bytes.__add__, st.binary(min_size=1, max_size=1), broken(_ANSWERS, _ANSWER_TOKENS)), check_answer
    ),
    "claims": Target(broken(_SENTENCES, _CLAIM_TOKENS), check_claim),
}
