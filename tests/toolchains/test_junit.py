"""JUnit as runners write it: verdicts, names and phases of its cases, and hostile files."""

from __future__ import annotations

import pytest

from bot.test_history.reports import read_report
from bot.toolchains.events import Case, Fold, Problem
from bot.toolchains.junit import read_junit
from bot.toolchains.port import TestCase, ToolchainError
from tests.toolchains.conftest import ended


def parse_junit(text: bytes, roots: tuple[str, ...] = (), *, succeeded: bool = False) -> tuple[TestCase, ...]:
    return Fold().add(read_junit(text, roots, succeeded=succeeded)).close(ended(0)).cases


def told(text: str) -> dict[str, str]:
    return {case.id: case.verdict for case in parse_junit(text.encode(), ("/work",))}


def test_junit_verdicts() -> None:
    text = b"""<?xml version="1.0"?><testsuites><testsuite>
    <testcase classname="k" name="ok" time="0.5"/>
    <testcase classname="k" name="bad"><failure message="m">t</failure></testcase>
    <testcase name="err" time="1,200.5"><error/></testcase><testcase file="f.js" name="skip"><skipped/></testcase>
    <testcase classname="k" name="ok"><failure/></testcase><testcase name="off" status="notrun"/>
    <testcase name="todo"><skipped type="todo"/><failure message="later"/></testcase></testsuite></testsuites>"""
    cases = {case.id: (case.verdict, case.message, case.seconds) for case in parse_junit(text)}
    assert cases == {
        "k::ok": ("passed", "", 0.5),
        "k::bad": ("failed", "m\nt", 0.0),
        "err": ("error", "", 1200.5),
        "f.js::skip": ("skipped", "", 0.0),
        "k::ok#2": ("failed", "", 0.0),
        "off": ("skipped", "", 0.0),
        "todo": ("skipped", "later", 0.0),
    }


