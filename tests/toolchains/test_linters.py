"""Reports of linters: what a hostile or a cut one does, and which files set a linter up."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.toolchains.linters import LINTERS, Finding, is_lint_config, read_report
from bot.toolchains.port import ToolchainError

READ = {linter.name: linter for linter in LINTERS if linter.read is not None}
CLIPPY = {
    "reason": "compiler-message",
    "message": {
        "code": {"code": "clippy::needless_return"},
        "message": "unneeded `return` statement",
        "spans": [{"file_name": "src/lib.rs", "is_primary": True}],
    },
}
# what each wrote here, without what is not read: ruff 0.17, flake8 7.5, eslint 9.39, clippy 1.95, rubocop 1.39,
# shellcheck 0.9
SAMPLES = {
    "ruff": ([{"filename": "/work/a.py", "code": "F401", "message": "`os` imported but unused"}], "F401 `os`"),
    "eslint": (
        [{"filePath": "/work/a.js", "messages": [
            {"ruleId": "no-var", "severity": 2, "message": "Unexpected var"},
            {"ruleId": "eqeqeq", "severity": 1, "message": "only a warning"},
        ]}],
        "no-var Unexpected var",
    ),
    "rubocop": ({"files": [{"path": "a.rb", "offenses": [{"cop_name": "Lint/X", "message": "no"}]}]}, "Lint/X no"),
    "shellcheck": ({"comments": [{"file": "a.sh", "code": 2086, "message": "Double quote"}]}, "SC2086 Double quote"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_a_report_becomes_findings(name: str) -> None:
    sample, told = SAMPLES[name]
    (finding,) = read_report(READ[name], json.dumps(sample).encode())
    assert finding.text.startswith(told)


def test_a_report_of_a_build_that_was_cut_is_none() -> None:
    whole = f"{json.dumps(CLIPPY)}\n{json.dumps({'reason': 'build-finished', 'success': True})}\n".encode()
    assert read_report(READ["clippy"], whole) == [
        Finding("src/lib.rs", "clippy::needless_return unneeded `return` statement")
    ]
    with pytest.raises(ToolchainError, match="What clippy wrote cannot be read"):
        read_report(READ["clippy"], json.dumps(CLIPPY).encode())


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["files", "messages", "comments", "reason", "message", "spans"]), inner)
    ),
)


@pytest.mark.parametrize("name", READ)
@given(report=JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_report_is_read_or_refused(name: str, report: bytes) -> None:
    with contextlib.suppress(ToolchainError):
        read_report(READ[name], report)


def test_a_report_that_nests_without_end_is_refused() -> None:
    for linter in READ.values():
        with pytest.raises(ToolchainError):
            read_report(linter, b"[" * 200_000)


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        ("pyproject.toml", "[tool.ruff]\n", "ruff"),
        ("a/pyproject.toml", "[tool.ruff.lint]\n", "ruff"),
        ("setup.cfg", "[flake8]\n", "flake8"),
        ("eslint.config.mts", "", "eslint"),
        ("package.json", '{"eslintConfig": {}}', "eslint"),
        ("Cargo.toml", "[workspace.lints.rust]\n", "clippy"),
        ("Cargo.toml", "[lints]\nworkspace = true\n", "clippy"),
        (".golangci.yaml", "", "golangci-lint"),
        ("pyproject.toml", "[tool.ruffian]\n# [tool.ruff]\n", None),
        ("setup.cfg", "[tool:flake8]\n", None),
        ("package.json", '{"devDependencies": {"eslint": "9"}}', None),
        ("Cargo.toml", '[package]\nname = "lints"\n', None),
    ],
)
def test_only_what_surely_sets_a_linter_up_counts(path: str, text: str, name: str | None) -> None:
    assert [one.name for one in LINTERS if one.is_configured_by(path, lambda _: text)] == ([name] if name else [])
    assert is_lint_config(path)
