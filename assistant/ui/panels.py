"""The parts of the page that are not chat: what was asked, what is shown, what can be said next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from markupsafe import Markup

from assistant.comparison import NOT_STATED, ComparisonTable
from assistant.dialogue import Rung
from assistant.store import Verdict
from assistant.ui.cards import card
from assistant.ui.chips import chips
from assistant.ui.html import icon, joined, press_attribute
from assistant.ui.view import View


def header(shop_name: str) -> str:
    """The name over the page."""
    return Markup('<div class="shop"><h1>{}</h1><p>Shopping assistant</p></div>').format(shop_name)


def constraints(view: View, display: Callable[[str], str]) -> str:
    """What holds for everything that is shown, one removable chip each; empty when nothing was asked."""
    found = chips(view.need.slots, view.constraints.currency, display)
    ranked_by = Markup('<li class="ranked-by">ranked by “{}”</li>').format(view.need.topic) if view.need.topic else ""
    if not found and not ranked_by:
        return ""
    buttons = joined(
        Markup(
            '<li><button type="button" class="chip" aria-label="Remove: {}" title="Remove" {}>{}{}</button></li>'
        ).format(chip.label, press_attribute("remove", dropped=chip.dropped), chip.label, icon("cross"))
        for chip in found
    )
    return Markup('<ul class="chips" aria-label="What you asked for">{}{}</ul>').format(buttons, ranked_by)


def picks(view: View, verdicts: Mapping[str, Verdict], as_of: date) -> str:
    """The cards with their count, the comparison above them when there is one."""
    if view.conversation_id is None:
        return Markup('<div class="nothing">{}<p>What you ask for appears here.</p></div>').format(icon("picture"))
    if not view.picks:
        return _nothing(view)
    claims = {i: [claim for claim in view.claims if claim.item_id == i] for i in view.item_ids}
    cards = joined(
        card(pick, view.need, view.constraints, verdicts.get(pick.item.item_id), claims[pick.item.item_id], as_of)
        for pick in view.picks
    )
    return Markup('<p class="count" role="status">{}</p>{}<ol class="cards">{}</ol>{}').format(
        _count(view), _comparison(view.table), cards, _compare_bar() if len(view.picks) > 1 else ""
    )


def _nothing(view: View) -> Markup:
    searched = chips(view.need.slots, view.constraints.currency) or view.need.topic
    words = "Nothing in the shop meets all of that." if searched else "Nothing to show yet."
    return Markup('<div class="nothing">{}<p role="status">{}</p></div>').format(icon("picture"), words)


def _count(view: View) -> str:
    shown = len(view.picks)
    if view.matching > shown:
        return f"{shown} of {view.matching:,} that fit, best first"
    return "1 item" if shown == 1 else f"{shown} items, best first"


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


def replies(view: View, examples: Sequence[str]) -> str:
    """What can be said with one press: relaxations first, then suggestions; examples on an empty page."""
    if view.conversation_id is None:
        buttons = joined(
            _reply(example, None, press_attribute("example", utterance=example), "example") for example in examples
        )
        return Markup('<p class="hint" id="replies-hint">Try one of these</p>{}').format(_replies(buttons))
    offered = [
        _reply(r.label, r.count, press_attribute("relax", number=n, label=r.label), "relaxation")
        for n, r in enumerate(view.relaxations, start=1)
    ]
    suggested = [
        _reply(s.label, s.count, press_attribute("suggested", number=n, label=s.label), "suggestion")
        for n, s in enumerate(view.suggestions, start=1)
    ]
    if not offered and not suggested:
        return ""
    hint = Markup('<p class="hint" id="replies-hint">The smallest changes that bring results</p>') if offered else ""
    return Markup("{}{}").format(hint, _replies(joined([*offered, *suggested])))


def _replies(buttons: Markup) -> Markup:
    return Markup('<ul class="replies" aria-label="Suggested replies">{}</ul>').format(buttons)


def _reply(label: str, count: int | None, press: Markup, kind: str) -> Markup:
    items = (
        ""
        if count is None
        else Markup(' <span class="counted">{:,} {}</span>').format(count, "item" if count == 1 else "items")
    )
    return Markup('<li><button type="button" class="reply {}" {}>{}{}</button></li>').format(kind, press, label, items)


def status(view: View, understanding: str, trouble: str = "") -> str:
    """What has to be known about the answer: that a lower rung gave it and why, or what went wrong.

    Args:
        view: of the page.
        understanding: which rung is in service and why (`Understanding.status`).
        trouble: why nothing was answered, in plain words.
    """
    lines = [Markup('<p class="trouble" role="alert">{}</p>').format(trouble)] if trouble else []
    if view.rung is Rung.RULES:
        rung, _, reason = understanding.partition(": ")
        why = reason if rung == "rules" else "the language model gave no usable answer this time"
        words = "Read by rules, not by the language model."
        lines.append(Markup('<p class="rung" title="{}">{}{}</p>').format(f"{why}.", icon("info"), words))
    elif view.rung is Rung.TAGGER:
        why = understanding.partition(": ")[2]
        words = "Read by a small network, not by the language model."
        lines.append(Markup('<p class="rung" title="{}">{}{}</p>').format(f"{why}.", icon("info"), words))
    elif view.rung is Rung.REPAIR:
        words = "The language model needed a second try to read that."
        lines.append(Markup('<p class="rung">{}{}</p>').format(icon("info"), words))
    return joined(lines)
