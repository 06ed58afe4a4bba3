"""The models that are compared, by name: how each is fitted on a split's training events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from retrieval.behaviour.events import Ranker
from retrieval.ranking_evaluation.splits import Split

Fit = Callable[[Split, int], Ranker]
"""From a split and a seed; it may tune itself on `split.valid`, and must not look at `split.test`."""


@dataclass(frozen=True, slots=True)
class RankedModel:
    """One row of the tables.

    Attributes:
        fit: imports what it needs when it is called.
        random: whether the seed matters; then it is fitted with several.
        baseline: whether others have to beat it.
    """

    fit: Fit
    random: bool = False
    baseline: bool = True


def _popularity(split: Split, seed: int) -> Ranker:
    from retrieval.behaviour.single_signals import PopularityRanker

    return PopularityRanker(split.train, split.items)


def _item_knn(split: Split, seed: int) -> Ranker:
    from retrieval.behaviour.single_signals import NeighboursRanker

    return NeighboursRanker(split.train, split.items)


def _markov(split: Split, seed: int) -> Ranker:
    from retrieval.behaviour.markov import Markov

    return Markov.fit(split.train, len(split.items))


def _content(split: Split, seed: int) -> Ranker:
    from retrieval.behaviour.single_signals import ContentRanker

    return ContentRanker(split.items)


def _words(split: Split, seed: int) -> Ranker:
    from retrieval.behaviour.single_signals import WordsRanker

    return WordsRanker(split.items)


def _rule(split: Split, seed: int) -> Ranker:
    from retrieval.behaviour.fusion.rule import WeighedRanker
    from retrieval.ranking_evaluation.splits import sampled

    valid = sampled(split.valid, 5_000, seed)
    histories = valid.histories(slice(None))
    ranker, _ = WeighedRanker.tuned(_markov(split, seed), _content(split, seed), histories, valid.target)
    return ranker


def sequence(split: Split, seed: int, epochs: int = 40) -> Ranker:
    """The sequence model after at most this many passes over the training events."""
    from retrieval.behaviour.sequence.lessons import Questions, hold_out
    from retrieval.behaviour.sequence.model import SequenceRanker
    from retrieval.behaviour.sequence.recipe import SequenceRecipe
    from retrieval.behaviour.sequence.training import train
    from retrieval.ranking_evaluation.splits import sampled

    valid = sampled(split.valid, 4_000, seed)
    events, questions = split.train, Questions(valid.histories(slice(None)), valid.target)
    if not len(valid):  # the calendar of a small log has none
        events, questions = hold_out(split.train, 4_000, seed)
    trained = train(split.items, events, questions, SequenceRecipe(seed=seed, epochs=epochs), report=lambda line: None)
    return SequenceRanker(trained.model, split.items)


def _full_system(split: Split, seed: int) -> Ranker:
    from retrieval.behaviour.fusion.fitting import full_system
    from retrieval.behaviour.fusion.ranker import FusionRecipe

    valid = split.valid.histories(slice(None))
    return full_system(split.name, split.train, split.items, valid, split.valid.target, FusionRecipe(seed=seed))


MODELS: Mapping[str, RankedModel] = {
    "popularity": RankedModel(_popularity),
    "item-knn": RankedModel(_item_knn),
    "markov": RankedModel(_markov),
    "content": RankedModel(_content),
    "tf-idf": RankedModel(_words),
    "rule": RankedModel(_rule),
    "sequence": RankedModel(sequence, random=True, baseline=False),
    "full system": RankedModel(_full_system, random=True, baseline=False),
}
