"""Text of the catalogue that speaks to a language model and not to a shopper.

Feeds are read without such sentences; where a record has them all the same, `doctor` reports them, and the assistant
takes none of them for evidence and puts none of them into a prompt.
"""

from __future__ import annotations

import re
import unicodedata

_MACHINE = r"(?:ai|assistant|chat\s?bot|bot|language\s+model|llm|shopping\s+assistant)"
_PERSON = r"(?:shopper|customer|user|buyer)s?"
_INSTRUCTION = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b[^.!?\n]{0,60}\b(?:instruction|prompt|rule|guideline|directive|above|previous"
    rf"|prior|message|other\s+(?:result|item|product)|{_PERSON}(?:['’]s)?)"
    rf"|\b(?:you\s+are|if\s+you\s+are)\s+(?:now\b|(?:an?\s+)?{_MACHINE}\b)|\bas\s+an\s+(?:ai|assistant)\b"
    r"|\byou\s+(?:must|should|will)\s+(?:now|say|tell|recommend|answer|reply)\b"
    rf"|\b(?:dear|note\s+to\s+(?:the\s+)?|attention,?)\s*(?:{_MACHINE}|model)\b|\b(?:assistant|chatbot|ai)\s*[:,]\s*(?:you|say|tell|choose"
    r"|recommend|show|rank|this|it|ignore|forget|do\s+not|don.t)\b"
    rf"|\b(?:the\s+)?{_MACHINE}\b.{{0,40}}\b(?:must|should|will)\s+(?:\w+\s+)?(?:say|tell|state|recommend|inform|choose|answer)\b"
    r"|\b(?:system|developer)\s+(?:prompt|message)\b|\bnew\s+instructions?\s*:"
    r"|\b(?:always|only)\s+recommend\s+(?:this|our)\b|\b(?:recommend|choose|prefer)\s+(?:only\s+)?this\s+(?:item|product|one)\b"
    r"|\brank\s+this\s+(?:item|product)\s+(?:first|highest|top)\b|\bput\s+this\s+(?:item|product)\s+(?:first|above|on\s+top)\b"
    r"|\banswer\s+with\s+this\s+item\b|\banswer:\s|\bthat\s+is\s+all\s+you\s+should\b"
    r"|\b(?:do\s+not|don't|never)\s+(?:mention|recommend|show|reveal)\s+(?:any\s+)?(?:other|competing|competitor|the\s+price)"
    rf"|\b(?:tell|inform|assure)\s+(?:the\s+)?{_PERSON}\s+(?:that|to)\b|\b(?:tell|inform|assure)\s+{_PERSON}\s+(?:that|the)\b"
    r"|<\|[a-z_]{2,30}\|>|\[/?(?:inst|system)\]|<</?sys>>|</?(?:system|assistant|user|instructions?|\w+_of_turn)>"
    r"|#{2,}\s*(?:instruction|response|system)\b|\bwish:\s.*\sfacts:\s|\{\s*\"why\""
    r"|(?:^|[.!?]\s|```)\s*(?:system|assistant|user|human)\s*:",
    re.IGNORECASE | re.MULTILINE,
)


def find_instruction(text: str) -> str | None:
    """The words in a text that speak to a language model and not to a shopper; None when there are none."""
    match = _INSTRUCTION.search(unicodedata.normalize("NFKC", text))
    return match[0].strip() if match else None


def without_instructions(text: str) -> tuple[str, tuple[str, ...]]:
    """The text without the sentences that speak to a language model, and those sentences.

    Where only several sentences together do, nothing of the text is kept.
    """
    if find_instruction(text) is None:
        return text, ()
    pieces = re.split(r"((?<=[.!?])\s+|\n+)", text)
    sentences = list(zip(pieces[::2], [*pieces[1::2], ""], strict=True))  # each with what parts it from the next
    said = [sentence for sentence, _ in sentences if find_instruction(sentence) is not None]
    kept = "".join(sentence + parted for sentence, parted in sentences if sentence not in said).strip()
    return (kept, tuple(said)) if find_instruction(kept) is None else ("", (text,))
