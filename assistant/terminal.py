"""The chat in a terminal: the same turns as the page, as text or as one JSON object per turn."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text as RichText

from assistant.comparison import ComparisonTable
from assistant.conversation import UtteranceError
from assistant.dialogue import Rung
from assistant.events import Cards, Event, Finished, Pick, Text, Turn
from assistant.service import Service
from assistant.turn_json import turn_as_json

_LOWER_RUNGS = {Rung.RULES: "rules", Rung.TAGGER: "a small network"}

ASKED = "--shopper: chat as this shopper, with her history; counts as her consent"  # for the ledger of consents


def converse(
    service: Service, said: Sequence[str] | None, shopper_id: str | None, write_json: Callable[[Any], None] | None
) -> None:
    """Answer what is said, or what is typed until the end of input.

    Args:
        service: the opened service.
        said: utterances to answer; None or empty: ask at a prompt.
        shopper_id: whose history to use; giving one counts as consent.
        write_json: takes one JSON object per turn; None: print for people.
    """
    console = Console(stderr=write_json is not None, highlight=False)
    conversation_id = service.conversations.start(shopper_id)
    if shopper_id is not None:
        service.store.set_consent(shopper_id, True, "terminal", ASKED)
    page: tuple[str, ...] = ()
    for utterance in said or _typed(console):
        try:
            events = service.conversations.say(conversation_id, utterance)
            if write_json is None:
                page = _show(console, events, page)
            else:
                for event in events:
                    if isinstance(event, Finished):
                        write_json(turn_as_json(event.turn))
        except UtteranceError as error:
            if write_json is None:
                console.print(str(error), style="yellow", markup=False)
            else:
                write_json({"utterance": utterance[:200], "error": str(error)})


def _typed(console: Console) -> Iterator[str]:
    if sys.stdin.isatty():
        console.print("Tell me what you need. Leave with Ctrl-D.", style="dim")
    while True:
        try:
            yield console.input("[bold]> [/bold]") if sys.stdin.isatty() else input()
        except (EOFError, KeyboardInterrupt):
            return


def _show(console: Console, events: Iterator[Event], page: tuple[str, ...]) -> tuple[str, ...]:
    """Print a turn as it comes; returns the ids of what is on the page, so that it is not printed again."""
    for event in events:
        if isinstance(event, Cards):
            shown = tuple(pick.item.item_id for pick in event.picks)
            for pick in event.picks if shown != page else ():
                console.print(_line(pick), markup=False)
            page = shown
            if event.table is not None:
                console.print(_comparison(event.table))
            for relaxation in event.relaxations:
                console.print(f"  {relaxation.label}: {relaxation.count} items", markup=False, style="cyan")
        elif isinstance(event, Text):
            console.print(_bold(event.text), end="", soft_wrap=True)  # wrapping would drop a trailing space
        elif isinstance(event, Finished):
            _show_end(console, event.turn)
    return page


def _show_end(console: Console, turn: Turn) -> None:
    console.print()
    if turn.act.rung in _LOWER_RUNGS:
        console.print(f"read by {_LOWER_RUNGS[turn.act.rung]}, not by the language model", style="dim")
    counted = [f"{s.label} ({s.count})" if s.count else s.label for s in turn.suggestions]
    if counted:
        console.print("try: " + " · ".join(counted), style="dim", markup=False)


def _bold(text: str) -> RichText:
    """The reply's **names** in bold."""
    shown = RichText()
    for n, part in enumerate(text.split("**")):
        shown.append(part, style="bold" if n % 2 else "")
    return shown


def _line(pick: Pick) -> str:
    item = pick.item
    facts = [str(item.price) if item.price else "price not stated"]
    if item.rating is not None:
        facts.append(f"{item.rating:.1f}/5 ({item.rating_count})")
    if not item.available:
        facts.append("out of stock")
    if pick.cold_start:
        facts.append("new")
    return f"{pick.rank}. {item.title} · {' · '.join(facts)}"


def _comparison(table: ComparisonTable) -> Table:
    shown = Table("", *table.header)
    for row in table.rows:
        shown.add_row(("≠ " if row.differs else "  ") + row.label, *row.values)
    return shown
