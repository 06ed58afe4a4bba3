"""Numbers in words: "six hundred", "twelve hundred", "one fifty", "half a grand"."""

from __future__ import annotations

import re

_SMALL: dict[str, float] = {
    "zero": 0,
    "half": 0.5,
    "one": 1,
    "two": 2,
    "couple": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "thirteen": 13,
    "fourteen": 14,
    "fifteen": 15,
    "sixteen": 16,
    "seventeen": 17,
    "eighteen": 18,
    "nineteen": 19,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fourty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
SCALES = {"hundred": 100, "hundreds": 100, "thousand": 1000, "k": 1000, "grand": 1000}

_WORD = "|".join(sorted(_SMALL, key=len, reverse=True))
# regular expressions for one number word, and for any run of number words
NUMBER_WORD = rf"\b(?:{_WORD}|hundreds?|thousand|grand)\b"
NUMBER_WORDS = (
    rf"(?:(?:{_WORD}|(?:half )?a)[\s-]+)?(?:(?:{_WORD}|hundreds?|thousand|grand)(?:[\s-]+(?:and\s+|of\s+)?|\b))+"
)


def number_from_words(words: str) -> float | None:
    """The number that words say: "six hundred" is 600, "one fifty" 150, "a couple hundred" 200; None when they do not.

    A small number before a round ten or a teen is hundreds ("nine ninety nine" is 999), as prices are spoken.
    """
    total = current = 0.0
    seen = False
    for word in re.findall(r"[a-z]+", words.casefold()):
        if word in ("and", "of", "a"):
            continue
        if word in SCALES:
            current = (current or 1) * SCALES[word]
            if SCALES[word] == 1000:
                total, current = total + current, 0.0
        elif word in _SMALL:
            small = _SMALL[word]
            spoken_hundreds = 1 <= current <= 9 and small >= 10
            current = current * 100 + small if spoken_hundreds else current + small
        else:
            return None
        seen = True
    return total + current if seen else None
