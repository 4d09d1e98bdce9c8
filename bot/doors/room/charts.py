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
    names = [str(escape(one.name or "none")) for one in series]  # once: there may be hundreds of bars
    bars = "".join(
        _draw_bar(index, str(escape(label)), names, [one.values[index] for one in series], most, tell)
        for index, label in enumerate(labels)
    )
    width, height = _write(_STEP * max(len(labels), 1)), _write(_HEIGHT)
    lines = "".join(
        f'<line class="grid" x1="0" x2="{_write(_STEP * len(labels))}" y1="{_write(y)}" y2="{_write(y)}"/>'
        for y in (0.0, _HEIGHT / 2, _HEIGHT)
    )
    svg = (
        f'<svg class="bars" role="img" aria-label="{escape(title)}" viewBox="0 0 {width} {height}" '
        f'preserveAspectRatio="none">{lines}{bars}</svg>'
    )
    ends = (labels[0], labels[-1]) if labels else ("", "")
    return Chart(Markup(svg), tuple(series), most, *ends)  # noqa: S704 - texts are escaped above, all else are numbers


def _draw_bar(
    index: int, label: str, names: Sequence[str], values: Sequence[int], most: int, tell: Callable[[int], str]
) -> str:
    """Draw one bar; its title says all that is in it.

    ``label`` and ``names`` are HTML already, all else are numbers.
    """
    parts = [(number, value) for number, value in enumerate(values) if value]
    told = "; ".join(f"{names[number]} {tell(value)}" for number, value in parts) if len(parts) > 1 else ""
    left, width = _write(index * _STEP + _GAP / 2), _write(_STEP - _GAP)
    top = _HEIGHT
    drawn = []
    for number, value in parts:
        height = _HEIGHT * value / most
        top -= height
        place = f'x="{left}" y="{_write(top)}" width="{width}" height="{_write(height)}"'
        drawn.append(f'<rect class="c{number}" {place}/>')
    title = f"{label}: {tell(sum(values))}" + (f" ({told})" if told else "")
    return f"<g><title>{title}</title>{''.join(drawn)}</g>"


def _write(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
