"""The evaluation of intent recognition from its parts: read, predict, compare, disturb, report."""

from __future__ import annotations

import random
import resource
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assistant.evaluation.adapters import LabelledFile, read_labelled
from assistant.evaluation.baselines import ClassifierSystem
from assistant.evaluation.comparing import SLOT_NAMES
from assistant.evaluation.examples import Example, read_jsonl, unique
from assistant.evaluation.measures import (
    STATISTICS,
    Scored,
    Table,
    all_slots_exact,
    compare,
    confusion,
    intent_accuracy,
    per_intent,
    reliability,
    slot_f1,
    table,
    with_interval,
)
from assistant.evaluation.open_shop import open_shop
from assistant.evaluation.own_labels import measure_heads
from assistant.evaluation.replay import ShopDouble
from assistant.evaluation.report import Report, SlotReport, Suite, SystemReport, latency, rungs, slices, tokens
from assistant.evaluation.robustness import SUITES, disturbed, obeyed
from assistant.evaluation.systems import RAW, RULES, System, UnderstandingSystem, open_system, predictions, rules_system
from assistant.evaluation.training import packaged_training_examples, train_baselines
from assistant.progress import Say, counting
from assistant.settings import Settings
from retrieval.catalogue import CatalogueItem
from retrieval.embedding import Encoder
from retrieval.errors import SetupError

_WORST = 25


@dataclass(frozen=True, slots=True)
class Options:
    """What to evaluate, and how much of it.

    Attributes:
        data: labelled files.
        mapping: other labels as our intents.
        model: see `open_system`.
        compared: a second system by name.
        shop: use the words of the data folder's catalogue in place of the packaged list.
        train: labelled files for the baselines; empty: the packaged training data.
        raw_sample: examples that the raw packaged model is asked for; 0 leaves it out.
        suite_sample: examples of each robustness suite for a system with a language model; 0 leaves the suites out.
        limit: most examples of a file whose labels are its own (PSCon, CLINC150).
    """

    data: Sequence[Path]
    mapping: Mapping[str, str]
    model: str | None = None
    compared: str | None = None
    shop: bool = False
    train: Sequence[Path] = ()
    raw_sample: int = 40
    suite_sample: int = 40
    limit: int = 300


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A report with the scored examples behind it, main system first."""

    report: Report
    scored: Sequence[Scored]


def evaluate(options: Options, settings: Settings, say: Say) -> Evaluated:
    """Run the evaluation.

    Raises:
        SetupError: a file cannot be read, a model cannot be loaded, or the `evaluation` extra is not installed.
    """
    files = [read_labelled(path, options.mapping) for path in options.data]
    examples = list(unique([example for file in files for example in _limited(file, options.limit)]))
    shop = ShopDouble(_items(options, settings))
    say(f"{len(examples):,} examples; {len(shop.vocabulary.categories):,} categories are known")
    rules = rules_system(shop)
    main = rules if options.model == RULES else open_system(options.model, settings, shop)
    notes = _notes(options, files)

    say(f"asking {main.name}")
    scored = _scored(main, examples, shop, say)
    whole = table(scored)
    others = _others(options, settings, shop, rules, main, (examples, whole), say, notes)
    suites = {} if not options.suite_sample else _suites(main, examples, scored, shop, options.suite_sample, say)
    if suites and main.uses_model:
        notes.append(f"Each robustness suite is at most {options.suite_sample} examples, drawn with a fixed seed.")
    heads = {}
    for file in files:
        if file.trainable:
            say(f"training heads on {file.name}")
            heads[file.name] = measure_heads(file.own, Encoder(settings.encoder))
    errors = [one for one in scored if not (one.intent_right and one.slots_right)]
    worst = sorted(errors, key=lambda one: (one.intent_right, -one.prediction.confidence, one.example.example_id))
    return Evaluated(
        Report(_system_report(main.name, scored, whole), others, suites, worst[:_WORST], heads, notes), scored
    )


def _items(options: Options, settings: Settings) -> Iterable[CatalogueItem]:
    if not options.shop:
        return open_shop()
    from retrieval.records import Records

    with Records(settings.data_folder) as records:
        items = list(records.items())
    if not items:
        raise SetupError(f"The shop in {settings.data_folder} has no items.", "Run 'python -m assistant ingest FEED'.")
    return items


def _notes(options: Options, files: Sequence[LabelledFile]) -> list[str]:
    words = "the catalogue in the data folder" if options.shop else "the packaged list of all kinds of shops"
    notes = [f"The shop's words are those of {words}; an utterance is understood with its history replayed, no search."]
    for file in files:
        if file.left_out:
            labels = ", ".join(f"{label} {count}" for label, count in sorted(file.left_out.items()))
            notes.append(f"{file.name}: left out, for they are none of our intents: {labels}.")
        if file.own and len(file.examples) > options.limit:
            notes.append(f"{file.name}: {options.limit} of {len(file.examples):,} examples, drawn with a fixed seed.")
    return notes


def _limited(file: LabelledFile, limit: int) -> Sequence[Example]:
    """All examples; of another data set's, so many at most."""
    return _sample(file.examples, limit) if file.own else file.examples


