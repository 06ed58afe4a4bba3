"""The catalogue in memory: the variants of a model, as items come, change and go."""

from __future__ import annotations

import random

from retrieval.catalogue import Catalogue, CatalogueItem


def test_the_variants_of_a_model_are_those_that_a_walk_over_the_catalogue_finds() -> None:
    rng, catalogue = random.Random(7), Catalogue()
    models = ("tempo", "dune", "nest", None)
    for _ in range(300):
        item_id = str(rng.randrange(12))
        if rng.random() < 0.3:
            catalogue.remove([item_id])
        else:
            catalogue.upsert([CatalogueItem(item_id, "Thing", stock=rng.randrange(3), variant_of=rng.choice(models))])
        for model in ("tempo", "dune", "nest", "none such"):
            assert catalogue.variants(model) == tuple(item for item in catalogue if item.variant_of == model)
