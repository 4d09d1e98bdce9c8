"""What signatures invite to assert for all input, how tests draw it, and how bad tests are taken out."""

from __future__ import annotations

import pytest

from bot.git.changes import Changes
from bot.mutation.records import Scope
from handlers.test.draws import find_fuzz_tests, find_loose_draws, find_undocumented
from handlers.test.dropping import drop_tests, find_test
from handlers.test.invitations import find_invitations, find_taken_up
from handlers.test.objections import fuzz_gate
from handlers.test.records import WriteTestsInput

CODE = {
    "pairs": "def encode_name(text: str) -> bytes: ...\ndef decode_name(data: bytes) -> str: ...\n",
    "alone": "def encode_name(text: str): ...\n",
    "methods": "class C:\n    def dump(self, x): ...\n    @staticmethod\n    def pack(x: int): ...\n    @staticmethod\n"
    "    def unpack(x: bytes): ...\n",
    "units": "def miles_to_km(x: float): ...\ndef km_to_miles(x: float): ...\n",
    "twice": "def normalize(text): ...\n",
    "order": "def total(prices: list[int]): ...\n",
    "unknown": "def total(prices): ...\n",
    "docstring": 'def median(values):\n    """Find it.\n\n    :param list values: what\n    """\n',
    "numpy": 'def median(values):\n    """Find it.\n\n    Parameters\n    ----------\n    values : list\n    """\n',
    "sorted": "def sort_rows(rows: list[int] | None): ...\n",
    "bounds": "def clamp(value: int, low: int, high: int): ...\n",
    "either": "def distance(a: str, b: str): ...\n",
    "mixed": "def distance(a: str, b: int): ...\n",
    "private": "def _normalize(text: str): ...\n",
    "broken": "def normalize(:\n",
}


@pytest.mark.parametrize(
    ("name", "relations"),
    [
        ("pairs", ["round trip"]), ("alone", []), ("methods", ["round trip"]), ("units", ["round trip"]),
        ("twice", ["twice is once"]), ("order", ["any order"]), ("unknown", []), ("docstring", ["any order"]),
        ("numpy", ["any order"]), ("sorted", ["same elements", "twice is once"]), ("bounds", ["bounds"]),
        ("either", ["either way"]), ("mixed", []), ("private", []), ("broken", []),
    ],
)  # fmt: skip
def test_names_and_types_invite_relations(name: str, relations: list[str]) -> None:
    found = find_invitations({"m.py": CODE[name]}, {"m.py": Scope()}, fuzz=False)
    assert sorted(one.relation for one in found) == relations


def test_a_round_trip_begins_with_the_one_that_makes_the_others_input() -> None:
    for scope in (Scope(), Scope(names=("decode_name",)), Scope(lines=(1,))):
        (found,) = find_invitations({"m.py": CODE["pairs"]}, {"m.py": scope}, fuzz=False)
        assert found.functions == ("encode_name", "decode_name")
        assert found.draws == ("text: str",)


def test_fuzzing_invites_every_function_that_input_can_be_drawn_for() -> None:
    code = 'def read(text: str, most: int = 3):\n    """Read.\n\n    Raises:\n        ValueError: never\n    """\n'
    (found,) = find_invitations({"m.py": code + CODE["unknown"]}, {"m.py": Scope()}, fuzz=True)
    assert found.told == (
        "m.py, read: arbitrary input: for any input a result, or one of the documented errors; draw text: str; "
        "documented errors: ValueError"
    )


def test_a_relation_is_taken_up_by_a_test_that_draws() -> None:
    invited = find_invitations({"m.py": CODE["pairs"]}, {"m.py": Scope()}, fuzz=False)
    body = "    assert decode_name(encode_name(x)) == x\n"
    assert find_taken_up(invited, {"t.py": f"def test_a():\n    x = 'a'\n{body}"}) == {}
    drawn = f"@given(text())\ndef test_a(x):\n{body}"
    assert find_taken_up(invited, {"t.py": drawn}) == {invited[0].told: "t.py::test_a"}


