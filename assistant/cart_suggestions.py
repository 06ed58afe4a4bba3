"""Suggested replies after a turn about the cart: the answers to what was asked, or where to go from here."""

from __future__ import annotations

from assistant.cart import CartEdit, Refusal
from assistant.cart_turn import CartOutcome
from assistant.dialogue import DialogueAct, Intent, Rung, Slots
from assistant.events import Suggestion
from assistant.variants import option_words, value_words

MOST_OPTIONS = 8


def suggest_for_cart(outcome: CartOutcome) -> tuple[Suggestion, ...]:
    """The answers to the question that the reply asks; else to see the cart and to check out."""
    if outcome.choice is not None:
        return _variants(outcome)
    short = next((c for c in outcome.changes if c.refused is Refusal.TOO_FEW and c.item.stock != c.before), None)
    if short is not None:
        act = DialogueAct(Intent.SELECT, Slots(quantity=short.item.stock), rung=Rung.CONTROL)
        return (Suggestion(f"Take {short.item.stock:,}", f"{short.item.stock} of them", act=act),)
    if not outcome.cart.lines or outcome.edit is CartEdit.CHECKOUT:
        return ()
    out = Suggestion("Check out", "Check out")
    return (out,) if outcome.edit is CartEdit.SHOW else (Suggestion("Show my cart", "Show my cart"), out)


def _variants(outcome: CartOutcome) -> tuple[Suggestion, ...]:
    choice = outcome.choice
    assert choice is not None
    found = []
    for (label, _), words in list(zip(choice.options, option_words(choice), strict=True))[:MOST_OPTIONS]:
        act = DialogueAct(Intent.SELECT, Slots(attributes=(label.casefold(),)), rung=Rung.CONTROL)
        question = f"Which {choice.attribute}?"
        found.append(Suggestion(words, value_words(choice.attribute, label), act=act, question=question))
    return tuple(found)
