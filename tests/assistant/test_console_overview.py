"""The overview page over a real store: figures, plots, tables, CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from console_doubles import signed_in_client
from fastapi.testclient import TestClient
from stored import NOON, store_turn
from ui_doubles import laptop, scripted_service

from assistant.console.charts import Scale, Series, line_chart, spark_line
from assistant.console.overview_tables import Table, as_csv

DAYS = "since=2026-11-09&until=2026-11-11"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Any]:
    service = scripted_service(tmp_path, [laptop(1)])
    store_turn(service.store, "a", shown=("laptop-1",), cold=True)
    store_turn(service.store, "b", at=NOON + timedelta(days=1), intent="refine", matching=0, rung="model")
    yield service
    service.store.close()


@pytest.fixture
def client(service: Any) -> TestClient:
    return signed_in_client(service)


def rows(client: TestClient, name: str, days: str = DAYS) -> list[dict[str, str]]:
    answer = client.get(f"/console/overview/{name}.csv?{days}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_nobody_sees_figures_without_signing_in(service: Any, client: TestClient) -> None:
    client.cookies.clear()
    for path in ("/console/overview", "/console/overview/turns.csv"):
        assert client.get(path).status_code == 303


def test_every_day_of_the_period_has_its_row(client: TestClient) -> None:
    assert [(row["time"], row["turns"]) for row in rows(client, "turns")] == [
        ("2026-11-09", "0"),
        ("2026-11-10", "1"),
        ("2026-11-11", "1"),
    ]


def test_shares_are_of_what_could_have_been(client: TestClient) -> None:
    assert [row["share in %"] for row in rows(client, "empty")] == ["", "0.0", "100.0"]
    assert [row["share in %"] for row in rows(client, "lower")] == ["", "100.0", "0.0"]
    assert [row["share in %"] for row in rows(client, "cold")] == ["", "100.0", ""]


def test_the_best_rung_that_answered_in_a_period_is_not_a_lower_one(client: TestClient) -> None:
    hours = rows(client, "lower", "since=2026-11-10&until=2026-11-10")
    assert [(row["time"], row["share in %"]) for row in hours if row["share in %"]] == [("2026-11-10T12", "0.0")]


def test_turns_are_told_by_intent_and_by_rung(client: TestClient) -> None:
    assert {row["intent"]: row["turns"] for row in rows(client, "intents")} == {"find": "1", "refine": "1"}
    assert {row["rung"] for row in rows(client, "rungs")} == {"rules alone", "the language model"}


def test_ranks_tell_impressions_clicks_and_purchases(client: TestClient) -> None:
    (row,) = rows(client, "ranks")
    assert (row["rank"], row["shown"], row["followed"], row["clicked %"]) == ("1", "1", "0", "")


def test_the_page_plots_each_figure_and_gives_it_as_a_table(client: TestClient) -> None:
    page = client.get(f"/console/overview?{DAYS}").text
    assert page.count('<svg class="chart"') == 7
    assert page.count("As a table") == 7
    assert "style=" not in page
    assert "<script>" not in page


def test_a_period_without_any_turn_is_shown_as_such(client: TestClient) -> None:
    page = client.get("/console/overview?since=2020-01-01&until=2020-01-02")
    assert page.status_code == 200
    assert "No turn in this period" in page.text


@pytest.mark.parametrize(
    "query", ["period=century", "since=2026-11-11&until=2026-11-09", "since=2020-01-01", "since=x"]
)
def test_a_period_that_cannot_be_shown_is_refused_in_words(client: TestClient, query: str) -> None:
    answer = client.get(f"/console/overview?{query}")
    assert answer.status_code == 422
    assert "That did not work" in answer.text


def test_an_unknown_table_is_not_found(client: TestClient) -> None:
    assert client.get("/console/overview/passwords.csv").status_code == 404


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_of_an_export_is_taken_for_a_formula(cell: str) -> None:
    table = Table("t", "T", ("name", cell), ((cell, 5), ("plain", -5)))
    header, first, second = csv.reader(io.StringIO(as_csv(table), newline=""))
    assert header[1] == f"'{cell}"
    assert first == [f"'{cell}", "5"]
    assert second == ["plain", "-5"]


@pytest.mark.parametrize(("most", "top"), [(0.0, 1.0), (8.0, 8.0), (9.0, 10.0), (0.35, 0.4), (1100.0, 1500.0)])
def test_an_axis_holds_every_value_and_ends_with_a_round_mark(most: float, top: float) -> None:
    scale = Scale.over([Series("s", (most, None))])
    assert scale.top == pytest.approx(top)
    assert 2 <= len(scale.marks()) <= 6


def test_a_line_has_a_gap_where_there_is_nothing_to_say() -> None:
    drawn = line_chart("T", ("a", "b", "c", "d", "e"), [Series("s", (1.0, 2.0, None, 3.0, None))])
    series = drawn.split('class="series')[1]
    assert series.count("<path") == 1
    assert series.count("<circle") == 1


def test_what_a_chart_is_called_is_escaped() -> None:
    assert "<b>" not in line_chart('"><b>', ("a",), [Series("<b>", (1.0,))])
    assert "nan" not in spark_line((None, None))
