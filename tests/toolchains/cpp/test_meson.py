"""Meson: every verdict right, also those that its JUnit file shows as passed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.toolchains.cpp.meson import Meson, read_plan, read_run
from bot.toolchains.cpp.registered import Registered
from bot.toolchains.port import ToolchainError
from tests.toolchains.cpp.test_cmake import FAILED, PASSED, SKIPPED, Opened, change, run
from tests.toolchains.zoos import below, open_zoo, told

ZOO = Path(__file__).parent / "zoo" / "meson"
PLAIN = below(
    "tests/plain_test.c",
    {
        "passes": PASSED,
        "passes#2": FAILED,
        "fails": FAILED,
        "skips": SKIPPED,
        "error": ("error", "call"),
        "signal": ("error", "call"),
        "asserts": FAILED,
        "forges": FAILED,
        'hostile <&> "b" #2': PASSED,
        "expected": PASSED,
        "unexpected": FAILED,
        "slow": ("error", "timeout"),
        "tap": FAILED,
        "tap cut": ("error", "call"),
    },
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def zoo(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return await open_zoo(ZOO, tmp_path_factory.mktemp("meson"))


@pytest.mark.needs("meson")
async def test_every_kind_of_verdict(zoo: Opened) -> None:
    (part,) = zoo[0].parts
    assert (part.unit.manager, part.unit.runner) == ("meson", "meson test")
    done = await run(zoo, "tests/plain_test.c", "tests/script.sh")
    assert done.complete, done.completeness
    assert told(done) == PLAIN | {"tests/script.sh::script": PASSED}
    said = {case.id.rpartition("::")[2]: case.message for case in done.cases}
    assert said["fails"] == "this is fails\nexit status 1"
    assert said["signal"].endswith("killed by signal 11 SIGSEGV")


@pytest.mark.needs("meson")
async def test_cases_of_googletest(zoo: Opened) -> None:
    """Also of the programs that Meson has write its own kind of report."""
    done = await run(zoo, "tests/cart_test.cpp")
    assert done.completeness.culprits == ("tests/cart_test.cpp::Ends::Green",)
    assert told(done) == below(
        "tests/cart_test.cpp",
        {
            "Cart::Passes": PASSED,
            "Cart::Passes#2": PASSED,
            "Cart::Fails": FAILED,
            "cart turned": PASSED,
            "Cart::Skips": SKIPPED,
            "Ends::Signal": ("error", "call"),
            "Ends::Green": ("error", "crash"),
            "Ends::Behind": PASSED,
        },
    )


@pytest.mark.needs("meson")
async def test_one_test_is_run_alone(zoo: Opened) -> None:
    done = await run(zoo, "tests/plain_test.c::skips")
    assert done.command == "meson test skips"
    assert told(done) == {"tests/plain_test.c::skips": SKIPPED}
    done = await run(zoo, "tests/plain_test.c::nothing")
    assert (done.cases, done.complete) == ((), False)


@pytest.mark.needs("meson")
async def test_a_test_that_hangs_is_named(zoo: Opened) -> None:
    done = await run(zoo, "tests/waits_test.c", seconds=10)
    assert told(done) == {
        "tests/waits_test.c::waits": ("error", "timeout"),
        "tests/waits_test.c::by script": PASSED,
    }


@pytest.mark.needs("meson")
async def test_a_program_that_no_longer_compiles_is_an_error_of_its_tests(zoo: Opened, tmp_path: Path) -> None:
    changed = change(zoo, tmp_path, {"tests/waits_test.c": "int main(void) { return missing(); }\n"})
    done = await run(changed, "tests/waits_test.c", "tests/plain_test.c::passes")
    assert told(done) == {
        "tests/waits_test.c::waits": ("error", "build"),
        "tests/waits_test.c::by script": ("error", "build"),
        "tests/plain_test.c::passes": PASSED,
    }
    assert "missing" in done.cases[0].message


@pytest.mark.needs("meson")
async def test_a_new_test_file_is_built_as_its_sibling_is(zoo: Opened, tmp_path: Path) -> None:
    text = '#include <gtest/gtest.h>\n#include "cart.h"\nTEST(Sum, Fails) { EXPECT_EQ(add(2, 2), 5); }\n'
    done = await run(change(zoo, tmp_path, {"tests/sum_test.cpp": text}), "tests/sum_test.cpp")
    assert done.complete, done.completeness
    assert told(done) == {"tests/sum_test.cpp::Sum::Fails": FAILED}
    assert "Register it beside that one." in done.notes[0]


CONSOLE = """ 1/3 zoo / one       OK              0.01s
 2/3 zoo:a / one     FAIL            0.00s   killed by signal 6 SIGABRT
 3/3 zoo / b / two   EXPECTEDFAIL    0.10s   exit status 1
>>> MALLOC_PERTURB_=165 /env/build/one
"""
PLAN = [Registered(1, "one"), Registered(2, "one"), Registered(3, "b / two"), Registered(4, "two")]
LOG = "\n".join(
    json.dumps({"name": name, "result": result, "stdout": "said", "stderr": "!"})
    for name, result in (("zoo / one", "OK"), ("zoo:a / one", "FAIL"), ("zoo / b / two", "EXPECTEDFAIL"))
)


def test_what_meson_prints_is_read_in_the_order_of_the_plan() -> None:
    ended, turned = read_run(CONSOLE.encode(), LOG.encode(), PLAN)
    assert {number: (one.status, one.why) for number, one in ended.items()} == {
        1: ("passed", "OK"), 2: ("signal", "aborted"), 3: ("passed", "exit status 1"),
    }  # fmt: skip
    assert (ended[2].output, turned) == ("said!", {3})


def test_a_pass_that_the_log_does_not_know_is_none() -> None:
    for log in ("", LOG.replace('"OK"', '"FAIL"'), LOG.replace("zoo / one", "zoo / none")):
        ended, _ = read_run(CONSOLE.encode(), log.encode(), PLAN)
        assert ended[1].status == "failed"


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_whatever_a_report_holds_only_our_error_is_raised(data: st.DataObject) -> None:
    def mutate(text: str) -> bytes:
        at = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(at, min(len(text), at + 30)))
        piece = data.draw(st.sampled_from(["", "[", "{}", '"', "null", "9" * 400, "\x00", "]]", "-1", "\n", "7,"]))
        return (text[:at] + piece + text[end:]).encode()

    plan = json.dumps([{"cmd": ["a"], "name": "a", "env": {"A": "1"}, "timeout": 30, "protocol": "tap"}])
    targets = json.dumps([{"name": "a", "filename": ["/env/build/a"], "target_sources": [{"sources": ["/work/a.c"]}]}])
    try:
        read_plan(mutate(plan))
        Meson().read_build(mutate(targets), "")
        read_run(mutate(CONSOLE), mutate(LOG), PLAN)
    except ToolchainError:
        pass
