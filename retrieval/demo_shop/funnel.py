"""What a simulated shopper does next: view, click, cart, purchase or review.

The kind of the next interaction depends only on what the log shows (`FunnelState`), never on the shopper's hidden
tastes; those decide which item. So the best possible prediction of the kind is known exactly: it is the likeliest of
`kind_probabilities(state)`, and how often it is right is a bound that no model can beat in the long run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from retrieval.interactions import Interaction, InteractionKind

_VIEW, _CLICK, _CART = InteractionKind.VIEW, InteractionKind.CLICK, InteractionKind.CART
_PURCHASE, _REVIEW = InteractionKind.PURCHASE, InteractionKind.REVIEW

_CLICK_WEIGHT = (0.0, 0.10, 0.45, 1.6, 3.6)  # by items seen since the last click
_END_CHANCE = {_VIEW: 0.055, _CLICK: 0.09, _CART: 0.13, _PURCHASE: 0.6, _REVIEW: 0.15}
_REVIEW_CHANCE = 0.45


@dataclass(frozen=True, slots=True)
class FunnelState:
    """What the log of one shopper says so far, as far as it decides what she does next.

    Attributes:
        last: kind of her last interaction in this session; None at the session's start.
        seen: items viewed since the last click of this session.
        opened: items clicked and not yet put in the cart, in this session.
        carted: items in the cart and not yet bought, in this session.
        bought: items bought in this session.
        unreviewed: items bought in earlier sessions and not reviewed.
    """

    last: InteractionKind | None = None
    seen: int = 0
    opened: int = 0
    carted: int = 0
    bought: int = 0
    unreviewed: int = 0

    def after(self, kind: InteractionKind) -> FunnelState:
        """The state after one more interaction of the same session."""
        match kind:
            case InteractionKind.VIEW:
                return replace(self, last=kind, seen=self.seen + 1)
            case InteractionKind.CLICK:
                return replace(self, last=kind, seen=0, opened=self.opened + 1)
            case InteractionKind.CART:
                return replace(self, last=kind, opened=self.opened - 1, carted=self.carted + 1)
            case InteractionKind.PURCHASE:
                return replace(self, last=kind, carted=self.carted - 1, bought=self.bought + 1)
            case InteractionKind.REVIEW:
                return replace(self, last=kind, unreviewed=self.unreviewed - 1)

    def next_session(self) -> FunnelState:
        """The state at the start of the shopper's next session."""
        return FunnelState(unreviewed=self.unreviewed + self.bought)


def kind_probabilities(state: FunnelState) -> Mapping[InteractionKind, float]:
    """True probability of each kind that can come next, given that the session goes on. They sum to 1."""
    if state.last in (None, _REVIEW):
        review = _REVIEW_CHANCE if state.unreviewed else 0.0
        return {_VIEW: 1.0 - review, _REVIEW: review} if review else {_VIEW: 1.0}
    weights = {_VIEW: 0.3 if state.last is _PURCHASE else 1.0}
    if state.seen:
        weights[_CLICK] = _CLICK_WEIGHT[min(state.seen, len(_CLICK_WEIGHT) - 1)]
    if state.opened:
        weights[_CART] = 0.75 if state.last is _CLICK else 0.08
    if state.carted:
        weights[_PURCHASE] = 2.2 if state.last is _CART else 0.2
    total = sum(weights.values())
    return {kind: weight / total for kind, weight in weights.items()}


def end_chance(state: FunnelState) -> float:
    """Probability that the session ends after its last interaction."""
    return 0.0 if state.last is None else _END_CHANCE[state.last]


def states(interactions: Iterable[Interaction]) -> Iterator[FunnelState]:
    """For each interaction of one shopper, in order of time: the state just before it."""
    state, session_id = FunnelState(), None
    for interaction in interactions:
        if session_id not in (None, interaction.session_id):
            state = state.next_session()
        session_id = interaction.session_id
        yield state
        state = state.after(interaction.kind)


def kind_bayes_accuracy(histories: Iterable[Iterable[Interaction]]) -> float:
    """Expected accuracy of the best possible prediction of each next kind, over whole shoppers' histories.

    It is the mean, over the interactions, of the true probability of the likeliest kind, computed from the true
    probabilities and not from what happened. Whether an interaction opens a new session counts as known.

    Raises:
        ValueError: there is no interaction.
    """
    best = [max(kind_probabilities(state).values()) for history in histories for state in states(history)]
    if not best:
        raise ValueError("no interaction to predict")
    return sum(best) / len(best)