def test_skipped_and_failed_has_failed_where_the_run_did_unless_it_is_to_do() -> None:
    text = (
        b'<testsuites><testcase name="a" classname="test"><skipped type="skipped"/><failure/></testcase>'
        b'<testcase name="b" classname="test"><skipped type="todo" message="true"/><failure/></testcase></testsuites>'
    )
    for strict, verdicts in ((False, ["skipped", "skipped"]), (True, ["failed", "skipped"])):
        records = read_junit(text, strict=strict)
        assert [one.case.verdict for one in records if isinstance(one, Case)] == verdicts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # node: one class for all, suites within suites, a file without tests as a test of its own
        ("""<testsuites><testsuite name="g"><testcase name="adds" classname="test"/><testsuite name="h">
            <testcase name="adds" classname="test"><failure/></testcase></testsuite></testsuite>
            <testsuite name="i"><testcase name="adds" classname="test"/></testsuite>
            <testcase name="adds" classname="test"/><testcase name="adds" classname="test"><failure/></testcase>
            <testcase name="/work/test/empty.js" classname="test"/>
            <testcase name="x" classname="test" file="/work/test/a.js"/>
            <testcase name="/work/test/b.js" classname="test" file="/work/test/b.js"><failure/></testcase>
            </testsuites>""",
         {"g::adds": "passed", "g::h::adds": "failed", "i::adds": "passed", "adds": "passed", "adds#2": "failed",
          "test/a.js::x": "passed", "test/b.js::/work/test/b.js": "failed"}),
        # pytest: both families; two classes of one file; what fails and then also errs
        ("""<testsuites><testsuite name="pytest"><testcase classname="tests.test_a.TestX" name="test_m"/>
            <testcase classname="tests.test_a.TestY" name="test_m"><failure/></testcase>
            <testcase classname="tests.test_a" name="test_m"><failure/></testcase>
            <testcase classname="tests.test_a" name="test_m"><error/></testcase>
            <testcase classname="tests.test_b.TestX" file="tests/test_b.py" name="test_m"/></testsuite></testsuites>""",
         {"tests.test_a.TestX::test_m": "passed", "tests.test_a.TestY::test_m": "failed",
          "tests.test_a::test_m": "failed", "tests.test_a::test_m#2": "error",
          "tests/test_b.py::TestX::test_m": "passed"}),
        # unittest-xml-reporting: the time in the suite's name; subtests that are named only while they fail or skip
        ("""<testsuites><testsuite name="t.test_x.A-20261129152159" file="t/test_x.py">
            <testcase classname="t.test_x.A" name="test_ok" file="t/test_x.py"/>
            <testcase classname="t.test_x.A" name="test_sub (i=1)" file="t/test_x.py"><failure/></testcase>
            <testcase classname="t.test_x.A" name="test_sub (i=2)" file="t/test_x.py"><failure/></testcase>
            <testcase classname="t.test_x.A" name="test_b [why]" file="t/test_x.py"><failure/></testcase></testsuite>
            <testsuite name="unittest.case._SubTest-20261129152159" file="unittest/case.py">
            <testcase classname="t.test_x.A" name="test_c (&lt;subtest&gt;)" file="t/test_x.py"><skipped/></testcase>
            </testsuite></testsuites>""",
         {"t/test_x.py::A::test_ok": "passed", "t/test_x.py::A::test_sub": "failed", "t/test_x.py::A::test_b": "failed",
          "t/test_x.py::A::test_c": "skipped"}),
        # surefire, gradle: the suite is the class
        ("""<testsuite name="p.CalcTest"><testcase classname="p.CalcTest" name="adds"/>
            <testcase classname="p.CalcTest$Nested" name="adds"><error/></testcase></testsuite>""",
         {"p.CalcTest::adds": "passed", "p.CalcTest$Nested::adds": "error"}),
        # the files of two folders, named alike
        ("""<testsuites><testsuite name="a" file="a/x.php"><testcase classname="X" name="t"/></testsuite>
            <testsuite name="a" file="b/x.php"><testcase classname="X" name="t"><failure/></testcase></testsuite>
            </testsuites>""",
         {"a/x.php::a::X::t": "passed", "b/x.php::a::X::t": "failed"}),
        # a namespace, as some writers have it; PHPUnit's suite of the whole run, which is named by its file
        ("""<testsuite xmlns="urn:junit" name="/work/phpunit.xml"><testsuite name="Unit"><testcase name="t">
            <failure/></testcase></testsuite></testsuite>""", {"phpunit.xml::Unit::t": "failed"}),
        # a name that looks like a number of equal names
        ("""<testsuite><testcase name="a"/><testcase name="a#2"><failure/></testcase>
            <testcase name="a"/></testsuite>""",
         {"a": "passed", "a#2": "failed", "a#3": "passed"}),
        # what a test printed: colours, as themselves and by number, and bytes
        ("""<testsuite><testcase name="a"><failure>\x1b[31mred&#27;[0m</failure></testcase>
            <testcase name="b"/></testsuite>""", {"a": "failed", "b": "passed"}),
        # surefire and nextest: a case says itself that it ran again
        ("""<testsuite name="C"><testcase classname="C" name="t"><flakyFailure/></testcase>
            <testcase classname="C" name="u"><failure/><rerunFailure/></testcase></testsuite>""",
         {"C::t": "passed", "C::u": "failed"}),
    ],
)  # fmt: skip
def test_tests_of_foreign_runners_keep_their_identity(text: str, expected: dict[str, str]) -> None:
    assert told(text) == expected


def test_files_that_could_not_be_loaded_are_no_tests() -> None:
    text = (
        b'<testsuites><testsuite name="unittest.loader._FailedTest.tests-20261129152159"><testcase name="test_b" '
        b'classname="unittest.loader._FailedTest.tests" file="/usr/lib/python3/unittest/loader.py"><error/></testcase>'
        b'<testcase classname="unittest.loader.ModuleSkipped.tests" name="test_c"><skipped/></testcase></testsuite>'
        b'<testsuite name="pytest"><testcase classname="" name="tests.test_d"><error message="collection failure"/>'
        b'</testcase><testcase classname="tests.test_e" name="test_e"><error message="failed on setup with x"/>'
        b"</testcase></testsuite></testsuites>"
    )
    assert [(case.id, case.verdict, case.phase) for case in parse_junit(text)] == [
        ("tests/test_b.py", "error", "collect"),
        ("tests/test_c.py", "skipped", "collect"),
        ("tests/test_d.py", "error", "collect"),
        ("tests.test_e::test_e", "error", "setup"),
    ]


