"""Labelled files of other shapes."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from assistant.dialogue import Intent, Slots
from assistant.evaluation.adapters import read_labelled
from assistant.evaluation.examples import read_jsonl, unique
from retrieval.errors import SetupError

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def written(path: Path, text: str) -> Path:
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def test_a_line_of_json_is_an_example(tmp_path: Path) -> None:
    slots = '{"price_max": 90, "brands": ["Glow"]}'
    line = f'{{"text": "A lamp", "history": ["hi", "hello"], "intent": "find", "slots": {slots}}}'
    (example,) = read_jsonl(written(tmp_path / "some.jsonl", line + "\n\n"))
    assert example.slots == Slots(price_max=90.0, brands=("glow",))
    assert example.history == ("hi", "hello")
    assert example.example_id == "some-1"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"text": "a", "intent": "buy"}', "line 1: intent"),
        ('{"text": "a", "intent": "find", "slots": {"colour": "red"}}', "line 1: slots.colour"),
        ('{"text": "a", "intent": "find", "slots": {"price_max": "90"}}', "line 1: slots.price_max"),
        ("not json", "line 1"),
    ],
)
def test_a_line_of_another_form_is_named(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(SetupError, match=told):
        read_jsonl(written(tmp_path / "some.jsonl", line))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="nowhere"):
        read_labelled(tmp_path / "nowhere.jsonl")


def test_a_file_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="xlsx"):
        read_labelled(tmp_path / "labels.xlsx")


def test_csv_labels_are_mapped_and_others_counted(tmp_path: Path) -> None:
    text = (
        "text,intent,history,price_max,brands\na lamp,search,hi|hello,90,Glow|Lux\nhm,unknown,,,\nhello,chitchat,,,\n"
    )
    found = read_labelled(written(tmp_path / "a.csv", text), {"search": "find"})
    assert [example.intent for example in found.examples] == [Intent.FIND, Intent.CHITCHAT]
    assert found.examples[0].slots == Slots(price_max=90.0, brands=("glow", "lux"))
    assert found.examples[0].history == ("hi", "hello")
    assert found.left_out == {"unknown": 1}
    assert not found.trainable


def test_csv_without_slot_columns_has_unlabelled_slots(tmp_path: Path) -> None:
    found = read_labelled(written(tmp_path / "a.csv", "text,intent\na lamp,find\n"))
    assert found.examples[0].slots is None


def test_csv_without_an_intent_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="intent"):
        read_labelled(written(tmp_path / "a.csv", "text,label\na lamp,find\n"))


def test_rasa_entities_become_slots(tmp_path: Path) -> None:
    text = """
version: "3.1"
nlu:
- intent: search
  examples: |
    - a [lamp](category) by [Glow](brands) under [$90](price_max)
    - something else
- intent: mood
  examples: |
    - so happy
"""
    found = read_labelled(written(tmp_path / "nlu.yml", text), {"search": "find"})
    assert found.examples[0].text == "a lamp by Glow under $90"
    assert found.examples[0].slots == Slots(category="lamp", brands=("glow",), price_max=90.0)
    assert found.examples[1].slots is None
    assert found.left_out == {"mood": 1}


PSCON = """conv_id,index,turn_id,msg_id,role,text,label,keywords,clarifying_attribute,split
1,0,1,1,user,I want a tent,Reveal,[],[],dev
1,1,1,2,system,Which size?,Clarify,[],[],dev
1,2,1,3,system,Which colour?,Clarify,[],[],dev
1,3,2,4,user,green,Interpret,[],[],dev
2,0,1,1,user,hello,Chitchat,[],[],train
"""


def test_pscon_turns_get_their_history_and_our_intents(tmp_path: Path) -> None:
    found = read_labelled(written(tmp_path / "utterances.csv.gz", PSCON))
    assert [(e.text, e.intent, e.history) for e in found.examples] == [
        ("I want a tent", Intent.FIND, ()),
        ("green", Intent.REFINE, ("I want a tent", "Which size? Which colour?")),
    ]
    assert found.trainable
    assert found.own[1].said.before == "Which colour?"


def test_clinc150_is_out_of_scope_but_for_what_a_shop_hears(tmp_path: Path) -> None:
    text = (
        "text,intent,domain,split,shopping_related\nhi,greeting,small_talk,dev,0\nwhere is it,order_status,x,dev,1\n"
        "rain?,weather,utility,dev,0\nwhat is love,oos,oos,dev,0\nyes,yes,meta,dev,0\nhi,greeting,small_talk,train,0\n"
    )
    found = read_labelled(written(tmp_path / "utterances.csv.gz", text))
    assert [example.intent.value for example in found.examples] == [
        "chitchat",
        "service",
        "out_of_scope",
        "out_of_scope",
    ]
    assert found.left_out == {"yes": 1}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real data is not here")
@pytest.mark.parametrize(("name", "scored", "own"), [("pscon_en", 111, 918), ("clinc150", 3100, 18200)])
def test_the_real_files_are_read_to_the_last_row(name: str, scored: int, own: int) -> None:
    found = read_labelled(SHARED / name / "utterances.csv.gz")
    left_out = sum((found.left_out or {}).values())
    assert (len(found.examples) + left_out, len(found.own)) == (scored, own)


def test_ids_that_occur_twice_are_told_apart(tmp_path: Path) -> None:
    line = '{"id": "x", "text": "a", "intent": "find"}\n'
    examples = read_jsonl(written(tmp_path / "some.jsonl", line * 2))
    assert [example.example_id for example in unique(examples)] == ["x", "x@1"]
