"""Tables whose rows are arrays of their own: a change touches only the rows that it is in."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


class PairRows:
    """A square table of integer 4-tuples. An entry that comes to 0 leaves no trace.

    Args:
        size: rows, and columns.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._rows: dict[int, tuple[Integers, Integers]] = {}

    def grow(self, size: int) -> None:
        """Make room."""
        self.size = max(self.size, size)

    def change(self, row: Integers, column: Integers, values: Integers) -> None:
        """Add values (k, 4) at these places; a place may come more than once."""
        if not len(row):
            return
        key = (row << 32) | column
        order = np.argsort(key, kind="stable")
        firsts = np.append(0, np.flatnonzero(np.diff(key[order])) + 1)
        total, place = np.add.reduceat(values[order], firsts), key[order][firsts]
        for number, start, end in _runs(place >> 32):
            self._change_row(number, place[start:end] & 0xFFFFFFFF, total[start:end])

    def row(self, number: int) -> tuple[Integers, Integers]:
        """The columns of a row, ascending, and their values (m, 4)."""
        return self._rows.get(number, _EMPTY)

    def entries(self, numbers: Integers | None) -> tuple[Integers, Integers, Integers]:
        """The entries of these rows (all: None): where each of the `size` rows begins (size + 1,), columns, values."""
        chosen = sorted(self._rows) if numbers is None else numbers.tolist()
        found = [self.row(number) for number in chosen]
        lengths = np.zeros(self.size + 1, dtype=np.int64)
        lengths[np.array(chosen, dtype=np.int64) + 1] = [len(columns) for columns, _ in found]
        columns = np.concatenate([columns for columns, _ in found] or [_EMPTY[0]])
        return np.cumsum(lengths), columns, np.concatenate([values for _, values in found] or [_EMPTY[1]])

    def _change_row(self, number: int, columns: Integers, values: Integers) -> None:
        own = self._rows.get(number)
        if own is not None:
            columns, values = _merged(*own, columns, values)
        if len(columns):
            self._rows[number] = columns, values
        else:
            self._rows.pop(number, None)


class SetRows:
    """Sets of integers, by number. A set that comes to nothing leaves no trace."""

    def __init__(self) -> None:
        self._rows: dict[int, Integers] = {}

    def add(self, number: NDArray[np.integer], member: NDArray[np.integer]) -> None:
        """Have member[i] in the set number[i]."""
        place = np.unique((number.astype(np.int64) << 32) | member)
        for row, start, end in _runs(place >> 32):
            members = place[start:end] & 0xFFFFFFFF
            own = self._rows.get(row)
            self._rows[row] = members if own is None else np.union1d(own, members)

    def remove(self, number: NDArray[np.integer], member: NDArray[np.integer]) -> None:
        """Have member[i] no longer in the set number[i]."""
        for row, gone in zip(number.tolist(), member.tolist(), strict=True):
            own = self._rows.get(row, _EMPTY[0])
            left = own[own != gone]
            if len(left):
                self._rows[row] = left
            else:
                self._rows.pop(row, None)

    def numbers(self) -> Integers:
        """Those that have members, ascending."""
        return np.array(sorted(self._rows), dtype=np.int64)

    def members(self, numbers: Integers) -> tuple[Integers, Integers]:
        """Where the members of each of these k sets begin (k + 1,), and the members, ascending in each."""
        found = [self._rows.get(number, _EMPTY[0]) for number in numbers.tolist()]
        ends = np.cumsum([0, *map(len, found)]).astype(np.int64)
        return ends, np.concatenate(found or [_EMPTY[0]])


_EMPTY: tuple[Integers, Integers] = np.empty(0, dtype=np.int64), np.empty((0, 4), dtype=np.int64)


def _merged(known: Integers, total: Integers, columns: Integers, values: Integers) -> tuple[Integers, Integers]:
    """A row's columns and values with these added; both ascending, each column once. What was given stays as it is."""
    places = np.searchsorted(known, columns)
    new = known[np.minimum(places, len(known) - 1)] != columns
    if new.any():
        known = np.insert(known, places[new], columns[new])
        total = np.insert(total, places[new], 0, axis=0)
        places += np.cumsum(new) - new
    else:
        total = total.copy()
    total[places] += values
    empty = ~total[places].any(axis=1)
    if not empty.any():
        return known, total
    return np.delete(known, places[empty]), np.delete(total, places[empty], axis=0)


def _runs(ascending: Integers) -> Iterable[tuple[int, int, int]]:
    """Each value with where its run begins and ends."""
    ends = np.append(np.flatnonzero(np.diff(ascending)) + 1, len(ascending)) if len(ascending) else _EMPTY[0]
    starts = np.append(0, ends)[:-1]
    return zip(ascending[starts].tolist(), starts.tolist(), ends.tolist(), strict=True)
