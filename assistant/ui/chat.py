"""The chat page: the conversation, the cards beside it, and what each press does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from pydantic import ValidationError

from assistant.cart import EMPTY_CART, CartRefusal, checkout_address
from assistant.store import Verdict
from assistant.ui import panels, privacy
from assistant.ui.answering import Answering, Trouble
from assistant.ui.cart_panel import drawer
from assistant.ui.closed import Closed
from assistant.ui.examples import examples
from assistant.ui.presses import Arrive, Consent, Looking, Open, Quantity, Rate, StalePress, parse, spoken
from assistant.ui.theme import THEME
from assistant.ui.transcript import transcript
from assistant.ui.view import Said, View
from assistant.ui.visits import Visits
from retrieval.catalogue import CatalogueItem
from retrieval.interactions import InteractionKind

if TYPE_CHECKING:
    from fastapi import FastAPI

    from assistant.service import Service

HERE = Path(__file__).parent
TURNS = 8  # turns of different conversations at a time beside those in line for the model; the others queue
_KEPT = re.compile(r'data-kept="([^"]*)"')

Redraw = dict[Any, Any]


def mount_chat(app: FastAPI, service: Service, path: str = "/") -> None:
    """Put the chat page on a path of the service; routes that are there already win."""
    page = ChatPage(service)
    app.router.routes.append(Closed())
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
        self._visits = Visits(service)
        self._examples = examples(service.shop.catalogue)
        self._newest: tuple[int, date] | None = None
        self.blocks = self._build()

    def _build(self) -> gr.Blocks:
        with gr.Blocks(title=self._service.settings.shop_name, analytics_enabled=False, fill_width=True) as blocks:
            self.view = gr.State(View())
            with gr.Row(elem_id="top"):
                gr.HTML(panels.header(self._service.settings.shop_name), elem_id="name", apply_default_css=False)
                self.privacy = _panel("privacy", privacy.settings(View().shopper))
                self.cart = _panel("cart", drawer(EMPTY_CART, None))
                self.again = gr.Button("Start over", elem_id="start-over", size="sm")
            with gr.Row(elem_id="page"):
                self.chat = _panel("chat", transcript(View()))
                self.constraints = _panel("constraints")
                self.picks = _panel("picks", panels.picks(View(), {}, self._as_of()))
                self.status = _panel("status")
                self.replies = _panel("replies", panels.replies(View(), self._examples))
                self.box = _box()
            self.memory = _panel("memory", script="memory.js")
            self._connect()
            blocks.unload(self.closed)
        return blocks

    def _connect(self) -> None:
        """What happens on which event. Turns queue, all else is done at once; none of it is a public endpoint."""
        drawn = [self.view, self.privacy, self.cart, self.chat, self.constraints, self.picks, self.status, self.replies]
        drawn += [self.memory]
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        at_a_time = TURNS + self._service.settings.replies_in_line
        queued = {**quiet, "outputs": [*drawn, self.box], "concurrency_id": "turns", "concurrency_limit": at_a_time}
        at_once = {**quiet, "queue": False}
        turns = [self.box.submit(self.say, [self.view, self.memory, self.box], **queued)]
        for panel in drawn[1:]:
            turns.append(panel.press(self.press, [self.view, self.memory], trigger_mode="multiple", **queued))
        for turn in turns:
            turn.failure(self.broken, self.view, [self.view, self.chat, self.status, self.box], **at_once)
        self.box.stop(self._answering.stop, self.view, **at_once)
        self.again.click(self.start_over, self.view, [*drawn, self.box], cancels=turns, **at_once)

    def say(self, view: View, kept: str, utterance: str, request: gr.Request | None = None) -> Iterator[Redraw]:
        """The shopper typed something."""
        yield from self._answer(self._current(view, kept), Said(utterance), request)

    def closed(self, request: gr.Request) -> None:
        """The shopper closed the page, or left it."""
        if request.session_hash is not None:
            self._answering.leave(request.session_hash)

    def press(self, view: View, kept: str, event: gr.EventData, request: gr.Request | None = None) -> Iterator[Redraw]:
        """The shopper pressed something in a panel; what the client says of it is checked."""
        try:
            press, view = parse(event._data), self._current(view, kept)
            match press:
                case Rate():
                    yield self._rate(view, press)
                case Open():
                    yield self._open(view, press)
                case Quantity():
                    yield self._set_quantity(view, press)
                case Consent():
                    yield self._consent(view, press)
                case Arrive():
                    yield self._redrawn(self._visits.arrive(press))
                case Looking():
                    item = press.item if self._service.shop.item(press.item) else None
                    yield self._redrawn(replace(view, looking_at=item))
                case _:
                    yield from self._answer(view, spoken(press, view), request)
        except StalePress as error:
            yield self._trouble(view, str(error))
        except ValidationError:
            yield self._trouble(view, "That press could not be read. Please type what you need.")

    def start_over(self, view: View) -> Redraw:
        """An empty page; the conversation so far ends. What she allowed stays allowed, and the cart stays hers."""
        self._answering.stop(view)
        shopper, conversations = replace(view.shopper, ignoring=False), self._service.conversations
        fresh = View(shopper=shopper, looking_at=view.looking_at)
        if view.conversation_id is not None and view.cart.lines:
            begun = conversations.start(shopper.shopper_id)
            conversations.carts.move(view.conversation_id, begun)
            fresh = replace(fresh, conversation_id=begun, cart=conversations.carts.read(begun))
        return {**self._redrawn(fresh), self.box: _writable("")}

    def broken(self, view: View) -> Redraw:
        """A turn failed in a way that nobody foresaw: the page says so and can be used again."""
        words = next((message.text for message in reversed(view.transcript) if message.by_shopper), "")
        view = replace(view, again=Said(words) if words else None)
        trouble = self._trouble(view, "Something went wrong on our side.")
        return {self.view: view, self.chat: transcript(view), self.box: _writable(), **trouble}

    def _current(self, view: View, kept: str) -> View:
        """The page as the browser has it, when the connection that its state hung on was lost in the meantime."""
        found = _KEPT.search(kept or "")
        return self._visits.arrive(Arrive(press="arrive", kept=found[1])) if found and view == View() else view

    def _answer(self, view: View, said: Said, request: gr.Request | None) -> Iterator[Redraw]:
        drawn: Redraw = {}
        shown, page = view, None if request is None else request.session_hash
        try:
            for after in self._answering.answer(view, said, page):
                if drawn and replace(after, transcript=shown.transcript) == shown:  # only words came
                    drawing = {**drawn, self.chat: transcript(after, under_way=True)}
                else:
                    drawing = self._drawing(after, under_way=True)
                changed = {part: value for part, value in drawing.items() if drawn.get(part) != value}
                if not drawn:
                    changed[self.box] = gr.update(value="", submit_btn=False, stop_btn="Stop")
                drawn, shown = drawing, after
                yield {self.view: after, **changed}
            yield {self.box: _writable(), self.chat: transcript(shown)}  # no dots are left where nothing was said
        except Trouble as error:
            view = replace(view, again=said if error.again else view.again)
            trouble = self._trouble(view, str(error))
            if drawn:  # the page goes back to what it was, and what was typed to where it was
                typed = "" if said.act else said.utterance
                trouble = {**self._redrawn(view), self.box: _writable(typed), **trouble}
            yield trouble

    def _trouble(self, view: View, words: str) -> Redraw:
        status = self._service.assistant.understanding.status
        return {self.status: panels.status(view, status, words, again=view.again is not None)}

    def _redrawn(self, view: View) -> Redraw:
        """The whole page anew."""
        return {self.view: view, **self._drawing(view)}

    def _drawing(self, view: View, *, under_way: bool = False) -> Redraw:
        """Every part of the page."""
        return {
            self.privacy: privacy.settings(view.shopper),
            self.cart: self._drawer(view),
            self.chat: transcript(view, under_way=under_way),
            self.constraints: panels.constraints(view, self._display),
            self.picks: self._picks(view),
            self.status: panels.status(view, self._service.assistant.understanding.status),
            self.replies: panels.replies(view, self._examples, self._looked_at(view)),
            self.memory: panels.memory(self._visits.kept(view)),
        }

    def _drawer(self, view: View) -> str:
        return drawer(view.cart, checkout_address(view.cart, self._service.settings.checkout_url))

    def _picks(self, view: View) -> str:
        verdicts = {} if view.conversation_id is None else self._service.store.feedback(view.conversation_id)
        return panels.picks(view, verdicts, self._as_of())

    def _looked_at(self, view: View) -> CatalogueItem | None:
        return None if view.looking_at is None else self._service.shop.item(view.looking_at)

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
        """Keep the verdict, or take it back when it was pressed already; a like is observed as far as she allows."""
        if view.conversation_id is None or press.item_id not in view.item_ids:
            raise StalePress("That item is no longer shown.")
        verdict = Verdict(press.verdict)
        before = self._service.store.feedback(view.conversation_id).get(press.item_id)
        self._service.conversations.rate(view.conversation_id, press.item_id, None if before is verdict else verdict)
        if verdict is Verdict.LIKE and before is not verdict:
            self._service.conversations.observe(view.conversation_id, press.item_id, InteractionKind.CLICK)
        return self._observed(view)

    def _open(self, view: View, press: Open) -> Redraw:
        sold = self._service.shop.item(press.item_id) is not None
        if view.conversation_id is not None and press.item_id in view.item_ids and sold:
            kind = InteractionKind.CLICK if press.part == "page" else InteractionKind.VIEW
            self._service.conversations.observe(view.conversation_id, press.item_id, kind)
        return self._observed(view)

    def _observed(self, view: View) -> Redraw:
        """The parts that show what was observed; the state is left to a turn that is under way."""
        if self._answering.busy(view):
            return {self.picks: self._picks(view)}
        shopper = self._visits.shopper(view.shopper.shopper_id, ignoring=view.shopper.ignoring)
        view = replace(view, shopper=replace(shopper, declined=view.shopper.declined))
        return {self.view: view, self.picks: self._picks(view), self.privacy: privacy.settings(view.shopper)}

    def _set_quantity(self, view: View, press: Quantity) -> Redraw:
        if view.conversation_id is None or self._answering.busy(view):
            raise StalePress("One moment: I am still answering.")
        try:
            cart = self._service.conversations.carts.set_quantity(view.conversation_id, press.item_id, press.quantity)
        except CartRefusal as refusal:
            return self._trouble(view, str(refusal))
        view = replace(view, cart=cart)
        return {self.view: view, self.cart: self._drawer(view), self.picks: self._picks(view)}

    def _consent(self, view: View, press: Consent) -> Redraw:
        if self._answering.busy(view):
            raise StalePress("One moment: I am still answering.")
        return self._redrawn(self._visits.consent(view, press.granted))


def _panel(name: str, value: str = "", script: str = "page.js") -> gr.HTML:
    """A part of the page that is drawn here and sends presses (see the script)."""
    return gr.HTML(value, elem_id=name, js_on_load=_script(script), apply_default_css=False)


def _script(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


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
