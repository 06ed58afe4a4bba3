"""Simulated shoppers with hidden goals talk to the assistant; what they get is held against what they said.

    python -m benchmarks.simulated_shoppers [--goals 500] [--seeds 4] [--model] [--data-folder var] [--keep FILE]

A goal is a set of wishes drawn from real items, or one that no item meets (a quarter), where only a "no" that the
records bear out counts, with the smallest changes offered or with plain words that the thing is not sold. A shopper
tells her wishes over several turns in her persona's phrases, repeats what is not heeded, chooses when a card meets all
of them, and gives up after ten turns. Each goal is talked through once for each seed: other phrases, other slips.

pass^k is tau-bench's (Yao et al. 2024, arXiv 2406.12045): the chance that k talks drawn of a goal's all succeed, mean
over goals. Intervals are 95 % bootstrap ones over goals. Cards are judged by the records alone, sentences by the claim
checker. `--model` has the language model write the reasons; without it they are said from the records. `--keep` holds
what is done, so that a run can be broken off and taken up again, and the transcripts of what went wrong.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from math import comb
from pathlib import Path
from typing import Any

import numpy as np

from assistant.conversation import run
from assistant.demo import prepare_demo
from assistant.events import Turn
from assistant.service import Service, open_service
from assistant.settings import PACKAGED, load_settings
from benchmarks.shopper_phrases import Persona, Speaker
from benchmarks.shopping_goals import Goal, GoalKind, Wish, WishKind, draw_goals, with_refusals
from benchmarks.truth_of_replies import Faults, faults_of

MOST_TURNS = 10
PATIENCE = 2  # times that one wish is repeated
RESAMPLES = 2_000
NOT_SOLD = "None of these is what you asked for"
NO = "Nothing in the shop is"
NO_DEPARTMENT = "department here"
HONEST = (NOT_SOLD, "has that name.", "have that name.")  # the reply itself says that cards are not the thing
UNFILTERED = ("could not filter", "could not leave such items out")


@dataclass(slots=True)
class Talk:
    """What came of one conversation.

    Attributes:
        unheeded: cards shown that break a wish she had told, without a word about it.
        told: such cards where the reply says that it could not filter by the wish, or that the card is another thing.
        wrong_noes: "nothing fits" where something does.
    """

    goal: int
    kind: GoalKind
    persona: Persona
    seed: int
    success: bool = False
    ended: str = "gave up"
    turns: int = 0
    cards: int = 0
    unheeded: int = 0
    told: int = 0
    wrong_noes: int = 0
    faults: Faults = field(default_factory=Faults)
    transcript: list[str] = field(default_factory=list)


class Shopper:
    """One shopper in one conversation."""

    def __init__(self, service: Service, goal: Goal, persona: Persona, seed: int) -> None:
        chance = random.Random(f"{goal.number}:{seed}")
        self._items = list(service.shop.catalogue)
        self._goal = with_refusals(goal, self._items, chance) if persona is Persona.NEGATES else goal
        self._conversations, self._shop = service.conversations, service.shop
        self._id = service.conversations.start()
        self._speaker, self._chance = Speaker(persona, chance), chance
        self._told: list[Wish] = []
        self._waiting = list(self._goal.wishes)
        self._repeated: Counter[Wish] = Counter()
        self._changes = persona is Persona.CHANGES and self._goal.instead != self._goal.wishes[-1]
        self.talk = Talk(goal.number, goal.kind, persona, seed)

    def shop(self) -> Talk:
        """Talk until the goal is met, or shown to be out of reach, or patience ends."""
        turn = self._say(self._open())
        while self.talk.turns < MOST_TURNS:
            if self._is_no(turn):
                if self._hears_no(turn):
                    break
            elif not self._waiting and not self._changes and self._chooses(turn):
                break
            words = self._next(turn)
            if words is None:
                break
            turn = self._say(words)
        return self.talk

    def _open(self) -> str:
        first = {Persona.PASTES: len(self._waiting), Persona.CHATTY: 2}.get(self._speaker.persona, 1)
        wishes = [self._take_wish() for _ in range(min(first, len(self._waiting)))]
        return self._speaker.opens(wishes)

    def _take_wish(self) -> Wish:
        """The next wish, as she has it now: who changes her mind has another one at first."""
        wish = self._waiting.pop(0)
        said = self._goal.instead if self._changes and not self._waiting else wish
        self._told.append(said)
        return said

    def _next(self, turn: Turn) -> str | None:
        """What she says next; None: nothing is left to say."""
        if self._waiting:
            wish = self._take_wish()
            return self._speaker.adds(wish, self._goal.instead if wish == self._goal.wishes[-1] else wish)
        if self._changes:
            self._changes = False
            self._told[-1] = self._goal.wishes[-1]
            return self._speaker.changes(self._told[-1])
        broken = [wish for wish in self._told if not all(wish.met_by(pick.item) for pick in turn.picks)]
        wish = next((w for w in broken or self._told if self._repeated[w] < PATIENCE), None)
        if wish is None:
            return None
        self._repeated[wish] += 1
        return self._speaker.repeats(wish)

    def _say(self, words: str) -> Turn:
        turn = run(self._conversations.say(self._id, words))
        talk = self.talk
        talk.turns += 1
        talk.transcript += [f"> {words}", turn.reply.strip()]
        talk.faults += faults_of(turn, self._shop)
        if turn.searched:
            talk.cards += len(turn.picks)
            self._judge(turn)
        return turn

    def _judge(self, turn: Turn) -> None:
        """Count the cards that break a wish she has told."""
        for pick in turn.picks:
            broken = [wish for wish in self._told if not wish.met_by(pick.item)]
            admitted = [wish for wish in broken if _is_admitted(wish, turn.reply)]
            self.talk.told += bool(broken) and admitted == broken
            self.talk.unheeded += admitted != broken
            if admitted != broken:
                self.talk.transcript.append(f"! {pick.item.title} ({pick.item.price}): {set(broken) - set(admitted)}")

    @staticmethod
    def _is_no(turn: Turn) -> bool:
        return turn.searched and (NOT_SOLD in turn.reply or (not turn.picks and NO in turn.reply))

    def _hears_no(self, turn: Turn) -> bool:
        """Whether a no ends the talk: one that the records bear out, when she has nothing to change any more."""
        if any(all(wish.met_by(item) for wish in self._told) for item in self._items):
            self.talk.wrong_noes += 1
            self.talk.transcript.append("! something fits")
            return False
        if self._goal.meetable:  # she had something else in mind at first
            return False
        fitting = any(words in turn.reply for words in ("fit best", "fits best", " shown:"))
        not_sold = self._goal.kind is GoalKind.NOT_SOLD
        honest = NO_DEPARTMENT in turn.reply if not_sold else bool(turn.relaxations)
        self.talk.success, self.talk.ended = honest and not fitting, "no"
        return True

    def _chooses(self, turn: Turn) -> bool:
        """Whether a card meets all wishes; it is put into the cart then."""
        meeting = [p for p in turn.picks if p.item.available and all(w.met_by(p.item) for w in self._goal.wishes)]
        if not meeting:
            return False
        pick = meeting[0]
        turn = self._say(self._speaker.takes(pick.rank))
        asked = turn.state.cart_talk
        while asked is not None and asked.asking and asked.attribute in pick.item.attributes and self.talk.turns < 12:
            turn = self._say(pick.item.attributes[asked.attribute].text)
            asked = turn.state.cart_talk
        self.talk.success = pick.item.item_id in {line.item.item_id for line in turn.cart.lines}
        self.talk.ended = "chose" if self.talk.success else "could not choose"
        return True


def _is_admitted(wish: Wish, reply: str) -> bool:
    """Whether the reply says that its cards do not meet a wish."""
    if wish.kind is WishKind.THING:
        return any(words in reply for words in HONEST)
    named = wish.name if wish.value == "yes" else wish.value
    return any(words in reply for words in UNFILTERED) and named in reply.casefold()


# figures


def interval(by_goal: Sequence[Sequence[float]], measure: Callable[[Sequence[float]], float | None]) -> dict[str, Any]:
    """The mean over goals of a measure of each goal's talks, with its bootstrap interval."""
    values = np.array([value for talks in by_goal if (value := measure(talks)) is not None])
    if not len(values):
        return {"value": None}
    drawn = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), (0.025, 0.975))
    return {"value": round(float(values.mean()), 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def pass_hat(k: int) -> Callable[[Sequence[float]], float | None]:
    """tau-bench's estimate for a goal of n talks, c of them successes: C(c, k) / C(n, k); None with fewer than k."""
    return lambda talks: comb(int(sum(talks)), k) / comb(len(talks), k) if len(talks) >= k else None


def summary(talks: Sequence[Talk]) -> dict[str, Any]:
    """Success, turns and what may not happen, of some talks."""
    goals: dict[int, list[float]] = {}
    for talk in talks:
        goals.setdefault(talk.goal, []).append(float(talk.success))
    by_goal = list(goals.values())
    return {
        "talks": len(talks),
        "pass^1": interval(by_goal, pass_hat(1)),
        "pass^4": interval(by_goal, pass_hat(4)),
        "turns_mean": round(float(np.mean([talk.turns for talk in talks])), 2),
        "cards": sum(talk.cards for talk in talks),
        "cards_against_a_wish": sum(talk.unheeded for talk in talks),
        "cards_against_a_wish_and_said_so": sum(talk.told for talk in talks),
        "wrong_noes": sum(talk.wrong_noes for talk in talks),
        **{name: sum(getattr(talk.faults, name) for talk in talks) for name in Faults.__slots__},
    }


def figures(talks: Sequence[Talk], about: dict[str, Any]) -> dict[str, Any]:
    """All figures: in all, by persona, by kind of goal."""
    table = [{"": "all", **summary(talks)}]
    for persona in Persona:
        chosen = [talk for talk in talks if talk.persona is persona]
        table += [{"": str(persona), **summary(chosen)}] if chosen else []
    for kind in GoalKind:
        chosen = [talk for talk in talks if talk.kind is kind]
        table += [{"": str(kind), **summary(chosen)}] if chosen else []
    ended = Counter(talk.ended for talk in talks)
    return {**about, "ended": dict(ended), "rows": table}


def converse(service: Service, goals: int, seeds: Iterable[int], keep: Path | None = None) -> list[Talk]:
    """All talks, goal by goal; those that are kept already are not held again."""
    items = sorted(service.shop.catalogue, key=lambda item: item.item_id)
    personas, done = list(Persona), _kept(keep)
    talks = []
    for goal in draw_goals(items, goals):
        for seed in seeds:
            talk = done.get((goal.number, seed))
            if talk is None:
                talk = Shopper(service, goal, personas[goal.number % len(personas)], seed).shop()
                if keep is not None:
                    with keep.open("a", encoding="utf-8") as file:
                        file.write(json.dumps({"wishes": [asdict(w) for w in goal.wishes], **asdict(talk)}) + "\n")
            talks.append(talk)
    return talks


def _kept(file: Path | None) -> dict[tuple[int, int], Talk]:
    found = {}
    if file is not None and file.is_file():
        for line in file.read_text("utf-8").splitlines():
            held = json.loads(line)
            del held["wishes"]
            held |= {"kind": GoalKind(held["kind"]), "persona": Persona(held["persona"])}
            found[held["goal"], held["seed"]] = Talk(**{**held, "faults": Faults(**held["faults"])})
    return found


def main() -> None:
    """Hold the talks and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--goals", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--model", action="store_true")
    parser.add_argument("--data-folder", type=Path, default=Path("var"))
    parser.add_argument("--keep", type=Path)
    chosen = parser.parse_args()
    model = PACKAGED if chosen.model else "none"
    settings = load_settings(data_folder=chosen.data_folder, language_model=model)
    prepare_demo(settings)
    service = open_service(settings)
    try:
        talks = converse(service, chosen.goals, range(chosen.seeds), chosen.keep)
        about = {"understanding": service.assistant.understanding.status, "replies": service.assistant.explainer.status}
    finally:
        service.close()
    print(json.dumps(figures(talks, {"goals": chosen.goals, "seeds": chosen.seeds, **about}), indent=1))


if __name__ == "__main__":
    main()
