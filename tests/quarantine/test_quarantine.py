"""The list of quarantined tests and its judge: what is excused, and what never is."""

from __future__ import annotations

import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.quarantine.entries import Entry, QuarantineError, add, read_entries, write_entries
from bot.quarantine.judge import judge_results
from bot.quarantine.nearness import find_guarded
from tests.toolchains.node.conftest import INSTALLED

TODAY = date(2026, 12, 1)


def entry(test: str = "tests/test_a.py::test_x", days: int = 14, since: date = TODAY, **more: object) -> Entry:
    known = {"test": test, "reason": "victim of test_y", "issue": "#7", "owner": "@mara", "since": since}
    return Entry.model_validate(known | {"expires": since + timedelta(days=days)} | more)


def junit(*cases: str) -> bytes:
    return f"<testsuites><testsuite name='pytest'>{''.join(cases)}</testsuite></testsuites>".encode()


def case(name: str, inner: str = "", owner: str = "tests.test_a") -> str:
    return f"<testcase classname='{owner}' name='{name}'>{inner}</testcase>"


FAILURE = "<failure message='assert 1 == 2'/>"
GOOD = case("test_good")
EXCUSED = case("test_x", FAILURE)


def judge(*cases: str, today: date = TODAY, exit_code: int = 1, expected: int = 1) -> bool:
    found = judge_results({"junit.xml": junit(*cases)}, [entry()], today, exit_code=exit_code, expected=expected)
    return found.passed


def test_a_quarantined_failure_is_excused_and_named() -> None:
    found = judge_results({"a.xml": junit(GOOD, EXCUSED)}, [entry()], TODAY, exit_code=1)
    assert found.passed
    assert found.excused == ("tests.test_a::test_x: failed; in quarantine until 2026-12-15, owner @mara, #7",)


def test_the_last_day_excuses_and_the_next_does_not() -> None:
    assert judge(EXCUSED, today=TODAY + timedelta(days=14))
    assert not judge(EXCUSED, today=TODAY + timedelta(days=15))


@pytest.mark.parametrize(
    "cases",
    [
        (EXCUSED, case("test_other", FAILURE)),  # another failure
        (EXCUSED, case("test_x", FAILURE, "tests.test_b")),  # the same name elsewhere
        (GOOD, case("tests.test_a", "<error message='collection failure'/>", "")),  # a file that cannot be loaded
        (GOOD, case("test_x", "<error message='failed on setup with &quot;RuntimeError&quot;'/>")),
        (),  # no test reported
        (case("test_x", "<skipped/>"),),
    ],
)
def test_what_is_no_listed_tests_own_failure_counts(cases: tuple[str, ...]) -> None:
    assert not judge(*cases)


@pytest.mark.parametrize(("exit_code", "passed"), [(0, True), (1, True), (2, False), (-9, False), (137, False)])
def test_a_command_that_broke_off_is_not_excused(exit_code: int, passed: bool) -> None:
    assert judge(GOOD, EXCUSED, exit_code=exit_code) is passed


CTEST = """<testsuite name='(empty)' tests='2' failures='1' disabled='1' hostname=''>
<testcase name='good' classname='good' status='run'/>
<testcase name='bad' classname='bad' status='fail'><failure message=''/></testcase>
<testcase name='off' classname='off' status='disabled'/></testsuite>"""
MOCHA = """<testsuite name='Mocha Tests' tests='3' errors='2'>
<testcase classname='cart' name='bad'><failure>no</failure></testcase>
<testcase classname='cart' name='worse'><failure>no</failure></testcase>
<testcase classname='cart' name='good'/></testsuite>"""
NEXTEST = """<testsuites name='nextest-run' tests='2' failures='1'><testsuite name='shop'>
<testcase name='bad' classname='shop'><failure type='test failure with exit code 101'/></testcase>
<testcase name='good' classname='shop'/></testsuite></testsuites>"""
PHPUNIT = """<testsuites><testsuite name='A' file='A.php'>
<testcase name='bad' class='A' classname='A' file='A.php' assertions='0'><error type='RuntimeException'/></testcase>
</testsuite></testsuites>"""
OWN = ["(empty)::bad::bad", "shop::bad", "A.php::bad", "tests/test_a.py::test_x"]
OWN += [f"{suite}::cart::{test}" for suite in ("Mocha Tests", "my tests") for test in ("bad", "worse")]


