"""Read with what a job ran: its runner image, and the versions of tools and packages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_MOST = 2_000
_VERSION = r"v?\d+(?:\.[\w+-]+){0,5}"
_RUNNER = (
    re.compile(r"^(?P<name>Current runner version): '(?P<version>[^']{1,40})'"),
    re.compile(r"^(?P<name>Image(?: Version| Release)?): (?P<version>\S{1,60})$"),
    re.compile(r"^(?P<name>Runner Image Provisioner|Hosted Compute Agent) ?(?P<version>\S{1,40})$"),
)
_TOOLS = (
    re.compile(
        rf"^(?P<name>Python|Ruby|PHP|Node\.js|Composer|Maven|Gradle|Rust|Bundler) (?P<version>{_VERSION})\b", re.I
    ),
    re.compile(
        r"^(?P<name>node|npm|yarn|pnpm|bun|deno|java|javac|go|rustc|cargo|pip|tox|cmake|gcc|ruby|bundler)"
        rf": ?(?P<version>{_VERSION})$",
        re.I,
    ),
    re.compile(
        rf"^(?P<name>rustc|cargo|cmake version|go version go|gcc|pip|ruby|openjdk version) ?\"?(?P<version>{_VERSION})",
        re.I,
    ),
    re.compile(rf"^platform \w+ -- (?P<name>Python) (?P<version>{_VERSION}), "),
)
_PYTEST = re.compile(r"^(?:platform \w+ -- .*|plugins: .*)$")
_PLUGIN = re.compile(rf"(?:^|[ ,])(?P<name>pytest|pluggy|[a-z][\w.]*?)-(?P<version>{_VERSION})(?=,| |$)")
_INSTALLED = re.compile(r"^(?:Successfully installed|Installing collected packages:) (?P<list>.+)$")
_PACKAGE = re.compile(r"(?<![\w.-])(?P<name>[A-Za-z][\w.-]*?)-(?P<version>\d[\w.+!]*)(?= |$)")
_UV = re.compile(rf"^\s*\+ (?P<name>@?[\w./-]{{1,80}})(?:==|@| )(?P<version>{_VERSION})$")


def find_versions(lines: Sequence[str]) -> dict[str, str]:
    """Return what a log says of versions: of runner, tools, packages."""
    found: dict[str, str] = {}
    for line in filter(None, lines):
        for name, version in _read(line[:4_000]):
            found.setdefault(name, version)
        if len(found) >= _MOST:
            break
    return found


def compare_versions(green: dict[str, str], red: dict[str, str]) -> tuple[str, ...]:
    """Say which versions of a green run were others in a red one."""
    return tuple(
        f"{name}: {green[name]} → {version}" for name, version in red.items() if green.get(name, version) != version
    )


def _read(line: str) -> Iterator[tuple[str, str]]:
    for pattern in (*_RUNNER, *_TOOLS, _UV):
        match = pattern.match(line)
        if match is not None:
            yield match["name"], match["version"]
    if _PYTEST.match(line):
        yield from ((one["name"], one["version"]) for one in _PLUGIN.finditer(line))
    installed = _INSTALLED.match(line)
    if installed is not None:
        yield from ((one["name"], one["version"]) for one in _PACKAGE.finditer(installed["list"]))
