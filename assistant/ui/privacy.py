"""The settings of a shopper's history: what it is used for, off until she allows it, and how to see and delete it."""

from __future__ import annotations

from markupsafe import Markup

from assistant.ui.html import icon, joined, press_attribute, wish_button
from assistant.ui.view import Shopper, View

WISH = "Use what I look at here to sort items for me"
EXPLAINED = (
    "That is what you open, like and put into the cart here. It stays in this shop, only sorts what you are shown, and"
    " is deleted when you say “forget me”."
)
QUESTION = f"{WISH}? {EXPLAINED}"


def settings(shopper: Shopper) -> str:
    """The button in the header and the panel that it opens."""
    switch = Markup(
        '<button type="button" class="switch" role="switch" aria-checked="{}" {}><span class="track"></span>'
        "<span>{}</span></button>"
    ).format("true" if shopper.consented else "false", press_attribute("consent", granted=not shopper.consented), WISH)
    held = (
        Markup("<p>{} of your visits, likes and carts {} kept.</p>").format(
            f"{shopper.history:,}", "is" if shopper.history == 1 else "are"
        )
        if shopper.consented and shopper.history
        else ""
    )
    offered = [("What do you know about me?", "show_data")]
    if shopper.consented:
        leave_out = ("Ignore my history", "ignore_history")
        offered.append(("Use my history again", "use_history") if shopper.ignoring else leave_out)
    buttons = joined(_wish(words, wish) for words, wish in offered)
    opener = Markup('<button type="button" class="quiet" popovertarget="privacy-settings">{}{}</button>').format(
        icon("person"), Markup('<span class="word">Privacy</span>')
    )
    panel = '<div popover id="privacy-settings" role="dialog" aria-label="Privacy"><h2>Your privacy</h2>{}{}{}{}</div>'
    forget = _wish("Forget me", "forget", "danger")
    wishes = Markup('<div class="wishes">{}{}</div>').format(buttons, forget)
    return opener + Markup(panel).format(switch, Markup("<p>{}</p>").format(EXPLAINED), held, wishes)


def question(view: View) -> Markup:
    """What is asked above the box: for her consent, or whether she really wants to be forgotten; "" when nothing is."""
    if view.confirming:
        words = "Once deleted, it cannot be brought back."
        buttons = (_wish("Yes, forget me", "forget_confirmed", "danger"), _wish("No, keep it", "keep"))
    elif view.asks_consent:
        words = QUESTION
        buttons = (_consent("Yes, use it", True), _consent("No, thanks", False))
    else:
        return Markup("")
    return Markup(
        '<div class="question" role="group" aria-label="{}"><p>{}</p><div class="wishes">{}</div></div>'
    ).format("A question about your privacy", words, joined(buttons))


def order(shopper: Shopper) -> Markup:
    """Above the cards: that her history orders them, or that it is left out, and the way to change that."""
    if shopper.sorts:
        words, change = "Sorted with your history", _wish("Ignore my history", "ignore_history", "link")
    elif shopper.consented and shopper.ignoring:
        words, change = "Your history is left out", _wish("Use it again", "use_history", "link")
    else:
        return Markup("")
    return Markup('<p class="order">{}<span>{}</span>{}</p>').format(icon("person"), words, change)


def _wish(words: str, wish: str, kind: str = "") -> Markup:
    return wish_button(words, press_attribute("wish", wish=wish), kind)


def _consent(words: str, granted: bool) -> Markup:
    return wish_button(words, press_attribute("consent", granted=granted))
