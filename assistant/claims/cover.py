"""A part of a sentence covered with statements of a record: what can be said together, and what may not be mixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.claims.evidence import Statement, in_order, same
from assistant.claims.reading import Reading
from assistant.claims.terms import Term, stems, terms

_TEXT = ("title", "description")
_LONGEST = 8  # terms of one chunk
# verbs that speak of a measure, by its unit
_VERBS = {"g": stems(["weigh weight"]), "h": stems(["last run play work"])}


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of terms and the statements that each hold all of it: none, when nothing in the record does."""

    terms: tuple[Term, ...]
    held_by: tuple[Statement, ...]

    @property
    def is_text(self) -> bool:
        """Whether only the title or the description says it."""
        return bool(self.held_by) and all(s.field in _TEXT for s in self.held_by)

    @property
    def is_thing(self) -> bool:
        """Whether it is a word of the text or a property that holds or does not, and no other property's value."""
        return bool(self.held_by) and all(s.yes_no or s.field in _TEXT for s in self.held_by)

    @property
    def names_only(self) -> bool:
        """Whether it but names a property and says nothing of its value."""
        return any(all(t.stem in names_of(s) for t in self.terms) for s in self.held_by if s.name and not s.yes_no)


def read_part(said: tuple[Term, ...], record: Sequence[Statement], reading: Reading) -> None:
    """Note the claims of a part of a sentence; a term that nothing in the record holds is an unsupported one."""
    chunks = _cover(said, record, reading)
    for place, chunk in enumerate(chunks):
        kept = [s for s in chunk.held_by if not _misplaced(place, s, chunks)]
        mixed = chunk.is_text and any(other.is_text for other in chunks if other is not chunk)
        denied = any(_contradicts(chunk, s) or _cuts_short(chunk, s) for s in record)
        words = " ".join(t.text for t in chunk.terms)
        reading.add(words, kept[0].field if kept else "", bool(kept) and not mixed and not denied)


def names_of(statement: Statement) -> frozenset[str]:
    """Words that name the property of a statement, verbs of its measure included: "weighs" for grams."""
    units = {t.quantity.unit for t in statement.terms if t.quantity is not None}
    return statement.name.union(*(_VERBS[unit] for unit in units if unit in _VERBS)) - {"#"}


def _cover(said: tuple[Term, ...], record: Sequence[Statement], reading: Reading) -> list[Chunk]:
    """The fewest chunks that cover the terms; a term that nothing holds is a chunk of its own, at a high price."""
    best: list[tuple[int, list[Chunk]]] = [(0, [])]
    for end in range(1, len(said) + 1):
        options = []
        for start in range(max(0, end - _LONGEST), end):
            chunk = Chunk(said[start:end], _held_by(said[start:end], record, reading))
            if chunk.held_by or end - start == 1:
                cost, before = best[start]
                options.append((cost + (1 if chunk.held_by else len(said) + 1), [*before, chunk]))
        best.append(min(options, key=lambda option: option[0]))
    return best[-1][1]


def _held_by(said: tuple[Term, ...], record: Sequence[Statement], reading: Reading) -> tuple[Statement, ...]:
    if len({t.negated for t in said}) > 1:
        return ()
    if said[0].negated and _is_unwanted(said, reading):
        return (Statement("brand", said, negative=True),)
    return tuple(s for s in record if s.negative == said[0].negated and _states(s, said))


def _is_unwanted(said: Sequence[Term], reading: Reading) -> bool:
    """ "not HP", where HP was ruled out and the item is of another brand."""
    brand = (reading.item.brand or "").casefold()
    unwanted = reading.shown.constraints.excluded_brands
    return brand not in unwanted and any([t.stem for t in said] == [t.stem for t in terms(b)] for b in unwanted)


def _states(statement: Statement, said: Sequence[Term]) -> bool:
    """Whether one statement of the record holds a run of terms."""
    if statement.identity:
        return all(any(same(term, stated) for stated in statement.terms) for term in said)
    if not statement.name:
        return _text_states(statement, said)
    stems_said = {t.stem for t in said}
    rest = [t for t in said if t.stem not in names_of(statement)]
    if not all(any(same(t, s) for s in statement.terms) for t in rest):
        return False
    if statement.yes_no or not rest:
        return statement.name <= stems_said
    named = len(rest) < len(said)
    return (named and len(rest) == 1) or _in_full(rest, statement)


def _text_states(statement: Statement, said: Sequence[Term]) -> bool:
    """Whether a half-sentence holds the terms near each other and in its order, or turned round."""
    figure = said[0].quantity if len(said) == 1 else None
    if figure is not None and (figure.unit is None or statement.field != "title"):
        return False
    return any(in_order((*said[n:], *said[:n]), statement.terms) for n in range(min(len(said), 4)))


def _in_full(rest: Sequence[Term], statement: Statement) -> bool:
    """Whether a value without its name is said in full, or two words of it as they stand; never a plain number."""
    if len(rest) == 1 and rest[0].quantity is not None:
        return rest[0].quantity.unit is not None
    return frozenset(t.stem for t in rest) in statement.values or (len(rest) > 1 and in_order(rest, statement.terms))


def _misplaced(place: int, statement: Statement, chunks: Sequence[Chunk]) -> bool:
    """Whether something is said of what it does not belong to: "steel tank", "green hood", "storage of 16 GB".

    A word of the text must not stand right before the name of a property; a value without its own name not beside the
    bare name of another property, nor in a part of a sentence whose noun is a word of the text or a yes/no property.
    """
    chunk = chunks[place]
    after = chunks[place + 1] if place + 1 < len(chunks) else None
    if statement.field in _TEXT:
        if after is None or not after.terms[0].joined or _text_states(statement, (*chunk.terms, after.terms[0])):
            return False
        is_name = any(t.stem in s.name for t in after.terms for s in after.held_by)
        return is_name or (after.is_text and statement.field == "title")
    if not statement.name or statement.yes_no or _names(chunk, statement):
        return False
    for number, other in enumerate(chunks):
        follower = chunks[number + 1] if number + 1 < len(chunks) else None
        is_noun = follower is None or not follower.terms[0].joined
        fields = {s.field for s in other.held_by}
        if other is chunk or not fields or statement.field in fields or fields & {"brand", "category", "title"}:
            continue
        if other.names_only or (is_noun and other.is_thing):
            return True
    return False


def _names(chunk: Chunk, statement: Statement) -> bool:
    return any(t.stem in names_of(statement) for t in chunk.terms)


def _cuts_short(chunk: Chunk, statement: Statement) -> bool:
    """Whether a word of the text leaves out what a property's value says before it: "leather" for "vegan leather"."""
    word = chunk.terms[0].stem
    held = [value for value in statement.values if word in value]
    return chunk.is_text and len(chunk.terms) == 1 and bool(held) and frozenset({word}) not in statement.values


def _contradicts(chunk: Chunk, statement: Statement) -> bool:
    """Whether a yes/no property says the opposite of what the text seems to say."""
    named = statement.name <= {t.stem for t in chunk.terms}
    return statement.yes_no and named and chunk.terms[0].negated != statement.negative
