"""One shopper's words: amounts, brands, properties and things of a shop, each with its mark, put into phrases."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Literal

from assistant.labelled import money
from assistant.labelled.marks import pieces, visible
from assistant.labelled.phrases import Split, choose, fill, listed, part, slots_of, words
from assistant.labelled.shops import Kind, ShopWords, Thing, kept, shops

Property = Kind | Literal["colour"]

_WHOLE = ("i ", "hate", "that d", "must", "should", "not with")  # refusals that leave the article: "i hate a zip"
_FIGURE = re.compile(r"(\d+(?:\.\d+)?)(?: |-)?([a-z%\"]+)")
_AROUND = 0.15  # as in `assistant.rules.money_words`


@dataclass(slots=True)
class Voice:
    """What one utterance is drawn with.

    Attributes:
        thing: what it is about; properties are chosen to suit it.
        currency: the one she names; None: she names none.
    """

    rng: random.Random
    split: Split
    shop: ShopWords
    thing: Thing
    currency: str | None = None

    @classmethod
    def draw(cls, rng: random.Random, split: Split) -> Voice:
        """A shopper in some shop, thinking of some thing."""
        shop = rng.choice(shops(split))
        return cls(rng, split, shop, rng.choice(shop.things), money.draw_currency(rng))

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.rng.random() < probability

    def phrase(self, name: str, section: str, key: str) -> str:
        """A template of a TOML file with its choices made, slots still open."""
        return choose(self.rng, self.rng.choice(part(words(name)[section][key], self.split)))

    # -- money -----------------------------------------------------------------------------------------------------

    def amount(self, label: str, value: float, currency: str | None) -> str:
        """A marked amount; `label` is "hi" or "lo"."""
        named = f";cur={currency}" if currency else ""
        return f"[{label}={money.plain(value)}{named}:{money.write(self.rng, value, currency)}]"

    def price(self, kind: str) -> str:
        """A price clause of a kind of needs.toml: "most", "least_said", "between", ..."""
        currency = self.currency
        low, high = sorted(money.draw(self.rng, self.shop.prices) for _ in range(2))
        if low == high:
            high = low * 2
        if kind.startswith("around"):
            return fill(self.phrase("needs", "price", kind), near=self._near(high, currency))
        if kind.startswith("between"):
            lows, highs = money.write_range(self.rng, low, high, currency)
            named = f";cur={currency}" if currency else ""
            sides = {"lo": f"[lo={money.plain(low)}:{lows}]", "hi": f"[hi={money.plain(high)}{named}:{highs}]"}
        else:
            sides = {"lo": self.amount("lo", low, currency), "hi": self.amount("hi", high, currency)}
        return fill(self.phrase("needs", "price", kind), **sides)

    def _near(self, value: float, currency: str | None) -> str:
        low, high = (money.plain(round(value * factor, 2)) for factor in (1 - _AROUND, 1 + _AROUND))
        named = f";cur={currency}" if currency else ""
        return f"[lo={low};hi={high}{named}:{money.write(self.rng, value, currency)}]"

    # -- brands ----------------------------------------------------------------------------------------------------

    def brands(self, label: str) -> str:
        """One brand, or two or three in a list."""
        count = self.rng.choices((1, 2, 3), (15, 4, 1))[0]
        marked = [f"[{label}:{brand}]" for brand in self.rng.sample(self.shop.brands, count)]
        return self.listed(marked, unwanted=label == "nb")

    def listed(self, entries: list[str], unwanted: bool) -> str:
        """Entries as people list them."""
        if len(entries) == 1:
            return entries[0]
        last = self.rng.choice((" or ", " or ", " and ", "/", ", ", " nor " if unwanted else " or ", " & "))
        return f"{', '.join(entries[:-1])}{last}{entries[-1]}"

    def brand_clause(self, key: str) -> str:
        """A clause of needs.toml on brands: "wanted", "unwanted_said", ..."""
        label = "b" if key.startswith("wanted") else "nb"
        one = self.rng.choice([b for b in self.shop.brands if not b.endswith("s")])
        template = self.phrase("needs", "brand", key)
        return fill(template, b=self.brands("b"), nb=self.brands("nb"), nb1=f"[{label}:{one}]")

    # -- properties ------------------------------------------------------------------------------------------------

    @property
    def coloured(self) -> bool:
        """Whether the thing is asked for by colour."""
        return self.shop.colours and self.thing.kind != "mass"

    def property_of(self, kind: Property, *, unwanted: bool = False) -> str:
        """The bare words of a property that suits the thing, or another of the shop; nobody wants "added sugar"."""
        if kind == "colour" or not any(self.thing.properties.values()):
            return self.rng.choice(kept(listed(words("needs")["attribute"]["colours"]), self.split))
        if kind == "adjective" and self.chance(0.25):
            return self.rng.choice(kept(listed(words("needs")["attribute"]["general"]), self.split))
        known = self.thing.properties[kind] or [e for t in self.shop.things for e in t.properties[kind]]
        if kind == "noun" and not unwanted:
            unwelcome = listed(words("needs")["attribute"]["unwelcome"])
            known = [entry for entry in known if entry not in unwelcome] or known
        return choose(self.rng, self.rng.choice(known))

    def _wish_of(self, kind: Property) -> str:
        """A property as it is wished for, a measure often as a bound or a range: "depth 12 to 15 cm"."""
        said = self.property_of(kind)
        if kind != "measure" or self.chance(0.4):
            return said
        figure = _FIGURE.fullmatch(said)
        if figure is None:
            said = choose(self.rng, words("needs")["attribute"]["any_figure"])
            figure = _FIGURE.fullmatch(said)
            assert figure is not None, said
        low = float(figure[1])
        high = low + self.rng.choice((1, 2, 5, 10, 20))
        template = self.phrase("needs", "attribute", "bounded")
        bounded = fill(template, z=said, lo=f"{low:g}", hi=f"{high:g}", u=figure[2])
        return f"{self.phrase('needs', 'attribute', 'figures')} {bounded}" if self.chance(0.2) else bounded

    def row(self) -> str:
        """Properties side by side, each with its mark: "[a:navy] [a:xl] [a:waterproof]"."""
        kinds: list[Property] = [kind for kind in ("adjective", "material", "measure") if self.thing.properties[kind]]
        kinds += ["colour"] if self.coloured else []
        chosen = self.rng.sample(kinds, min(len(kinds), self.rng.choice((2, 2, 3))))
        return " ".join(mark("a", self._wish_of(kind), article=False) for kind in chosen)

    def kind_of_property(self) -> Property:
        """A kind of property that the thing has, by how often people name it."""
        often: dict[Property, int] = {"adjective": 8, "noun": 6, "material": 3, "measure": 14}
        held: dict[Property, int] = {kind: often[kind] for kind, known in self.thing.properties.items() if known}
        if self.coloured or not held:
            held["colour"] = 5
        return self.rng.choices(list(held), list(held.values()))[0]

    def attribute_clause(self, unwanted: bool = False) -> str:
        """A clause on a property: "with a hood", "must be waterproof", "no leather"."""
        kind = self.kind_of_property()
        if unwanted and kind == "measure":
            kind = "colour" if self.coloured else "adjective"
        label = "na" if unwanted else "a"
        template = self.phrase("needs", "attribute", f"not_{kind}" if unwanted else kind)
        if kind == "measure":
            said = self._wish_of(kind)
            if not said[0].isdigit() and not template.startswith("{z}"):
                template = "{z}"
            return fill(template, z=f"[{label}:{said}]")
        count = 2 if self.chance(0.15) else 1
        named = dict.fromkeys(self.property_of(kind, unwanted=unwanted) for _ in range(count))
        names = {"adjective": "x", "noun": "n", "material": "m", "colour": "k"}
        whole = not unwanted or template.startswith(_WHOLE)
        marked = [mark(label, entry, article=whole) for entry in named]
        return fill(template, **{names[kind]: self.listed(marked, unwanted)})

    # -- things ----------------------------------------------------------------------------------------------------

    def noun_phrase(self, form: str, thing: Thing | None = None, before: str = "") -> str:
        """A thing with its mark: form "a" has an article, "some" is plural, "bare" has no article.

        Args:
            form: "a", "some" or "bare".
            thing: None: the one that this voice is about.
            before: marked words that stand before the noun.
        """
        thing = thing or self.thing
        many = form == "some" or (form == "bare" and self.chance(0.35))
        said = " ".join(f"{before} [c:{thing.many if many else thing.one}]".split())
        if form != "a":
            return said
        if thing.kind == "pair" and self.chance(0.5):
            return f"a pair of {said}"
        if thing.kind != "counted":
            return f"some {said}" if self.chance(0.6) else said
        return f"{article(visible(pieces(said)))} {said}"

    def fill_needs(self, template: str, **given: str) -> str:
        """A template with its slots filled: those given, and {a} {some} {bare} {use} by this voice."""
        values = dict(given)
        for slot in slots_of(template):
            if slot in ("a", "some", "bare"):
                values.setdefault(slot, self.noun_phrase(slot))
            elif slot == "use":
                values.setdefault(slot, self.rng.choice(self.shop.uses))
        return fill(template, **values)


def article(words_: str) -> str:
    """ "a", "an", or "the" before a superlative."""
    first = words_.split()[0]
    if first in ("most", "best", "top", "latest", "newest", "least", "bestselling") or first.endswith("est"):
        return "the"
    sounds_like_you = re.match(r"u(?:ni|sb|k\b|ser|su|til)|eu|one\b", words_)
    return "an" if re.match(r"[aeiou]|8|11|18|hdmi|led|ssd|mp3|nfc", words_) and not sounds_like_you else "a"


def mark(label: str, said: str, *, article: bool = True) -> str:
    """Words with their mark, an article outside it or left out: "a [a:hood]"."""
    first, _, rest = said.partition(" ")
    if first in ("a", "an"):
        return f"{first} [{label}:{rest}]" if article else f"[{label}:{rest}]"
    return f"[{label}:{said}]"
