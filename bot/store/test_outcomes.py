"""Keep how tests ended in CI, and what examining them showed.

Bounded: a report is one row; a test has rows from its first failure on, one a report, and none before. Nothing is older
than 90 days, and the newest 1,000 reports of a repository are kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Literal

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.tables import examined_test, test_outcome, test_report
from bot.store.upsert import insert
from bot.types import JsonModel

KEPT_MS = 90 * 86_400_000
MOST_REPORTS = 1_000
MOST_FAILED = 500
# names in one statement
_CHUNK = 500


class StoredReport(JsonModel):
    """Report of one job.

    ``source`` names it, ``left_out`` says why it does not count, "" where it does.
    ``place`` is the default branch or the merge queue; ``variant`` tells jobs of one commit apart.
    """

    source: str
    variant: str
    place: Literal["branch", "queue"]
    sha: str
    tree: str
    at: int
    tests: int
    left_out: str = ""


class StoredOutcome(JsonModel):
    """End of a test in a report that counts."""

    test: str
    passed: bool
    variant: str
    place: str
    sha: str
    tree: str
    at: int


class Examined(JsonModel):
    """Result of examining a test; ``data`` belongs to whoever stored it."""

    test: str
    kind: str
    data: dict[str, Any]
    at: int


def list_sources(connection: sa.Connection, repository: int) -> set[str]:
    """Return the reports of a repository that were read already."""
    return set(
        connection.execute(sa.select(test_report.c.source).where(test_report.c.repository == repository)).scalars()
    )


def add_report(
    connection: sa.Connection, repository: int, report: StoredReport, failed: Collection[str], passed: Collection[str]
) -> None:
    """Store a report once: its failures, and passes of tests that failed."""
    row = report.model_dump() | {"repository": repository}
    new = insert(connection, test_report).values(row).on_conflict_do_nothing().returning(test_report.c.source)
    if connection.execute(new).first() is None or report.left_out:
        return
    kept = sorted(failed)[:MOST_FAILED]
    known = _known(connection, repository, passed)
    ends = [*((test, False) for test in kept), *((test, True) for test in sorted(known - set(failed)))]
    rows = [{"repository": repository, "test": test, "source": report.source, "passed": end} for test, end in ends]
    for part in _cut(rows):
        connection.execute(insert(connection, test_outcome).values(part).on_conflict_do_nothing())
    _forget_old(connection, repository)


def _known(connection: sa.Connection, repository: int, tests: Collection[str]) -> set[str]:
    """Return those of the tests that have failed within what is kept."""
    rows = sa.select(test_outcome.c.test).where(test_outcome.c.repository == repository).distinct()
    return set(connection.execute(rows).scalars()) & set(tests)


def _forget_old(connection: sa.Connection, repository: int) -> None:
    own = test_report.c.repository == repository
    newest = sa.select(test_report.c.at).where(own).order_by(test_report.c.at.desc()).offset(MOST_REPORTS).limit(1)
    cut = connection.execute(newest).scalar()
    before = max(now_ms() - KEPT_MS, cut + 1 if cut is not None else 0)
    old = sa.select(test_report.c.source).where(own, test_report.c.at < before).scalar_subquery()
    theirs = test_outcome.c.repository == repository
    connection.execute(test_outcome.delete().where(theirs, test_outcome.c.source.in_(old)))
    connection.execute(test_report.delete().where(own, test_report.c.at < before))


def count_failures(connection: sa.Connection, repository: int) -> dict[str, int]:
    """Count how often each test failed, of those that have."""
    query = sa.select(test_outcome.c.test, sa.func.count()).where(
        test_outcome.c.repository == repository, test_outcome.c.passed.is_(False)
    )
    return {row[0]: row[1] for row in connection.execute(query.group_by(test_outcome.c.test))}


def list_outcomes(
    connection: sa.Connection, repository: int, tests: Collection[str] | None = None
) -> list[StoredOutcome]:
    """Return the outcomes of tests that have failed, the oldest first.

    Of some ``tests``, or of all (None).
    """
    joined = sa.and_(
        test_report.c.repository == test_outcome.c.repository, test_report.c.source == test_outcome.c.source
    )
    columns = (test_report.c.variant, test_report.c.place, test_report.c.sha, test_report.c.tree, test_report.c.at)
    query = sa.select(test_outcome.c.test, test_outcome.c.passed, *columns).join(test_report, joined)
    query = query.where(test_outcome.c.repository == repository).order_by(test_report.c.at)
    if tests is not None:
        query = query.where(test_outcome.c.test.in_(tests))
    return [StoredOutcome.model_validate(row) for row in connection.execute(query).mappings()]


def list_reports(connection: sa.Connection, repository: int) -> list[StoredReport]:
    """Return the reports of a repository, the oldest first."""
    query = sa.select(test_report).where(test_report.c.repository == repository).order_by(test_report.c.at)
    return [StoredReport.model_validate(row) for row in connection.execute(query).mappings()]


def count_reports(connection: sa.Connection, repository: int) -> tuple[int, int | None]:
    """Count the reports of a repository that are kept; with the oldest's time."""
    query = sa.select(sa.func.count(), sa.func.min(test_report.c.at)).where(test_report.c.repository == repository)
    number, since = connection.execute(query).one()
    return number, since


def note_examined(connection: sa.Connection, repository: int, examined: Examined) -> None:
    """Remember what examining a test showed, over what it showed before."""
    row = examined.model_dump() | {"repository": repository}
    new = insert(connection, examined_test).values(row)
    values = {name: row[name] for name in ("kind", "data", "at")}
    connection.execute(new.on_conflict_do_update(index_elements=["repository", "test"], set_=values))


def list_examined(connection: sa.Connection, repository: int) -> list[Examined]:
    """Return what examinations of the last 90 days showed, the newest first."""
    query = sa.select(examined_test).where(
        examined_test.c.repository == repository, examined_test.c.at >= now_ms() - KEPT_MS
    )
    rows = connection.execute(query.order_by(examined_test.c.at.desc())).mappings()
    return [Examined.model_validate(row) for row in rows]


def forget_repository(connection: sa.Connection, repository: int) -> None:
    """Delete all that is kept of a repository's tests."""
    for table in (test_outcome, test_report, examined_test):
        connection.execute(table.delete().where(table.c.repository == repository))


def _cut(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    return (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))