@pytest.mark.parametrize(
    ("reports", "exits"),
    [
        ([CTEST], {8}),
        ([MOCHA], {2}),
        ([MOCHA, MOCHA], {4}),
        ([CTEST, MOCHA], {2, 8}),
        ([MOCHA.replace("Mocha Tests", "my tests")], set()),  # whose it is nobody can know
        ([NEXTEST], set()),  # 100: also where it stopped at the first failure
        ([PHPUNIT], set()),  # 2: also where a class could not be set up
        ([CTEST.replace("status='fail'><failure message=''/>", "status='run'>")], set()),  # none failed
        ([junit(GOOD, EXCUSED).decode()], set()),  # 2: pytest was interrupted
    ],
)
def test_an_exit_code_that_says_that_tests_failed_is_excused(reports: list[str], exits: set[int]) -> None:
    results = {f"{number}.xml": text.encode() for number, text in enumerate(reports)}
    own = [entry(test) for test in OWN]
    assert judge_results(results, own, TODAY, exit_code=0).passed
    assert {code for code in range(2, 256) if judge_results(results, own, TODAY, exit_code=code).passed} == exits


def test_mocha_ends_with_255_at_most() -> None:
    cases = "".join(f"<testcase name='t[{number}]'><failure/></testcase>" for number in range(300))
    results = {"a.xml": f"<testsuite name='Mocha Tests'>{cases}</testsuite>".encode()}
    for code, passed in ((255, True), (44, False), (254, False)):
        assert judge_results(results, [entry("Mocha Tests::t")], TODAY, exit_code=code).passed is passed


@pytest.mark.needs("cmake")
def test_ctest_itself_is_judged(tmp_path: Path) -> None:
    (tmp_path / "CTestTestfile.cmake").write_text("add_test(good true)\nadd_test(bad false)\n")
    results = tmp_path / "ctest.xml"
    done = subprocess.run(["ctest", "--output-junit", str(results)], cwd=tmp_path, capture_output=True)
    contents = {"ctest.xml": results.read_bytes()}
    found = judge_results(contents, [entry("(empty)::bad::bad")], TODAY, exit_code=done.returncode)
    assert (done.returncode, found.faults, len(found.excused)) == (8, (), 1)
    assert not judge_results(contents, [], TODAY, exit_code=done.returncode).passed


@pytest.mark.needs("node", "javascript runners")
@pytest.mark.parametrize(("hook", "passed"), [("", True), ("after(() => { throw new Error('db') })", False)])
def test_mocha_itself_is_judged(tmp_path: Path, hook: str, passed: bool) -> None:
    bad = "".join(f"it('bad {number}', () => {{ throw new Error('no') }});" for number in range(3))
    (tmp_path / "a.cjs").write_text(f"describe('cart', () => {{ {bad} it('good', () => {{}}); {hook} }})")
    results = tmp_path / "mocha.xml"
    command = [INSTALLED / ".bin" / "mocha", "--reporter=xunit", f"--reporter-option=output={results}", "a.cjs"]
    done = subprocess.run(command, cwd=tmp_path)
    entries = [entry(f"{tmp_path}/a.cjs::Mocha Tests::cart::bad {number}") for number in range(3)]
    found = judge_results({"mocha.xml": results.read_bytes()}, entries, TODAY, exit_code=done.returncode)
    assert (found.passed, len(found.excused)) == (passed, 3), (done.returncode, found)


def test_a_build_error_between_two_runs_is_not_excused() -> None:
    # the second command never ran its tests: its exit is 1, and no failing test explains that
    assert not judge(GOOD, exit_code=1)
    assert not judge(GOOD, EXCUSED, exit_code=1, expected=2)


def test_every_suite_must_report() -> None:
    results = {"a.xml": junit(GOOD), "b.xml": junit(GOOD)}
    assert judge_results(results, [], TODAY, exit_code=0, expected=2).passed
    assert not judge_results(results | {"b.xml": b"<html"}, [], TODAY, exit_code=0, expected=1).passed, "cut short"
    assert not judge_results({"a.xml": junit(GOOD)}, [], TODAY, exit_code=0, expected=2).passed


UNBUILT = (
    "<testcase name='cart' classname='cart' status='notrun'><skipped message='Unable to find executable'/></testcase>"
)
SKIPPED = case("test_y", f"<skipped type='skipped'/>{FAILURE}")
TODO = case("test_y", f"<skipped type='todo'/>{FAILURE}")


@pytest.mark.parametrize(
    ("cases", "exit_code", "passed"),
    [
        ((GOOD, UNBUILT), 0, False),  # a command around CTest lost its exit code
        ((EXCUSED, UNBUILT), 1, False),
        ((GOOD, SKIPPED), 0, True),  # node counts it only in a group: the exit code tells
        ((GOOD, SKIPPED), 1, False),
        ((EXCUSED, SKIPPED), 1, False),
        ((EXCUSED, TODO), 1, True),
    ],
)
def test_what_the_file_calls_skipped_passes_only_where_that_is_known(
    cases: tuple[str, ...], exit_code: int, passed: bool
) -> None:
    assert judge(*cases, exit_code=exit_code) is passed


