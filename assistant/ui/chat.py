"""The chat page: the conversation, the cards beside it, and what each press does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from pydantic import ValidationError

from assistant.dialogue import DialogueAct
from assistant.store import Verdict
from assistant.ui import panels
from assistant.ui.answering import Answering, Trouble
from assistant.ui.examples import examples
from assistant.ui.presses import Open, Rate, StalePress, parse, spoken
from assistant.ui.theme import THEME
from assistant.ui.view import View
from retrieval.interactions import InteractionKind

if TYPE_CHECKING:
    from fastapi import FastAPI

    from assistant.service import Service

HERE = Path(__file__).parent
SCRIPT = (HERE / "page.js").read_text(encoding="utf-8")
WELCOME = (
    "## What can I find for you?\n\nSay it in your own words: what it is for, what it may cost, what it must not be."
)
TURNS = 8  # turns of different conversations at a time; the others queue

Redraw = dict[Any, Any]


def mount_chat(app: FastAPI, service: Service, path: str = "/") -> None:
    """Put the chat page on a path of the service; routes that are there already win."""
    page = ChatPage(service)
    gr.mount_gradio_app(
        app,
        page.blocks,
        path=path,
        theme=THEME,
        css_paths=HERE / "style.css",
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        mcp_server=False,
        max_file_size="1kb",
    )


class ChatPage:
    """The page of one service. What a shopper sees lies in her own `gr.State`, never in here."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._answering = Answering(service.conversations)
        self._examples = examples(service.shop.catalogue)
        self._newest: tuple[int, date] | None = None
        self.blocks = self._build()

    def _build(self) -> gr.Blocks:
        with gr.Blocks(title=self._service.settings.shop_name, analytics_enabled=False, fill_width=True) as blocks:
            self.view = gr.State(View())
            with gr.Row(elem_id="top"):
                gr.HTML(panels.header(self._service.settings.shop_name), elem_id="name", apply_default_css=False)
                self.again = gr.Button("Start over", elem_id="start-over", size="sm")
            with gr.Row(elem_id="page"):
                self.chat = _conversation()
                self.constraints = _panel("constraints")
                self.picks = _panel("picks", panels.picks(View(), {}, self._as_of()))
                self.status = _panel("status")
                self.replies = _panel("replies", panels.replies(View(), self._examples))
                self.box = _box()
            self._connect()
        return blocks

    def _connect(self) -> None:
        """What happens on which event. Turns queue, all else is done at once; none of it is a public endpoint."""
        drawn = [self.view, self.chat, self.constraints, self.picks, self.status, self.replies, self.box]
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        queued = {**quiet, "outputs": drawn, "concurrency_id": "turns", "concurrency_limit": TURNS}
        at_once = {**quiet, "queue": False}
        turns = [self.box.submit(self.say, [self.view, self.box], **queued)]
        for panel in (self.constraints, self.picks, self.replies):
            turns.append(panel.press(self.press, self.view, trigger_mode="multiple", **queued))
        for turn in turns:
            turn.failure(self.broken, self.view, [self.chat, self.status, self.box], **at_once)
        self.box.stop(self._answering.stop, self.view, **at_once)
        self.again.click(self.start_over, self.view, drawn, cancels=turns, **at_once)

    def say(self, view: View, utterance: str) -> Iterator[Redraw]:
        """The shopper typed something."""
        yield from self._answer(view, utterance, None)

    def press(self, view: View, event: gr.EventData) -> Iterator[Redraw]:
        """The shopper pressed something in a panel; what the client says of it is checked."""
        try:
            press = parse(event._data)
            if isinstance(press, Rate):
                yield self._rate(view, press)
            elif isinstance(press, Open):
                self._open(view, press)
            else:
                yield from self._answer(view, *spoken(press, view))
        except StalePress as error:
            yield self._trouble(view, str(error))
        except ValidationError:
            yield self._trouble(view, "That press could not be read. Please type what you need.")

    def start_over(self, view: View) -> Redraw:
        """An empty page; the conversation so far ends."""
        self._answering.stop(view)
        return {self.view: View(), **self._drawing(View()), self.box: _writable("")}

    def broken(self, view: View) -> Redraw:
        """A turn failed in a way that nobody foresaw: the page says so and can be used again."""
        trouble = self._trouble(view, "Something went wrong on our side. Please try again.")
        return {self.chat: _messages(view, under_way=False), self.box: _writable(), **trouble}

    def _answer(self, view: View, utterance: str, act: DialogueAct | None) -> Iterator[Redraw]:
        drawn: Redraw = {}
        try:
            for after in self._answering.answer(view, utterance, act):
                drawing = self._drawing(after, under_way=True)
                changed = {part: value for part, value in drawing.items() if drawn.get(part) != value}
                if not drawn:
                    changed[self.box] = gr.update(value="", submit_btn=False, stop_btn="Stop")
                drawn = drawing
                yield {self.view: after, **changed}
            stopped_early = drawn[self.chat] != (messages := _messages(after, under_way=False))
            yield {self.box: _writable(), **({self.chat: messages} if stopped_early else {})}
        except Trouble as error:
            trouble = self._trouble(view, str(error))
            if drawn:  # the page goes back to what it was, and what was typed to where it was
                back = {self.view: view, **self._drawing(view), self.box: _writable("" if act else utterance)}
                trouble = {**back, **trouble}
            yield trouble

    def _trouble(self, view: View, words: str) -> Redraw:
        return {self.status: panels.status(view, self._service.assistant.understanding.status, words)}

    def _drawing(self, view: View, *, under_way: bool = False) -> Redraw:
        """Every part of the page."""
        return {
            self.chat: _messages(view, under_way=under_way),
            self.constraints: panels.constraints(view, self._display),
            self.picks: self._picks(view),
            self.status: panels.status(view, self._service.assistant.understanding.status),
            self.replies: panels.replies(view, self._examples),
        }

    def _picks(self, view: View) -> str:
        verdicts = {} if view.conversation_id is None else self._service.store.feedback(view.conversation_id)
        return panels.picks(view, verdicts, self._as_of())

    def _as_of(self) -> date:
        """The date that decides what is new: today, or that of the newest release in a shop not renewed since."""
        catalogue, today = self._service.shop.catalogue, datetime.now(UTC).date()
        if self._newest is None or self._newest[0] != catalogue.version:
            newest = max((item.released for item in catalogue if item.released is not None), default=today)
            self._newest = (catalogue.version, newest)
        return min(today, self._newest[1])

    def _display(self, label: str) -> str:
        return self._service.shop.vocabulary.display(label)

    def _rate(self, view: View, press: Rate) -> Redraw:
        """Keep the verdict, or take it back when it was pressed already."""
        if view.conversation_id is None or press.item_id not in view.item_ids:
            raise StalePress("That item is no longer shown.")
        verdict = Verdict(press.verdict)
        before = self._service.store.feedback(view.conversation_id).get(press.item_id)
        self._service.conversations.rate(view.conversation_id, press.item_id, None if before is verdict else verdict)
        return {self.picks: self._picks(view)}

    def _open(self, view: View, press: Open) -> None:
        if view.conversation_id is not None and press.item_id in view.item_ids:
            self._service.conversations.observe(view.conversation_id, press.item_id, InteractionKind.CLICK)


