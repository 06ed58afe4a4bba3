from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from search_doubles import HashingEncoder, item

from retrieval.baselines import PlainBM25, cross_validated
from retrieval.catalogue import Catalogue
from retrieval.errors import SetupError
from retrieval.evaluation import evaluate_search, read_judgements, read_queries
from retrieval.ingest import ingest
from retrieval.interactions import EMPTY_SESSION
from retrieval.lexical import LexicalIndex
from retrieval.metrics import measure
from retrieval.query import Query
from retrieval.records import Records
from retrieval.shop import Shop

pytest.importorskip("ir_measures")
DATA = Path(__file__).parents[2].parent / "shared" / "data" / "icecat_chorus"
NOUNS = ("lamp", "chair", "mouse", "cable", "printer")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop.open(tmp_path / "var", encoder=HashingEncoder()) as opened:
        opened.upsert([item(f"i{n}", f"Model {n} {NOUNS[n % 5]}", brand=f"Brand{n % 7}") for n in range(60)])
        yield opened


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    queries, qrels = tmp_path / "queries.csv", tmp_path / "qrels.csv.gz"
    queries.write_text("query_id,query,split\n" + "".join(f"{n},{noun},dev\n" for n, noun in enumerate(NOUNS)))
    with gzip.open(qrels, "wt") as file:
        file.write("query_id,product_id,rating,split\n")
        file.writelines(f"{n % 5},i{n},{3 if n % 2 else 1},dev\n" for n in range(60))
    return queries, qrels


def test_every_system_is_measured_on_the_same_queries(shop: Shop, files: tuple[Path, Path]) -> None:
    report = evaluate_search(shop, *files)
    assert report.systems == ("bm25", "bm25 tuned", "lexical", "dense", "rrf", "convex tuned", "full")
    assert report.queries == 5
    for system in report.systems:
        assert report.value(system) > 0.5, "one word names the relevant items: everybody finds them"
    assert report.value("bm25", "judged") == report.value("lexical", "judged") == 1.0


def test_the_report_is_json_and_a_table(shop: Shop, files: tuple[Path, Path]) -> None:
    report = evaluate_search(shop, *files)
    plain = json.loads(json.dumps(report.as_json()))
    row = next(r for r in plain["rows"] if (r["system"], r["metric"], r["k"]) == ("full", "ndcg", 10))
    assert row["low"] <= row["value"] <= row["high"]
    assert set(plain["judged_at_10"]) == set(report.systems)
    assert plain["ndcg_at_10_over_bm25"]["bm25"] == 1.0
    assert "nDCG@10 against bm25" in str(report)


def test_the_baseline_is_not_above_itself(shop: Shop, files: tuple[Path, Path]) -> None:
    for row in evaluate_search(shop, *files).rows:
        if row.system == "bm25":
            assert row.over_baseline.value == row.over_baseline.low == row.over_baseline.high == 0.0


def test_judgements_of_another_catalogue_are_refused(shop: Shop, tmp_path: Path, files: tuple[Path, Path]) -> None:
    other = tmp_path / "other.csv"
    other.write_text("query_id,item_id,relevance\n0,unknown,3\n")
    with pytest.raises(SetupError, match="None of the 1 judged items"):
        evaluate_search(shop, files[0], other)


def test_columns_may_go_by_their_usual_names(tmp_path: Path) -> None:
    file = tmp_path / "qrels.csv"
    file.write_text("query_id,item_id,relevance\n7,a,2.0\n7,b,0\n")
    assert read_judgements(file) == {"7": {"a": 2, "b": 0}}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"", "no column"), (b"query,text\n1,lamp\n", "no column"), (b"\xff\xfe\x00query", "cannot be read")],
)
def test_a_file_that_is_no_list_of_queries_is_explained(tmp_path: Path, content: bytes, complaint: str) -> None:
    file = tmp_path / "queries.csv"
    file.write_bytes(content)
    with pytest.raises(SetupError, match=complaint):
        read_queries(file)


def test_a_rating_that_is_no_number_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "qrels.csv"
    file.write_text("query_id,item_id,rating\n1,a,good\n")
    with pytest.raises(SetupError, match="'good' is no rating"):
        read_judgements(file)


def test_plain_bm25_ranks_the_rarer_word_first_and_leaves_out_what_shares_none() -> None:
    items = [item("a", "common thing"), item("b", "common rare"), item("c", "common"), item("d", "else")]
    rankings = PlainBM25(items).rankings({"q": "common rare"})
    assert rankings["q"][0] == "b"
    assert set(rankings["q"]) == {"a", "b", "c"}


def test_no_query_is_ranked_by_a_setting_that_it_helped_to_choose() -> None:
    judgements = {f"q{n}": {"good": 1} for n in range(10)}
    lucky = {q: ["good"] if q == "q0" else ["bad"] for q in judgements}  # good for one query only
    steady = {q: ["bad", "good"] for q in judgements}
    chosen = cross_validated(judgements, {"lucky": lucky, "steady": steady})
    assert set(chosen.chosen) == {"steady"}
    assert all(chosen.rankings[q] == ["bad", "good"] for q in judgements)


def test_each_fold_is_ranked_by_what_was_best_elsewhere() -> None:
    judgements = {f"q{n}": {"good": 1} for n in range(5)}
    only = {f"s{n}": {q: ["good"] if q == f"q{n}" else ["bad"] for q in judgements} for n in range(5)}
    chosen = cross_validated(judgements, only)
    assert all(ranking == ["bad"] for ranking in chosen.rankings.values())


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="shared/data/icecat_chorus is not here")
def test_fields_beat_plain_bm25_by_a_twentieth_on_real_judgements(tmp_path: Path) -> None:
    with Records(tmp_path) as records:
        ingest(DATA / "products.jsonl.gz", records)
        catalogue = Catalogue(records.items())
    judgements = read_judgements(DATA / "qrels.csv.gz")
    texts = {q: text for q, text in read_queries(DATA / "queries.csv").items() if q in judgements}
    judgements = {q: judgements[q] for q in texts}
    index, rows = LexicalIndex(catalogue), np.arange(catalogue.row_count)
    proposals = {q: index.propose(Query(text), EMPTY_SESSION, rows, 10) for q, text in texts.items()}
    ours = {q: [catalogue.at(int(row)).item_id for row in proposal.rows] for q, proposal in proposals.items()}
    plain = measure(judgements, PlainBM25(list(catalogue)).rankings(texts))["ndcg", 10].mean()
    assert measure(judgements, ours)["ndcg", 10].mean() >= 1.05 * plain > 0.5