def test_parameters_are_covered_by_the_function() -> None:
    one = {"junit.xml": junit(case("test_x[a b]", FAILURE))}
    for listed, passed in (("test_x", True), ("test_x[a b]", True), ("test_x[c]", False)):
        assert judge_results(one, [entry(f"tests/test_a.py::{listed}")], TODAY, exit_code=1).passed is passed
    assert not judge(case("test_xy", FAILURE))


def test_a_list_survives_being_written() -> None:
    entries = (entry(), entry("tests/test_b.py::test_z[{}: #1]", renewed="still looking", days=20))
    assert read_entries(write_entries(entries)) == entries


@pytest.mark.parametrize(
    "text",
    [
        "tests: 7",
        "[]",
        "tests: [7]",
        "a: [",
        write_entries([entry()]).replace("2026-12-15", "2026-12-16"),  # 15 days
        write_entries([entry()]).replace("owner: '@mara'", "owner: ''"),
        write_entries([entry()]) + "  note: more\n",
        write_entries([entry(), entry()]),
        "tests: &a [*a]",
        "!!python/object/apply:os.system [true]",
    ],
)
def test_a_list_that_is_wrong_excuses_nothing(text: str) -> None:
    with pytest.raises(QuarantineError):
        read_entries(text)


def test_a_quarantine_is_renewed_once_and_only_with_a_reason() -> None:
    later = TODAY + timedelta(days=10)
    (renewed,) = add([entry()], entry(reason="the library was not released", since=later), 5, later)
    assert (renewed.expires, renewed.renewed) == (later + timedelta(days=14), "the library was not released")
    assert renewed.since == TODAY
    with pytest.raises(QuarantineError, match="allowed once"):
        add([renewed], entry(reason="again"), 5, later)
    with pytest.raises(QuarantineError, match="say why"):
        add([entry()], entry(reason=""), 5, later)


def test_a_repository_has_at_most_so_many() -> None:
    full = [entry(f"tests/test_a.py::test_{n}") for n in range(3)]
    with pytest.raises(QuarantineError, match="allows 3"):
        add(full, entry("tests/test_a.py::test_new"), 3, TODAY)
    old = [*full[:2], entry("tests/test_a.py::test_old", since=TODAY - timedelta(days=40))]
    kept = add(old, entry("tests/test_a.py::test_new"), 3, TODAY)
    assert [one.test.rpartition("_")[2] for one in kept] == ["0", "1", "new"], "an expired one makes room, and goes"


def test_the_command_says_it_by_its_exit(tmp_path: Path) -> None:
    listed, results = tmp_path / "quarantine.yml", tmp_path / "junit.xml"
    listed.write_text(write_entries([entry(since=datetime.now(UTC).date())]))
    results.write_bytes(junit(GOOD, EXCUSED))
    without = ["judge-results", "--quarantine", str(listed), str(results)]
    unknown = CliRunner().invoke(main, without)
    assert (unknown.exit_code, "then `--exit-code $code`" in unknown.output) == (2, True)
    command = [*without, "--exit-code", "1"]
    good = CliRunner().invoke(main, command)
    assert (good.exit_code, "owner @mara" in good.output) == (0, True)
    results.write_bytes(junit(GOOD, EXCUSED, case("test_other", FAILURE)))
    assert CliRunner().invoke(main, command).exit_code == 1
    results.write_bytes(junit(GOOD, EXCUSED))
    assert CliRunner().invoke(main, [*command, "--exit-code", "2"]).exit_code == 1
    listed.write_text("tests: [")
    bad = CliRunner().invoke(main, command)
    assert (bad.exit_code, "not YAML" in bad.output) == (1, True)
    missing = CliRunner().invoke(main, ["judge-results", str(tmp_path / "gone.xml")])
    assert missing.exit_code == 2


@pytest.mark.parametrize(
    ("changed", "text", "said"),
    [
        ({"shop/prices.py"}, "from shop import prices", "by its imports"),
        ({"shop/prices.py"}, "from shop.prices import total", "by its imports"),
        ({"shop/__init__.py"}, "import shop", "by its imports"),
        ({"shop/a.py"}, "import other", "by names"),
        ({"shop/other.py"}, "import shop.prices", ""),
        ({"tests/test_b.py"}, "import shop", ""),
        ({"tests/test_a.py"}, "", "its own file"),
        ({"shop/prices.py"}, "def broken(:", ""),
    ],
)
def test_a_test_that_guards_changed_lines_is_known_and_how(changed: set[str], text: str, said: str) -> None:
    found = find_guarded("tests/test_a.py::test_x", changed, {"tests/test_a.py": text}, lambda path: "test" in path)
    assert (said in found) if said else (found == "")
