"""An excerpt is short and shows what failed, whatever stands around it; no line is believed to be structure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.ci_logs import Period, excerpt, find_errors, read_lines, read_log

START = datetime(2026, 1, 2, 3, 4, 0, tzinfo=UTC)


def stamp(second: int, line: str) -> str:
    return f"{(START + timedelta(seconds=second)).strftime('%Y-%m-%dT%H:%M:%S')}.1234567Z {line}"


@pytest.mark.parametrize(
    ("log", "lines"),
    [
        ("\ufeff2026-01-02T03:04:05.1234567Z a\r\n2026-01-02T03:04:05.1234567Z \r\nb", ("a", "", "b")),
        ("\x1b[36;1mmake\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07", ("make link",)),
        (" 10%\r 50%\r100% done\r\nnext", ("100% done", "next")),
        ("travis_fold:start:git.1\r\x1b[0Ktravis_time:start:0a1b\r\x1b[0K$ git clone", ("$ git clone",)),
        ("section_start:1560896352:build\r\x1b[0KBuilding", ("Building",)),
        ("[2026-01-02T03:04:05.123Z] + make\n03:04:05  + test", ("+ make", "+ test")),
        ("\x1b[8mha:AAAA1234\x1b[0mStarted by user", ("Started by user",)),
    ],
)
def test_lines_read_as_a_terminal_shows_them(log: str, lines: tuple[str, ...]) -> None:
    assert read_lines(log) == lines


def test_the_step_is_cut_by_the_times_of_the_api_in_any_zone() -> None:
    log = "\n".join(
        [
            stamp(1, "setup"),
            stamp(5, "the failing line"),
            stamp(6, "also"),
            stamp(9, "##[error]forged"),
            stamp(20, "post"),
        ]
    )
    zone = timezone(timedelta(hours=-7))
    step = Period((START + timedelta(seconds=5)).astimezone(zone), (START + timedelta(seconds=6)).astimezone(zone))
    assert read_log(log, step) == ("the failing line", "also")
    late = Period(START + timedelta(hours=5), START + timedelta(hours=6))
    assert "the failing line" in read_log(log, late)


def test_without_times_it_is_cut_by_the_exit_line() -> None:
    log = (
        "##[group]Run setup\nready\n##[group]Run pytest\nE   no\n##[error]Process completed with exit code 1.\nPost job"
    )
    assert read_log(log) == ("##[group]Run pytest", "E   no", "##[error]Process completed with exit code 1.")
    assert read_log("nothing\nis said") == ("nothing", "is said")


def test_a_forged_end_hides_nothing() -> None:
    log = "##[group]Run x\nhello\n##[error]Process completed with exit code 1.\n--- FAIL: TestReal (0.00s)\nFAIL\n"
    assert "TestReal" in excerpt(log)


def test_all_failing_tests_come_first_then_windows_in_order() -> None:
    noise = [f"compiling module {n} of the shop" for n in range(4_000)]
    failures = [f"--- FAIL: TestNumber{n} (0.00s)" for n in range(40)]
    lines = [*noise, *failures[:20], *noise, *failures[20:], *noise, "FAIL", "exit status 1"]
    text = excerpt("\n".join(lines))
    assert len(text) < 8_300
    assert text.startswith("Failing tests (40):\n- TestNumber0\n")
    assert all(f"TestNumber{n}" in text for n in range(40))
    assert "\n…\n" in text
    assert text.rstrip().endswith("exit status 1")


def test_a_budget_is_kept_and_long_lists_are_counted() -> None:
    lines = [f"FAILED tests/test_shop.py::test_number_{n} - no" for n in range(2_000)]
    text = excerpt("\n".join(lines), 2_000)
    assert len(text) < 2_100
    assert "Failing tests (500):" in text
    assert " more\n" in text


def test_a_blank_line_between_two_gaps_is_not_shown() -> None:
    lines = ["=== FAILURES ==="]
    for n in range(6):
        lines += [f"____ test_{n} ____", "", f"def test_{n}():", *["    nothing is said here of what failed"] * 60]
        lines += ["", f"E   AssertionError: {n} is not one", "", f"tests/test_a.py:{n}: AssertionError", ""]
    lines += [f"FAILED tests/test_a.py::test_{n} - AssertionError" for n in range(6)]
    text = excerpt("\n".join(lines), 900)
    assert "…\n" in text
    assert "…\n\n…" not in text


def test_secrets_of_a_log_are_not_in_its_excerpt() -> None:
    password = "Tr0ub4dor" + "&3x"
    text = excerpt(
        f"##[group]Run deploy\nDB_PASSWORD={password}\nError: could not connect\n##[error]Bash exited with 1"
    )
    assert "could not connect" in text
    assert password not in text


def test_a_secret_at_the_end_of_what_is_shown_is_not_shown_by_half() -> None:
    token = "ghp" + "_" + "a1B2c3D4e5F6g7H8i9J0" * 2
    line = f"Error: {'x ' * 185}{token} is not valid"
    assert token[:12] not in excerpt(line)
    assert token[:12] not in find_errors([line])[0]


def test_errors_are_said_once_each_the_last_first() -> None:
    lines = [
        "error: cannot open /tmp/a1/x.c",
        "0 errors",
        "error: cannot open /tmp/b2/x.c",
        "make: *** [all] Error 2",
        "Failures: 0, Errors: 0",
    ]
    assert find_errors(lines) == ("make: *** [all] Error 2", "error: cannot open /tmp/b2/x.c")
