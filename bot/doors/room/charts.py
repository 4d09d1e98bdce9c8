"""Draw stacked bars as SVG: readable without script, in print and by screen readers.

Widths and heights are attributes and colours are classes: the pages' policy forbids inline style. The same numbers
stand in a table below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from bot.store.usage import OTHERS

COLOURS = 6  # classes `c0` to `c5` of the style sheet; the last is for all others together
_OTHERS = "others"
_HEIGHT, _STEP, _GAP = 160.0, 24.0, 4.0  # units of the drawing; a bar is as wide as the step without the gap


class Series(NamedTuple):
    """The values of one name, one for each bar."""

    name: str
    values: tuple[int, ...]


class Chart(NamedTuple):
    """A drawing, and what its legend says."""

    svg: Markup
    series: tuple[Series, ...]
    most: int
    first: str
    last: str


def fold_series(values: Mapping[tuple[str, str], int], labels: Sequence[str]) -> tuple[Series, ...]:
    """Make series of values by label and name, the largest first.

    What has no colour of its own is one series, with what the store told together.
    """
    totals: dict[str, int] = {}
    for (_, name), value in values.items():
        totals[name] = totals.get(name, 0) + value
    together = {OTHERS} & totals.keys()
    names = [name for name in sorted(totals.keys() - together, key=lambda one: (-totals[one], one)) if totals[name]]
    kept = names if len(names) + len(together) <= COLOURS else names[: COLOURS - 1]
    rest = [*names[len(kept) :], *together]
    found = [Series(name, tuple(values.get((label, name), 0) for label in labels)) for name in kept]
    if rest:
        found.append(Series(_OTHERS, tuple(sum(values.get((label, name), 0) for name in rest) for label in labels)))
    return tuple(found)


def draw_bars(labels: Sequence[str], series: Sequence[Series], *, title: str, tell: Callable[[int], str]) -> Chart:
    """Draw a bar for each label, its series on top of each other.

    ``tell`` writes a value for people.
    """
    sums = [sum(one.values[index] for one in series) for index in range(len(labels))]
    most = max(sums, default=0)
    bars = Markup("").join(
        _draw_bar(index, label, sums[index], series, most, tell) for index, label in enumerate(labels)
    )
    lines = Markup("").join(
        Markup('<line class="grid" x1="0" x2="{0}" y1="{1}" y2="{1}"/>').format(_write(_STEP * len(labels)), _write(y))
        for y in (0.0, _HEIGHT / 2, _HEIGHT)
    )
    svg = Markup(
        '<svg class="bars" role="img" aria-label="{title}" viewBox="0 0 {width} {height}" preserveAspectRatio="none">'
        "{lines}{bars}</svg>"
    ).format(title=title, width=_write(_STEP * max(len(labels), 1)), height=_write(_HEIGHT), lines=lines, bars=bars)
    ends = (labels[0], labels[-1]) if labels else ("", "")
    return Chart(svg, tuple(series), most, *ends)


def _draw_bar(
    index: int, label: str, total: int, series: Sequence[Series], most: int, tell: Callable[[int], str]
) -> Markup:
    """Draw one bar; its title says all that is in it."""
    parts = [(number, one.name, one.values[index]) for number, one in enumerate(series) if one.values[index]]
    told = "; ".join(f"{name or 'none'} {tell(value)}" for _, name, value in parts)
    title = escape(f"{label}: {tell(total)}" + (f" ({told})" if len(parts) > 1 else ""))
    top = _HEIGHT
    drawn = []
    for number, _, value in parts:
        height = _HEIGHT * value / most
        top -= height
        drawn.append(
            Markup('<rect class="c{}" x="{}" y="{}" width="{}" height="{}"/>').format(
                number, _write(index * _STEP + _GAP / 2), _write(top), _write(_STEP - _GAP), _write(height)
            )
        )
    return Markup("<g><title>{}</title>{}</g>").format(title, Markup("").join(drawn))


def _write(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
