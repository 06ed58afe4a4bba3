"""Offline evaluation of intent recognition: what `python -m assistant evaluate intent` runs.

`evaluate` takes examples and systems and returns a `Report`; `docs/evaluation.md` defines every figure in it. Nothing
heavy is imported before it is needed.
"""
