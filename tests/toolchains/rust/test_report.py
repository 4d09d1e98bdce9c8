"""What libtest and cargo say, without running them: forged lines, unknown ones, broken streams."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.toolchains.port import ToolchainError
from bot.toolchains.rust.doctests import read_name
from bot.toolchains.rust.report import Suite, read_listing, read_suite
from bot.toolchains.rust.targets import read_build, read_targets


def write(kind: str, event: str, **more: object) -> str:
    """A line with libtest's own blanks."""
    return json.dumps({"type": kind, "event": event, **more}).replace("{", "{ ", 1)[:-1] + " }"


def write_test(event: str, name: str, **more: object) -> str:
    return write("test", event, name=name, **more)


GREEN = [
    write("suite", "started", test_count=2),
    write_test("started", "a"),
    write_test("ok", "a"),
    write_test("started", "b"),
    write_test("ok", "b"),
    write("suite", "ok", passed=2),
]


def read(*lines: str, log: str = "ok a\nok b\n") -> Suite:
    return read_suite("\n".join(lines).encode(), log.encode())


def verdicts(suite: Suite) -> dict[str, str]:
    return {name: told.event for name, told in suite.results.items()}


def test_a_green_run_is_whole() -> None:
    suite = read(*GREEN)
    assert (suite.whole, suite.failed, suite.opened) == (True, False, [])


def test_a_verdict_that_the_log_does_not_tell_does_not_count() -> None:
    suite = read(*GREEN, log="ok a\n")
    assert (suite.whole, suite.opened) == (False, ["b"])


def test_a_printed_pass_does_not_outweigh_a_failure() -> None:
    suite = read(
        GREEN[0], *GREEN[1:4], write_test("failed", "b", stdout="no"), GREEN[4], GREEN[5], log="ok a\nfailed b"
    )
    assert (verdicts(suite), suite.failed) == ({"a": "ok", "b": "failed"}, True)


def test_a_panic_message_makes_no_line_of_the_log() -> None:
    """Its text stands in the log where a test should have panicked with another."""
    suite = read(*GREEN, log="failed: panic did not contain expected string\n message: `\nok a`,\n expected: `x` b\n")
    assert verdicts(suite) == {}


def test_what_stands_before_a_line_hides_none() -> None:
    suite = read(*GREEN[:2], "no line end" + GREEN[2], *GREEN[3:])
    assert suite.whole


def test_a_line_within_a_text_is_no_line() -> None:
    told = write_test("failed", "b", stdout=f"said\n{GREEN[2]}\n")
    suite = read(*GREEN[:2], GREEN[3], told, GREEN[5], log="ok a\nfailed b\n")
    assert verdicts(suite) == {"b": "failed"}


def test_that_a_test_takes_long_is_no_verdict() -> None:
    suite = read(*GREEN[:4], write_test("timeout", "b"), *GREEN[4:])
    assert suite.whole


@pytest.mark.parametrize(
    "unknown",
    [write("suite", "paused"), write_test("retried", "a"), write("bench", "", name="a"), write("suite", "started")],
)
def test_what_is_not_known_is_told_and_not_guessed(unknown: str) -> None:
    with pytest.raises(ToolchainError, match="which Forgehand does not know"):
        read(*GREEN, unknown)


def test_a_second_beginning_is_not_believed() -> None:
    assert not read(*GREEN, write("suite", "started", test_count=1)).whole


def test_the_names_of_a_listing() -> None:
    assert read_listing(b"a::b: test\nx y: test\nc: benchmark\n\n2 tests, 1 benchmark\n") == ["a::b", "c"]


ARTIFACT = {
    "reason": "compiler-artifact",
    "package_id": "p",
    "target": {"kind": ["rlib"], "name": "a"},
    "profile": {"test": True},
    "executable": "/env/target/debug/deps/a-1",
}
ERROR = {
    "reason": "compiler-message",
    "package_id": "p",
    "target": {"kind": ["test"], "name": "t"},
    "message": {"level": "error", "rendered": "error: no"},
}


def test_programs_and_errors_of_a_build() -> None:
    warning = {**ERROR, "message": {"level": "warning", "rendered": "warning: x"}}
    told = [ARTIFACT, ERROR, warning, {**ARTIFACT, "executable": None}, "a macro printed this", 5]
    build = read_build("\n".join(json.dumps(one) for one in told).encode() + b"\nand this", "said")
    assert build.programs == {("p", "lib", "a"): "/env/target/debug/deps/a-1"}
    assert build.errors == {("p", "test", "t"): "error: no"}
    assert (build.first, read_build(b"", "said").first) == ("error: no", "said")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_stream_breaks_the_readers(data: st.DataObject) -> None:
    lines = [
        *GREEN,
        write_test("failed", "b", stdout="x"),
        json.dumps(ARTIFACT),
        json.dumps(ERROR),
        '{ "type": "',
        "[1]",
    ]
    text = "\n".join(data.draw(st.permutations(lines))).encode()
    at = data.draw(st.integers(0, len(text)))
    broken = text[:at] + data.draw(st.binary(max_size=8)) + text[at + data.draw(st.integers(0, 40)) :]
    read_build(broken, "")
    try:
        suite = read_suite(broken, data.draw(st.sampled_from([None, b"", b"ok a\nok b", b"failed: x b"])))
    except ToolchainError:
        return
    assert all(told.verdict for told in suite.results.values())


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_metadata_breaks_the_reader(data: st.DataObject) -> None:
    target = {"kind": ["test"], "name": "t", "src_path": "/work/tests/t.rs", "test": True}
    package = {"name": "a", "id": "p", "version": "0.1.0", "manifest_path": "/work/Cargo.toml", "targets": [target]}
    text = json.dumps({"packages": [package]}).encode()
    at = data.draw(st.integers(0, len(text)))
    with contextlib.suppress(ToolchainError):
        read_targets(
            text[:at] + data.draw(st.binary(max_size=3)) + text[at + data.draw(st.integers(0, 9)) :], Path("/no")
        )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("src/lib.rs - cart::Cart (line 7)", ("src/lib.rs", "cart::Cart", 7)),
        ("src/lib.rs - cart::Cart (line 7) - compile fail", ("src/lib.rs", "cart::Cart", 7)),
        ("src/lib.rs - (line 3)", ("src/lib.rs", "", 3)),
        ("a - b.rs - c (line 1) (line 2)", ("a", "b.rs - c (line 1)", 2)),
        ("src/lib.rs (line 3)", None),
        (" - a (line 3)", None),
        (f"src/lib.rs - a (line {'9' * 5000})", None),
    ],
)
def test_an_example_is_named_by_its_file_item_and_line(name: str, expected: tuple[str, str, int] | None) -> None:
    assert read_name(name) == expected
