"""What a turn does to the cart: items put in and taken out, a variant or fewer pieces asked for first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from assistant.cart import (
    EMPTY_CART,
    QUANTITY,
    Cart,
    CartEdit,
    CartTalk,
    InCart,
    Refusal,
    quantity_of,
    read_cart,
    refusal,
    with_quantity,
)
from assistant.dialogue import DialogueAct, DialogueState
from assistant.references import resolve
from assistant.variants import (
    Choice,
    Shelf,
    differences,
    next_choice,
    other_values,
    settled_by,
    settled_variant,
    value_of,
    variant_words,
)
from retrieval.catalogue import CatalogueItem


@dataclass(frozen=True, slots=True)
class CartChange:
    """What became of one item.

    Attributes:
        wanted: pieces that she asked for; those that were in before when she did not say.
        before, after: pieces in the cart around the turn.
        refused: why it is not as she wanted.
        variant: what sets the item apart from its variants.
    """

    item: CatalogueItem
    variant: str
    wanted: int
    before: int
    after: int
    refused: Refusal | None = None


@dataclass(frozen=True, slots=True)
class CartOutcome:
    """What there is to say of the cart after a turn.

    Attributes:
        edit: what was done; None: items were chosen.
        changes: in the order they were made.
        item, choice: the variant that is asked before the item is put in; None when nothing is.
        also: the other variants of the item that was put in: "it also comes in blue".
        missing: what she wants out and is not in, in her words; "" when all was found.
        taken_back: whether `take_back` found a change to take back.
    """

    edit: CartEdit | None = None
    changes: tuple[CartChange, ...] = ()
    item: CatalogueItem | None = None
    choice: Choice | None = None
    also: Choice | None = None
    missing: str = ""
    taken_back: bool = False
    cart: Cart = EMPTY_CART


def change_cart(
    utterance: str,
    act: DialogueAct,
    before: DialogueState,
    state: DialogueState,
    page: Sequence[CatalogueItem],
    shelf: Shelf,
) -> tuple[DialogueState, CartOutcome | None]:
    """The state after a `select`, and what there is to say of it.

    Args:
        utterance: her words; they may name the variant.
        act: `select`.
        before: the state before the turn: what "it" means.
        state: after `dialogue.update`; its cart is still the one before the turn.
        page: items on the page, in their order.
        shelf: the shop's items as they are now.

    Returns:
        No outcome when nothing on the page or in the cart is what she means.
    """
    turn = _CartTurn(utterance, act, before, state, page, shelf)
    outcome = turn.run()
    if outcome is None:
        return state, None
    cart = read_cart(turn.lines, shelf)
    return replace(turn.state, selected=turn.lines), replace(outcome, changes=tuple(turn.changes), cart=cart)


@dataclass(slots=True)
class _CartTurn:
    """A turn under way, of what `change_cart` is given: the lines and the state as they become."""

    utterance: str
    act: DialogueAct
    before: DialogueState
    state: DialogueState
    page: Sequence[CatalogueItem]
    shelf: Shelf
    lines: tuple[InCart, ...] = field(init=False)
    changes: list[CartChange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lines = self.state.selected

    def run(self) -> CartOutcome | None:
        """Change the lines as the act says."""
        match self.act.cart:
            case CartEdit.SHOW | CartEdit.CHECKOUT:
                return self._show()
            case CartEdit.EMPTY:
                self.lines = ()
                self._talk(CartTalk(self.state.selected))
            case CartEdit.TAKE_BACK:
                talk = self.state.cart_talk
                self.lines = self.lines if talk is None or talk.asking else talk.before
                self.state = replace(self.state, cart_talk=None)
                return CartOutcome(self.act.cart, taken_back=self.lines != self.state.selected)
            case CartEdit.REMOVE:
                return self._remove()
            case None:
                return self._choose()
        return CartOutcome(self.act.cart)

    def _show(self) -> CartOutcome:
        """Nothing changes; a variant that was asked is asked again."""
        talk = self.state.cart_talk or CartTalk(self.state.selected)
        self._talk(replace(talk, listed=True))
        item = self.shelf.get(talk.item_id) if talk.asking else None
        variants = () if item is None else self.shelf.variants(item)
        choice = None if item is None else next_choice(item, variants, dict(talk.settled))
        return CartOutcome(self.act.cart, item=item, choice=choice)

    # putting in

    def _choose(self) -> CartOutcome | None:
        talk, slots = self.state.cart_talk, self.act.slots
        spoken_of = None if talk is None else self.shelf.get(talk.item_id)
        if talk is not None and spoken_of is not None and self._points_at_talk() and (slots.attributes or talk.asking):
            return self._answer(talk, spoken_of)
        items = self._meant()
        if not items:
            return None
        wanted = [(item, self._settled(item)) for item in items]
        return self._put(wanted, slots.quantity)

    def _points_at_talk(self) -> bool:
        """Whether the utterance can speak of the item that was last put in or asked about."""
        return all(reference in ("it", "all", "both") for reference in self.act.slots.references)

    def _answer(self, talk: CartTalk, item: CatalogueItem) -> CartOutcome | None:
        """The variant or the number of pieces that was asked, or another one than was put in."""
        quantity = self.act.slots.quantity or talk.quantity
        variants = self.shelf.variants(item)
        said = settled_by([*self.act.slots.attributes, self.utterance], variants, bare=True)
        if talk.asking:
            waiting = [(i, self._settled(i)) for i in self._seen(talk.waiting)]
            outcome = self._put([(item, {**dict(talk.settled), **said}), *waiting], quantity)
            return outcome if said else replace(outcome, missing=" ".join(self.act.slots.attributes))
        if not said:
            return None
        standing = {name: value_of(item, name) for name in differences(variants)}
        if standing == {**standing, **said}:
            return self._put([(item, standing)], self.act.slots.quantity)
        kept, had = self.lines, quantity_of(talk.before, item.item_id)
        self._set(item, had)
        outcome = self._put([(item, {**standing, **said})], quantity or quantity_of(kept, item.item_id))
        if outcome.choice is not None or self.changes[-1].refused:
            self.lines = kept
            del self.changes[0]
        return outcome

    def _put(self, wanted: Sequence[tuple[CatalogueItem, dict[str, str]]], quantity: int | None) -> CartOutcome:
        """Put items in, each with what is settled of its variant, up to the first that has to be asked about."""
        told: Choice | None = None
        for place, (item, settled) in enumerate(wanted):
            variants = self.shelf.variants(item)
            waiting = tuple(i.item_id for i, _ in wanted[place + 1 :])
            choice = next_choice(item, variants, settled)
            talk = CartTalk(self.state.selected, item.item_id, quantity, tuple(settled.items()), waiting=waiting)
            if choice is not None:
                labels = tuple(label for label, _ in choice.options)
                self._talk(replace(talk, attribute=choice.attribute, options=labels, asking=True))
                return CartOutcome(item=item, choice=choice)
            chosen = settled_variant(item, variants, settled)
            change = self._set(chosen, quantity)
            also = other_values(chosen, variants)
            asked = also is not None and also.attribute in settled
            talk = replace(talk, item_id=chosen.item_id, quantity=None)
            if change.refused is Refusal.TOO_FEW:
                talk = replace(talk, attribute=QUANTITY, options=(str(chosen.stock),), asking=True)
            elif also is not None:
                talk = replace(talk, attribute=also.attribute, options=tuple(label for label, _ in also.options))
            self._talk(talk)
            told = None if asked else also
        return CartOutcome(also=told)

    def _set(self, item: CatalogueItem, quantity: int | None) -> CartChange:
        """So many pieces of an item, as far as the shop has them; None: as many as are in, or one."""
        before = quantity_of(self.lines, item.item_id)
        wanted = (before or 1) if quantity is None else quantity
        refused = refusal(item, wanted, self.lines)
        if refused is None:
            self.lines = with_quantity(self.lines, item, wanted)
        variant, after = variant_words(item, self.shelf.variants(item)), before if refused else wanted
        self.changes.append(CartChange(item, variant, wanted, before, after, refused))
        return self.changes[-1]

    def _settled(self, item: CatalogueItem) -> dict[str, str]:
        """What is settled of the variant: by the page that shows several of them, by the need, by her words."""
        variants = self.shelf.variants(item)
        beside = [i for i in self.page if i.variant_of == item.variant_of is not None and i != item]
        settled = {
            name: value_of(item, name)
            for name in differences(variants)
            if any(value_of(i, name) != value_of(item, name) for i in beside)
        }
        settled |= settled_by(self.state.need.slots.attributes, variants, bare=True)
        settled |= settled_by([self.utterance], variants)
        return settled | settled_by(self.act.slots.attributes, variants, bare=True)

    def _meant(self) -> list[CatalogueItem]:
        """The items that are chosen: on the page, or in the cart already."""
        said, it = self.act.slots.references, self._it()
        references = tuple(r for r in said if r != "it") or said  # "the cheapest one, add it" means one
        if not references and len(self.page) == 1:
            return list(self.page)
        counted = self.act.slots.quantity is not None and it is not None and quantity_of(self.lines, it.item_id)
        if it is not None and (references in ((), ("it",)) or (counted and self._points_at_talk())):
            return [it]
        resolved = resolve(references, self.page, self.before.focus)
        named = resolve(resolved.unresolved, self._held(), None)
        return [] if named.unresolved else self._seen((*resolved.item_ids, *named.item_ids))

    def _it(self) -> CatalogueItem | None:
        """The item last talked about; of one model, the variant that was put in or asked about."""
        talk, focus = self.state.cart_talk, self.shelf.get(self.before.focus)
        taken = self.shelf.get(talk.item_id) if talk is not None else None
        same = focus is None or (taken is not None and focus.variant_of == taken.variant_of is not None)
        return taken or focus if same else focus

    def _held(self) -> list[CatalogueItem]:
        """The items in the cart that the shop still has."""
        return self._seen(line.item_id for line in self.lines)

    def _seen(self, item_ids: Iterable[str]) -> list[CatalogueItem]:
        return [item for item_id in item_ids if (item := self.shelf.get(item_id)) is not None]

    # taking out

    def _remove(self) -> CartOutcome:
        found = self._to_remove()
        for item in self._seen(found):
            fewer = self.act.slots.quantity
            self._set(item, 0 if fewer is None else max(0, quantity_of(self.lines, item.item_id) - fewer))
        if found:
            self._talk(CartTalk(self.state.selected, found[-1]))
        return CartOutcome(self.act.cart, missing="" if found else " ".join(self.act.slots.references) or "it")

    def _to_remove(self) -> tuple[str, ...]:
        """Ids of the lines that the references mean; () when they mean none, or it is not clear which."""
        references, held, it = self.act.slots.references or ("it",), self._held(), self._it()
        in_cart = {item.item_id for item in held}
        talk = self.state.cart_talk
        if references == ("it",):
            if it is not None and it.item_id in in_cart:
                return (it.item_id,)
            return tuple(in_cart) if len(in_cart) == 1 else ()
        on_page = resolve(references, self.page, self.before.focus)
        if not (talk and talk.listed) and not on_page.unresolved and set(on_page.item_ids) <= in_cart:
            return on_page.item_ids
        named = resolve(references, held, self.before.focus)
        return () if named.unresolved else named.item_ids

    def _talk(self, talk: CartTalk) -> None:
        self.state = replace(self.state, cart_talk=talk)
