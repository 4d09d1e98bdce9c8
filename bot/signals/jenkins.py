"""Read what Jenkins's notification plugin posts; parameters of builds are never taken: they hold passwords."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.signals.fields import (
    TEXT,
    Arrival,
    clean,
    clean_line,
    find,
    find_list,
    find_map,
    find_sha,
    find_text,
    make_digest,
    make_links,
    raw_text,
    read_branch,
    read_moment,
)
from bot.signals.records import Signal, SignalKind

_KINDS: dict[str, SignalKind] = {"SUCCESS": "ci_passed", "FAILURE": "ci_failed", "UNSTABLE": "ci_failed"}
_ENDED = frozenset({"COMPLETED", "FINALIZED"})  # both come for each build
_MOST_TESTS = 200


def read(body: Mapping[str, Any], arrival: Arrival) -> tuple[Signal, ...]:
    """Return the signal of a build that ended well or badly."""
    build = find_map(body, "build")
    kind = _KINDS.get(find_text(build, "status").upper())
    job, url = find_text(body, "name"), raw_text(find(build, "full_url")) or raw_text(find(build, "url"))
    if kind is None or not job or not url or find_text(build, "phase").upper() not in _ENDED:
        return ()
    branch = read_branch(find(build, "scm", "branch"))
    tests = [clean_line(raw_text(each)) for each in find_list(build, "test_summary", "failed_tests")[:_MOST_TESTS]]
    number = find_text(build, "number")
    shown = {"job": job, "build": number, "status": find_text(build, "status")}
    return (
        Signal(
            source="jenkins",
            kind=kind,
            state_key=f"jenkins:{make_digest(url, kind)}",
            incident_key=f"jenkins:{make_digest(branch, job)}",
            delivery=arrival.delivery,
            title=clean_line(f"{job} #{number}: {find_text(build, 'status').lower()}"),
            text=_tell(tests, find(build, "log")),
            started=read_moment(find(build, "timestamp"), arrival.received),
            branch=branch,
            sha=find_sha(raw_text(find(build, "scm", "commit"))),
            links=make_links([("Build", url)]),
            labels={name: value for name, value in shown.items() if value} | {"source_name": arrival.name},
        ),
    )


def _tell(tests: list[str], log: Any) -> str:
    """Return the failed tests and the log's end."""
    end = raw_text(log)[-TEXT:] if isinstance(log, str) else ""
    parts = ["Failed tests:\n" + "\n".join(tests[:20])] if tests else []
    return clean("\n\n".join([*parts, end[-4_000:]]), TEXT)
