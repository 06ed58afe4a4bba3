"""Words that point at items on the page: by rank, by name, by what tells them apart."""

from __future__ import annotations

from assistant.labelled.scene import Shown
from assistant.labelled.voice import Voice

_RANKS = ("first", "second", "third", "fourth")


def words_of(voice: Voice, key: str) -> str:
    """Words of talk.toml for a kind of reference: "it", "both", "second"."""
    said = voice.phrase("talk", "references", key)
    return "these" if said == "they" else said


def two_references(voice: Voice, shown: tuple[Shown, ...], apart: bool) -> tuple[str, str]:
    """Two references to different items, of one kind more often than not; `apart`: both are said in one sentence."""
    first, second = voice.rng.sample(range(len(shown)), 2)
    weights = (9, 1, 6, 4, 0) if apart else (9, 4, 6, 4, 3)
    kind = voice.rng.choices(("rank", "it", "name", "described", "graded"), weights)[0]
    other = kind if kind in ("rank", "name") and voice.chance(0.8) else "rank"
    return _reference(voice, shown, first, kind), _reference(voice, shown, second, other)


def _reference(voice: Voice, shown: tuple[Shown, ...], place: int, kind: str) -> str:
    item = shown[place]
    match kind:
        case "it":
            said = words_of(voice, "it")
            return f"[r=it:{said if said != 'this' or voice.chance(0.3) else 'this one'}]"
        case "graded":
            return f"[r:{words_of(voice, 'graded')}]"
        case "name":
            both = f"{item.brand} {item.model}"
            said = voice.rng.choice((item.brand, item.model, both, both))
            return f"{voice.rng.choice(('the ', '', ''))}[r:{said}]"
        case "described":
            return f"[r:{_description(voice, item)}]"
    if place == len(shown) - 1 and voice.chance(0.5):
        return f"[r=last:{words_of(voice, 'last')}]"
    if place >= len(_RANKS):
        return f"[r={place + 1}:{voice.rng.choice((f'number {place + 1}', f'the {place + 1}th', f'#{place + 1}'))}]"
    return f"[r={place + 1}:{words_of(voice, _RANKS[place])}]"


def _description(voice: Voice, item: Shown) -> str:
    """A description by one of the item's own traits: "the red one", "the one with pockets", "the sony one"."""
    kind, trait = voice.rng.choice((*item.traits, ("brand", item.brand)))
    bare = trait.removeprefix("a ").removeprefix("an ")
    forms = {
        "noun": (f"the one with {trait}", f"the one that has {trait}"),
        "colour": (f"the {bare} one", f"that {bare} one", f"the one in {bare}", f"the {bare} {item.thing}"),
        "material": (f"the {bare} one", f"the one made of {bare}", f"the {bare} {item.thing}"),
        "brand": (f"the {bare} one", f"the one from {bare}", f"the {bare} {item.thing}"),
    }
    return voice.rng.choice(forms.get(kind, (f"the {bare} one", f"that {bare} one", f"the {bare} {item.thing}")))
