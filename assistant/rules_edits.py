"""Changes of the conversation by rule: take-backs, undo, start over, answers to an offer, privacy, relative wishes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.dialogue import DialogueAct, DialogueState, Edit, Intent, Slots
from assistant.references import resolve
from assistant.rules_slots import Reading, Span
from retrieval.catalogue import CatalogueItem, Money
from retrieval.query import Comparison
from retrieval.units import format_quantity
from retrieval.vocabulary import Vocabulary

_YES = re.compile(
    r"(?:oh |well |hmm |alright )?(?:yes|yeah|yep|yup|ya|ok|okay|sure|fine|please do|do it|do that|go ahead|go for it|sounds good|sounds great|why not|absolutely"
    r"|of course|certainly|confirm(?:ed)?|that works|works for me|agreed|perfect|great|good|alright|all right|definitely|correct|right|deal|i am sure|let us do that|let us do it|go on|y|k)"
    r"(?:[ ,.!]+(?:yes|please|sure|ok|do it|do that|do|go ahead|then|thanks|thank you|that works|that is fine|fine|i am sure|go for it|forget me|delete it|delete everything|why not|good))*[ .!]*"
)
_NO = re.compile(
    r"(?:no|nope|nah|no thanks|no thank you|rather not|do not|cancel|stop|leave it|never mind|keep it)(?:[ ,.!]+(?:thanks|thank you|do not|keep it|please|leave it))*[ .!]*"
)
_UNDO = re.compile(
    r"\b(?:undo|go back(?! to (?:the )?(?:hp|shop))|step back|revert|take (?:that|it) back|cancel (?:that|the last)|back to (?:the )?(?:previous|last|before|what)"
    r"|previous (?:results|ones|list|search)|what (?:you|we) had before|like before|as before|scratch that|never ?mind that|forget (?:that|what i (?:just )?said|the last(?: one| thing| bit)?)|reverse that)\b|^(?:back|before that)[.!]*$"
)
_RESTART = re.compile(
    r"\b(?:start(?:ing)? (?:over|again|anew|afresh|from scratch|fresh)|restart|reset|new search|clear (?:everything|all|the search|filters|it all)|forget (?:everything|all (?:of )?(?:that|this|it))(?! you know)"
    r"|begin again|from the (?:beginning|top|start)|scrap (?:everything|all|it all)|clean slate|remove all (?:the )?(?:filters|constraints))\b"
)
_SHOW_DATA = re.compile(
    r"\b(?:what (?:data |information |info |else |all )?(?:do|have|did) you (?:know|store|have|keep|save|collect|got|remember|saved|stored|kept|hold|record)(?:ed)?(?: \w+)? (?:about|on|of|from) (?:me|us)"
    r"|(?:show|see|export|download|view|give me|get)(?: me)? (?:all )?(?:my|the) (?:personal )?(?:data|history|profile|information|info)\b|what (?:is|are) in my (?:profile|history)|do you (?:track|store|remember|save|collect|record|spy)|my data\b"
    r"|privacy|gdpr|cookies? (?:policy|settings))"
)
_FORGET = re.compile(
    r"\b(?:forget|delete|erase|wipe|remove|clear|destroy)\s+(?:all )?(?:about )?(?:me\b|my (?:personal )?(?:data|history|account data|profile|information|info|details|searches|purchases)|everything (?:you know )?(?:about|on) me|what you know|all you know|the data|(?:all )?the (?:data|info\w*) (?:about|on) me)"
    r"|right to be forgotten|do not (?:remember|track|store) (?:me|anything)"
)
_IGNORE = re.compile(
    r"\b(?:ignore|disregard|do not (?:use|consider|look at|take)|without(?: using)?|not (?:based on|using)|stop using|leave out|forget)\s+(?:into account )?(?:my )(?:purchase |browsing |shopping |past |previous |search )?(?:history|past (?:purchases|orders|views)|profile|previous (?:purchases|orders)|taste|preferences)"
    r"|\b(?:not for me|this is a gift|as if (?:i (?:was|were)|you did not know)|anonymous(?:ly)?|treat me (?:as|like) (?:a )?new|stop personali[sz]ing|do not personali[sz]e|no personali[sz]ation)\b"
)
_USE = re.compile(
    r"\b(?:use|consider|take|look at|based on|with) (?:my|into account my) (?:purchase |browsing |shopping |past |previous )?(?:history|profile|past (?:purchases|orders)|tastes?)\b|\bpersonali[sz]e (?:it |them |this |again|for me|the results)|\bturn (?:on )?personali[sz]ation"
)

_LEAD = (
    r"(?:forget(?: about)?|never ?mind|drop|remove|ignore|skip|scrap|lose|ditch|clear|disregard|lift|take (?:off|away|out)|undo|cancel|without"
    r"|do(?:es)? not (?:really )?(?:care|mind)(?: about| for| what| which| how much| if it is)?|not (?:fussed|bothered|picky|fixed|set)(?: about| on)?|no (?:need|preference)(?: for| on| about| to be)?|any|whatever|whichever|regardless of(?: the)?|no matter(?: the| what| which)?"
    r"|(?:it |they )?(?:does|do) not (?:have|need) to (?:be|have|come with)?|not necessarily|no longer|no specific|no particular|open to any|all)"
)
_ARTICLE = r"(?:\s+(?:the|a|an|my|about|that|be|any|for|of|in|other|kind of|what|which))*\s+"
_NOUN = r"(?:\s+(?:limits?|requirements?|thing|filters?|constraints?|range|cap|restrictions?|bit|part|preference|condition|i said|stuff))?"
_TRAIL = (
    r"\s*(?:does not (?:really )?(?:matter|need to|bother me)|do not matter|is not (?:really |that |so )?(?:important|needed|necessary|required|an issue|a problem|a must|relevant)"
    r"|(?:is )?no (?:object|issue|matter)|no longer (?:matters|needed)|is (?:irrelevant|flexible|open|not fixed|negotiable|optional|unimportant)|not (?:important|needed|necessary|required|a must)|is up to you|can be anything|whatever)\b"
)
_TARGETS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("price_min", "price_max"),
        r"price|prices|budget|cost|costs|money|how much|price limit|max price|maximum|upper limit|the limit",
    ),
    (("brands", "excluded_brands"), r"brands?|makers?|make|manufacturers?|compan(?:y|ies)"),
    (("sort",), r"sort(?:ing)?|order(?:ing)?"),
    (("category",), r"category|type of (?:item|product)|department"),
)
_NO_LIMIT = re.compile(
    r"\b(?:no|without(?: a)?|unlimited) (?:budget|price limit|limit|price cap|budget limit|max(?:imum)?(?= *$))(?: limit)?\b|\bsky is the limit\b|\bspend (?:whatever|anything)\b"
)


def answer_to_offer(text: str, state: DialogueState) -> DialogueAct | None:
    """The act when the utterance answers what the last turn asked: a pending edit, or an offered relaxation.

    Answers are compared, never guessed: a yes, a no, the words on an offer's button, or which of the offers.
    """
    plain = text.strip(" .!?")
    if state.pending is Edit.FORGET and _YES.fullmatch(text):
        return DialogueAct(Intent.PRIVACY, edit=Edit.FORGET_CONFIRMED)
    if (state.pending or state.offered) and _NO.fullmatch(text):
        return DialogueAct(Intent.CHITCHAT)
    if not state.offered:
        return None
    for number, relaxation in enumerate(state.offered, start=1):
        label = relaxation.label.casefold().strip()
        bare = re.sub(
            r"^(?:yes|ok|okay|sure|fine|yeah|let us|try|with|go|do|take|please|[\s,.:])+|[\s,.:!]*(?:please|is fine|is ok|then|more|thanks|works)?$",
            "",
            plain,
        )
        if label in (plain, bare) or _amount_key(label) == _amount_key(bare):
            return DialogueAct(Intent.REFINE, accepts=number)
    chosen = re.fullmatch(
        r"(?:yes )?(?:the )?(?:option |number )?(first|second|third|fourth|1|2|3|4)(?: (?:one|option))?(?: please)?",
        plain,
    )
    if chosen and not state.shown:
        number = {"first": 1, "second": 2, "third": 3, "fourth": 4}.get(chosen[1]) or int(chosen[1])
        return DialogueAct(Intent.REFINE, accepts=number) if number <= len(state.offered) else None
    return DialogueAct(Intent.REFINE, accepts=1) if _YES.fullmatch(text) else None


def _amount_key(label: str) -> str | None:
    """ "+$40", "40 more" and "plus 40" are the same offer; None when the words are no amount."""
    amount = re.fullmatch(
        r"(?:\+|plus |another |up |up by )?\s*[$€£]?\s*(\d+(?:[.,]\d+)?)\s*[$€£]?(?: more| extra| dollars| bucks)*",
        label,
    )
    return amount[1] if amount else None


def find_edit(text: str) -> tuple[Intent, Edit] | None:
    """An edit that is no slot value: privacy first, then undo and start over."""
    for edit, pattern in (
        (Edit.IGNORE_HISTORY, _IGNORE),
        (Edit.USE_HISTORY, _USE),
        (Edit.FORGET, _FORGET),
        (Edit.SHOW_DATA, _SHOW_DATA),
    ):
        if pattern.search(text):
            return Intent.PRIVACY, edit
    for edit, pattern in ((Edit.RESTART, _RESTART), (Edit.UNDO, _UNDO)):
        if pattern.search(text):
            return Intent.REFINE, edit
    return None


def find_dropped(reading: Reading, held: Slots, vocabulary: Vocabulary) -> tuple[tuple[str, ...], tuple[Span, ...]]:
    """What is taken back, as `DialogueAct.dropped` states it, and the places that say so."""
    dropped: dict[str, None] = {}
    spans: list[Span] = []
    for names, words in (*_TARGETS, *_held_targets(held, vocabulary)):
        for pattern in (
            rf"\b{_LEAD}{_ARTICLE}(?:{words}){_NOUN}\b(?:{_TRAIL}|(?: is| are)? (?:fine|ok|okay|good|will do))?",
            rf"\b(?:the |my )?(?:{words}){_NOUN}{_TRAIL}",
        ):
            match = re.search(pattern, reading.text)
            if match:
                dropped.update(dict.fromkeys(names))
                spans.append(match.span())
    if match := _NO_LIMIT.search(reading.text):
        dropped.update(dict.fromkeys(("price_min", "price_max")))
        spans.append(match.span())
    for index in reading.allowed:
        mention = reading.mentions[index]
        entry = f"excluded_brands={mention.value}"
        if mention.kind == "brand" and mention.value in held.excluded_brands:
            dropped[entry] = None
            spans.append((mention.start, mention.end))
        for words in held.excluded_attributes if mention.kind != "brand" else ():
            if words == reading.text[mention.start : mention.end]:
                dropped[f"excluded_attributes={words}"] = None
                spans.append((mention.start, mention.end))
    return tuple(dropped), tuple(spans)


def _held_targets(held: Slots, vocabulary: Vocabulary) -> list[tuple[tuple[str, ...], str]]:
    """What is in force and can be named: a brand or an attribute by its words, an attribute also by its name."""
    targets: list[tuple[tuple[str, ...], str]] = []
    for slot in ("brands", "attributes", "excluded_attributes"):
        for value in getattr(held, slot):
            words = re.escape(value)
            if slot != "brands":
                names = {c.name for c in vocabulary.find_attributes(value) if c.name}
                words = "|".join([words, *(_name_pattern(name) for name in names)])
            targets.append(((f"{slot}={value}",), words))
    return targets


def _name_pattern(name: str) -> str:
    """An attribute's name as shoppers say it: the whole of it or its last word, in both spellings."""
    last = name.split()[-1]
    forms = {name, last, *name.split()[:1]}
    forms |= {form.replace("color", "colour") for form in forms} | {form.replace("colour", "color") for form in forms}
    return "|".join(re.escape(form) + "s?" for form in sorted(forms, key=len, reverse=True))


