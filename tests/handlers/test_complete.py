"""What is left open in a change, and what does not count as filling it in."""

from __future__ import annotations

import pytest

from bot.change.records import Failure, Proof
from bot.git.changes import Changes
from bot.mutation.records import Mutant, RecordedTest, Survey
from bot.toolchains.port import RaisedError
from handlers.complete.gates import filled_gate, fresh_gate, noticed_gate
from handlers.complete.proof import find_faults
from handlers.complete.records import Stub
from handlers.complete.stubs import find_stubs, find_unfilled

TEXT = """import abc
# TODO: say more

def total(prices):
    \"\"\"Add prices.\"\"\"
    raise NotImplementedError

def rate(price):
    ...

def hook():
    pass

def later():
    pass  # TODO

def convert(price, unit):
    if unit == "eur":
        return price
    raise NotImplementedError(unit)

def known(price):
    return price  # FIXME: cents

class Base(abc.ABC):
    @abc.abstractmethod
    def price(self): ...

    def named(self):
        raise NotImplementedError

class Own(Base):
    def price(self):
        return 1
"""
ALL = range(1, 100)


def find(name: str, kind: str = "function") -> Stub:
    return next(one for one in find_stubs("a.py", TEXT, ALL) if (one.function, one.kind) == (name, kind))


def test_what_is_left_open_is_found_and_what_stays_open_on_purpose_is_not() -> None:
    found = [(stub.kind, stub.function) for stub in find_stubs("a.py", TEXT, ALL)]
    assert found == [
        ("todo", ""), ("function", "total"), ("function", "rate"), ("function", "later"), ("branch", "convert"),
        ("todo", "known"),
    ]  # fmt: skip


def test_only_added_lines_count() -> None:
    assert [stub.function for stub in find_stubs("a.py", TEXT, {6})] == ["total"]
    assert find_stubs("a.py", TEXT, {5, 7}) == []
    assert find_stubs("a.py", "def (", ALL) == []


@pytest.mark.parametrize(
    ("stub", "edit", "why"),
    [
        (find("total"), ("def total(prices)", "def add(prices)"), "was removed rather than filled in"),
        (find("total"), ("def total(prices)", "def total(prices, more)"), "the parameters of `total` changed"),
        (find("total"), ("    raise NotImplementedError\n", "    ...\n"), "is still a stub"),
        (find("rate"), ("    ...\n", "    raise NotImplementedError\n"), "is still a stub"),
        (find("convert", "branch"), ("return price\n", "return price + 0\n"), "still raises NotImplementedError"),
        (find("known", "todo"), ("  # FIXME: cents", ""), "the code is as it was"),
        (find("known", "todo"), ("return price  # FIXME", "return price + 0  # FIXME"), "is still there"),
        (find("", "todo"), ("# TODO: say more\n", ""), "the code is as it was"),
        (find("later"), ("    pass  # TODO\n", "    pass\n"), "the code is as it was"),
    ],
)
def test_a_stub_that_is_not_filled_in_is_told(stub: Stub, edit: tuple[str, str], why: str) -> None:
    assert edit[0] in TEXT
    assert why in find_unfilled(stub, TEXT, TEXT.replace(*edit, 1))
    assert "is gone" in find_unfilled(stub, TEXT, None)


@pytest.mark.parametrize(
    ("stub", "edit"),
    [
        (find("total"), ('Add prices."""\n    raise NotImplementedError', 'Add prices."""\n    return sum(prices)')),
        (find("convert", "branch"), ("raise NotImplementedError(unit)", "return 2 * price")),
        (find("known", "todo"), ("return price  # FIXME: cents", "return price * 100")),
        (find("later"), ("pass  # TODO", "total([])")),
    ],
)
def test_what_is_filled_in_passes(stub: Stub, edit: tuple[str, str]) -> None:
    assert edit[0] in TEXT
    after = TEXT.replace(*edit, 1)
    gate = filled_gate([stub], {"a.py": TEXT}, {"a.py": after})
    assert gate.passed, gate.detail
    assert (gate.before, gate.after) == ("1 open", "1 of 1 filled in")
    assert fresh_gate({"a.py": TEXT}, {"a.py": after}).passed


def test_nothing_new_is_left_open() -> None:
    gate = fresh_gate({"a.py": TEXT, "b.py": None}, {"a.py": TEXT, "b.py": "def helper():\n    ...\n"})
    assert not gate.passed
    assert gate.detail == "b.py:2 in helper"


def proof(text: str, *raised: RaisedError) -> Proof:
    failure = Failure(test="tests/test_a.py::test_a", phase="call", message="x", raised=raised)
    return Proof(
        files=Changes(files={"tests/test_a.py": text}),
        targets=("tests/test_a.py",),
        tests=(failure.test,),
        failures=(failure,),
        runs=3,
        reason="",
        command="pytest",
    )


def test_tests_must_name_each_stub_end_with_its_error_and_assert() -> None:
    stubs = [find("total"), find("rate")]
    raised = RaisedError(type="NotImplementedError", path="a.py", genuine=True)
    good = "def test_a():\n    assert total([1]) == 1\n    assert rate(1) == 2\n"
    assert list(find_faults(stubs, proof(good, raised))) == []
    (unnamed,) = find_faults(stubs, proof(good.replace("rate", "other"), raised))
    assert unnamed.startswith("No new test names `rate`")
    (unraised,) = find_faults(stubs, proof(good, raised.model_copy(update={"genuine": False})))
    assert unraised.startswith("No new test ends with the NotImplementedError of a.py:6 in total")
    (idle,) = find_faults(stubs, proof("def test_a():\n    total([1])\n    rate(1)\n", raised))
    assert idle == "tests/test_a.py::test_a asserts nothing."


def test_a_filled_function_whose_faults_no_test_notices_is_told() -> None:
    mutant = Mutant(
        id="1", path="a.py", line=6, function="total", kind="number", before="1", after="2", verdict="survived"
    )
    survey = Survey(tests=(RecordedTest(id="t", outcome="passed", seconds=0, lines={}),), mutants=(mutant,))
    gate = noticed_gate([find("total")], survey)
    assert not gate.passed
    assert "no new test notices any of 1 small fault in `total`" in gate.detail
    raised = mutant.model_copy(update={"verdict": "killed", "kills": (("t", "crashed"),)})
    gate = noticed_gate([find("total")], survey.model_copy(update={"mutants": (raised,)}))
    assert not gate.passed
    assert "`total` but where the code raises" in gate.detail
    assert gate.after == "0 of 1 small fault noticed"
    killed = mutant.model_copy(update={"verdict": "killed", "kills": (("t", "failed"),)})
    assert noticed_gate([find("total")], survey.model_copy(update={"mutants": (killed,)})).passed
    unmeasured = noticed_gate([find("total")], Survey(problem="No pytest."))
    assert unmeasured.passed
    assert unmeasured.after == "not measured: No pytest."
