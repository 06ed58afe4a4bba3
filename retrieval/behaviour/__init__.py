"""Models over what shoppers did: counts, sequences, and their fusion with content.

Everything here works on rows of one `Items` and on arrays (`events.py`), never on the catalogue: the same models are
trained on a public log and on the shop's own. Nothing heavy is imported before it is needed.
"""
