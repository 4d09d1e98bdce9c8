"""Parse durations."""


def seconds_in(unit):
    """Seconds in one ``h``, ``m`` or ``s``."""
    if unit == "h":
        return 3600
    if unit == "m":
        return 60
    if unit == "s":
        return 1
    raise ValueError(f"unknown unit {unit!r}")


def parse_duration(text):
    """Seconds in ``text``, e.g. ``"2h"``."""
    return int(text[:-1]) * seconds_in(text[-1])
