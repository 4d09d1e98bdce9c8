"""SARIF as tools really write it, and as somebody might write it who means harm."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.analysis.records import AnalysisError
from bot.analysis.reports import read_bandit, read_shellcheck
from bot.analysis.sarif import MAX_MESSAGE, MAX_RESULTS, read_sarif


def place(uri: str = "a.py", **region: Any) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 3} | region}}


def log(*results: dict[str, Any], **run: Any) -> bytes:
    return json.dumps({"version": "2.1.0", "runs": [{"results": list(results), **run}]}).encode()


def only(data: bytes) -> Any:
    (finding,) = read_sarif(data, "tool", roots=("/work",))
    return finding


def test_rule_level_and_message_may_stand_with_the_rule() -> None:
    rules = [
        {"id": "other"},
        {
            "id": "X1",
            "defaultConfiguration": {"level": "error"},
            "messageStrings": {"default": {"text": "{0} is not {1}, nor {2}"}},
        },
    ]
    result = {"ruleIndex": 1, "message": {"id": "default", "arguments": ["a", "b"]}, "locations": [place()]}
    finding = only(log(result, tool={"driver": {"name": "t", "rules": rules}}))
    assert (finding.rule, finding.severity, finding.message) == ("X1", "error", "a is not b, nor {2}")
    assert (finding.path, finding.line, finding.end_line) == ("a.py", 3, 3)


def test_places_by_index_encoded_absolute_and_half_open() -> None:
    by_index = {"physicalLocation": {"artifactLocation": {"index": 0}, "region": {"startLine": 2}}}
    artifacts = [{"location": {"uri": "b.py"}}]
    assert only(log({"ruleId": "r", "locations": [by_index]}, artifacts=artifacts)).path == "b.py"
    assert only(log({"ruleId": "r", "locations": [place("file:///work/a%20b/%C3%BC.py")]})).path == "a b/ü.py"
    assert only(log({"ruleId": "r", "locations": [place("./x/../a.py", endLine=5, endColumn=1)]})).end_line == 4


@pytest.mark.parametrize(
    "result",
    [
        {"suppressions": [{"kind": "inSource"}], "locations": [place()]},
        {"kind": "pass", "locations": [place()]},
        {"level": "none", "locations": [place()]},
        {"baselineState": "absent", "locations": [place()]},
        {"locations": []},
        {"locations": [place(startLine=0)]},
        {"locations": [place(startLine=True)]},
        {"locations": [place(startLine=1e300)]},
        {"locations": [place("../../etc/passwd")]},
        {"locations": [place("/etc/passwd")]},
        {"locations": [place("https://host.invalid/a.py")]},
        {"locations": [place("http://[")]},
        {"locations": "everywhere"},
    ],
)
def test_results_that_do_not_count_or_have_no_place_are_left_out(result: dict[str, Any]) -> None:
    assert read_sarif(log({"ruleId": "r"} | result), "tool") == ()


def test_long_and_many_things_are_cut() -> None:
    loud = {"ruleId": "r" * 999, "message": {"text": "a\x1b[31m\n" * 100_000}, "locations": [place()]}
    finding = only(log(loud))
    assert len(finding.message) <= MAX_MESSAGE
    assert finding.message.isprintable()
    assert len(finding.rule) <= 200
    many = log(*[{"ruleId": "r", "locations": [place()]}] * (MAX_RESULTS + 5))
    assert len(read_sarif(many, "tool")) == MAX_RESULTS


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"runs": {}}', b"[" * 100_000, b"\xff\xfe\x00", b" " * (17 << 20)]
)
def test_what_is_no_sarif_is_refused(data: bytes) -> None:
    with pytest.raises(AnalysisError, match="tool"):
        read_sarif(data, "tool")


_LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
_NAMES = st.sampled_from(
    [
        "runs",
        "results",
        "tool",
        "driver",
        "rules",
        "id",
        "ruleId",
        "ruleIndex",
        "rule",
        "index",
        "level",
        "kind",
        "message",
        "text",
        "arguments",
        "locations",
        "physicalLocation",
        "artifactLocation",
        "uri",
        "region",
        "startLine",
        "endLine",
        "artifacts",
        "location",
        "suppressions",
        "status",
        "comments",
        "file",
        "line",
        "issue_text",
        "filename",
    ]
)
_JSON = st.recursive(
    _LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4), max_leaves=30
)


@settings(max_examples=300)
@given(_JSON, st.dictionaries(_NAMES, _JSON, max_size=6), _JSON)
def test_no_json_breaks_a_reader(runs: Any, result: Any, region: Any) -> None:
    location = {"physicalLocation": {"artifactLocation": {"uri": "a"}, "region": region}}
    logs = [
        {"runs": runs, "results": runs, "comments": runs},
        {"runs": [{"results": [{"locations": [location]} | result], "tool": runs}]},
        {"results": [{"filename": "a", "line_range": [1]} | result], "comments": [{"file": "a", "line": 1} | result]},
    ]
    for one in logs:
        for reader in (read_sarif, read_bandit, read_shellcheck):
            try:
                findings = reader(json.dumps(one).encode(), "tool")
            except AnalysisError:
                continue
            assert all(finding.line >= 1 and finding.path for finding in findings)
