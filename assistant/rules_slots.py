"""Slots by rule: what an utterance wants, refuses and takes back, and the rest of the need in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from assistant.dialogue import Slots
from assistant.money_words import PriceMention, find_prices
from assistant.references import ReferenceMention, find_references
from assistant.rules_words import lower, normalise, remaining, strip_filler
from retrieval.catalogue import CatalogueItem
from retrieval.units import find_quantities
from retrieval.vocabulary import Mention, Vocabulary

Span = tuple[int, int]

_REFUSAL = re.compile(
    r"\b(?:(?:anything|everything|any brand|all)\s+(?:but|except|other than|besides|apart from)"
    r"|other than|except(?: for)?|excluding|exclude|apart from|avoid(?:ing)?|without(?: any)?|minus|sans|rather than"
    r"|instead of|hates?|dislike|despise|allergic to|tired of|sick of|fed up with|stay away from|steer clear of|free of"
    r"|(?:get rid of|remove|leave out|hide|ban|block|filter out|take out|lose|ditch|skip)(?! (?:it|that|this|them)\b)"
    r"|do not (?:\w+ ){0,2}?(?:want|like|need|trust|include|care for|show me|give me|see|buy|fancy)"
    r"|not (?:a )?(?:fan of|interested in|into|keen on|looking for)|can not stand|would not (?:want|buy|like)"
    r"|(?:must|should|can|may|does|do|is|are) not (?:be|have|contain|include|come with|made of|made from)?"
    r"|nothing (?:from|by|made by|made of|made in|with|in|of)|no more(?! than)|never|non(?=-)|neither"
    r"|not|no(?!\s*[,.;:!?]|\s*$))\b"
)
_NO_REFUSAL = re.compile(
    r"\s*(?:sure|bad|only|just|necessarily|too\b|so\b|very|important|problem|idea|thanks|thank you|worries|rush|matter"
    r"|need to|that (?:much|bad)|really\s*$|limit|budget|preference|object|more than|less than|over\b|above|below|under"
    r"|yet|at all|much|fussed|bothered|picky|fuss|wait|way|doubt|mind|longer|one of those|the (?:first|second|third)"
    r"|later than|before|after|enough|working|what i|it\b|that one|this one|that\s*$|this\s*$)"
)
_BETWEEN = (
    r"(?:\s|-|\b(?:any|a|an|the|ones?|from|by|made|in|with|of|to|be|too|please|stuff|items?|things?|brands?|brand|it"
    r"|is|are|see|show|me|want|again|another|those|these|that|have|more|kind|type|contain|containing)\b)*"
)
_SAME_LIST = re.compile(
    r"\s*(?:ones?\b|stuff\b|products?\b|brands?\b)?\s*(?:,|/|&|\bor\b|\band\b|\bnor\b|, or|, and|,? ?and also)"
    r"\s*(?:and |or |nor )?(?:also )?(?:not |no |any )?"
)
_REFUSED_AFTER = re.compile(
    r"\s+(?:is|are|was)\s+(?:not (?:ok|okay|fine|an option|good|for me|wanted|my thing)|out\b|a no\b|no good|terrible"
    r"|rubbish|crap|bad\b|awful|off the table)|\s*(?:-\s*)?(?:no way|no thanks|no thank you|excluded|-free\b|free\b(?=\s*(?:$|[,.!])))"
)
_ALLOWED_AFTER = re.compile(
    r"\s*(?:laptops?|ones?|too|products?)?\s*(?:is|are|would be|s|can be|might be)?\s*"
    r"(?:also|actually|perfectly|totally|absolutely|ok(?:ay)? )?\s*(?:fine|ok|okay|alright|all right|acceptable|good|allowed|welcome"
    r"|possible|not (?:so |that )?bad|back in|not a problem|no problem)\b(?!\s+(?:for|at|with(?! me)|quality|battery|sound))"
)
_ALLOWED_BEFORE = re.compile(
    r"(?:not mind|can (?:also )?include|\binclude|\ballow|put|bring|ok(?:ay)? with|fine with|open to|happy with"
    r"|could (?:also )?be|consider|accept|give)\s+(?:an?\s+|the\s+|back\s+|also\s+)?$"
)
_REQUIRED = re.compile(
    r"\b(?:(?:it |they |which |that )?(?:must|has to|have to|needs? to|should|need it to|want it to|got to) (?:also )?(?:be|have|come with|support|include|fit)|(?:must|has to) be able to)\s+"
    r"(?:an?\s+|the\s+)?((?:[\w-]+\s?){1,3})"
)
_SORTS = (
    ("price_asc", r"\bcheap(?:est|ies?|o)?\b(?! than)|\binexpensive|\baffordable|\bbudget[- ]friendly|\bbargain|\blow(?:est)?[ -](?:cost|priced?)"
     r"|\blow(?:est)? (?:price|cost)|low to high|\bleast expensive|\beconomical|\bnot (?:too |so |very |that |crazy )?(?:expensive|pricey|costly|dear)|\bbudget (?!(?:is|of|max|limit|under|around|about|\$|£|€|\d))[a-z]+"
     r"|\b(?:on a|tight|small|low|student) budget|\b(?:by|sort\w*(?: by)?|order(?:ed)?(?: by)?) (?:the )?price|best price|\bwithout breaking the bank|good value|best value"),
    ("price_desc", r"\bmost expensive|\bhigh(?:est)? to low|\bprice(?:iest| descending)|\bhighest[ -]priced?|\bpriciest|\bdearest|\btop of the range|money is no object"),
    ("rating", r"\b(?:best|top|highest|well|highly|better)[ -](?:rated|reviewed|rating|ratings|reviews)|\b(?:good|great|best|better|high|top|excellent|higher) (?:reviews|ratings?)|\bby (?:the )?(?:reviews?|ratings?|stars)|\bhighest stars|\bmost stars|\bmost loved"),
    ("newest", r"\bnewest|\blatest|\bmost recent|\bnew(?:ly)? (?:arrivals?|releases?|released)|\bjust (?:came out|released|in)\b|\bbrand new (?:models?|releases?)|\bwhat is new\b|\bnew in\b|\bnewest first|\brecently released"),
    ("popularity", r"\bmost popular|\bbest ?-?sell(?:ing|ers?)|\bpopular\b|\btrending|\bwhat (?:do )?(?:other )?people (?:buy|like)|\bmost bought|\beveryone (?:buys|is buying)|\bbest ?seller"),
)  # fmt: skip
_SORT_PATTERNS = tuple((name, re.compile(pattern)) for name, pattern in _SORTS)
_ANTONYMS = {
    "heavy": "light", "big": "compact", "large": "compact", "bulky": "compact", "loud": "quiet", "noisy": "quiet",
    "small": "large", "thick": "thin", "bright": "subtle", "complicated": "simple", "fancy": "simple", "long": "short",
    "hot": "cool", "tight": "loose", "slow": "fast", "old": "recent", "sweet": "mild", "hard": "soft",
}  # fmt: skip
_TOO = re.compile(
    rf"\bnot (?:too|so|very|that|overly|super) ({'|'.join(_ANTONYMS)})\b|\bnothing (?:too )?({'|'.join(_ANTONYMS)})\b"
)
_NUMBER = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "ten": 10}
_PIECES = re.compile(
    rf"\b(?P<n>\d{{1,2}}|{'|'.join(_NUMBER)})\s+(?:pieces?|pcs|copies|units|of (?:them|those|these|the|it|that|this|number)\b)"
    r"|\b(?:x\s?(?P<x>\d{1,2})|(?P<y>\d{1,2})\s?x)\b(?!\s*\d)"
    r"|\b(?:quantity|qty)\s*:?\s*(?P<q>\d{1,3})"
    rf"|\b(?:take|buy|order|get|add|want|need)\s+(?:me\s+)?(?P<v>\d{{1,2}}|{'|'.join(list(_NUMBER)[2:])})\b(?!\s*(?:hundred|grand|k\b|[-.\d]))"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """An utterance with everything that the shop's words and the money grammar find in it.

    Attributes:
        said: normalised, case kept; `text` is the same in lower case, place by place.
        mentions: categories, brands and attributes; those inside a price are left out.
        refused: indexes of the mentions she refuses; `allowed`: of those that are fine again.
        refusals: places of the refusals, cue words included; `loose`: refused words that the shop does not know.
    """

    said: str
    text: str
    mentions: tuple[Mention, ...]
    prices: tuple[PriceMention, ...]
    references: tuple[ReferenceMention, ...]
    refused: frozenset[int] = frozenset()
    allowed: frozenset[int] = frozenset()
    refusals: tuple[Span, ...] = ()
    loose: tuple[str, ...] = ()
    spans: tuple[Span, ...] = field(default=())

    def wanted(self, kind: str) -> tuple[Mention, ...]:
        """Mentions of one kind that are neither refused nor merely fine again."""
        off = self.refused | self.allowed
        return tuple(m for i, m in enumerate(self.mentions) if m.kind == kind and i not in off)

    def refused_of(self, kind: str) -> tuple[Mention, ...]:
        """Mentions of one kind that she refuses."""
        return tuple(m for i, m in enumerate(self.mentions) if m.kind == kind and i in self.refused)


def read(utterance: str, vocabulary: Vocabulary, shown: Sequence[CatalogueItem]) -> Reading:
    """Find everything in an utterance that a rule can stand on."""
    said = normalise(utterance)
    text = lower(said)
    prices = find_prices(text)
    measured = [(q.start, q.end) for q in find_quantities(text) if q.quantity.unit is not None]
    mentions = []
    for m in vocabulary.mentions(said):
        in_price = any(p.start < m.end and m.start < p.end for p in prices)
        if not in_price or any(s < m.end and m.start < e for s, e in measured):
            mentions.append(m)
    references = find_references(text, shown)
    refused, refusals, loose = _refusals(text, mentions)
    allowed = _allowed(text, mentions) - refused
    return Reading(said, text, tuple(mentions), prices, references, refused, allowed, refusals, loose)


def _refusals(text: str, mentions: Sequence[Mention]) -> tuple[frozenset[int], tuple[Span, ...], tuple[str, ...]]:
    """Which mentions are refused, the places of the refusals, and refused words that are no mention."""
    refused: set[int] = set()
    spans: list[Span] = []
    loose: list[str] = []
    for cue in _REFUSAL.finditer(text):
        if _NO_REFUSAL.match(text, cue.end()) or any(s <= cue.start() < e for s, e in spans):
            continue
        end = _refuse_list(text, cue.end(), mentions, refused)
        if end is None:
            words = _loose_words(text, cue, mentions)
            if words is None:
                continue
            end = words[1]
            loose.append(words[0])
        spans.append((cue.start(), end))
    for index, mention in enumerate(mentions):
        after = _REFUSED_AFTER.match(text, mention.end)
        if after:
            refused.add(index)
            spans.append((mention.start, after.end()))
    return frozenset(refused), tuple(spans), tuple(loose)


def _refuse_list(text: str, position: int, mentions: Sequence[Mention], refused: set[int]) -> int | None:
    """Refuse the mention that follows and those listed with it ("HP, Dell or Asus"); where it ends, or None."""
    kind, end = None, None
    for index, mention in enumerate(mentions):
        if mention.start < position:
            continue
        link = text[position : mention.start]
        if kind is None:
            joined = re.fullmatch(_BETWEEN, link)
        else:
            joined = _SAME_LIST.fullmatch(link) if mention.kind == kind else None
        if not joined:
            break
        refused.add(index)
        kind, position, end = mention.kind, mention.end, mention.end
    return end


def _loose_words(text: str, cue: re.Match[str], mentions: Sequence[Mention]) -> tuple[str, int] | None:
    """Up to three refused words that the shop does not know, and where they end."""
    stop = min((m.start for m in mentions if m.start >= cue.end()), default=len(text))
    clause = re.match(
        r"[^,;.!?]*?(?=[,;.!?]|\b(?:but|and|for|with|under|over|below|please|or|that|which|in|to)\b|$)",
        text[cue.end() : stop],
    )
    phrase = clause[0] if clause else ""
    words = strip_filler(phrase.replace("-", " "))
    if not words or len(words.split()) > 3:
        return None
    return words, cue.end() + len(phrase.rstrip())


def _allowed(text: str, mentions: Sequence[Mention]) -> frozenset[int]:
    """Which mentions are said to be fine: "actually HP is fine", "I don't mind HP", "Dell and HP are ok"."""
    allowed: set[int] = set()
    for index in reversed(range(len(mentions))):
        mention = mentions[index]
        listed = index + 1 in allowed and _SAME_LIST.fullmatch(text, mention.end, mentions[index + 1].start)
        after = _ALLOWED_AFTER.match(text, mention.end)
        if listed or (after and after[0].strip()) or _ALLOWED_BEFORE.search(text[: mention.start]):
            allowed.add(index)
    return frozenset(allowed)


def find_sort(text: str) -> tuple[str, Span] | None:
    """The order that is asked for by name and the place that asks for it; the first one in the text."""
    found = [(m.start(), m.end(), name) for name, pattern in _SORT_PATTERNS if (m := pattern.search(text))]
    if not found:
        return None
    start, end, name = min(found)
    return name, (start, end)


def find_quantity(reading: Reading) -> tuple[int, Span] | None:
    """How many pieces: "two of them", "x3", or a number right before a category ("5 mugs")."""
    text = reading.text
    match = _PIECES.search(text)
    if match:
        said = next(group for group in match.groups() if group is not None)
        in_price = any(p.start < match.end() and match.start() < p.end for p in reading.prices)
        measured = any(q.quantity.unit and q.start < match.end() <= q.end + 1 for q in find_quantities(text))
        if not in_price and not measured:
            return _NUMBER.get(said) or int(said), match.span()
    for mention in reading.wanted("category"):
        before = re.search(rf"\b(\d{{1,2}}|{'|'.join(list(_NUMBER)[2:])})\s+$", text[: mention.start])
        if before:
            return _NUMBER.get(before[1]) or int(before[1]), before.span()
    return None


def find_requirements(reading: Reading, vocabulary: Vocabulary) -> tuple[tuple[str, Span], ...]:
    """Wishes stated as a must that are no mention: "must be vegan". They stay attributes, known to the shop or not."""
    found = []
    for match in _REQUIRED.finditer(reading.text):
        start, end = match.span(1)
        stop = re.search(r"[,;.!?]|\b(?:and|or|but|for|with|under|over|to|by|in|when)\b", match[1])
        end = start + stop.start() if stop else end
        words = strip_filler(reading.text[start:end])
        known = any(m.start < end and start < m.end for m in (*reading.mentions, *reading.prices))
        if words and not known and not re.match(r"(?:under|over|below|less|more|at|not|able|cheap)", words):
            found.append((words, (start, end)))
    return tuple(found)


def positive_slots(reading: Reading, vocabulary: Vocabulary) -> tuple[Slots, tuple[Span, ...]]:
    """The slots that an utterance fills, references and quantity aside, and the places that fill them."""
    categories, brands = reading.wanted("category"), reading.wanted("brand")
    attributes = reading.wanted("attribute")
    required = find_requirements(reading, vocabulary)
    sort = find_sort(reading.text)
    low = next((p.low for p in reversed(reading.prices) if p.low is not None), None)
    high = next((p.high for p in reversed(reading.prices) if p.high is not None), None)
    refused = reading.refused_of("attribute") + reading.refused_of("category")
    slots = Slots(
        category=categories[-1].value if categories else None,
        price_min=low,
        price_max=high,
        currency=next((p.currency for p in reading.prices if p.currency), None),
        brands=_unique(m.value for m in brands),
        excluded_brands=_unique(m.value for m in reading.refused_of("brand")),
        attributes=_unique([*(phrase(reading, m) for m in attributes), *(words for words, _ in required)]),
        excluded_attributes=_unique([*(phrase(reading, m) for m in refused), *reading.loose]),
        sort=sort[0] if sort else None,
    )
    spans = [(m.start, m.end) for m in reading.mentions]
    spans += [(p.start, p.end) for p in reading.prices] + [span for _, span in required] + list(reading.refusals)
    spans += [sort[1]] if sort else []
    return slots, tuple(spans)


def phrase(reading: Reading, mention: Mention) -> str:
    """An attribute in the shopper's words."""
    return " ".join(reading.text[mention.start : mention.end].split())


def find_topic(reading: Reading, spans: Sequence[Span]) -> str:
    """The rest of the need, for ranking: what no slot holds, without filler; "not too heavy" as "light"."""
    text = _TOO.sub(lambda m: _ANTONYMS[m[1] or m[2]].ljust(len(m[0]))[: len(m[0])], reading.text)
    return " ".join(remaining(text, spans))


def _unique(values: object) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))  # type: ignore[call-overload]
