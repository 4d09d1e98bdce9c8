"""Read our own format, for every sender that has none: ``docs/signals.md`` describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from bot.signals.fields import (
    NAME,
    Arrival,
    clean_line,
    find,
    find_list,
    find_sha,
    find_text,
    make_digest,
    make_links,
    raw_text,
    read_branch,
    read_moment,
    read_pairs,
    share_text,
    show_pairs,
)
from bot.signals.frames import read_frame
from bot.signals.labels import read_severity
from bot.signals.records import Frame, Signal, SignalKind

_MOST = 100  # signals of one body
_MOST_FRAMES = 100
_KINDS: tuple[SignalKind, ...] = get_args(SignalKind)


def read(body: Mapping[str, Any], arrival: Arrival) -> tuple[Signal, ...]:
    """Return the signals of a body: one, or those listed under ``signals``."""
    listed = (find_list(body, "signals") or [body])[:_MOST]
    most = share_text(len(listed))
    read_ones = (_read_one(each, arrival, most) for each in listed if isinstance(each, Mapping))
    return tuple(one for one in read_ones if one is not None)


def _read_one(said: Mapping[str, Any], arrival: Arrival, most: int) -> Signal | None:
    kind = next((each for each in _KINDS if each == find(said, "kind")), None)
    title = find_text(said, "title", most=200)
    if kind is None or not title:
        return None
    key = raw_text(find(said, "key")) or title
    started = read_moment(find(said, "started"), arrival.received)
    since = make_digest(raw_text(find(said, "started")) or arrival.delivery)
    links = [(raw_text(find(one, "title")) or "Link", find(one, "url")) for one in find_list(said, "links")]
    return Signal(
        source="own",
        kind=kind,
        state_key=f"own:{make_digest(arrival.name, key, kind, since)}",
        incident_key=f"own:{make_digest(arrival.name, key)}",
        delivery=arrival.delivery,
        title=clean_line(title),
        text=find_text(said, "text", most=most),
        severity=read_severity(find_text(said, "severity")),
        started=started,
        service=find_text(said, "service"),
        environment=find_text(said, "environment"),
        branch=read_branch(find(said, "branch")),
        sha=find_sha(raw_text(find(said, "sha"))),
        frames=_read_frames(said),
        links=make_links(links),
        labels=show_pairs(read_pairs(find(said, "labels"))) | {"source_name": arrival.name[:NAME]},
    )


def _read_frames(said: Mapping[str, Any]) -> tuple[Frame, ...]:
    frames = [frame for each in find_list(said, "frames")[-_MOST_FRAMES:] if (frame := read_frame(each)) is not None]
    return tuple(frames)