_CHEAPER = re.compile(
    r"\b(?:cheaper|less expensive|less pricey|lower[ -]priced?|more affordable|less money|costs? less|lower price|too (?:expensive|pricey|dear|much)|cheaper ones?|bit much)\b(?! than \D*\d)"
)
_DEARER = re.compile(
    r"\b(?:more expensive|pricier|dearer|higher[ -](?:end|priced?)|more premium|fancier|more upmarket)\b(?! than \D*\d)"
)
_RELATIVE = (
    (r"\b(?:lighter|less heavy|not (?:so|as|that) heavy|too heavy)\b", "g", ("weight",), Comparison.LESS_THAN),
    (r"\b(?:heavier|too light)\b", "g", ("weight",), Comparison.MORE_THAN),
    (r"\b(?:bigger|larger|too small)\b", None, ("screen size", "display", "diagonal", "size", "capacity", "volume", "diameter", "width", "length"), Comparison.MORE_THAN),
    (r"\b(?:smaller|more compact|too big|too large)\b", None, ("screen size", "display", "diagonal", "size", "capacity", "volume", "diameter", "width", "length"), Comparison.LESS_THAN),
    (r"\b(?:more (?:ram|memory))\b", "GB", ("ram", "memory"), Comparison.MORE_THAN),
    (r"\b(?:more (?:storage|space|disk space))\b", "GB", ("storage", "ssd", "hard", "capacity"), Comparison.MORE_THAN),
    (r"\b(?:longer battery(?: life)?|better battery(?: life)?|more battery(?: life)?|lasts? longer)\b", None, ("battery life", "battery"), Comparison.MORE_THAN),
    (r"\b(?:more powerful|stronger)\b", "W", ("power",), Comparison.MORE_THAN),
)  # fmt: skip


