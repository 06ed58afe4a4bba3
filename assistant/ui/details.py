"""What a card opens: the item's record field by field, which is what citations lead to, and what scored it."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from assistant.comparison import rating_words, stock_words
from assistant.events import Pick
from assistant.ui.html import joined, press_attribute
from retrieval.catalogue import CatalogueItem

PARTS = {
    "relevance": "Relevance, by which it is ranked",
    "content": "Fits your words",
    "dense": "by meaning",
    "lexical": "by exact words",
    "behaviour": "Chosen by shoppers",
    "popularity": "by all",
    "neighbours": "by those with a like history",
    "sequence": "by what comes next after your last steps",
    "fusion": "by all counts and texts joined, as learnt from earlier choices",
    "p_click": "chance of a click, once you turn to it",
    "p_purchase": "chance of a purchase, once you turn to it",
    "p_review": "chance of a review, once you turn to it",
    "expected": "Expected of it, by its content",
    "trust": "Trust in behaviour, by interactions",
    "novelty": "New in the shop",
    "stock": "Cost of being sold out",
    "diversity": "Cost of likeness to those above",
    "explored": "Drawn into this place as a new item, with this chance",
    "by_content": "Of what could have been drawn into this place: 1 for what is nearest to the words",
}
WITHIN = {"dense", "lexical", "popularity", "neighbours", "sequence", "fusion", "p_click", "p_purchase", "p_review"}


def details(pick: Pick) -> Markup:
    """The record and the scores of a pick, closed until they are asked for."""
    item_id = pick.item.item_id
    return Markup(
        '<details data-key="{0}"><summary {1}>Details</summary>{2}{3}'
        '<details data-key="why {0}"><summary>Why it stands here</summary>{4}</details></details>'
    ).format(
        item_id,
        press_attribute("open", item_id=item_id, part="details"),
        _description(pick.item),
        _record(pick),
        _scores(pick),
    )


def _description(item: CatalogueItem) -> Markup:
    if not item.description:
        return Markup("")
    return Markup('<p class="description" dir="auto" tabindex="-1" data-field="description">{}</p>').format(
        item.description
    )


def _record(pick: Pick) -> Markup:
    """The record field by field: what citations open."""
    rows = joined(
        Markup('<div tabindex="-1" data-field="{}"><dt dir="auto">{}</dt><dd dir="auto">{}</dd></div>').format(*row)
        for row in _fields(pick)
    )
    return Markup('<dl class="record">{}</dl>').format(rows)


def _fields(pick: Pick) -> Iterator[tuple[str, str, str]]:
    """Field, label and value of everything that the record states, with how many interactions the item has had."""
    item, count = pick.item, pick.candidate.interaction_count
    yield "title", "name", item.title
    if item.price:
        yield "price", "price", str(item.price)
    if item.brand:
        yield "brand", "brand", item.brand
    if item.category:
        yield "category", "department", " › ".join(item.category)
    if (rating := rating_words(item)) is not None:
        yield "rating", "rating", rating
    if (stock := stock_words(item)) is not None:
        yield "stock", "stock", stock
    if item.released is not None:
        yield "released", "released", f"{item.released.day} {item.released:%B %Y}"
    for attribute in item.attributes.values():
        yield f"attributes.{attribute.name}", attribute.name, attribute.text
    yield "interactions", "shoppers so far", f"{count:,} views, clicks and purchases" if count else "none yet"


def _scores(pick: Pick) -> Markup:
    rows = joined(_score_rows(pick))
    count = pick.candidate.interaction_count
    known = f"{count:,} shopper interactions" if count else "No shopper has interacted with it yet: ranked by content."
    return Markup('<table class="scores"><tbody>{}</tbody></table><p class="note">{}</p>').format(rows, known)


def _score_rows(pick: Pick) -> Iterator[Markup]:
    scores = pick.candidate.scores
    for part in (*PARTS, *sorted(scores.keys() - PARTS.keys())):
        if part in scores:
            score = round(scores[part], 2) + 0.0  # no minus before a zero
            bar = Markup('<meter min="0" max="1" value="{:.3f}"></meter>').format(score) if 0 <= score <= 1 else ""
            yield Markup('<tr{}><th scope="row">{}</th><td>{}</td><td>{:.2f}</td></tr>').format(
                Markup(' class="within"') if part in WITHIN else "", PARTS.get(part, part), bar, score
            )
