"""From the outcome of a turn to the reply: `explainer.Explainer` writes it; the rest are its words and facts."""
