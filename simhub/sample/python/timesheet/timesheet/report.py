"""Totals per person."""

from timesheet.durations import format_duration


def totals(entries):
    """Seconds per person, in the order in which people first appear."""
    sums = {}
    for entry in entries:
        sums[entry.person] = sums.get(entry.person, 0) + entry.seconds
    return sums


def render(sums):
    """One line a person, names padded to the longest."""
    width = max((len(name) for name in sums), default=0)
    return "".join(f"{name:<{width}}  {format_duration(seconds)}\n" for name, seconds in sums.items())
