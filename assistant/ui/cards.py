"""A card: one pick with all that a shopper decides by, and all that scored it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from markupsafe import Markup

from assistant.dialogue import Need
from assistant.events import Claim, Pick
from assistant.explanation.facts import facts_for
from assistant.store import Verdict
from assistant.ui.html import icon, joined, picture_address, press_attribute, web_address
from retrieval.catalogue import CatalogueItem
from retrieval.query import Constraints

FEW = 5  # pieces in stock from which on a card says how many are left
REASONS = 3  # at most, why an item fits
NEW_FOR = timedelta(days=180)

PARTS = {
    "relevance": "Relevance, by which it is ranked",
    "content": "Fits your words",
    "dense": "by meaning",
    "lexical": "by exact words",
    "behaviour": "Chosen by shoppers",
    "popularity": "by all",
    "neighbours": "by those with a like history",
    "expected": "Expected of it, by its content",
    "trust": "Trust in behaviour, by interactions",
    "novelty": "New in the shop",
    "stock": "Cost of being sold out",
    "diversity": "Cost of likeness to those above",
}
WITHIN = {"dense", "lexical", "popularity", "neighbours"}


def card(
    pick: Pick,
    need: Need,
    constraints: Constraints,
    verdict: Verdict | None,
    claims: Sequence[Claim],
    as_of: date,
) -> Markup:
    """One pick as an `<li>`.

    Args:
        pick: with its rank and scores.
        need, constraints: in force; the card says how the item meets them.
        verdict: the shopper's feedback on it.
        claims: supported claims of the last reply about it.
        as_of: the date that decides what is new.
    """
    item = pick.item
    return Markup(
        '<li class="card" id="item-{rank}"><article aria-labelledby="title-{rank}">'
        '<div class="card-top">{picture}<div class="card-facts">'
        '<p class="brand">{brand}</p><h3 id="title-{rank}">{title}</h3>'
        '<p class="price-line"><span class="price">{price}</span>{stock}</p>{rating}</div></div>'
        "{why}{actions}{details}</article></li>"
    ).format(
        rank=pick.rank,
        picture=_picture(pick, as_of),
        brand=item.brand or "",
        title=_title(item),
        price=str(item.price) if item.price else "Price not stated",
        stock=_stock(item),
        rating=_rating(item),
        why=_why(item, need, constraints),
        actions=_actions(item, verdict),
        details=_details(pick, claims),
    )


def is_new(pick: Pick, as_of: date) -> bool:
    """Whether an item is new here: released lately, and no shopper has interacted with it yet."""
    released = pick.item.released
    return pick.cold_start and released is not None and as_of - released <= NEW_FOR


def _picture(pick: Pick, as_of: date) -> Markup:
    address = picture_address(pick.item.image)
    image = Markup('<img src="{}" alt="" referrerpolicy="no-referrer">').format(address) if address else ""
    badge = Markup('<span class="badge">New</span>') if is_new(pick, as_of) else ""
    return Markup(
        '<div class="picture">{}{}<span class="rank"><span class="for-screen-readers">Number </span>{}</span>{}</div>'
    ).format(icon("picture"), image, pick.rank, badge)


def _title(item: CatalogueItem) -> Markup | str:
    address = web_address(item.url)
    if address is None:
        return item.title
    return Markup('<a href="{}" target="_blank" rel="noopener noreferrer" {}>{}</a>').format(
        address, press_attribute("open", item_id=item.item_id), item.title
    )


def _stock(item: CatalogueItem) -> Markup:
    if item.stock is None:
        return Markup("")
    if item.stock <= 0:
        return Markup('<span class="stock stock-none">Out of stock</span>')
    if item.stock <= FEW:
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


def _actions(item: CatalogueItem, verdict: Verdict | None) -> Markup:
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
        '<div class="actions">{}<button type="button" class="ask" aria-label="{}" {}>{}<span>Ask'
        '<span class="wide"> about it</span></span></button>'
        '<label class="tick"><input type="checkbox" value="{}" aria-label="{}"><span>Compare</span></label></div>'
    ).format(
        thumbs,
        f"Ask about {item.title}",
        press_attribute("ask", item_id=item.item_id),
        icon("ask"),
        item.item_id,
        f"Compare {item.title}",
    )


def _details(pick: Pick, claims: Sequence[Claim]) -> Markup:
    return Markup('<details data-key="{}"><summary>Details and scores</summary>{}{}{}{}</details>').format(
        pick.item.item_id, _description(pick.item), _attributes(pick.item), _checked(claims), _scores(pick)
    )


def _description(item: CatalogueItem) -> Markup:
    return Markup('<p class="description">{}</p>').format(item.description) if item.description else Markup("")


def _attributes(item: CatalogueItem) -> Markup:
    if not item.attributes:
        return Markup("")
    rows = joined(Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(a.name, a.text) for a in item.attributes.values())
    return Markup('<dl class="attributes">{}</dl>').format(rows)


def _checked(claims: Sequence[Claim]) -> Markup:
    """The claims of the reply with the fields that support them."""
    if not claims:
        return Markup("")
    rows = joined(
        Markup("<li>{}{} <span>{}</span></li>").format(
            icon("tick"), claim.text, claim.field.removeprefix("attributes.")
        )
        for claim in claims
    )
    return Markup('<h4>Said of it, checked against its record</h4><ul class="claims">{}</ul>').format(rows)


def _scores(pick: Pick) -> Markup:
    rows = joined(_score_rows(pick))
    count = pick.candidate.interaction_count
    known = f"{count:,} shopper interactions" if count else "No shopper has interacted with it yet: ranked by content."
    moved = pick.candidate.rank_without_history
    if moved is not None and moved != pick.rank:
        known += f" Without your history it would be number {moved}."
    return Markup(
        '<h4>What ranked it</h4><table class="scores"><tbody>{}</tbody></table><p class="note">{}</p>'
    ).format(rows, known)


def _score_rows(pick: Pick) -> Iterator[Markup]:
    scores = pick.candidate.scores
    for part in (*PARTS, *sorted(scores.keys() - PARTS.keys())):
        if part in scores:
            score = round(scores[part], 2) + 0.0  # no minus before a zero
            bar = Markup('<meter min="0" max="1" value="{:.3f}"></meter>').format(score) if 0 <= score <= 1 else ""
            yield Markup('<tr{}><th scope="row">{}</th><td>{}</td><td>{:.2f}</td></tr>').format(
                Markup(' class="within"') if part in WITHIN else "", PARTS.get(part, part), bar, score
            )
