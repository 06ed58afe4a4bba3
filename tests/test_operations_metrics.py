"""The dashboard and the alerts speak of metrics that are exported, and the manual of every alert."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from assistant.dialogue import Rung
from assistant.metrics import Metrics

DOCS = Path(__file__).parents[1] / "docs"
DASHBOARD: dict[str, Any] = json.loads((DOCS / "grafana" / "dashboard.json").read_text())
RULES = [
    rule for group in yaml.safe_load((DOCS / "grafana" / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
WORDS = {
    *("sum", "by", "le", "rate", "increase", "histogram_quantile", "offset", "instance", "rung", "intent", "origin"),
    *("stage", "door", "verdict", "kind", "status", "path", "job", "reason", "__rate_interval", "d", "h", "m", "on"),
}


def exported() -> set[str]:
    """The names of all series that a scrape may have; `up` is Prometheus' own."""
    metrics = Metrics()
    metrics.search("chat", 0)
    metrics.feedback("like")
    metrics.interaction("click")
    metrics.request("GET", "/items", 200, 0.1)
    metrics._turns.labels("find", "rules").inc()
    metrics._stages.labels("turn").observe(1)
    metrics._sentences.labels("record").inc()
    metrics._without_model.labels("busy").inc()
    families = text_string_to_metric_families(metrics.text(3).decode())
    return {sample.name for family in families for sample in family.samples} | {"up"}


def expressions() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield target["expr"]
    for rule in RULES:
        yield rule["expr"]


def names_in(expression: str) -> set[str]:
    """Metric names: what stands outside of quotes and durations and is no word of the language or label."""
    bare = re.sub(r'"[^"]*"|\[[^\]]*\]', "", expression)
    return set(re.findall(r"\b[a-zA-Z_]\w*", bare)) - WORDS


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_what_an_expression_asks_for_is_exported(expression: str) -> None:
    names = names_in(expression)
    assert names
    assert names <= exported()


def test_rungs_that_are_named_exist() -> None:
    groups = [words for one in expressions() for words in re.findall(r'rung[=!~]+"([^"]+)"', one)]
    named = {rung for words in groups for rung in words.split("|")}
    assert named
    assert named <= {rung.value for rung in Rung}


def test_the_dashboard_has_what_grafana_needs() -> None:
    assert DASHBOARD["uid"] == "shop-assistant"
    variables = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    for panel in DASHBOARD["panels"]:
        assert {"title", "type", "gridPos", "datasource", "targets"} <= panel.keys()
        assert set(re.findall(r"\$\{?(\w+)", json.dumps(panel))) <= variables | {"__rate_interval"}


def test_panels_lie_side_by_side_and_not_on_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        columns = range(place["x"], place["x"] + place["w"])
        cells = {(x, y) for x in columns for y in range(place["y"], place["y"] + place["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells


def test_every_alert_is_explained_and_every_explained_alert_exists() -> None:
    explained = re.findall(r"^### (Assistant\w+)$", (DOCS / "operations.md").read_text(), re.MULTILINE)
    assert sorted(explained) == sorted(rule["alert"] for rule in RULES)


def test_every_alert_waits_and_says_how_urgent_it_is() -> None:
    for rule in RULES:
        assert rule["for"]
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]
