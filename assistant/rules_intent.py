"""The intent by rule: cue words, weighed with what the shop's vocabulary recognised and what is on the page."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.dialogue import Intent

_INJECTION = re.compile(
    r"\b(?:ignore|disregard|forget|bypass|override|violate) (?:\w+ ){0,4}(?:instructions?|rules|prompts?|guidelines|guardrails|programming|training|directives)"
    r"|\b(?:system|hidden|initial|secret) prompt\b|\byou are now\b|\bdeveloper mode|\bjailbreak|\bdo anything now\b|\bpretend (?:to be|you are|that you)"
    r"|\bact as (?:a|an|my|if you)\b|\b(?:print|reveal|repeat|show|tell me|output) (?:\w+ ){0,2}(?:your|the) (?:\w+ )?(?:instructions|prompt|rules)\b|</?(?:system|assistant|user|script)\b|\brole-?play\b|\bsudo\b|\bdrop table\b"
)
_SERVICE = re.compile(
    r"\b(?:where is|where are|track(?:ing)?|status of|what happened to|did not receive|have not received|has not arrived|never arrived|not arrived|not delivered|waiting for|when (?:will|does|is)|lost) (?:\w+ ){0,2}(?:parcel|package|order|deliver\w*|shipment|stuff arrive|refund|it arrive|arrive|money back)"
    r"|\b(?:my|an|the|previous|last|existing) (?:order|parcel|package|delivery|shipment|invoice|receipt|refund|return|account|password|subscription|payment|loyalty points|gift card balance|warranty claim)\b(?! (?:of|by) (?:the )?(?:list|results))"
    r"|\b(?:return|exchange|send back|refund|cancel) (?:\w+ ){0,3}(?:order|item|purchase|policy|it i bought|i bought|i purchased|parcel|subscription|something)|\breturns?\b(?! (?:to|me)\b)|\brefunds?\b|\bmoney back\b"
    r"|\b(?:shipping|delivery|postage) (?:cost|costs|fee|fees|time|times|options?|charges?|address|to|free|date)|\b(?:free|express|next[ -]day|fast|same[ -]day) (?:shipping|delivery)|\b(?:do|can) you (?:ship|deliver)|\bhow (?:long|fast|much) (?:\w+ ){0,3}(?:shipping|delivery|deliver|ship|to arrive)\b"
    r"|\b(?:pay|paying|payment|checkout) (?:\w+ )?(?:with|by|via|in|using|methods?|options?|failed|problem)|\b(?:paypal|klarna|credit card|apple pay|google pay|installments?|instalments?|invoice|receipt|vat|voucher|coupon|promo(?: |-)?codes?|discount codes?|gift cards?)\b"
    r"|\b(?:opening|store|shop|business) (?:hours|times)|\bwhen (?:do|are) you (?:open|close|guys open)|\bwhere (?:is|are) (?:your|the) (?:shop|store|stores)\b|\b(?:customer|human|real person|live) (?:service|support|agent|care)|\b(?:talk|speak|chat) (?:to|with) (?:a |an |some ?one|some ?body|your )?(?:human|person|agent|someone|somebody|staff|manager|representative|real)"
    r"|\bcomplain(?:t|ts|ing)?\b|\b(?:arrived|came|is|was|got) (?:\w+ )?(?:broken|damaged|defective|faulty|wrong item)|\b(?:wrong|broken|damaged|faulty|defective) (?:item|product|size|parcel|order)\b|\bwarranty (?:claim|repair)|\brepair (?:my|it)\b|\bprice match|\bcharged (?:me )?(?:twice|double|wrong)|\bcontact (?:number|you|details|info)|\byour (?:phone number|email|address)\b|\blog ?in\b|\bpick ?up in store\b|\bclick and collect\b"
)
_EXPLAIN = re.compile(
    r"^(?:but |and |ok |so )?why\b|\bwhy (?:is|are|was|were|did|do|does|this|these|that|the|not|would|should|am|you|it|so)\b|\bhow (?:did|do|does|are|were|was|have) (?:you|these|they|it|the \w+) (?:\w+ )?(?:choose|chose|pick|picked|rank|ranked|sort|sorted|order|ordered|select|selected|decide|get to|come up|recommended|chosen|scored?)"
    r"|\bexplain\b|\bwhat (?:makes|made) (?:it|this|that|these|the|you)\b|\breason(?:s|ing)?\b|\b(?:on )?what (?:basis|grounds)|\bhow come\b|\bbased on what\b|\bhow does (?:the|this|your) (?:ranking|order|list|recommendation|sorting)|\bjustify\b|\bwhat is the logic"
)
_COMPARE = re.compile(
    r"\bcompar(?:e|ing|ison|isons|ed)\b|\bvs\.?(?=\s|$)|\bversus\b|\bdifferen(?:ce|ces|t from|t to|t than)\b|\bside by side\b|\bhow (?:do|does|is|are) .*\b(?:differ|stack up|compare|measure up)\b|\bpros and cons\b"
    r"|\bwhich (?:one |ones |of (?:them|these|those|the \w+) |is |has |would |do |should |\w+ )?(?:\w+ )?(?:is |are |has |have |would |weighs? |comes? |lasts? |costs? |do you |you |i |be |to |should )?(?:the )?(?:\w+ ){0,3}(?:better|best|lighter|lightest|cheaper|cheapest|bigger|biggest|larger|largest|smaller|smallest|longer|longest|faster|fastest|heavier|heaviest|stronger|strongest|newer|newest|quieter|quietest|more|most|less|least|higher|highest|recommend|choose|pick|prefer|worth|sturdier|tougher|louder|brighter)\b"
)
_SELECT = re.compile(
    r"\b(?:i will|i would|let me|let us|we will|can i|could i|may i|i want to|i would like to|i am going to|gonna|going to)\s+(?:just |also )?(?:take|have|buy|get|go with|go for|order|grab|purchase|pick|choose)\b|\b(?:add|put|throw|drop) (?:.{0,40}?)?(?:to|in|into) (?:my |the )?(?:cart|basket|bag|trolley)\b"
    r"|\b(?:go|going) (?:with|for)\b|^(?:ok(?:ay)?,? |great,? |yes,? |please |so |and |fine,? |perfect,? )*(?:take|buy|order|get me|get|grab|choose|select|purchase|reserve|give me|i take|i choose|i buy|i pick|pick|i want|i would like|i need|send me|wrap up)\b|\b(?:sold|check ?out|i am taking|reserve (?:it|this|that|the)|deal)\b|\bi(?: have)? decided (?:on|for)\b|\bwant the\b|\bis the one\b|\b(?:it|that one|this one|one) (?:then )?please$"
    r"|\bbuy (?:it|this|that|the|them|both)\b|\bi like (?:the|this|that)\b.*\bbuy\b"
)
_QUESTION = re.compile(
    r"\?\s*$|^(?:and |but |ok |so |hey |hi |please |also |then )*(?:is|are|does|do|did|has|have|can|could|will|would|how|what|which|who|where|when|any|got)\b|\b(?:tell|show) me (?:more|everything|about|what)\b|\bmore (?:info|details|information|about)\b|\bi wonder\b|\bwhat about\b|\bhow about\b|\bdetails? (?:of|on|about|for)\b|\bwonder(?:ing)? (?:if|whether)\b|\bdescribe\b|\bspecs?\b"
)
_ASK_TOPIC = re.compile(
    r"\b(?:weigh\w*|heavy|light|dimensions?|measurements?|specs?|specifications?|details?|battery|warranty|guarantee|material|made (?:of|from|in)|reviews?|rating|colou?rs?|sizes?|size|width|height|length|depth|how (?:big|long|tall|wide|heavy|thick|loud|fast|deep|many|much|old|good|warm|strong|bright)|capacity|washable|dishwasher|waterproof|compatible|support\w*|work with|fit|in stock|available|come with|included|includes?|have|has|ports?|bluetooth|wifi|usb|price|cost|more about|tell me|age|release\w*|ingredients|safe|noisy|quiet|resolution|screen|display|power|watt\w*)\b"
)
_FINDING = re.compile(
    r"\b(?:do|are|would) you (?:\w+ )?(?:have|sell|carry|stock|offer|got|selling|do)\b|\b(?:need|look(?:ing)?(?: for)?|search(?:ing)?|find(?: me)?|hunting|after|recommend|suggest|shopping for|in the market|interested in|show(?: me)?|want|buy|have you got|got any|give me|help me|is there|are there|any (?:good|nice|decent|ideas?)|would like|wish|require|get me|present|gift)\b"
)
_NEW = re.compile(
    r"\b(?:now|also|next|then|another thing|different|separately|additionally|new topic|something else|besides that|other than that|moving on|on to|and i (?:also )?need|forget (?:the|about)|never ?mind|else)\b.{0,40}"
)
_SAME = re.compile(
    r"\b(?:instead|rather|same|make it|make that|switch to|change (?:it |that )?to|but (?:in|with|as)|more like|similar|those|them|these|it|ones?)\b"
)
_HELLO = re.compile(
    r"^(?:hi|hello|hey|hiya|yo|howdy|good (?:morning|afternoon|evening|day)|greetings|hola|bonjour|hallo|ciao|sup|moin|guten tag)\b(?: there| again| all| everyone| you| bot| assistant)?"
)
_CHAT = re.compile(
    r"(?:.*\b(?:thanks?|thank you|cheers|appreciated?|bye|goodbye|good night|see you|see ya|have a (?:nice|good|great) (?:day|one|evening|weekend)|well done|good job|nice work|great job|you (?:are|were) (?:\w+ )?(?:great|helpful|awesome|amazing|the best|nice|funny|useless|stupid|dumb|bad|smart|welcome)"
    r"|who are you|what are you|your name|are you (?:a |an )?(?:human|bot|robot|real|ai|machine|person|there|alive|chatgpt|\w*gpt|okay|ok|sure|serious)|how are you|how is it going|how do you do|what is up|what can you do|how can you help|what do you do|can you help(?: me)?$|help$|i love you|lol|haha+|hehe|nice to meet|pleased to meet|who made you|who (?:built|created) you|i am (?:just looking|just browsing|bored|fine|good|tired|back|sorry)|just (?:looking|browsing)|never ?mind|no worries|my bad|sorry|wow|that helps|that is (?:all|it|great|good|nice|perfect|helpful|cool|awesome|everything)|test(?:ing)?$)\b.*"
    r"|(?:ok(?:ay)?|cool|great|nice|perfect|awesome|good|fine|wow|amazing|excellent|super|got it|i see|understood|alright|all right|hmm+|sure|yes|yeah|no|nope|nah|yep|ah|oh|interesting|lovely|brilliant|makes sense|fair enough|good to know|right|k|ty)(?:[ ,.!]+(?:ok(?:ay)?|cool|great|nice|perfect|awesome|good|fine|got it|i see|then|yes|no|one))*)[ .!?]*"
)
_ELSEWHERE = re.compile(
    r"\b(?:weather|forecast|raining|temperature (?:outside|in|today)|joke|poem|haiku|limerick|lyrics|story about|essay|homework|capital (?:city )?of|president|prime minister|election|vote|politic\w*|parliament|football score|who (?:won|wins|is winning)|world cup|translate|in (?:spanish|french|german|italian|chinese|japanese)\b.*\b(?:say|mean)|how do (?:you|i) say|square root|solve|equation|plus|times|divided by|write (?:me )?(?:a|an|some) (?!review)|python (?:code|script|program|function)|javascript|sql|recipe|how (?:do|to|can|should) (?:i |you |we )?(?:cook|bake|boil|fix my|change a tire|lose weight|get rich|hack|make a bomb|pronounce|spell)|calories|stock market|stock price|bitcoin|crypto|invest\w*|interest rate|exchange rate|bank (?:account|balance)|my (?:bank|checking|savings|credit score|bill|bills|taxes|insurance|car|flight|calendar|schedule|meeting|alarm|boss|doctor|girlfriend|boyfriend|homework|ex)|tax(?:es)?|mortgage|insurance|loan|credit score|news|headlines|meaning of life|horoscope|zodiac|book (?:me )?(?:a|an|the) (?:flight|hotel|table|taxi|uber|room|car|appointment|ticket)|flights?|hotels?|restaurants?|reservation|rent a|uber|taxi|traffic|directions to|how far|time is it|what time|what day|what (?:is )?(?:the )?(?:date|year)|time ?zone|set (?:a|an|my) (?:alarm|timer|reminder)|remind me|alarm for|play (?:some|a|the|my|me)|next song|call (?:my|a|mom|dad|me)|text (?:my|mom|dad)|send (?:a|an) (?:text|email|message)|turn (?:on|off|up|down)|dim the|headache|symptoms?|diagnos\w*|medicine for|prescri\w*|should i sue|lawyer|legal advice|marry me|religion|god exist\w*|jesus|war in|who (?:invented|discovered|wrote|painted|founded)|how old (?:is|are) (?:the )?(?:universe|earth|you)|distance (?:to|between)|population|definition of|define|roll (?:a )?(?:dice|die)|flip a coin|riddle|trivia|fun fact|movie|netflix|vacation days|pto|meeting|todo|to-do|gas (?:up|level)|tire pressure|oil change|passport|visa|vaccin\w*|plane|airline|luggage (?:lost|allowance)|carry-?on (?:rules|policy|limit))\b|\b\d+\s*[+*×÷/]\s*\d+\s*=?\s*\??$"
)  # fmt: skip
_FORMED = re.compile(
    r"\b(?:is|are|was|were|am|do|does|did|have|has|had|will|would|should|can|could|may|who|why|when|where|how|what|tell|think|know|feel|my|your|his|her|their|you|he|she|we|they)\b"
)
_ADJECTIVE = re.compile(
    r"(?:\w+(?:y|able|ible|ish|proof|less|ful|ed|er|ing|ive|ous|al|ic|free|friendly|resistant)|soft|hard|light|big|small|warm|cool|smart|loud|quiet|cute|plain|slim|thin|thick|wide|long|short|tall|round|square|modern|retro|vintage)$"
)
_CONTINUES = re.compile(
    r"^(?:and|but|or|for|with|in|that|which|to|more|less|not|no|only|something|anything|one|ones|it|they|must|should|preferably|ideally|also|at|on|from|by|a bit|a little|slightly|even|better|same|of|as|good|nice|easy|if|maybe|actually)\b|\b(?:one|ones|something|anything)\b|\b(?:it|they|them)\b"
)


@dataclass(frozen=True, slots=True)
class Signs:
    """What the intent is decided by, beside the words.

    Attributes:
        need: whether a need is in force; `shown`: whether items are on the page.
        pointing: references by rank or description; `pronoun`: references by pronoun.
        category: whether a category is wanted; `other_category`: and it is not the one in force.
        constraint: whether anything else of a need was recognised: price, brand, attribute, sort, refusal, take-back.
        relative: "cheaper", "bigger": measured against what is shown.
        topic: the words that no slot holds.
        vague: whether the only words recognised were guessed from a typing error.
        fields: names of attributes that the shown items state.
    """

    need: bool
    shown: bool
    pointing: bool
    pronoun: bool
    category: bool
    other_category: bool
    constraint: bool
    relative: bool
    topic: str
    vague: bool
    fields: frozenset[str]


def is_injection(text: str) -> bool:
    """Whether the words try to give the assistant orders about itself."""
    return _INJECTION.search(text.casefold()) is not None


def decide(text: str, signs: Signs) -> tuple[Intent, float]:
    """The intent and how sure it is.

    The confidence is that of the cue that decided, by our own count on hand-written utterances: about .95 where the
    words leave no other reading, .85 for a cue with what it needs (a shown item, a shop word), .7 for a cue alone, .5 for
    a guess from the shape of the sentence.
    """
    shop = signs.category or signs.constraint
    if is_injection(text):
        return Intent.OUT_OF_SCOPE, 0.95
    for decision in (_about_shown(text, signs), _beside_the_need(text, signs, shop)):
        if decision:
            return decision
    if shop or signs.relative:
        return _about_need(text, signs)
    return _unrecognised(text, signs)


def _about_shown(text: str, signs: Signs) -> tuple[Intent, float] | None:
    """Explain, compare, select, ask: they need items on the page, or words that point at some."""
    points = signs.pointing or (signs.pronoun and signs.shown)
    new_need = signs.other_category and not points
    if _EXPLAIN.search(text) and not new_need:
        return Intent.EXPLAIN, 0.9 if signs.shown else 0.7
    if _SERVICE.search(text) and not (points and signs.shown and not re.search(r"\bmy\b|order|parcel", text)):
        return None
    if _COMPARE.search(text) and (signs.shown or points) and not new_need and not _ELSEWHERE.search(text):
        return Intent.COMPARE, 0.9 if points else 0.75
    if (
        points
        and _SELECT.search(text)
        and not signs.relative
        and not text.endswith("?")
        and not _asks_variant(text, signs)
    ):
        return Intent.SELECT, 0.9
    if re.search(r"\b(?:check ?out|(?:to|in|into) (?:my |the )?(?:cart|basket|bag))\b", text) and signs.shown:
        return Intent.SELECT, 0.8
    if not signs.shown and not signs.pointing or signs.relative or new_need:
        return None
    question = _QUESTION.search(text) is not None
    if points and question and not _asks_variant(text, signs):
        return Intent.ASK, 0.9
    named = any(re.search(rf"\b{re.escape(name)}\b", text) for name in signs.fields)
    if (
        question
        and (named or _ASK_TOPIC.search(text))
        and not signs.category
        and not _FINDING.search(text)
        and not _ELSEWHERE.search(text)
    ):
        return Intent.ASK, 0.7
    if signs.pointing and not signs.constraint and not signs.category:
        return (Intent.ASK, 0.6) if question or named or signs.topic else (Intent.SELECT, 0.55)
    return None


def _asks_variant(text: str, signs: Signs) -> bool:
    """ "do you have it in blue?", "is there a smaller one?": a change of the need, dressed as a question."""
    return (
        signs.constraint
        and re.search(
            r"\b(?:do you have|got|is there|are there|any|show me|have you) .*\b(?:in|with|but|without)\b|\bsame\b|\bsimilar\b|\blike (?:the|it|this|that)\b",
            text,
        )
        is not None
    )


def _beside_the_need(text: str, signs: Signs, shop: bool) -> tuple[Intent, float] | None:
    """Service, small talk and what is no shop's business."""
    if _SERVICE.search(text) and not (
        signs.category and _FINDING.search(text) and not re.search(r"\bmy\b|\border\b|\breturn", text)
    ):
        return Intent.SERVICE, 0.9
    elsewhere = _ELSEWHERE.search(text) is not None
    if elsewhere and not (shop and (_FINDING.search(text) or not signs.vague and not _FORMED.search(text))):
        return Intent.OUT_OF_SCOPE, 0.85
    rest = _HELLO.sub("", text).strip(" ,.!")
    if shop or signs.relative:
        return None
    if not rest or _CHAT.fullmatch(rest) and not _FINDING.search(re.sub(r"\bhelp\b|\blooking\b", "", rest)):
        return Intent.CHITCHAT, 0.9
    return None