def _panel(name: str, value: str = "") -> gr.HTML:
    """A part of the page that is drawn here and sends presses (see `page.js`)."""
    return gr.HTML(value, elem_id=name, js_on_load=SCRIPT, apply_default_css=False)


def _conversation() -> gr.Chatbot:
    return gr.Chatbot(
        elem_id="chat",
        label="Conversation",
        show_label=False,
        container=False,
        height="100%",
        buttons=[],
        layout="bubble",
        allow_tags=False,
        latex_delimiters=[],
        feedback_options=None,
        placeholder=WELCOME,
        group_consecutive_messages=False,
    )


def _box() -> gr.Textbox:
    return gr.Textbox(
        elem_id="box",
        label="What are you looking for?",
        show_label=False,
        container=False,
        placeholder="What are you looking for?",
        autofocus=True,
        max_lines=5,
        submit_btn="Send",
        stop_btn=False,
        html_attributes=gr.InputHTMLAttributes(enterkeyhint="send", autocomplete="off"),
    )


def _writable(value: str | None = None) -> Any:
    """The box, ready for the next utterance; with a value, that value in it."""
    ready: dict[str, Any] = {"submit_btn": "Send", "stop_btn": False}
    return gr.update(**ready) if value is None else gr.update(value=value, **ready)


def _messages(view: View, *, under_way: bool) -> list[dict[str, str]]:
    """The transcript; while an answer is under way, dots stand where its first word will be."""
    said = [_message(m.by_shopper, m.text) for m in view.transcript if m.text]
    waiting = under_way and not view.transcript[-1].text
    return [*said, {"role": "assistant", "content": "…"}] if waiting else said


def _message(by_shopper: bool, text: str) -> dict[str, str]:
    """A line of the transcript as the chatbot's Markdown.

    A shopper's own words are literal. Of a reply only bold names, lists and paragraphs are Markdown: no HTML, no link
    and no picture, whatever a model or a record has put into it.
    """
    if by_shopper:
        return {"role": "user", "content": re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~&])", r"\\\1", text)}
    return {"role": "assistant", "content": re.sub(r"([\\`_\[\]<>#!|~&])", r"\\\1", text)}
