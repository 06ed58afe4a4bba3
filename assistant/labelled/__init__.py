"""Labelled training data for the small language model: what shoppers say and what it means, facts and what to say.

`generate` draws it, seeded; `python -m assistant.labelled FOLDER` writes it as JSON Lines. The guide to the labels is
`docs/labelling.md`; how an example becomes a prompt and an answer is `assistant.labelled.serialisation`.
"""
