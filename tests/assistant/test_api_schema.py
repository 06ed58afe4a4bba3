"""The API against its own OpenAPI document, with requests that schemathesis makes of it: valid ones and broken ones."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from api_doubles import open_doubles, with_key
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from assistant.api import create_api
from assistant.service import Service

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
WITHOUT_INPUT = {"GET /healthz", "GET /readyz"}  # there is one request of each


@pytest.mark.parametrize(
    ("examples", "least"), [(18, 300), pytest.param(115, 2_000, marks=pytest.mark.slow)], ids=["300", "2000"]
)
def test_no_request_makes_the_api_fail_or_answer_otherwise_than_documented(
    tmp_path: Path, examples: int, least: int
) -> None:
    answered: Counter[tuple[str, int]] = Counter()
    with open_doubles(tmp_path, api_requests_per_minute=0, api_key_requests_per_minute=0) as service:
        api, key = create_api(service), with_key(service)
        document = schemathesis.openapi.from_asgi("/api/v1/openapi.json", api)
        for operation in (found.ok() for found in document.get_all_operations()):
            _ask(operation, examples, key, service, answered)
    assert answered.total() >= least
    succeeded = {label for label, status in answered if status < 300}
    assert succeeded == {label for label, _ in answered}, "every operation was also asked something it can do"


def _ask(
    operation: Any, examples: int, key: dict[str, str], service: Service, answered: Counter[tuple[str, int]]
) -> None:
    conversation_id = service.conversations.start("ada")
    item_ids = [item.item_id for item in service.shop.catalogue]

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), known=st.booleans(), item_id=st.sampled_from(item_ids))
    def ask(case: Any, known: bool, item_id: str) -> None:
        if known:
            _name({"item_id": item_id, "conversation_id": conversation_id}, case)
        answer = case.call(headers=key)
        answered[operation.label, answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    ask()


def _name(ids: dict[str, str], case: Any) -> None:
    """Put ids that there are where the request names any."""
    for part in (case.path_parameters, case.body):
        if isinstance(part, dict):
            part.update({name: value for name, value in ids.items() if part.get(name) is not None})