LOOSE = (
    "try:\n    f()\nexcept Exception:\n    pass\n",
    "try:\n    f()\nexcept (ValueError, BaseException):\n    pass\n",
    "try:\n    f()\nexcept:\n    x = 1\n",
    "with suppress(Exception):\n    f()\n",
    "import random\nx = random.randint(0, 3)\n",
    "import random\nx = random.Random()\n",
    "from random import choice\nx = choice([1])\n",
    "import os\nx = os.urandom(3)\n",
    "@given(text())\ndef test_a(x): ...\n",
    "@settings(derandomize=False)\n@given(text())\ndef test_a(x): ...\n",
    "@settings(derandomize=True, max_examples=10**6)\n@given(text())\ndef test_a(x): ...\n",
)
FIRM = (
    "try:\n    f()\nexcept ValueError:\n    pass\n",
    "try:\n    f()\nexcept Exception as error:\n    assert str(error)\n",
    "try:\n    f()\nexcept Exception:\n    pytest.fail()\n",
    "import random\nx = random.Random(0).randint(0, 3)\n",
    "import random\nrandom.seed(1)\n",
    "@settings(derandomize=True, deadline=None, max_examples=200)\n@given(text())\ndef test_a(x): ...\n",
)


@pytest.mark.parametrize("source", LOOSE)
def test_loose_draws_are_found(source: str) -> None:
    assert find_loose_draws(source) != []


@pytest.mark.parametrize("source", FIRM)
def test_firm_draws_are_let_through(source: str) -> None:
    assert find_loose_draws(source) == []


def test_a_fuzz_target_lets_pass_only_what_the_target_names() -> None:
    source = "def test_a():\n    x = Random(0).random()\n    try:\n        f(x)\n    except KeyError:\n        pass\n"
    assert find_fuzz_tests(source, {"f"}) == ["test_a"]
    assert find_fuzz_tests(source, {"g"}) == []
    assert find_fuzz_tests(source.replace("Random(0)", "Random()"), {"f"}) == []
    assert find_undocumented(source, ["raise KeyError"]) == []
    targets = {"a.py": "def f(x):\n    raise KeyError\n"}
    drawn, plain = (Changes(files={"tests/test_a.py": one}) for one in (source, "def test_a():\n    f(1)\n"))
    assert fuzz_gate(drawn, targets).after == "tests/test_a.py::test_a"
    assert "No new test draws its input" in fuzz_gate(plain, targets).detail
    (one,) = find_undocumented(source, ["raise ValueError"])
    assert one.told == "line 5: `KeyError` is named neither by the target's code nor its docstrings"


@pytest.mark.parametrize(
    ("typed", "target", "fuzz"),
    [("fuzz a.py", "a.py", True), ("a.py:f fuzz", "a.py:f", True), ("fuzz", "", True), ("fuzz/", "fuzz/", False)],
)
def test_fuzz_is_a_word_beside_the_target(typed: str, target: str, fuzz: bool) -> None:
    assert WriteTestsInput.model_validate({"target": typed}) == WriteTestsInput(target=target, fuzz=fuzz)


TESTS = """import json
from os import path, sep

import pytest


def helper():
    return json.dumps(1)


@pytest.mark.parametrize("x", [1])
def test_bad(x):
    assert helper() + path


def test_good():
    assert sep


class TestMore:
    def test_bad(self):
        assert helper()
"""


def test_a_dropped_test_takes_along_what_only_it_used() -> None:
    changes = Changes(files={"t.py": TESTS, "u.py": TESTS})
    left = drop_tests(changes, {"t.py::test_bad": "", "t.py::TestMore::test_bad": "", "u.py": ""})
    assert left.files == {"t.py": "from os import sep\n\n\ndef test_good():\n    assert sep\n"}
    assert drop_tests(changes, {"t.py::test_bad"}).files["t.py"].count("def helper") == 1  # type: ignore[union-attr]
    assert drop_tests(changes, ["t.py::test_bad", "t.py::test_good", "t.py::TestMore::test_bad", "u.py"]).files == {}


def test_a_line_belongs_to_a_test() -> None:
    assert [find_test(TESTS, line) for line in (1, 11, 13, 22)] == ["", "test_bad", "test_bad", "TestMore::test_bad"]