# Of vitest 4.1.12, bun 1.4.5 and CMake 3.25.1, as they wrote them but for times, hosts and stacks.
VITEST = b"""<testsuites name="vitest tests" tests="10" failures="5"><testsuite name="v.test.mjs" tests="7">
<testcase classname="v.test.mjs" name="cart &gt; fills"><skipped/></testcase>
<testcase classname="v.test.mjs" name="cart &gt; inner &gt; x"><skipped/></testcase>
<testcase classname="v.test.mjs" name="other"><failure message="own" type="Error"/></testcase>
<testcase classname="v.test.mjs" name="other &gt; works"></testcase>
<testcase classname="v.test.mjs" name="after &gt; works"></testcase>
<testcase classname="v.test.mjs" name="cart"><failure message="no database" type="Error"/></testcase>
<testcase classname="v.test.mjs" name="after"><failure message="cannot close" type="Error"/></testcase></testsuite>
<testsuite name="load.test.mjs" tests="1" failures="1">
<testcase classname="load.test.mjs" name="load.test.mjs"><failure message="load" type="Error"/></testcase></testsuite>
<testsuite name="top.test.mjs" tests="2" failures="1"><testcase classname="top.test.mjs" name="a"><skipped/></testcase>
<testcase classname="top.test.mjs" name="top.test.mjs"><failure message="top" type="Error"/></testcase></testsuite>
</testsuites>"""
BUN = b"""<testsuites name="bun test" tests="4" failures="3"><testsuite name="b.test.ts" file="b.test.ts">
<testsuite name="cart" file="b.test.ts" line="2"><testcase name="(unnamed)" classname="cart" file="b.test.ts">
<failure type="Error" message="no database"/></testcase></testsuite>
<testsuite name="after" file="b.test.ts" line="11">
<testcase name="works" classname="after" file="b.test.ts" line="11"/>
<testcase name="(unnamed)" classname="after" file="b.test.ts"><failure message="cannot close"/></testcase></testsuite>
<testcase name="(unnamed)" classname="" file="b.test.ts" line="12"><failure message="own"/></testcase></testsuite>
</testsuites>"""
CTEST = b"""<testsuite name="(empty)" tests="4" failures="0" disabled="1" skipped="3">
<testcase name="cart" classname="cart" status="notrun"><skipped message="Unable to find executable"/></testcase>
<testcase name="skips" classname="skips" status="notrun"><skipped message="SKIP_RETURN_CODE=1"/></testcase>
<testcase name="orders" classname="orders" status="notrun"><skipped message="Fixture dependency failed"/></testcase>
<testcase name="off" classname="off" status="disabled"><system-out>Disabled</system-out></testcase></testsuite>"""
# Of unittest-xml-reporting 4.0.0, at the end 2.5.2, but for times and traces; nose2 0.16 parts the name like that one.
XMLRUNNER = b"""<testsuites><testsuite name="test_one.Shop-20261202232223" tests="1" file="test_one.py">
<testcase classname="test_one.Shop" name="test_opens" file="test_one.py" line="18"/></testsuite>
<testsuite name="unittest.suite._ErrorHolder-20261202232223" tests="3" file="unittest/suite.py" errors="2" skipped="1">
<testcase classname="" name="setUpClass (test_one.Cart)"><error type="RuntimeError" message="no database"/></testcase>
<testcase classname="" name="tearDownClass (test_one.Shop)" file="test_one.py" line="18">
<error type="RuntimeError" message="no database"/></testcase>
<testcase classname="" name="tearDownModule (test_n)" file="test_one.py"><error type="RuntimeError"/></testcase>
<testcase classname="" name="setUpClass (test_one.Later)"><skipped type="skip" message="later"/></testcase></testsuite>
<testsuite name="unittest.suite._ErrorHolder-20261202232125" tests="1" file="unittest/suite.py" errors="1">
<testcase classname="setUpClass (test_two" name="Cart)"><error type="RuntimeError" message="no database"/></testcase>
</testsuite></testsuites>"""
# Of mocha 12.0.3's own reporter `xunit`, and of mocha-junit-reporter 2.2.1.
XUNIT = b"""<testsuite name="Mocha Tests" tests="3" failures="0" errors="2" skipped="0">
<testcase classname="cart" name="bad" file="/q/t.js" time="0"><failure>no</failure></testcase>
<testcase classname="cart" name="&#x22;before each&#x22; hook is told" file="/q/t.js" time="0"/>
<testcase classname="hooked" name="&#x22;before all&#x22; hook for &#x22;a&#x22;" file="/q/t.js" time="0">
<failure>db</failure></testcase></testsuite>"""
MOCHA = b"""<testsuites name="Mocha Tests" tests="2" failures="2">
<testsuite name="Root Suite" tests="0" failures="0"></testsuite>
<testsuite name="cart" tests="2" file="/q/t.js" failures="2">
<testcase name="cart bad" time="0.000" classname="bad"><failure message="no" type="Error"/></testcase>
<testcase name="cart &quot;after each&quot; hook for &quot;bad&quot;" time="0.001"
 classname="&quot;after each&quot; hook for &quot;bad&quot;"><failure message="db" type="Error"/></testcase>
</testsuite></testsuites>"""


