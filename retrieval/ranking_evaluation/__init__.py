"""Offline evaluation of ranking: what `python -m assistant evaluate ranking` runs.

A folder of two CSV files (`folder.py`) is cut into splits (`splits.py`); every model of `models.py` is fitted on each
split's training events and asked about its cases (`running.py`); `docs/ranking.md` defines every figure.
"""
