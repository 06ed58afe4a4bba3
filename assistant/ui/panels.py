"""The parts of the page that are not chat: what was asked, what is shown, what can be said next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from markupsafe import Markup

from assistant.comparison import NOT_STATED, ComparisonTable
from assistant.dialogue import Need, Rung
from assistant.store import Verdict
from assistant.ui.cards import card
from assistant.ui.chips import SORTS, Chip, changes, chips
from assistant.ui.examples import questions_about
from assistant.ui.html import icon, joined, press_attribute, wish_button
from assistant.ui.privacy import order, question
from assistant.ui.view import View
from retrieval.catalogue import CatalogueItem

RUNGS = {
    Rung.REPAIR: "The language model needed a second try to read that.",
    Rung.TAGGER: "Read by a small network, not by the language model.",
    Rung.RULES: "Read by rules, not by the language model.",
}


def header(shop_name: str) -> str:
    """The name over the page."""
    return Markup('<div class="shop"><h1 dir="auto">{}</h1><p>Shopping assistant</p></div>').format(shop_name)


def memory(kept: str) -> str:
    """What the browser keeps (see `memory.js`); with nothing to keep it drops what it had."""
    return Markup('<span data-kept="{}"></span>').format(kept)


def constraints(view: View, display: Callable[[str], str]) -> str:
    """What holds for everything that is shown, one removable chip each; empty when nothing was asked.

    What the last utterance changed is marked, and what it took back is still there to be seen, struck out.
    """
    currency = view.constraints.currency
    found = chips(view.need.slots, currency, display)
    changed = changes(view.need.slots, view.before, currency, display)
    topic = view.need.topic
    ranked_by = Markup('<li class="ranked-by" dir="auto">ranked by “{}”</li>').format(topic) if topic else ""
    if not found and not ranked_by and not changed.gone:
        return ""
    kept = joined(_chip(chip, changed.was.get(chip.dropped)) for chip in found)
    gone = joined(
        Markup('<li class="gone"><span class="for-screen-readers">No longer: </span><s dir="auto">{}</s></li>').format(
            label
        )
        for label in changed.gone
    )
    return Markup('<ul class="chips" aria-label="What you asked for">{}{}{}</ul>').format(kept, gone, ranked_by)


def _chip(chip: Chip, was: str | None) -> Markup:
    """A chip; `was`: its label before the last utterance, "" when it is new, None when it has not changed."""
    mark = (
        ""
        if was is None
        else Markup(' <span class="was" dir="auto">{}</span>').format(f"changed, was {was}" if was else "changed")
    )
    return Markup(
        '<li><button type="button" class="chip{}" title="Remove" {}><span class="for-screen-readers">Remove: </span>'
        '<span class="label" dir="auto">{}</span>{}{}</button></li>'
    ).format(
        "" if was is None else " changed",
        press_attribute("remove", dropped=chip.dropped),
        chip.label,
        mark,
        icon("cross"),
    )


def picks(view: View, verdicts: Mapping[str, Verdict], as_of: date) -> str:
    """The cards with their count, the comparison above them when there is one."""
    if not view.picks:
        return _nothing(view)
    in_cart = {line.item.item_id: line.quantity for line in view.cart.lines}
    cards = joined(
        card(
            pick,
            view.need,
            view.constraints,
            verdicts.get(pick.item.item_id),
            as_of,
            personal=view.shopper.sorts,
            in_cart=in_cart.get(pick.item.item_id, 0),
        )
        for pick in view.picks
    )
    return Markup('<p class="count" role="status">{}</p>{}{}<ol class="cards">{}</ol>{}{}').format(
        _count(view),
        order(view.shopper),
        _comparison(view.table),
        cards,
        _others(view),
        _compare_bar() if len(view.picks) > 1 else "",
    )


def _others(view: View) -> Markup:
    """The way to the next items of the same need."""
    if view.matching <= len(view.picks) or view.need == Need():
        return Markup("")
    button = wish_button("None of these? Show others", press_attribute("wish", wish="others"))
    return Markup('<p class="others">{}</p>').format(button)


def _nothing(view: View) -> Markup:
    if not view.transcript:
        return Markup('<div class="nothing">{}<p>What you ask for appears here.</p></div>').format(icon("picture"))
    searched = chips(view.need.slots, view.constraints.currency) or view.need.topic
    words = "Nothing in the shop meets all of that." if searched else "Nothing to show yet."
    return Markup('<div class="nothing">{}<p role="status">{}</p></div>').format(icon("picture"), words)


def _count(view: View) -> str:
    shown, order = len(view.picks), SORTS.get(view.need.slots.sort or "", "best first")
    if view.matching > shown and view.need != Need():
        return f"{shown} of {view.matching:,} that fit, {order}"
    return "1 item" if shown == 1 else f"{shown} items, {order}"


def _compare_bar() -> Markup:
    return Markup(
        '<div class="compare-bar" hidden><button type="button" class="primary" {}>'
        'Compare <span class="ticked">0</span> items</button></div>'
    ).format(press_attribute("compare", item_ids=[]))


def _comparison(table: ComparisonTable | None) -> Markup:
    if table is None:
        return Markup("")
    head = joined(
        Markup('<th scope="col"><span class="clamped">{}</span></th>').format(title) for title in table.header
    )
    rows = joined(
        Markup('<tr{}><th scope="row">{}{}</th>{}</tr>').format(
            Markup(' class="differs"') if row.differs else "",
            row.label,
            Markup('<span class="for-screen-readers"> (differs)</span>') if row.differs else "",
            _cells(row.values),
        )
        for row in table.rows
    )
    return Markup(
        '<section class="comparison" aria-label="Comparison" tabindex="0"><table><caption>Side by side; '
        '<mark>marked rows</mark> differ</caption><thead><tr><th scope="col">'
        '<span class="for-screen-readers">Field</span></th>{}</tr></thead><tbody>{}</tbody></table></section>'
    ).format(head, rows)


def _cells(values: Sequence[str]) -> Markup:
    return joined(
        Markup('<td class="not-stated">{}</td>' if value == NOT_STATED else "<td>{}</td>").format(value)
        for value in values
    )


def replies(view: View, examples: Sequence[str], about: CatalogueItem | None = None) -> str:
    """What can be said with one press: a question's answers, relaxations, suggestions; examples on an empty page.

    Args:
        view: of the page.
        examples: needs to start from.
        about: the item whose page on the shop's site the chat is open on; without a word said, it is asked about.
    """
    looking = (
        Markup('<p class="about"><span>You are looking at</span> <b dir="auto">{}</b></p>').format(about.title)
        if about
        else ""
    )
    if not view.transcript:
        said = questions_about(about) if about else examples
        buttons = joined(_reply(words, None, press_attribute("say", utterance=words), "example") for words in said)
        return Markup('{}<p class="hint">Try one of these</p>{}').format(looking, _replies("Examples", buttons))
    offered = [
        _reply(r.label, r.count, press_attribute("relax", number=n, label=r.label), "relaxation")
        for n, r in enumerate(view.relaxations, start=1)
    ]
    suggested = [
        _reply(s.label, s.count, press_attribute("suggested", number=n, label=s.label), "suggestion")
        for n, s in enumerate(view.suggestions, start=1)
    ]
    asked = next((s.question for s in view.suggestions if s.question), "")
    hint = (
        "The smallest changes that bring results" if offered else f"{asked} Pick one, or just type on." if asked else ""
    )
    buttons = joined([*offered, *suggested])
    return Markup("{}{}{}{}").format(
        question(view),
        looking,
        Markup('<p class="hint" role="status">{}</p>').format(hint) if hint and buttons else "",
        _replies("Suggested replies", buttons) if buttons else "",
    )


def _replies(label: str, buttons: Markup) -> Markup:
    return Markup('<ul class="replies" aria-label="{}">{}</ul>').format(label, buttons)


def _reply(label: str, count: int | None, press: Markup, kind: str) -> Markup:
    items = (
        ""
        if count is None
        else Markup(' <span class="counted">{:,} {}</span>').format(count, "item" if count == 1 else "items")
    )
    return Markup('<li><button type="button" class="reply {}" {}><span dir="auto">{}</span>{}</button></li>').format(
        kind, press, label, items
    )


def status(view: View, understanding: str, trouble: str = "", *, again: bool = False) -> str:
    """What has to be known about the answer: what was done, that a lower rung read the words, or what went wrong.

    Args:
        view: of the page.
        understanding: which rung is in service and why (`Understanding.status`).
        trouble: why nothing was answered, in plain words.
        again: whether what was said can be said again.
    """
    lines = []
    button = wish_button("Try again", press_attribute("again"))
    if trouble:
        words = Markup('<p class="trouble" role="alert"><span>{}</span>{}</p>')
        lines.append(words.format(trouble, button if again else ""))
    elif view.again is not None:
        lines.append(
            Markup('<p class="note" role="status"><span>That answer is not complete.</span>{}</p>').format(button)
        )
    if view.note:
        lines.append(Markup('<p class="note" role="status">{}<span>{}</span></p>').format(icon("tick"), view.note))
    if view.rung is not None and view.rung in RUNGS:
        rung, _, reason = understanding.partition(": ")
        why = reason if rung == view.rung.value else "the language model gave no usable answer this time"
        line = Markup('<p class="rung" title="{}">{}<span>{}</span></p>')
        lines.append(line.format(f"{why}.", icon("info"), RUNGS[view.rung]))
    return joined(lines)
