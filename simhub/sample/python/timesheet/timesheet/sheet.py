"""A sheet is lines of ``person duration what``; blank lines and ``#`` comments are skipped."""

from dataclasses import dataclass

from timesheet.durations import parse_duration


@dataclass(frozen=True)
class Entry:
    person: str
    seconds: int
    what: str


class SheetError(ValueError):
    """A line of a sheet cannot be read; the message names its number."""


def read_sheet(text):
    """All entries of a sheet, in order. Raises SheetError naming the line."""
    entries = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        parts = line.split(maxsplit=2)
        if len(parts) < 2:
            raise SheetError(f"line {number}: expected 'person duration what'")
        try:
            seconds = parse_duration(parts[1])
        except ValueError as error:
            raise SheetError(f"line {number}: {error}") from error
        entries.append(Entry(parts[0], seconds, parts[2] if len(parts) > 2 else ""))
    return entries
