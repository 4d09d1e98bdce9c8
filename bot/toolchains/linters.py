"""List the linters that repositories configure: how each is seen, called, and how its report is read."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from bot.toolchains.port import ToolchainError


class Finding(NamedTuple):
    """Finding of a linter in a file, without its line: lines move."""

    path: str
    text: str


Read = Callable[[bytes], Iterator[Finding]]


@dataclass(frozen=True)
class Linter:
    """Linter, and what shows that a folder is checked by it.

    ``files`` are patterns of its configuration's name, ``sections`` of text in files that it shares with others.
    ``command`` is a shell line that files follow, or none where it takes a ``whole`` folder; it writes its report to
    standard output and ends with one of ``ends``. ``read`` is None where no report can be read yet.
    """

    name: str
    endings: tuple[str, ...]
    files: tuple[str, ...]
    sections: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    whole: bool = False
    ends: tuple[int, ...] = (0, 1)
    read: Read | None = None

    def is_configured_by(self, path: str, read: Callable[[str], str]) -> bool:
        """Return whether a file is its configuration; ``read`` gives its text."""
        name = posixpath.basename(path)
        if any(fnmatchcase(name, one) for one in self.files):
            return True
        return name in self.sections and re.search(self.sections[name], read(path), re.MULTILINE) is not None


def is_lint_config(path: str) -> bool:
    """Return whether a file may decide what a linter finds."""
    name = posixpath.basename(path)
    patterns = [pattern for one in LINTERS for pattern in (*one.files, *one.sections)]
    return any(fnmatchcase(name, one) for one in (*patterns, ".eslintignore", ".editorconfig"))


def read_report(linter: Linter, report: bytes) -> list[Finding]:
    """Read a report, or raise :class:`ToolchainError` where it is none."""
    assert linter.read is not None
    try:
        return list(linter.read(report))
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        raise ToolchainError(f"What {linter.name} wrote cannot be read.") from None


def _join(*parts: Any) -> str:
    return " ".join(str(part) for part in parts if part)


def _read_ruff(report: bytes) -> Iterator[Finding]:
    for one in json.loads(report):
        yield Finding(str(one["filename"]), _join(one["code"], one["message"]))


def _read_flake8(report: bytes) -> Iterator[Finding]:
    for line in report.decode(errors="replace").splitlines():
        path, text = line.split("\t", 1)
        yield Finding(path, text)


def _read_eslint(report: bytes) -> Iterator[Finding]:
    for file in json.loads(report):
        for one in file["messages"]:
            # a warning fails no run of the repository's own
            if one["severity"] == _ESLINT_ERROR:
                yield Finding(str(file["filePath"]), _join(one.get("ruleId"), one["message"]))


def _read_clippy(report: bytes) -> Iterator[Finding]:
    lines = [json.loads(line) for line in report.splitlines() if line.startswith(b"{")]
    if not any(one["reason"] == "build-finished" for one in lines):
        raise ValueError("cut short")
    for one in lines:
        if one["reason"] != "compiler-message":
            continue
        message = one["message"]
        place = next((span["file_name"] for span in message["spans"] if span["is_primary"]), None)
        if place is not None:
            yield Finding(str(place), _join((message["code"] or {}).get("code"), message["message"]))


def _read_rubocop(report: bytes) -> Iterator[Finding]:
    for file in json.loads(report)["files"]:
        for one in file["offenses"]:
            yield Finding(str(file["path"]), _join(one["cop_name"], one["message"]))


def _read_shellcheck(report: bytes) -> Iterator[Finding]:
    for one in json.loads(report)["comments"]:
        yield Finding(str(one["file"]), _join(f"SC{one['code']}", one["message"]))


_ESLINT_ERROR = 2
_SCRIPTS = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts")
LINTERS: Sequence[Linter] = (
    Linter(
        "ruff", (".py", ".pyi"), ("ruff.toml", ".ruff.toml"), {"pyproject.toml": r"^\[tool\.ruff[\].]"},
        "ruff check --no-cache --output-format=json --force-exclude --", read=_read_ruff,
    ),
    Linter(
        "flake8", (".py",), (".flake8",), {"setup.cfg": r"^\[flake8\]", "tox.ini": r"^\[flake8\]"},
        "flake8 --format='%(path)s\t%(code)s %(text)s' --", read=_read_flake8,
    ),
    Linter(
        "eslint", _SCRIPTS, ("eslint.config.*", ".eslintrc", ".eslintrc.*"), {"package.json": r'"eslintConfig"\s*:'},
        "eslint --format json --no-error-on-unmatched-pattern --", read=_read_eslint,
    ),
    Linter(
        "clippy", (".rs",), ("clippy.toml", ".clippy.toml"), {"Cargo.toml": r"^\[(workspace\.)?lints[\].]"},
        "cargo clippy --workspace --quiet --message-format=json", whole=True, ends=(0, 101), read=_read_clippy,
    ),
    Linter(
        "rubocop", (".rb", ".rake"), (".rubocop.yml",), {},
        "${BUNDLE_GEMFILE:+bundle exec} rubocop --cache false --format json --force-exclusion --", read=_read_rubocop,
    ),
    Linter(
        "shellcheck", (".sh", ".bash", ".bats"), (".shellcheckrc", "shellcheckrc"), {},
        "shellcheck --format=json1 --", read=_read_shellcheck,
    ),
    Linter("golangci-lint", (".go",), (".golangci.*",)),
    Linter("biome", _SCRIPTS, ("biome.json", "biome.jsonc")),
    Linter("phpstan", (".php",), ("phpstan.neon", "phpstan.neon.dist", "phpstan.dist.neon")),
    Linter("php-cs-fixer", (".php",), (".php-cs-fixer.php", ".php-cs-fixer.dist.php")),
    Linter("phpcs", (".php",), ("phpcs.xml", "phpcs.xml.dist", ".phpcs.xml", ".phpcs.xml.dist")),
    Linter("credo", (".ex", ".exs"), (".credo.exs",)),
    Linter("clang-tidy", (".c", ".cc", ".cpp", ".cxx", ".h", ".hpp"), (".clang-tidy",)),
)  # fmt: skip