def _about_need(text: str, signs: Signs) -> tuple[Intent, float]:
    """Find or refine: something of a need was recognised."""
    if not signs.need:
        return Intent.FIND, 0.7 if signs.vague else 0.9
    if not signs.other_category:
        again = signs.category and re.search(r"\b(?:another|different|new search|for my|now i)\b", text)
        return (Intent.FIND, 0.6) if again else (Intent.REFINE, 0.9 if signs.constraint or signs.relative else 0.75)
    if _SAME.search(text) and not _NEW.search(text):
        return Intent.REFINE, 0.75
    return Intent.FIND, 0.85


def _unrecognised(text: str, signs: Signs) -> tuple[Intent, float]:
    """Nothing of the shop was recognised: words for ranking, a question about what is shown, or not our business."""
    words = signs.topic.split()
    finding = _FINDING.search(text) is not None
    if (
        signs.shown
        and _QUESTION.search(text)
        and not finding
        and len(words) <= 6
        and (signs.pronoun or _ASK_TOPIC.search(text))
    ):
        return Intent.ASK, 0.6
    if not words:
        if finding:
            return (Intent.REFINE, 0.5) if signs.need else (Intent.FIND, 0.5)
        return (Intent.ASK, 0.4) if signs.shown and _QUESTION.search(text) else (Intent.CHITCHAT, 0.4)
    if (
        signs.need
        and (_CONTINUES.search(text) or (len(words) == 1 and _ADJECTIVE.fullmatch(words[0])))
        and not _FORMED.search(signs.topic)
    ):
        return Intent.REFINE, 0.6
    if finding and len(words) <= 12:
        return Intent.FIND, 0.6
    if len(words) <= 4 and not _FORMED.search(text) and any(len(w) > 2 for w in words):
        return Intent.FIND, 0.45
    return Intent.OUT_OF_SCOPE, 0.55
