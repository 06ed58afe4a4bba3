import numpy as np

from retrieval.catalogue import Attribute, Catalogue, CatalogueItem
from retrieval.columns import Columns
from retrieval.qualities import quality_score

WEIGHTS = (1200.0, 2100.0, 900.0, None)
ROWS = np.arange(len(WEIGHTS))


def columns(weights: tuple[float | None, ...] = WEIGHTS) -> Columns:
    return Columns(
        Catalogue(
            CatalogueItem(
                str(n),
                "Laptop",
                attributes={} if grams is None else {"weight": Attribute("weight", f"{grams:g} g", (), grams, "g")},
            )
            for n, grams in enumerate(weights)
        )
    )


def test_light_puts_the_lighter_item_higher_and_the_silent_one_in_the_middle() -> None:
    score = quality_score("light enough to travel", ROWS, columns())
    assert score is not None
    assert np.allclose(score, [2 / 3, 1 / 3, 1.0, 0.5])


def test_heavy_is_the_other_way_round() -> None:
    score = quality_score("something heavy", ROWS, columns())
    assert score is not None
    assert score.argmax() == 1


def test_words_that_name_no_quality_say_nothing() -> None:
    assert quality_score("a laptop for my sister", ROWS, columns()) is None


def test_a_measure_that_few_state_or_that_is_the_same_for_all_orders_nothing() -> None:
    assert quality_score("light", ROWS, columns((1200.0, None, None, None))) is None
    assert quality_score("light", ROWS, columns((900.0, 900.0, 900.0, 900.0))) is None