def _sample(examples: Sequence[Example], size: int) -> list[Example]:
    """A seeded sample in the order of the examples."""
    if len(examples) <= size:
        return list(examples)
    return [examples[place] for place in sorted(random.Random(0).sample(range(len(examples)), size))]


def _scored(system: System, examples: Sequence[Example], shop: ShopDouble, say: Say) -> list[Scored]:
    if isinstance(system, ClassifierSystem):
        predicted = system.predict_all(examples)
    else:
        predicted = predictions(system, examples, counting(say, f"{system.name}: utterances"))
    return [compare(e, p, shop.vocabulary) for e, p in zip(examples, predicted, strict=True)]


def _others(
    options: Options,
    settings: Settings,
    shop: ShopDouble,
    rules: UnderstandingSystem,
    main: UnderstandingSystem,
    asked: tuple[Sequence[Example], Table],
    say: Say,
    notes: list[str],
) -> list[SystemReport]:
    """The compared system and the baselines, on the same examples."""
    examples, whole = asked
    reports = []
    if options.compared is not None:
        other = rules if options.compared == RULES else open_system(options.compared, settings, shop)
        reports.append(_beside(other, examples, whole, shop, say))
    if main is not rules and options.compared != RULES:
        reports.append(_beside(rules, examples, whole, shop, say))
    training = [example for path in options.train for example in read_jsonl(path)] or packaged_training_examples()
    for system in train_baselines(training, Encoder(settings.encoder), rules, say):
        reports.append(_beside(system, examples, whole, shop, say))
    notes.append("tfidf + lr and embeddings + lr classify the intent; their slots are those of the rules.")
    if options.raw_sample and RAW not in (options.model, options.compared):
        raw, part = open_system(RAW, settings, shop), _sample(examples, options.raw_sample)
        rows = [row for row, example in enumerate(examples) if example in part]
        reports.append(_beside(raw, part, whole.take(np.array(rows)), shop, say))
        notes.append(f"raw was asked {len(part)} of the examples, drawn with a fixed seed.")
    return reports


def _beside(system: System, examples: Sequence[Example], whole: Table, shop: ShopDouble, say: Say) -> SystemReport:
    """A system's report with its differences to the main one."""
    say(f"asking {system.name}")
    scored = _scored(system, examples, shop, say)
    own = table(scored)
    compared = ("intent_accuracy", "intent_macro_f1", "all_slots_exact")
    difference = {name: with_interval(own, STATISTICS[name], whole) for name in compared}
    return replace(_system_report(system.name, scored, own), difference=difference)


def _system_report(name: str, scored: Sequence[Scored], whole: Table) -> SystemReport:
    slots = {}
    for slot in SLOT_NAMES:
        n = sum(slot in one.example.slots.as_json() for one in scored if one.example.slots is not None)
        both = [with_interval(whole, slot_f1(slot, written=written)) for written in (False, True)]
        if n or any(both):
            slots[slot] = SlotReport(both[0], both[1], n)
    return SystemReport(
        name,
        len(scored),
        {statistic: with_interval(whole, function) for statistic, function in STATISTICS.items()},
        slots,
        per_intent(whole),
        confusion(whole).tolist(),
        reliability(whole),
        rungs(scored),
        latency(scored),
        tokens(scored),
        round(_memory_mb(), 1),
        slices(scored, whole),
    )


def _memory_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024**2 if sys.platform == "darwin" else peak / 1024


def _suites(
    main: UnderstandingSystem,
    examples: Sequence[Example],
    scored: Sequence[Scored],
    shop: ShopDouble,
    sample: int,
    say: Say,
) -> dict[str, Suite]:
    plain = {one.example.example_id: one for one in scored}
    suites = {}
    for name in SUITES:
        changed = disturbed(name, examples, sample if main.uses_model else None)
        if not changed:
            continue
        say(f"suite {name}: {len(changed)} examples")
        after = _scored(main, changed, shop, lambda line: None)
        before = [plain[example.example_id] for example in changed]
        left, right = table(before), table(after)
        pairs = [(b.prediction, a.prediction) for b, a in zip(before, after, strict=True)]
        injected = name == "injections"
        suites[name] = Suite(
            len(changed),
            intent_accuracy(right),
            None if injected else with_interval(left, intent_accuracy, right),
            None if injected else with_interval(left, all_slots_exact, right),
            sum(obeyed(*pair) for pair in pairs) if injected else None,
        )
    return suites
