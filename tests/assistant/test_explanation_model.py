from __future__ import annotations

import pytest
from shelf import outcome

from assistant.explanation.explainer import Explainer
from assistant.language_model import load_language_model
from assistant.settings import Settings


@pytest.mark.slow
@pytest.mark.weights
def test_the_packaged_model_says_nothing_that_a_record_does_not_support() -> None:
    settings = Settings()
    explainer = Explainer(load_language_model(settings), settings, clock=lambda: 0.0)
    assert explainer.status.startswith("model: packaged, fine-tuned for it,")
    sentences = list(explainer.reply(outcome()))
    assert [s.origin for s in sentences].count("model") == 3
    assert all(claim.supported for s in sentences for claim in s.claims)
