"""Cases as they are written, read by the evaluation itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from console_doubles import send, signed_in_client
from stored import store_turn
from ui_doubles import laptop, scripted_service

from assistant.console.cases import history_of
from assistant.console.labels import LabelForm, label_of
from assistant.dialogue import DialogueAct, Edit, Intent, Rung, Slots
from assistant.evaluation.examples import read_jsonl
from assistant.evaluation.replay import listed
from assistant.store import audit
from assistant.store.cases import FILE, keep_case
from assistant.turn_json import act_as_json
from retrieval.errors import SetupError

ACT = DialogueAct(
    Intent.REFINE,
    Slots(
        category="laptops",
        price_max=899.5,
        currency="USD",
        excluded_brands=("hp", "acer"),
        attributes=("16 gb ram",),
        sort="price_asc",
        references=("1", "the cheaper one"),
        quantity=2,
    ),
    dropped=("brands=lenora",),
    edit=Edit.OTHERS,
    topic="light enough",
    rung=Rung.MODEL,
)


def test_a_stored_act_goes_through_the_form_and_comes_back_the_same() -> None:
    stored = json.loads(json.dumps(act_as_json(ACT)))
    form = label_of(stored)
    sent = LabelForm.model_validate(form.fields())
    assert sent == form
    back = sent.act(Intent.FIND)
    assert (back.intent, back.slots, back.dropped, back.edit, back.topic) == (
        *(ACT.intent, ACT.slots, ACT.dropped),
        *(ACT.edit, ACT.topic),
    )
    assert back.rung is Rung.CONTROL


@pytest.mark.parametrize("field", [{"price_max": "nine"}, {"quantity": "0"}, {"dropped": "colour"}, {"sort": "best"}])
def test_a_label_that_means_nothing_is_refused(field: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(field))):
        LabelForm.model_validate(field)


def a_case(text: str = "the second in blue", intent: str = "refine") -> dict[str, Any]:
    return {"text": text, "history": ["kettles", "1. Ardent, $39"], "intent": intent, "slots": {"attributes": ["blue"]}}


def test_the_evaluation_reads_what_is_kept(tmp_path: Path) -> None:
    keep_case(tmp_path / FILE, a_case())
    keep_case(tmp_path / FILE, a_case("größer als 30 cm — bitte"))
    first, second = read_jsonl(tmp_path / FILE)
    assert (first.text, first.intent, first.history) == (
        "the second in blue",
        Intent.REFINE,
        ("kettles", "1. Ardent, $39"),
    )
    assert first.slots == Slots(attributes=("blue",))
    assert second.text == "größer als 30 cm — bitte"


def test_a_case_with_the_same_words_after_the_same_history_is_replaced(tmp_path: Path) -> None:
    assert not keep_case(tmp_path / FILE, a_case(intent="ask"))
    assert not keep_case(tmp_path / FILE, {**a_case(intent="find"), "history": []})
    assert keep_case(tmp_path / FILE, a_case(intent="refine"))
    assert [example.intent for example in read_jsonl(tmp_path / FILE)] == [Intent.FIND, Intent.REFINE]


def test_a_file_that_somebody_broke_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"text": "a lamp", "intent": "find"}\nnot a case\n')
    with pytest.raises(SetupError, match="line 2"):
        keep_case(tmp_path / FILE, a_case())
    assert (tmp_path / FILE).read_text().endswith("not a case\n")


def test_an_act_that_no_form_would_send_can_still_be_looked_at() -> None:
    act = {"intent": "select", "slots": {"quantity": 5000, "currency": "usd"}, "dropped": []}
    assert label_of(act).fields()["quantity"] == "5000"


def test_our_turns_list_the_page_as_the_evaluation_reads_it(tmp_path: Path) -> None:
    service = scripted_service(tmp_path, [laptop(1), laptop(2, title="Lenora; Swift 2. edition")])
    store_turn(service.store, "a", shown=("laptop-1", "laptop-2"), utterance="for a.b@shop.de")
    hers, ours = history_of(service.store.turns("a"), service.shop.catalogue)
    assert hers == "for [email]"
    first, *_ = items = listed(ours)
    assert first.title == "Lenora Swift 1"
    assert first.price == laptop(1).price
    assert len(items) >= 2
    service.store.close()


def test_saving_a_case_takes_the_corrected_label_masks_its_words_and_is_audited(tmp_path: Path) -> None:
    service = scripted_service(tmp_path, [laptop(1)])
    store_turn(service.store, "a", 1, shown=("laptop-1",))
    store_turn(service.store, "a", 2, utterance="cheaper, call 0170 1234567", intent="ask")
    client = signed_in_client(service)
    page = client.get("/console/conversations/a/turns/2/case").text
    assert "cheaper, call [phone]" in page
    assert "0170" not in page
    form = {"text": "cheaper,\u2028call 0170 1234567", "intent": "refine", "sort": "price_asc", "brands": ""}
    saved = send(client, "/console/conversations/a/turns/2/case", **form)
    assert saved.status_code == 303
    assert "The case is saved." in client.get(saved.headers["location"]).text
    (example,) = read_jsonl(tmp_path / FILE)
    assert (example.text, example.intent) == ("cheaper, call [phone]", Intent.REFINE)
    assert example.slots == Slots(sort="price_asc")
    assert len(example.history) == 2
    assert audit.entries(service.store, action="save case")[0].subject == "a"
    service.store.close()


def test_a_case_without_an_intent_is_not_saved(tmp_path: Path) -> None:
    service = scripted_service(tmp_path, [laptop(1)])
    store_turn(service.store, "a")
    client = signed_in_client(service)
    assert send(client, "/console/conversations/a/turns/1/case", text="a lamp").status_code == 422
    assert send(client, "/console/conversations/a/turns/7/case", text="a", intent="find").status_code == 404
    assert not (tmp_path / FILE).exists()
    service.store.close()
