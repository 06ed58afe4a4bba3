"""Why the picks stand in this order, read from the scores that ranked them; nothing is computed or guessed here."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.events import Pick
from assistant.explanation.wording import bold, listing, place_words, sort_words

# what each stored part of the score means, in the order it is said
_CONTENT_PARTS = {"dense": "meaning", "lexical": "words", "quality": "the qualities you named"}
_BEHAVIOUR_PARTS = {
    "popularity": "popularity",
    "neighbours": "bought or viewed with what you looked at",
    "sequence": "what usually comes next after what you looked at",
    "fusion": "all of this joined as earlier choices taught",
}


_WORTH_TELLING = 0.005  # what two decimals show


def order_lead(picks: Sequence[Pick], sort: str | None, with_history: bool) -> str:
    """What the order rests on as a whole."""
    order = sort_words(sort)
    if order is not None:
        return f"You asked for {order}, so that alone sets the order."
    moved = any(p.candidate.rank_without_history not in (None, p.rank) for p in picks)
    if not with_history:
        history = "No history of yours was used."
    elif moved:
        history = "Your history changed the order."
    else:
        history = "Your history did not change the order."
    return (
        f"The order is by relevance: how well the record matches your words, joined with what shoppers did. {history}"
    )


def order_words(pick: Pick, with_history: bool) -> str:
    """One pick's place in words and figures: "stands first with relevance 0.82: match 0.79 (meaning 0.81), ..."."""
    scores, candidate = pick.candidate.scores, pick.candidate
    parts = []
    if "content" in scores:
        parts.append(f"match {scores['content']:.2f}{_bracket(scores, _CONTENT_PARTS)}")
    if candidate.interaction_count == 0:
        parts.append("no purchase data yet, so behaviour could not count for it")
    elif "behaviour" in scores:
        trust = f", trusted to {scores['trust']:.0%}" if "trust" in scores else ""
        seen = f"{candidate.interaction_count:,} interaction{'' if candidate.interaction_count == 1 else 's'}"
        behaviour = _bracket(scores, _BEHAVIOUR_PARTS)
        parts.append(f"behaviour {scores['behaviour']:.2f}{behaviour} from {seen}{trust}")
    words = f"{bold(pick.item)} stands {place_words(pick.rank)} with relevance {candidate.relevance:.2f}"
    words += f": {listing(parts)}" if parts else ""
    likeness = -scores.get("diversity", 0.0)
    if likeness >= _WORTH_TELLING:
        words += f"; {likeness:.2f} is taken off for its likeness to what stands above it"
    sold_out = -scores.get("stock", 0.0)
    if sold_out >= _WORTH_TELLING:
        words += f"; {sold_out:.2f} is taken off because it is sold out"
    if "explored" in scores:
        words += "; as a new item it was drawn into this place, so that shoppers get to know it"
    alone = candidate.rank_without_history
    if with_history and alone is not None and alone != pick.rank:
        words += f"; with an empty history it would stand {place_words(alone)}"
    return f"{words}."


def difference_words(pick: Pick, other: Pick) -> str | None:
    """What puts one pick before the other: the part of the score that differs most, when both have it."""
    mine, theirs = pick.candidate.scores, other.candidate.scores
    shared = [part for part in ("content", "behaviour") if part in mine and part in theirs]
    ahead = {part: mine[part] - theirs[part] for part in shared if mine[part] > theirs[part]}
    if not ahead:
        return None
    part = max(ahead, key=lambda name: ahead[name])
    what = "the match with your words" if part == "content" else "what shoppers did"
    return f"What puts it before {bold(other.item)} is {what}: {mine[part]:.2f} against {theirs[part]:.2f}."


def _bracket(scores: dict[str, float], names: dict[str, str]) -> str:
    said = [f"{words} {scores[part]:.2f}" for part, words in names.items() if part in scores]
    return f" ({', '.join(said)})" if said else ""
