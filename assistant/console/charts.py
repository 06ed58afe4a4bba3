"""Plots over time as SVG, drawn on the server: no script, no inline style, colours by class for light and dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT = 560, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 10, 8, 22
_STEPS = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Series:
    """One line: a value for every bucket; None where there is nothing to say, so that the line has a gap."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """The vertical axis: from 0 to `top`, a mark every `step`."""

    top: float
    step: float

    @classmethod
    def over(cls, series: Sequence[Series]) -> Scale:
        """The rounded scale that holds every value, with two to five marks; 0 to 1 for none."""
        most = max((v for one in series for v in one.values if v is not None), default=0.0) or 1.0
        rough = most / 4
        magnitude = 10 ** math.floor(math.log10(rough))
        step = next(s * magnitude for s in _STEPS if s * magnitude >= rough * (1 - 1e-9))
        return cls(step * math.ceil(most / step - 1e-9), step)

    def marks(self) -> tuple[float, ...]:
        """Where the axis is marked."""
        return tuple(n * self.step for n in range(round(self.top / self.step) + 1))

    def place(self, value: float) -> float:
        """The vertical place of a value."""
        return HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - _TOP) * value / self.top


def line_chart(title: str, buckets: Sequence[str], series: Sequence[Series], unit: str = "") -> Markup:
    """Lines over time, each with its own dash, and dots where a value has no neighbour.

    Args:
        title: what a screen reader says of the picture; the values themselves are in the table beside it.
        buckets: labels of the horizontal axis, in order.
        series: at most four lines.
        unit: after every number of the vertical axis: "%", " s".
    """
    scale = Scale.over(series)
    parts = [_axis(scale, unit), _dates(buckets)]
    for number, one in enumerate(series, start=1):
        parts.append(_line(one, number, len(buckets), scale))
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, HEIGHT, title, Markup("").join(parts)
    )


def spark_line(values: Sequence[float | None]) -> Markup:
    """A small line without axes, beside a number that says how much it is."""
    top = max((v for v in values if v is not None), default=0.0) or 1.0
    points = [
        (round(2 + 116 * place / max(1, len(values) - 1), 1), round(22 - 20 * (value or 0) / top, 1))
        for place, value in enumerate(values)
    ]
    path = "M" + " L".join(f"{x} {y}" for x, y in points)
    return Markup('<svg class="spark" viewBox="0 0 120 24" aria-hidden="true"><path d="{}"/></svg>').format(path)


def _across(place: int, count: int) -> float:
    width = WIDTH - _LEFT - _RIGHT
    return round(_LEFT + (width * place / (count - 1) if count > 1 else width / 2), 1)


def _axis(scale: Scale, unit: str) -> Markup:
    parts = []
    for mark in scale.marks():
        y = round(scale.place(mark), 1)
        text = f"{mark:,.10g}{unit}"
        parts.append(
            Markup(
                '<line class="rule" x1="{}" x2="{}" y1="{}" y2="{}"/><text class="mark" x="{}" y="{}">{}</text>'
            ).format(_LEFT, WIDTH - _RIGHT, y, y, _LEFT - 6, y + 4, text)
        )
    return Markup("").join(parts)


def _dates(buckets: Sequence[str]) -> Markup:
    """Up to eight labels below the axis, evenly apart, the first among them."""
    parts = []
    for place in range(0, len(buckets), math.ceil(len(buckets) / 8)):
        anchor = "end" if 0 < place == len(buckets) - 1 else "middle"
        x = _across(place, len(buckets))
        parts.append(
            Markup('<text class="date {}" x="{}" y="{}">{}</text>').format(anchor, x, HEIGHT - 6, short(buckets[place]))
        )
    return Markup("").join(parts)


def short(bucket: str) -> str:
    """A bucket on the axis: "11-24" for a day, "05:00" for an hour."""
    day, _, hour = bucket.partition("T")
    return f"{hour}:00" if hour else day[5:]


def _line(series: Series, number: int, count: int, scale: Scale) -> Markup:
    """The runs of neighbouring values, as paths; a single value as a dot."""
    runs: list[list[tuple[float, float]]] = [[]]
    for place, value in enumerate(series.values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((_across(place, count), round(scale.place(value), 1)))
    parts = []
    for run in runs:
        if len(run) == 1:
            parts.append(Markup('<circle cx="{}" cy="{}" r="2.5"/>').format(*run[0]))
        elif run:
            parts.append(Markup('<path d="M{}"/>').format(" L".join(f"{x} {y}" for x, y in run)))
    return Markup('<g class="series series-{}"><title>{}</title>{}</g>').format(
        number, escape(series.name), Markup("").join(parts)
    )
