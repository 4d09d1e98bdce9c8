"""Define the analysers that come with the server."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from bot.analysis.programs import CONFIG, PLACE, Program, find_binary, find_module
from bot.analysis.records import Severity, StaticFinding
from bot.analysis.reports import (
    ZIZMOR_NAMELESS,
    find_unparsed_by_bandit,
    find_unparsed_by_zizmor,
    read_bandit,
    read_shellcheck,
)
from bot.analysis.sarif import read_sarif
from bot.analysis.staging import Source

TEST_PATHS = (
    r"(?i)(^|/)(tests?|testing|__tests__|spec|fixtures|testdata|docs?|examples?|benchmarks?|asv_bench)/"
    r"|(^|/)(test_|conftest\.py)[^/]*$|[._](test|tests|spec)\.[a-z]+$|Tests?\.java$"
)
_TEST = re.compile(TEST_PATHS)
_INSTALL = "Install the server with its analysers: pip install 'forgehand[analysis]'."
_AST_SUFFIXES = (".py", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".go", ".java", ".rs")
_SHELLS = re.compile(rb"^#!\s*\S*/(?:env\s+(?:-S\s+)?)?(?:sh|bash|dash|ksh)\b")
_DOCKERFILE = re.compile(r"(?i)(^|/)((docker|container)file([._-][^/]*)?|[^/]*\.(docker|container)file)$")
_WORKFLOW = re.compile(r"^\.github/(workflows/[^/]+\.ya?ml|.*action\.ya?ml)$|(^|/)action\.ya?ml$")
# Characters of the longest line that is read: tree-sitter and the others are for text a person wrote, not bundles.
_MAX_LINE = 5000
_SECRETS = "detect-secrets"
# Text and data, for which no rules are missed.
_PLAIN = re.compile(
    r"(?i)(^|/)[^/.]+$|\.(adoc|cfg|conf|csv|ini|ipynb|json|lock|map|md|po|pot|properties|rst|snap|sum|svg|toml|tsv|txt|xml"
    r"|ya?ml)$"
)
_SECRETS_SKIP = re.compile(
    r"(?i)\.(lock|svg|map|ipynb|po|pot|csv|tsv)$|(^|/)(package-lock\.json|go\.sum|.*\.min\.\w+)$"
)


class Reader(Protocol):
    """Reader of a report; raises :class:`AnalysisError`."""

    def __call__(self, data: bytes, tool: str, *, roots: Sequence[str] = ()) -> tuple[StaticFinding, ...]: ...


def _name_none(data: bytes, errors: str, roots: Sequence[str]) -> tuple[str, ...]:
    """Return no file: the tool reports what it cannot parse as a finding."""
    return ()


@dataclass(frozen=True)
class Tool:
    """Analyser that comes with the server."""

    name: str
    find: Callable[[], Program | None]
    reads: Callable[[Source], bool]
    options: tuple[str, ...]  # behind the program; the files follow
    read: Reader = read_sarif
    # what it could not parse, by its report and standard error
    unread: Callable[[bytes, str, Sequence[str]], tuple[str, ...]] = _name_none
    nameless: re.Pattern[str] | None = None  # matches where standard error speaks of such files without names
    exit_codes: tuple[int, ...] = (0, 1)  # of a run that came to its end
    install: str = _INSTALL
    severities: tuple[tuple[str, Severity], ...] = ()

    def adjust(self, finding: StaticFinding) -> StaticFinding:
        """Return the finding with its rule's plain name and our severity."""
        rule = finding.rule.removeprefix(f"{self.name}/")
        severity = next((level for pattern, level in self.severities if re.match(pattern, rule)), finding.severity)
        return finding.model_copy(update={"rule": rule, "severity": severity})


def _is_code(source: Source) -> bool:
    return source.path.lower().endswith(_AST_SUFFIXES) and _has_plain_lines(source)


def _is_shell(source: Source) -> bool:
    name = posixpath.basename(source.path)
    named = name.endswith((".sh", ".bash", ".ksh", ".dash"))
    return named or ("." not in name and _SHELLS.match(source.first_line()) is not None)


def _is_dockerfile(source: Source) -> bool:
    return _DOCKERFILE.search(source.path) is not None and not source.path.endswith(
        (".md", ".rst", ".j2", ".dockerignore")
    )


def _is_plain_text(source: Source) -> bool:
    return not _SECRETS_SKIP.search(source.path) and _has_plain_lines(source)


def _has_plain_lines(source: Source) -> bool:
    return max(map(len, source.head.decode("utf-8", "replace").split("\n"))) <= _MAX_LINE


def is_unruled(source: Source) -> bool:
    """Return whether no tool but that for secrets reads a file of code."""
    ruled = any(tool.reads(source) for tool in TOOLS if tool.name != _SECRETS)
    return not ruled and not _PLAIN.search(source.path)


# Few run at once: the slow ones begin first, so that none is waited for alone.
TOOLS = (
    Tool(
        name="bandit",
        find=partial(find_module, "bandit", ("bandit", "stevedore", "yaml"), "bandit"),
        reads=lambda source: source.path.endswith((".py", ".pyw")) and not _TEST.search(source.path),
        options=("--quiet", "--configfile", f"{CONFIG}/bandit.yml", "-ll", "-ii", "--format", "json"),
        read=read_bandit,
        unread=find_unparsed_by_bandit,
    ),
    Tool(
        name=_SECRETS,
        find=partial(find_module, "secret_scan", ("detect_secrets", "yaml"), "detect-secrets"),
        reads=_is_plain_text,
        options=(),
        exit_codes=(0,),
    ),
    Tool(
        name="ast-grep",
        find=partial(find_module, "ast_rules", ("ast_grep_py", "yaml"), "ast-grep-py"),
        reads=_is_code,
        options=(f"{PLACE}/rules",),
        exit_codes=(0,),
    ),
    Tool(
        name="ruff",
        find=partial(find_binary, "ruff"),
        reads=lambda source: source.path.endswith((".py", ".pyi", ".pyw")),
        # With --config no file of the repository is looked for; --isolated would refuse ours as well.
        options=("check", "--config", f"{CONFIG}/ruff-rules.toml", "--no-cache", "--quiet", "--output-format", "sarif"),
        severities=(
            (r"invalid-syntax|E9|F5|F63|F7|F82|PLE|B012|B018|B023", "error"),
            (r".", "warning"),
        ),
    ),
    Tool(
        name="zizmor",
        find=partial(find_binary, "zizmor"),
        reads=lambda source: _WORKFLOW.search(source.path) is not None,
        options=(
            *("--offline", "--config", f"{CONFIG}/zizmor.yml", "--no-exit-codes", "--no-progress", "--quiet"),
            *("--min-severity", "medium", "--format", "sarif"),
        ),
        unread=find_unparsed_by_zizmor,
        nameless=ZIZMOR_NAMELESS,
        exit_codes=(0,),
    ),
    Tool(
        name="shellcheck",
        find=partial(find_binary, "shellcheck"),
        reads=_is_shell,
        options=(
            "--norc",
            "--severity=warning",
            "--exclude=SC1090,SC1091,SC2034,SC2148,SC2155,SC2164",
            "--format=json1",
        ),
        read=read_shellcheck,
    ),
    Tool(
        name="hadolint",
        find=partial(find_binary, "hadolint"),
        reads=_is_dockerfile,
        options=("--no-fail", "--config", f"{CONFIG}/hadolint.yml", "--format", "sarif"),
        exit_codes=(0,),
    ),
)