@pytest.mark.parametrize(
    ("text", "tests", "problems"),
    [
        (XUNIT, {"/q/t.js::Mocha Tests::cart::bad": "failed",
                 '/q/t.js::Mocha Tests::cart::"before each" hook is told': "passed"},
         {'/q/t.js::Mocha Tests::hooked::"before all" hook for "a"': "setup"}),
        (MOCHA, {"/q/t.js::cart::bad::cart bad": "failed"},
         {'/q/t.js::cart::"after each" hook for "bad"::cart "after each" hook for "bad"': "teardown"}),
        (XMLRUNNER,
         {"test_one.py::Shop::test_opens": "passed", "unittest/suite.py::setUpClass (test_one.Later)": "skipped"},
         {"setUpClass (test_one.Cart)": "setup", "tearDownClass (test_one.Shop)": "teardown",
          "tearDownModule (test_n)": "teardown", "setUpClass (test_two.Cart)": "setup"}),
        (VITEST,
         {"v.test.mjs::cart > fills": "skipped", "v.test.mjs::cart > inner > x": "skipped",
          "v.test.mjs::other": "failed", "v.test.mjs::other > works": "passed", "v.test.mjs::after > works": "passed",
          "top.test.mjs::a": "skipped"},
         {"v.test.mjs::cart": "setup", "v.test.mjs::after": "teardown", "load.test.mjs": "collect",
          "top.test.mjs": "setup"}),
        # a test that somebody named so has a line
        (BUN, {"b.test.ts::after::works": "passed", "b.test.ts::(unnamed)": "failed"},
         {"b.test.ts::cart": "setup", "b.test.ts::after": "teardown"}),
        (CTEST, {"(empty)::skips::skips": "skipped", "(empty)::off::off": "skipped"},
         {"(empty)::cart": "setup", "(empty)::orders": "setup"}),
    ],
)  # fmt: skip
def test_what_did_not_come_to_its_tests_is_no_test(
    text: bytes, tests: dict[str, str], problems: dict[str, str]
) -> None:
    assert {case.id: case.verdict for case in parse_junit(text) if case.verdict != "error"} == tests
    assert {one.id: one.phase for one in read_junit(text) if isinstance(one, Problem)} == problems
    assert read_report([("junit.xml", text)]).failed == {id for id, verdict in tests.items() if verdict == "failed"}


