from __future__ import annotations

import pytest
from shelf import outcome

from assistant.explanation.explainer import Explainer
from assistant.language_model.local import LocalModel
from assistant.settings import PACKAGED, Settings


@pytest.mark.slow
@pytest.mark.weights
def test_the_packaged_model_says_nothing_that_a_record_does_not_support() -> None:
    explainer = Explainer(LocalModel(PACKAGED), Settings(language_model=PACKAGED), clock=lambda: 0.0)
    sentences = list(explainer.reply(outcome()))
    assert [s.origin for s in sentences].count("model") == 3
    assert all(claim.supported for s in sentences for claim in s.claims)
