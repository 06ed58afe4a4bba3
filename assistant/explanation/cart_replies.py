"""What is said of the cart: what went in and out, what is in it, what is asked. Words: `prompts/reply_cart_*.md`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from assistant.cart import MOST_LINES, MOST_PIECES, CartEdit, CartLine, Refusal, checkout_address
from assistant.cart_turn import CartChange, CartOutcome
from assistant.events import Claim, Outcome, Sentence
from assistant.explanation.replies import say
from assistant.explanation.wording import count_words, listing, named, place_words, short_name
from assistant.plain_text import plain
from assistant.settings import Settings
from assistant.variants import Choice, named_in, option_words, value_of, value_words
from retrieval.catalogue import CatalogueItem, Money


def told(outcome: Outcome, settings: Settings) -> Iterator[Sentence]:
    """The reply to a turn about the cart."""
    cart = outcome.cart
    assert cart is not None
    match cart.edit:
        case CartEdit.SHOW | CartEdit.CHECKOUT:
            yield from _shown(outcome, cart)
            if cart.item is not None and cart.choice is not None:
                yield from _question(cart.item, cart.choice)
            elif cart.edit is CartEdit.CHECKOUT and cart.cart.lines:
                yield _checkout(cart, settings)
        case CartEdit.EMPTY:
            yield say("cart_emptied") if outcome.before.selected else say("cart_empty")
        case CartEdit.TAKE_BACK:
            yield say("cart_taken_back" if cart.taken_back else "cart_left_out")
            if cart.taken_back and cart.cart.lines:
                yield from _shown(outcome, cart)
            elif cart.taken_back:
                yield say("cart_now_empty")
        case CartEdit.REMOVE:
            yield from _removed(cart)
        case None:
            yield from _chosen(cart)


def _chosen(cart: CartOutcome) -> Iterator[Sentence]:
    """What was put in, and what is asked before anything is."""
    changes = cart.changes
    if len(changes) == 2 and changes[0].after < changes[0].before and changes[1].refused is None:
        yield _swapped(changes[0], changes[1])
    else:
        for change in changes:
            yield _changed(change)
    if cart.choice is not None and cart.item is not None:
        if cart.missing:
            yield say("cart_no_such", value=plain(value_words(cart.choice.attribute, cart.missing)))
        yield from _question(cart.item, cart.choice)
        return
    if cart.also is not None and len(changes) == 1 and changes[0].after > changes[0].before == 0:
        others = [words for (_, item), words in _options(cart.also) if item != changes[0].item]
        yield say("cart_also", choices=listing([plain(words) for words in others[:4]], "or"))
    if any(change.after != change.before for change in changes) and len(cart.cart.lines) > 1:
        yield _total(cart)


def _options(choice: Choice) -> Iterator[tuple[tuple[str, CatalogueItem], str]]:
    """The options with their words: "size 43 (3 left)", "512 GB, $609"."""
    for option, words in zip(choice.options, option_words(choice), strict=True):
        label, _ = option
        yield option, value_words(choice.attribute, label) + words.removeprefix(label)


def _changed(change: CartChange) -> Sentence:
    name = _name(change.item, change.variant)
    stock = change.item.stock or 0
    match change.refused:
        case Refusal.SOLD_OUT | Refusal.UNKNOWN:
            return say("cart_sold_out", item=name)
        case Refusal.TOO_FEW if change.before == stock:
            return say("cart_all_taken", item=name, left=_are_left(stock))
        case Refusal.TOO_FEW:
            them = "it" if stock == 1 else "both" if stock == 2 else f"all {count_words(stock)}"
            return say("cart_too_few", item=name, left=_are_left(stock), them=them)
        case Refusal.TOO_MANY:
            return say("cart_too_many", most=f"{MOST_PIECES:,}")
        case Refusal.FULL:
            return say("cart_full", most=f"{MOST_LINES:,}")
    if change.after == 0:
        return say("cart_removed", item=name)
    words = "cart_added" if change.before == 0 else "cart_already" if change.after == change.before else "cart_changed"
    return _priced(words, change, name)


def _are_left(stock: int) -> str:
    return "one is left" if stock == 1 else f"{count_words(stock)} are left"


def _priced(words: str, change: CartChange, name: str, **slots: str) -> Sentence:
    """A sentence with pieces, name and price; the price is a claim."""
    price = change.item.price
    at = ""
    if price is not None:
        total = Money(price.minor * change.after, price.currency)
        at = f" for {total} ({price} each)" if change.after > 1 else f" for {price}"
    pieces = f"{change.after:,} × " if change.after > 1 else ""
    text = say(words, pieces=pieces, item=name, at=at, **slots).text
    return Sentence(text, _price_claims(change.item), "record")


def _price_claims(item: CatalogueItem) -> tuple[Claim, ...]:
    return () if item.price is None else (Claim(str(item.price), item.item_id, "price", True),)


def _swapped(old: CartChange, new: CartChange) -> Sentence:
    return _priced("cart_swapped", new, _name(new.item, new.variant), other=_name(old.item, old.variant))


def _question(item: CatalogueItem, choice: Choice) -> Iterator[Sentence]:
    """Which variant; with one left, whether that will do."""
    name = f"**{_model_name(item, choice.attribute)}**"
    if len(choice.options) == 1:
        yield say("cart_only", item=name, value=plain(next(words for _, words in _options(choice))))
        return
    choices = listing([plain(words) for words in option_words(choice)], "or")
    yield say("cart_variant", attribute=named(choice.attribute), item=name, choices=choices)
    if choice.sold_out:
        yield say("cart_variant_gone", values=listing([plain(value) for value in choice.sold_out]))


def _removed(cart: CartOutcome) -> Iterator[Sentence]:
    lines = [_name(line.item, line.variant) for line in cart.cart.lines]
    if cart.missing and not lines:
        yield say("cart_empty")
    elif cart.missing == "it":
        yield say("cart_which_out", items=listing(lines, "or"))
    elif cart.missing:
        place = f"The {place_words(int(cart.missing))} item" if cart.missing.isdigit() else f"“{plain(cart.missing)}”"
        yield say("cart_not_in", item=place, items=listing(lines))
    else:
        for change in cart.changes:
            yield _changed(change)
        if lines:
            yield _total(cart)
        else:
            yield say("cart_now_empty")


def _shown(outcome: Outcome, cart: CartOutcome) -> Iterator[Sentence]:
    """The total, the lines, and what has changed since they were put in."""
    if not cart.cart.lines:
        yield say("cart_empty") if outcome.picks else say("cart_empty_start")
    else:
        yield _total(cart, "\n\n")
        for number, line in enumerate(cart.cart.lines, start=1):
            yield Sentence(f"{number}. {_line_words(line)}\n", _price_claims(line.item), "record")
        yield Sentence("\n")
    for notice in cart.cart.notices:
        yield Sentence(plain(notice) + " ")


def _line_words(line: CartLine) -> str:
    words = _name(line.item, line.variant)
    if line.price is None:
        return f"{words}: {line.quantity:,} ×, price not stated"
    total = f" = {line.total}" if line.quantity > 1 and line.payable == line.quantity else ""
    return f"{words}: {f'{line.quantity:,} × ' if line.quantity > 1 else ''}{line.price}{total}"


def _total(cart: CartOutcome, end: str = " ") -> Sentence:
    if cart.cart.total is None or cart.cart.currency is None:
        return say("cart_no_total", end)
    pieces = cart.cart.pieces
    total = Money(cart.cart.total, cart.cart.currency)
    return say("cart_total", end, total=total, pieces="one item" if pieces == 1 else f"{count_words(pieces)} items")


def _checkout(cart: CartOutcome, settings: Settings) -> Sentence:
    """Where the shop takes the cart over."""
    address = checkout_address(cart.cart, settings.checkout_url)
    if address is None:
        words = say("cart_checkout_in_shop", service_contact=settings.service_contact)
    else:
        words = say("cart_checkout", address=address)
    return Sentence(f"\n{words.text}")


def _model_name(item: CatalogueItem, attribute: str) -> str:
    """The beginning of the title without the value that is asked: "Tempo Shoes, size 42, blue": "Tempo Shoes, blue"."""
    value = value_of(item, attribute)
    parts = item.title.split(", ")
    kept = [part for part in parts[1:] if not named_in(part.casefold(), (value,), bare=True)]
    return short_name(replace(item, title=", ".join([parts[0], *kept])))


def _name(item: CatalogueItem, variant: str) -> str:
    """The beginning of the title and, where that does not say it, what sets the variant apart."""
    name = short_name(item)
    parts = variant.split(", ") if variant else []
    said = all(named_in(name.casefold(), (part,), bare=True) for part in parts)
    return f"**{name}**" if said else f"**{name}** ({plain(variant)})"
