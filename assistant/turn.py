"""One chat turn, from the shopper's words to the checked answer. Start reading here."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.cart import changed_lines, read_cart
from assistant.cart_suggestions import suggest_for_cart
from assistant.cart_turn import change_cart
from assistant.comparison import compare
from assistant.dialogue import DialogueAct, DialogueState, Edit, Intent, Slots, update
from assistant.events import Cards, Claim, Event, Finished, Outcome, Pick, Text, Turn, Understood, WithoutModel
from assistant.grounding import ShopMoney, accept, key_of, to_query
from assistant.references import Resolved, resolve
from assistant.rules.relative import NOTHING_BEYOND, against_page, is_relative_alone
from assistant.suggestions import suggest
from assistant.trace import ModelCall, Trace, recorded, recording
from assistant.variants import Shelf
from retrieval.candidates import Stage
from retrieval.exploration import Exploration
from retrieval.interactions import EMPTY_SESSION, Session
from retrieval.query import Relaxation

if TYPE_CHECKING:
    from assistant.explanation.explainer import Explainer
    from assistant.understanding import Understanding
    from retrieval.shop import Shop


class Assistant:
    """The models and indexes that answer; holds nothing of any conversation."""

    def __init__(
        self,
        shop: Shop,
        understanding: Understanding,
        explainer: Explainer,
        *,
        money: ShopMoney,
        picks: int = 4,
        exploration: float = 0.0,
    ) -> None:
        self.shop = shop
        self.understanding = understanding
        self.explainer = explainer
        self.money = money
        self.picks = picks
        self.exploration = exploration

    def turn(
        self,
        conversation_id: str,
        state: DialogueState,
        utterance: str,
        *,
        session: Session = EMPTY_SESSION,
        act: DialogueAct | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        asker: str | None = None,
    ) -> Iterator[Event]:
        """One chat turn: `Understood`, `Cards`, any number of `Text`, `Finished`.

        Args:
            conversation_id: for the record.
            state: of the conversation so far.
            utterance: what the shopper wrote, cleaned (see `assistant.conversation.clean`).
            session: her interactions, when she consented.
            act: given when a button was pressed and nothing has to be understood.
            cancelled: asked while the reply is written; True ends it.
            asker: who waits for the language model where others do too; None: the conversation.
        """
        clock, calls = Stopwatch(), list[ModelCall]()
        with clock("understand"), recording("understand", calls):
            page = [pick.item for pick in self.on_page(state)]
            if act is None:
                act = self.understanding.understand(utterance, state, page)
                act = self._within_reach(act, against_page(act, utterance, state, page, self.shop.vocabulary), state)
        if act.accepts is not None and act.accepts <= len(state.offered):
            before = to_query(state.need, self.shop.vocabulary, self.money, self.picks).query.constraints
            changes = accept(state.offered[act.accepts - 1], before, state.need.slots, self.money)
            act = replace(changes, rung=act.rung, confidence=act.confidence)

        drawn = Exploration(self.exploration, f"{conversation_id}:{state.turns}")
        outcome = self._look_up(utterance, act, state, session, drawn, clock)
        cart_changes = changed_lines(state.selected, outcome.after.selected)
        yield Understood(outcome.act, outcome.constraints, outcome.after.need, cart_changes)

        suggestions = suggest_for_cart(outcome.cart) if outcome.cart else suggest(outcome, self.shop)
        cart = outcome.cart.cart if outcome.cart else read_cart(outcome.after.selected, Shelf.of(self.shop))
        clock.mark("cards")
        yield Cards(outcome.picks, outcome.matching, outcome.relaxations, outcome.table, suggestions, cart)

        reply = ""
        claims: list[Claim] = []
        written_by: Counter[str] = Counter()
        without_model: WithoutModel | None = None
        with clock("explain"):
            sentences = self.explainer.reply(outcome, cancelled, asker or conversation_id)
            for sentence in recorded("explain", calls, sentences):
                without_model = without_model or sentence.without_model
                claims.extend(sentence.claims)
                written_by[sentence.origin if sentence.text else "withheld"] += 1
                if sentence.text:
                    clock.mark("first_text")
                    reply += sentence.text
                    yield Text(sentence.text)

        clock.mark("turn")
        yield Finished(
            Turn(
                conversation_id=conversation_id,
                number=outcome.after.turns,
                utterance=utterance,
                act=outcome.act,
                state=outcome.after,
                constraints=outcome.constraints,
                picks=outcome.picks,
                matching=outcome.matching,
                searched=outcome.searched,
                discussed=tuple(pick.item.item_id for pick in outcome.discussed),
                reply=reply,
                claims=tuple(claims),
                relaxations=outcome.relaxations,
                table=outcome.table,
                suggestions=suggestions,
                notices=outcome.notices,
                written_by=written_by,
                without_model=without_model,
                prompts={**self.understanding.prompts, **self.explainer.prompts},
                latency=clock.seconds,
                cart=cart,
                trace=_trace(outcome, calls, without_model),
            )
        )

    def _within_reach(self, act: DialogueAct, beyond: DialogueAct, state: DialogueState) -> DialogueAct:
        """The act with its relative wish as a limit beyond what is shown; without it when nothing lies there.

        "Cheaper" than the cheapest that fits leaves page and need as they are: an empty page would be no answer.
        """
        if beyond == act or not is_relative_alone(beyond):
            return beyond
        after = update(state, beyond, key_of(self.shop.vocabulary), ())
        constraints = to_query(after.need, self.shop.vocabulary, self.money, self.picks).query.constraints
        if len(self.shop.columns.admitted(constraints)):
            return beyond
        return replace(act, slots=Slots(), notes=(*act.notes, NOTHING_BEYOND))

    def _look_up(
        self,
        utterance: str,
        act: DialogueAct,
        state: DialogueState,
        session: Session,
        exploration: Exploration,
        clock: Stopwatch,
    ) -> Outcome:
        """Fold the act into the state, then search, or find what is being talked about."""
        referenced, discussed = self._pointed_at(act, state)
        after = update(state, act, key_of(self.shop.vocabulary), referenced.item_ids)
        grounded = to_query(after.need, self.shop.vocabulary, self.money, self.picks)
        searched = after.need != state.need or after.ignore_history != state.ignore_history or act.intent is Intent.FIND
        searched = searched and act.edit is not Edit.RESTART
        relaxations: tuple[Relaxation, ...] = ()
        corrected: str | None = None
        stages: tuple[Stage, ...] = ()
        if searched:
            with clock("search"):
                known = EMPTY_SESSION if after.ignore_history else session
                if after.ignore_history and session.shopper_id is not None:
                    self.shop.behaviour.drop(session.shopper_id)
                found = self.shop.search(grounded.query, known, exploration)
            relaxations, matching, corrected, stages = found.relaxations, found.matching, found.corrected, found.stages
            after = replace(after, shown=found.candidates, focus=None)
        else:
            matching = len(self.shop.columns.admitted(grounded.query.constraints))
            after = replace(after, focus=discussed[0].item.item_id if discussed else after.focus)
        picks = self.on_page(after)
        gone = act.slots.references if len(discussed) < len(referenced.item_ids) else ()
        cart, unresolved = None, referenced.unresolved or gone
        if act.intent is Intent.SELECT and not gone:
            items = [pick.item for pick in picks]
            after, cart = change_cart(utterance, act, state, after, items, Shelf.of(self.shop))
            unresolved = () if cart else unresolved
        compared = discussed if len(discussed) > 1 else picks
        table = compare([pick.item for pick in compared]) if act.intent is Intent.COMPARE and compared else None
        return Outcome(
            utterance,
            act,
            state,
            replace(after, offered=relaxations),
            grounded.query.constraints,
            picks,
            matching,
            searched,
            relaxations,
            corrected,
            discussed,
            unresolved,
            table,
            grounded.notices if searched else (),
            session,
            cart,
            stages,
            self.shop.left_out(grounded.query.constraints),
        )

    def _pointed_at(self, act: DialogueAct, state: DialogueState) -> tuple[Resolved, tuple[Pick, ...]]:
        """What the references mean of all that was shown, and those picks of it that shoppers may still see."""
        shown = [self.shop.item(c.item_id) or self.shop.catalogue.get(c.item_id) for c in state.shown]
        referenced = resolve(act.slots.references, [item for item in shown if item is not None], state.focus)
        picks = {pick.item.item_id: pick for pick in self.on_page(state)}
        return referenced, tuple(picks[item_id] for item_id in referenced.item_ids if item_id in picks)

    def on_page(self, state: DialogueState) -> tuple[Pick, ...]:
        """What is on the page, as shoppers may see it today: what left the shop or is blocked is not shown again."""
        found = ((self.shop.item(c.item_id), c) for c in state.shown)
        return tuple(Pick(rank, item, c) for rank, (item, c) in enumerate(found, start=1) if item is not None)


def _trace(outcome: Outcome, calls: Sequence[ModelCall], without_model: WithoutModel | None) -> Trace:
    shown = Stage.of_candidates("shown", [pick.candidate for pick in outcome.picks])
    stages = (*outcome.stages, shown) if outcome.searched else ()
    return Trace(stages, tuple(calls), outcome.blocked, None if without_model is None else without_model.value)


class Stopwatch:
    """Seconds by stage of one turn."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = time.perf_counter() - start

    def mark(self, moment: str) -> None:
        """Note the seconds since the start, the first time this moment comes."""
        self.seconds.setdefault(moment, time.perf_counter() - self._start)
