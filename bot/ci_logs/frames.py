"""Read stack frames of seven languages out of a log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_MOST = 400


class Frame(NamedTuple):
    """A place that a stack trace names; ``own``: not the library's."""

    path: str
    line: int
    function: str
    own: bool


_PYTHON = re.compile(
    r'^\s*(?:E\s+|>\s+)?File "(?P<path>[^"\n]{1,300})", line (?P<line>\d{1,7})(?:, in (?P<function>\S.{0,120}))?'
)
_PYTEST = re.compile(
    r"^(?P<path>[\w./\\+-]{1,300}\.py):(?P<line>\d{1,7}): ?(?:in (?P<function>\w+)|[\w.]*(?:Error|Exception"
    r"|Warning|Failed|Exit)?\b.*)$"
)
_JAVA = re.compile(
    r"^\s*(?:\[\w+\]\s+)?at (?:[\w.@/-]{1,80}/)?(?P<class>[\w.$]{1,200})\.(?P<function>[\w$<>-]{1,100})\("
    r"(?P<file>[\w$]{1,100}\.(?:java|kt|scala|groovy)):(?P<line>\d{1,7})\)"
)
_NODE = re.compile(
    r"^\s*(?:at|❯) (?:async )?(?:(?P<function>[^\s(][^(\n]{0,120}?) )?\(?(?:file://|webpack:/+"
    r"|webpack-internal:/+)?(?P<path>[^\s():\n][^():\n]{0,300}\.[cm]?[jt]sx?):(?P<line>\d{1,7})(?::\d+)?\)?$"
)
_GO = re.compile(r"^\s+(?P<path>[\w./@+!-]{1,300}\.go):(?P<line>\d{1,7})(?:\s\+0x[0-9a-f]+|:|\s*$)")
_GO_TEST = re.compile(r"^\s+(?P<path>[\w/-]{1,200}_test\.go):(?P<line>\d{1,7}): ")
_RUST = re.compile(r"^\s+at (?P<path>[\w./\\+-]{1,300}\.rs):(?P<line>\d{1,7})(?::\d+)?$")
_RUST_PANIC = re.compile(r"panicked at (?:'.{0,400}', )?(?P<path>[\w./\\+-]{1,300}\.rs):(?P<line>\d{1,7}):\d+")
_RUBY = re.compile(
    r"^\s*(?:# |from )?(?P<path>[\w./+-]{1,300}\.(?:rb|rake"
    r"|erb)):(?P<line>\d{1,7})(?::in [`'](?:[^`'\n]{0,80}[#.])?(?:block (?:\(\d+ levels\) )?in )?"
    r"(?P<function>[^'\n]{1,100})')?"
)
_DOTNET = re.compile(
    r"^\s*at (?P<function>[\w.`<>+\[\], ]{1,300}?)\(.{0,300}?\) in (?P<path>[^\n]{1,300}?\.(?:cs|fs"
    r"|vb)):line (?P<line>\d{1,7})$"
)
_PHP = re.compile(r"^(?:#\d+ )?(?P<path>/[\w./+-]{1,300}\.php)(?::|\()(?P<line>\d{1,7})\)?")
_PATTERNS = (_PYTHON, _PYTEST, _JAVA, _DOTNET, _NODE, _RUST_PANIC, _RUST, _GO_TEST, _GO, _RUBY, _PHP)
_LIBRARY = re.compile(
    r"site-packages|dist-packages|/lib/python\d|(?:^|/)python\d(?:\.\d+)?/|node_modules|^node:|internal/"
    r"|/\.cargo/|/rustc/|/go/pkg/mod/|/usr/local/go/"
    r"|/usr/lib|/gems/|/\.rbenv|/ruby/\d|/vendor/|/hostedtoolcache/|\.nuget|^<|^/_/src/|/\.rustup/"
    r"|library/(?:core|std|test)/"
)
_LIBRARY_CLASS = re.compile(
    r"^(?:java|javax|jdk|sun|com\.sun|org\.junit|junit|org\.testng|org\.apache\.maven|org\.gradle"
    r"|worker\.org\.gradle|kotlin|kotlinx|scala|groovy"
    r"|org\.codehaus|org\.mockito|org\.hamcrest|org\.assertj|org\.opentest4j|org\.springframework|sbt"
    r"|org\.scalatest|akka|io\.netty|reactor|rx)\."
)


def find_frames(lines: Sequence[str]) -> tuple[Frame, ...]:
    """Return the frames of all traces, in the order of the log."""
    found: list[Frame] = []
    for place, line in enumerate(lines):
        frame = _read(line[:1_000], lines[place - 1] if place else "")
        if frame is not None:
            found.append(frame)
            if len(found) >= _MOST:
                break
    return tuple(found)


def find_traces(lines: Sequence[str]) -> tuple[tuple[Frame, ...], ...]:
    """Return the frames of each trace, the innermost first."""
    return tuple(_split(lines))


def _split(lines: Sequence[str]) -> Iterator[tuple[Frame, ...]]:
    run: list[Frame] = []
    outer_first = False
    gap = 0
    for place, line in enumerate(lines):
        frame = _read(line[:1_000], lines[place - 1] if place else "")
        if frame is None:
            gap += 1
            # Python and Ruby print the source between frames; pytest prints the whole function.
            if run and gap > (40 if outer_first else 2):
                yield tuple(reversed(run)) if outer_first else tuple(run)
                run = []
            continue
        if not run:
            outer_first = frame.path.endswith((".py", ".pyx"))
        if run and gap and line.lstrip().startswith("Traceback"):
            yield tuple(reversed(run)) if outer_first else tuple(run)
            run = []
        run.append(frame)
        gap = 0
    if run:
        yield tuple(reversed(run)) if outer_first else tuple(run)


def _read(line: str, before: str) -> Frame | None:
    if not any(map(str.isdigit, line)):  # each frame has the number of a line
        return None
    for pattern in _PATTERNS:
        match = pattern.search(line)
        if match is None:
            continue
        known = match.groupdict()
        if pattern is _JAVA:
            package = known["class"].split("$")[0].rpartition(".")[0]
            path = f"{package.replace('.', '/')}/{known['file']}".lstrip("/")
            return Frame(path, int(known["line"]), known["function"], _LIBRARY_CLASS.match(known["class"]) is None)
        path = known["path"].replace("\\", "/").removeprefix("./")
        function = (known.get("function") or "").strip()
        if pattern is _GO:
            function = before.strip().partition("(")[0].rpartition(".")[2]
        if pattern is _DOTNET:
            function = function.rpartition(".")[2]
        function = function.split(" [as ")[0].rpartition(".")[2] if pattern is _NODE else function
        return Frame(path, int(known["line"]), function, _LIBRARY.search(path) is None)
    return None
