"""The store's short words as staff read them; the console's templates have them as filters."""

from __future__ import annotations

_FLAG_CLASSES = {"low_confidence": "warn", "dislike": "bad", "injection": "bad", "empty_result": "warn"}
_RUNGS = {
    "model": "the language model",
    "repair": "the language model, second try",
    "tagger": "the trained tagger",
    "rules": "rules alone",
    "control": "a button or a form",
}
LADDER = ("model", "repair", "tagger", "rules")  # the best first; a button needs none
_LATENCIES = {
    "understand": "Understanding",
    "search": "Searching",
    "cards": "Until the cards stood there",
    "first_text": "Until the first words",
    "explain": "Writing the reply",
    "turn": "The whole turn",
}


def words(name: str) -> str:
    """ "out_of_scope" as "out of scope"."""
    return str(name).replace("_", " ")


def flag_class(kind: str) -> str:
    """How loud a flag's badge is."""
    return _FLAG_CLASSES.get(kind, "")


def rung_words(rung: str) -> str:
    """Who understood."""
    return _RUNGS.get(rung, rung)


def rung_class(rung: str) -> str:
    """What only catches another's failure stands out."""
    return "warn" if rung in ("repair", "rules") else ""


def latency_words(stage: str) -> str:
    """A stage of the stopwatch."""
    return _LATENCIES.get(stage, words(stage).capitalize())


def plain_reply(reply: str) -> str:
    """A reply without its marks for bold."""
    return reply.replace("**", "")


def score_words(score: float) -> str:
    """A score with two digits: "0.48", "−0.02"."""
    return f"{round(score, 2) + 0.0:.2f}".replace("-", "−")


FILTERS = {
    function.__name__: function
    for function in (words, flag_class, rung_words, rung_class, latency_words, plain_reply, score_words)
}