@pytest.mark.parametrize(
    ("case", "phase"),
    [
        # what a test raises is an error to unittest, surefire and PHPUnit
        ("<testcase name='test_a'><error type='KeyError' message='1'>File 'a.py', line 3, in test_a\n"
         "  File 'b.py', line 1, in setUp\nKeyError: 1</error></testcase>", "call"),
        ("<testcase name='adds'><error type='NullPointer'>at p.Calc.add(Calc.java:3)</error></testcase>", "call"),
        ("<testcase name='test_a'><error type='KeyError'>File 'a.py', line 3, in setUp\nKeyError: 1</error></testcase>",
         "setup"),
        ("<testcase name='test_a'><error message='failed on setup with \"KeyError: 1\"'>x</error></testcase>", "setup"),
        ("<testcase name='test_a'><error message='failed on teardown with \"x\"'>x</error></testcase>", "teardown"),
    ],
)  # fmt: skip
def test_an_error_is_where_it_was_raised(case: str, phase: str) -> None:
    (found,) = parse_junit(f"<testsuite>{case}</testsuite>".encode())
    assert (found.verdict, found.phase) == ("error", phase)


def test_what_only_an_attribute_tells_counts() -> None:
    cases = "".join(
        f'<testcase name="{number}" {attribute}/>'
        for number, attribute in enumerate(
            (
                'status="fail"',
                'result="FAILED"',
                'status="run" result="completed"',
                'status="notrun" result="suppressed"',
            )
        )
    )
    found = parse_junit(f'<testsuite name="s">{cases}</testsuite>'.encode())
    assert [case.verdict for case in found] == ["failed", "failed", "passed", "skipped"]


def test_attempts_of_one_test_are_one_where_the_run_is_well() -> None:
    """gotestsum and Gradle report each attempt as a case."""
    text = (
        b'<testsuite name="p"><testcase classname="p" name="T"><failure/></testcase><testcase name="U" time="nan"/>'
        b'<testcase classname="p" name="T"/><testcase name="V"><error/></testcase></testsuite>'
    )
    assert [(case.id, case.verdict) for case in parse_junit(text, succeeded=True)] == [
        ("p::U", "passed"),
        ("p::T", "passed"),
        ("p::V", "error"),
    ]
    assert [case.verdict for case in parse_junit(text)] == ["failed", "passed", "passed", "error"]
    assert {case.seconds for case in parse_junit(text)} == {0.0}


def test_bytes_that_are_no_text_do_not_cost_the_report() -> None:
    text = b'<testsuite><testcase name="a"/><system-out>\xff\x00</system-out></testsuite>'
    assert [case.id for case in parse_junit(text)] == ["a"]
    latin = '<?xml version="1.0" encoding="ISO-8859-1"?><testsuite><testcase name="é"/></testsuite>'
    assert [case.id for case in parse_junit(latin.encode("latin-1"))] == ["é"]


LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><testsuite><testcase name="&b;"/></testsuite>'
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        LAUGHS.decode().encode("utf-16"),
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuite/>',
        b"<testsuite>",
        b"",
        b"\xff\xfe\x00",
        b'<testsuite><testcase a:name="x"/></testsuite>',
    ],
)
def test_hostile_junit_is_refused(text: bytes) -> None:
    with pytest.raises(ToolchainError, match="JUnit file"):
        parse_junit(text)


def test_a_suite_that_stands_in_more_tests_than_its_length_allows_is_refused() -> None:
    text = f"""<testsuite name="{"x" * 100_000}">{'<testcase name="a"/>' * 1001}</testsuite>"""
    with pytest.raises(ToolchainError, match="names of the report's tests are longer"):
        read_junit(text.encode())


def test_a_case_has_the_file_of_its_nearest_suite_that_names_one() -> None:
    text = b"""<testsuites><testsuite name="A" file="a.py"><testsuite name="B"><testcase name="x"/></testsuite>
    <testsuite name="C" file="c.py"><testcase name="y"/><testcase name="z" file="z.py"/></testsuite></testsuite>
    <testcase name="w"/></testsuites>"""
    assert [case.id for case in parse_junit(text)] == ["a.py::A::B::x", "c.py::A::C::y", "z.py::A::C::z", "w"]
