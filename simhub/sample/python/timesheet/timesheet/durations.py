"""Durations as people write them: ``45m``, ``2h``, ``1d``."""

import re

from timesheet.units import SECONDS, seconds_in

_TOKEN = re.compile(rf"(\d+)\s*([{''.join(SECONDS)}])")


class DurationError(ValueError):
    """The text is not a duration."""


def parse_duration(text):
    """Seconds in ``text``. Raises DurationError where it is not a duration."""
    token = _TOKEN.match(text.strip().lower())
    if token is None:
        raise DurationError(f"not a duration: {text!r}")
    amount, unit = token.groups()
    return int(amount) * seconds_in(unit)


def format_duration(seconds):
    """``h:mm``, rounded down to the minute."""
    return f"{seconds // 3600}:{seconds % 3600 // 60:02d}"
