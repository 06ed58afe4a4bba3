from __future__ import annotations

import json
from itertools import islice

from assistant.dialogue import Intent, Slots
from assistant.labelled.examples import Example, Situation
from assistant.labelled.explaining import drafts, explanations
from assistant.labelled.generate import by_hand, generate
from assistant.labelled.serialisation import KEYS, asked, explaining_pair, understanding_pair
from assistant.understanding_answer import ModelAnswer


def test_at_the_beginning_the_prompt_is_the_utterance_alone() -> None:
    assert asked("hi", Slots(), 0) == "shopper: hi"


def test_the_state_is_told_in_one_line_each() -> None:
    need = Slots(category="laptops", price_max=900.0, excluded_brands=("hp", "dell"))
    assert asked("why?", need, 4, ("+$40",)) == (
        "need: category=laptops, price_max=900, excluded_brands=hp|dell\npage: 4\noffered: +$40\nshopper: why?"
    )


def test_the_answer_holds_only_what_is_filled_in_a_fixed_order() -> None:
    slots = Slots("laptops", 20.5, 900.0, "USD", ("sony",), ("hp",), ("blue",), ("red",), "rating", ("2",), 3)
    example = Example("x", Intent.REFINE, slots, dropped=("brands",), situation=Situation(page=("A",)))
    assert understanding_pair(example) == (
        "page: 1\nshopper: x",
        '{"i":"refine","c":"laptops","lo":20.5,"hi":900,"b":["sony"],"nb":["hp"],"a":["blue"],"na":["red"],'
        '"s":"rating","r":["2"],"q":3,"d":["brands"]}',
    )


def test_every_answer_is_one_that_understanding_can_read() -> None:
    for example in (*generate(1_000, "train"), *by_hand("train")):
        answer = ModelAnswer.model_validate_json(understanding_pair(example)[1])
        assert answer.i is example.intent
        held = {name: getattr(answer, key) for key, name in KEYS.items()}
        assert held == {name: getattr(example.slots, name) for name in KEYS.values()}


def test_prompts_and_answers_are_short() -> None:
    pairs = [understanding_pair(example) for example in generate(1_000, "train")]
    assert sum(len(prompt) for prompt, _ in pairs) / len(pairs) <= 160
    assert sum(len(answer) for _, answer in pairs) / len(pairs) <= 70


def test_explanations_are_supported_short_varied_and_the_same_for_a_seed() -> None:
    made = list(explanations(300, "train", 3))
    assert all(explanation.supported for explanation in made)
    assert all(len(explanation.why.split()) <= 30 for explanation in made)
    assert len({explanation.why for explanation in made}) == 300
    assert [e.as_json() for e in made] == [e.as_json() for e in explanations(300, "train", 3)]


def test_nearly_all_sentences_are_drawn_from_facts_alone() -> None:
    made = list(islice(drafts("train", 4), 200))
    assert sum(explanation.supported for explanation in made) >= 190


def test_the_checker_turns_down_a_sentence_with_something_added() -> None:
    explanation = next(explanations(1, "train", 5))
    made_up = type(explanation)(
        explanation.wish,
        explanation.facts,
        f"{explanation.why.rstrip('.')} and it is award winning.",
        explanation.item,
        explanation.need,
        explanation.constraints,
    )
    assert explanation.supported
    assert not made_up.supported


def test_the_prompt_of_an_explanation_has_its_wish_and_facts_and_the_answer_is_json() -> None:
    explanation = next(explanations(1, "validation", 5))
    prompt, answer = explaining_pair(explanation)
    assert explanation.wish in prompt
    assert explanation.facts in prompt
    assert json.loads(answer) == {"why": explanation.why}
