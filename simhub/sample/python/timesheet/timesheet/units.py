"""The units a duration may be written in."""

SECONDS = {
    "d": 8 * 3600,
    "h": 3600,
    "m": 60,
    "s": 1,
}


def seconds_in(unit):
    """Seconds in one of ``unit``; a day is a working day of eight hours."""
    return SECONDS[unit]