def relative_price(reading: Reading, state: DialogueState, shown: Sequence[CatalogueItem]) -> Slots | None:
    """ "cheaper" as a limit: one cent below what it is compared with; "more expensive" one cent above.

    Compared are the items referred to ("cheaper than the first"), else the item in focus, else all that is shown:
    then what is found is cheaper than every pick on the page.
    """
    cheaper = _CHEAPER.search(reading.text)
    if not cheaper and not _DEARER.search(reading.text):
        return None
    items = _compared_with(reading, state, shown)
    prices = [item.price for item in items if item.price is not None]
    if not prices:
        return None
    end = min(prices) if cheaper else max(prices)
    bound = float(Money(end.minor + (-1 if cheaper else 1), end.currency).major)
    currency = end.currency if state.need.slots.currency else None
    return Slots(price_max=bound, currency=currency) if cheaper else Slots(price_min=bound, currency=currency)


def _compared_with(reading: Reading, state: DialogueState, shown: Sequence[CatalogueItem]) -> Sequence[CatalogueItem]:
    named = tuple(
        r.reference
        for r in reading.references
        if r.kind == "rank" or re.search(rf"than {re.escape(r.reference)}", reading.text)
    )
    ids = resolve(named, shown, state.focus).item_ids or ((state.focus,) if state.focus else ())
    return [item for item in shown if item.item_id in ids] or shown


def relative_attribute(
    reading: Reading, state: DialogueState, shown: Sequence[CatalogueItem], vocabulary: Vocabulary
) -> tuple[str, Span] | None:
    """ "a bit bigger", "lighter" as an attribute phrase: beyond what the compared items state ("weight under 1.2 kg").

    None when the items state no such number, or the shop could not filter by it.
    """
    for pattern, unit, names, comparison in _RELATIVE:
        match = re.search(pattern, reading.text)
        if not match:
            continue
        items = _compared_with(reading, state, shown)
        for name in names:
            stated = [
                a
                for item in items
                for a in item.attributes.values()
                if name in a.name and a.number is not None and (unit is None or a.unit == unit)
            ]
            if not stated:
                continue
            best = (max if comparison is Comparison.MORE_THAN else min)(stated, key=lambda a: a.number or 0.0)
            word = "over" if comparison is Comparison.MORE_THAN else "under"
            phrase = f"{best.name} {word} {format_quantity(best.number or 0.0, best.unit)}"
            if any(c.name == best.name for c in vocabulary.find_attributes(phrase)):
                return phrase, match.span()
    return None
