"""A card: one pick with all that a shopper decides by, and all that scored it."""

from __future__ import annotations

from datetime import date, timedelta

from markupsafe import Markup

from assistant.dialogue import Need
from assistant.events import Pick
from assistant.explanation.facts import facts_for
from assistant.store import Verdict
from assistant.ui.details import details
from assistant.ui.html import icon, joined, picture_address, press_attribute, web_address
from assistant.variants import LOW_STOCK
from retrieval.catalogue import CatalogueItem
from retrieval.query import Constraints

REASONS = 3  # at most, why an item fits
NEW_FOR = timedelta(days=180)
DELIVERY = ("delivery", "delivery time", "shipping", "shipping time")  # as feeds name it


def card(
    pick: Pick,
    need: Need,
    constraints: Constraints,
    verdict: Verdict | None,
    as_of: date,
    *,
    personal: bool = False,
    in_cart: int = 0,
) -> Markup:
    """One pick as an `<li>`.

    Args:
        pick: with its rank and scores.
        need, constraints: in force; the card says how the item meets them.
        verdict: the shopper's feedback on it.
        as_of: the date that decides what is new.
        in_cart: pieces of it in the cart.
        personal: whether the shopper's history orders what is shown; the card says where it would stand without.
    """
    item = pick.item
    return Markup(
        '<li class="card" data-item="{item_id}"><article aria-labelledby="title-{rank}">'
        '<div class="card-top">{picture}<div class="card-facts">'
        '<p class="brand" dir="auto">{brand}</p><h3 id="title-{rank}" dir="auto">{title}</h3>'
        '<p class="price-line"><span class="price">{price}</span>{stock}</p>{delivery}{rating}{new}</div></div>'
        "{why}{standing}{actions}{details}</article></li>"
    ).format(
        item_id=item.item_id,
        rank=pick.rank,
        picture=_picture(pick),
        brand=item.brand or "",
        title=_title(item),
        price=str(item.price) if item.price else "Price not stated",
        stock=_stock(item),
        delivery=_delivery(item),
        rating=_rating(item),
        new=_new(pick, as_of),
        why=_why(item, need, constraints),
        standing=_standing(pick) if personal else "",
        actions=_actions(item, verdict, in_cart),
        details=details(pick),
    )


def is_new(pick: Pick, as_of: date) -> bool:
    """Whether an item is new here: released lately, and no shopper has interacted with it yet."""
    released = pick.item.released
    return pick.cold_start and released is not None and as_of - released <= NEW_FOR


def _picture(pick: Pick) -> Markup:
    address = picture_address(pick.item.image)
    size = Markup('width="104" height="104" loading="lazy" decoding="async" referrerpolicy="no-referrer"')
    image = Markup('<img src="{}" alt="" {}>').format(address, size) if address else ""
    return Markup(
        '<div class="picture">{}{}<span class="rank"><span class="for-screen-readers">Number </span>{}</span></div>'
    ).format(icon("picture"), image, pick.rank)


def _new(pick: Pick, as_of: date) -> Markup:
    """That nobody has bought or rated it yet, so that a shopper knows why there are no stars."""
    if not pick.cold_start:
        return Markup("")
    words = "No purchase data yet"
    return Markup('<p class="badge">{}</p>').format(f"New: {words.lower()}" if is_new(pick, as_of) else words)


def _delivery(item: CatalogueItem) -> Markup:
    """What the record says of delivery, where the shop's feed has it."""
    stated = next((item.attributes[name] for name in DELIVERY if name in item.attributes), None)
    if stated is None:
        return Markup("")
    return Markup('<p class="delivery">{}: {}</p>').format(stated.name.capitalize(), stated.text)


def _standing(pick: Pick) -> Markup:
    """Where the item would stand without the shopper's history."""
    alone = pick.candidate.rank_without_history
    if alone is None:
        return Markup("")
    words = "The same place without your history" if alone == pick.rank else f"Without your history: number {alone}"
    return Markup('<p class="standing">{}{}</p>').format(icon("person"), words)


def _title(item: CatalogueItem) -> Markup | str:
    address = web_address(item.url)
    if address is None:
        return item.title
    return Markup('<a href="{}" target="_blank" rel="noopener noreferrer" {}>{}</a>').format(
        address, press_attribute("open", item_id=item.item_id, part="page"), item.title
    )


def _stock(item: CatalogueItem) -> Markup:
    if item.stock is None:
        return Markup("")
    if item.stock <= 0:
        return Markup('<span class="stock stock-none">Out of stock</span>')
    if item.stock <= LOW_STOCK:
        return Markup('<span class="stock stock-few">Only {} left</span>').format(item.stock)
    return Markup('<span class="stock">In stock</span>')


def _rating(item: CatalogueItem) -> Markup:
    if item.rating is None:
        return Markup("")
    return Markup(
        '<p class="rating">{}<span aria-hidden="true">{:.1f} <small>({:,})</small></span>'
        '<span class="for-screen-readers">Rated {:.1f} of 5 by {:,} shoppers</span></p>'
    ).format(icon("star"), item.rating, item.rating_count, item.rating, item.rating_count)


def _why(item: CatalogueItem, need: Need, constraints: Constraints) -> Markup:
    """What the reply says for the item, from its record, but for what the card shows anyway."""
    facts = [fact for fact in facts_for(item, need, constraints) if fact.field != "rating"]
    priced = constraints.price_max is not None
    reasons = [fact.words for fact in facts if fact.field != "price" or priced][:REASONS]
    if not reasons:
        return Markup("")
    lines = joined(Markup("<li>{}{}</li>").format(icon("tick"), reason) for reason in reasons)
    return Markup('<ul class="why" aria-label="Why it fits">{}</ul>').format(lines)


def _actions(item: CatalogueItem, verdict: Verdict | None, in_cart: int) -> Markup:
    thumbs = joined(
        Markup(
            '<button type="button" class="thumb" aria-pressed="{}" aria-label="{}" title="{}" {}>{}</button>'
        ).format(
            "true" if verdict is word else "false",
            f"{words}: {item.title}",
            words,
            press_attribute("rate", item_id=item.item_id, verdict=word.value),
            icon(word.value),
        )
        for word, words in ((Verdict.LIKE, "I like it"), (Verdict.DISLIKE, "Not for me"))
    )
    return Markup(
        '<div class="actions">{}<button type="button" class="ask" aria-label="{}" {}>{}<span>Ask</span></button>{}'
        '<label class="tick"><input type="checkbox" value="{}" aria-label="{}"><span>Compare</span></label></div>'
    ).format(
        _choose(item, in_cart),
        f"Ask about {item.title}",
        press_attribute("ask", item_id=item.item_id),
        icon("ask"),
        thumbs,
        item.item_id,
        f"Compare {item.title}",
    )


def _choose(item: CatalogueItem, in_cart: int) -> Markup:
    """The way into the cart, of what can be bought now; to the cart, of what is in it."""
    if not item.available:
        return Markup("")
    if in_cart:
        words = f"In cart ({in_cart:,})"
        button = '<button type="button" class="choose taken" popovertarget="cart-lines" aria-label="{}: {}">{}</button>'
        return Markup(button).format(words, item.title, words)
    return Markup('<button type="button" class="choose" aria-label="{}" {}>Add to cart</button>').format(
        f"Add to cart: {item.title}", press_attribute("choose", item_id=item.item_id)
    )
