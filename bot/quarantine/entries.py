"""Read and write the list of quarantined tests, ``.github/quarantine.yml``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Annotated, Any

import yaml
from pydantic import ConfigDict, Field, ValidationError, model_validator

from bot.test_history.names import LONGEST, normalise
from bot.types import ForgehandError, JsonModel
from bot.untrusted_yaml import load_yaml

PATH = ".github/quarantine.yml"
MOST_DAYS = 14
MOST_ENTRIES = 200
_MOST_BYTES = 256 * 1024
_HEAD = """\
# Tests whose failure does not count until they expire, written by Forgehand. They still run and are still reported.
# `forgehand judge-results --quarantine .github/quarantine.yml --exit-code $code RESULTS...` reads it after the tests.
"""
Line = Annotated[str, Field(max_length=300)]


class QuarantineError(ForgehandError):
    """A list that cannot be read, or an entry that may not be."""


class Entry(JsonModel):
    """A quarantined test; it may be renewed once, with a reason."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    test: str = Field(min_length=1, max_length=LONGEST)
    reason: Line
    issue: Line
    owner: Line = Field(min_length=1)
    since: date
    expires: date
    renewed: Line | None = None  # why it was renewed

    @model_validator(mode="after")
    def _check_term(self) -> Entry:
        days = (self.expires - self.since).days
        most = MOST_DAYS * 2 if self.renewed else MOST_DAYS
        if not 0 < days <= most:
            once = "" if self.renewed else f"; renewed once with a reason, {MOST_DAYS * 2}"
            raise ValueError(f"it may last from 1 to {most} days{once}")
        return self

    def is_live(self, today: date) -> bool:
        """Return whether its failures are excused: on the last day they are."""
        return today <= self.expires

    def covers(self, test: str) -> bool:
        """Return whether it is of this test; without parameters, of all of them."""
        own, other = normalise(self.test), normalise(test)
        return own == other or ("[" not in own and other.partition("[")[0] == own)


def read_entries(text: str) -> tuple[Entry, ...]:
    """Read a list; raises :class:`QuarantineError` with what is wrong in it."""
    if len(text) > _MOST_BYTES:
        raise QuarantineError(f"The list is longer than {_MOST_BYTES} characters.")
    try:
        document: Any = load_yaml(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise QuarantineError(f"The list is not YAML: {str(error)[:300]}") from None
    document = {} if document is None else document
    rows = document.get("tests", []) if isinstance(document, dict) else None
    if not isinstance(rows, list) or len(rows) > MOST_ENTRIES:
        raise QuarantineError(f"The list holds `tests:`, a list of at most {MOST_ENTRIES} entries.")
    entries = tuple(_read(number, row) for number, row in enumerate(rows, 1))
    twice = {one.test for one in entries if sum(normalise(one.test) == normalise(other.test) for other in entries) > 1}
    if twice:
        raise QuarantineError(f"These are in the list twice: {', '.join(sorted(twice)[:5])}.")
    return entries


def _read(number: int, row: Any) -> Entry:
    try:
        return Entry.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the entry"
        raise QuarantineError(f"Entry {number} of the list cannot be used: {where}: {first['msg']}.") from None


def write_entries(entries: Iterable[Entry]) -> str:
    """Write a list, sorted by test."""
    rows = [one.model_dump(exclude_none=True) for one in sorted(entries, key=lambda one: one.test)]
    return _HEAD + yaml.safe_dump({"tests": rows}, sort_keys=False, allow_unicode=True, width=1_000)


def find_entry(entries: Sequence[Entry], test: str) -> Entry | None:
    """Return the entry that covers a test."""
    return next((one for one in entries if one.covers(test)), None)


def add(entries: Sequence[Entry], new: Entry, most: int, today: date) -> tuple[Entry, ...]:
    """Return the list with a new entry, without what expired long ago.

    A test that is there already is renewed, once. Raises :class:`QuarantineError` where it may not be.
    """
    known = find_entry(entries, new.test)
    kept = [one for one in entries if one is not known and (today - one.expires).days <= MOST_DAYS]
    if known is not None:
        return (*kept, renew(known, new.reason, today))
    live = sum(one.is_live(today) for one in entries)
    if live >= most:
        raise QuarantineError(
            f"{live} tests are in quarantine, and this repository allows {most} (`quarantine.most`). Fix one first."
        )
    return (*kept, new)


def renew(entry: Entry, reason: str, today: date) -> Entry:
    """Return an entry that lasts longer; raises :class:`QuarantineError`."""
    if entry.renewed:
        raise QuarantineError(
            f"`{entry.test}` was renewed before ({entry.renewed}), and that is allowed once. Fix or delete the test."
        )
    if not reason.strip():
        raise QuarantineError(f"`{entry.test}` is in quarantine already; say why it should stay there.")
    last = min(today + timedelta(days=MOST_DAYS), entry.since + timedelta(days=2 * MOST_DAYS))
    if last <= entry.expires:
        raise QuarantineError(f"`{entry.test}` is in quarantine until {entry.expires}.")
    return entry.model_copy(update={"expires": last, "renewed": reason.strip()[:300]})
