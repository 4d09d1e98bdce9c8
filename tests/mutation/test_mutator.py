"""The mutator: which faults it makes, and which it leaves out."""

from __future__ import annotations

import ast

import pytest

from bot.mutation.inside.forgehand_mutator import find_mutants
from tests.mutation.zoo import SHAPES


def faults(source: str, **limits: object) -> list[tuple[str, str, str]]:
    return [(one.kind, one.before, one.after) for one in find_mutants(ast.parse(source), "a.py", **limits)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a < b", [("comparison", "a < b", "a <= b")]),
        ("x = a is None", [("comparison", "a is None", "a is not None")]),
        ("x = a in b", [("comparison", "a in b", "a not in b")]),
        ("x = a + b", [("arithmetic", "a + b", "a - b")]),
        ("x -= y", [("arithmetic", "x -= y", "x += y")]),
        ("x = a and b", [("boolean", "a and b", "a or b")]),
        ("x = not a", [("not", "not a", "a")]),
        ("x = 3", [("number", "3", "4")]),
        ("x = True", [("flag", "True", "False")]),
        ("if a: pass", [("condition", "a", "not a")]),
        ("x = b if a else c", [("condition", "a", "not a")]),
        ("x = [a for a in b if a]", [("condition", "a", "not a")]),
        ("def f():\n    return a", [("return-none", "return a", "return None")]),
        ("while a < b:\n    break", [("comparison", "a < b", "a <= b"), ("loop", "break", "continue")]),
        ("f()", [("call-removed", "f()", "pass")]),
        ("raise ValueError(1 + 1)", [("raise-removed", "raise ValueError(1 + 1)", "pass")]),
        ("match a:\n    case 1:\n        pass", [("number", "1", "2")]),
    ],
)
def test_each_kind(source: str, expected: list[tuple[str, str, str]]) -> None:
    assert faults(source) == expected


@pytest.mark.parametrize("value", [True, 3, 2.5, "text", b"text", [1], (1, 2), {1: 2}, {1}])
def test_a_wrong_result_has_the_same_type(value: object) -> None:
    tree = ast.parse("def f():\n    return value")
    _, wrong = find_mutants(tree, "a.py", results=True)
    wrong.apply()
    names = {"value": value, "int": None, "list": None}  # a module may use these names itself
    exec(compile(tree, "a.py", "exec"), names)
    assert (type(names["f"]()), names["f"]() == value) == (type(value), False)


def test_what_nobody_knows_how_to_change_comes_out_as_it_is() -> None:
    tree = ast.parse("def f():\n    return value")
    find_mutants(tree, "a.py", results=True)[1].apply()
    names = {"value": object()}
    exec(compile(tree, "a.py", "exec"), names)
    assert names["f"]() is names["value"]


@pytest.mark.parametrize(
    "source",
    [
        "x = 'text'",
        "x = 'a' + b",
        "x = 'a %s' % b",
        "x = [a] + b",
        "x = a * 1.0",
        "assert a + 1",
        "log.info(1 + 1)",
        "self._logger.warning('', 1)",
        "print(1)",
        "warnings.warn('', stacklevel=2)",
        "def f(x: Literal[1]) -> Literal[2]: pass",
        "@cache(1)\ndef f(): pass",
        "def __repr__(self): return 1",
        "while True: pass",
        "while 1: pass",
        "if TYPE_CHECKING:\n    x = 1",
        "if __name__ == '__main__':\n    f()",
        "__version__ = 1",
        "raise NotImplementedError",
        '"""Say 1."""',
    ],
)
def test_what_no_test_should_notice_is_left_out(source: str) -> None:
    assert faults(source) == []


def test_a_mutant_knows_its_place() -> None:
    mutant = next(one for one in find_mutants(ast.parse(SHAPES), "shapes.py") if one.before == "self.amount > LIMIT")
    assert mutant.id == "shapes.py::Price.total::comparison#1"
    assert SHAPES.splitlines()[mutant.line - 1].strip() == "if self.amount > LIMIT:"
    assert list(mutant.rows) == [mutant.line], "the lines of the statement's head, without its body"


def test_equal_ids_are_never_given() -> None:
    ids = [one.id for one in find_mutants(ast.parse(SHAPES), "shapes.py")]
    assert len(set(ids)) == len(ids) > 40


def test_lines_and_names_limit_what_is_changed() -> None:
    source = "def f():\n    return a + 1\n\n\nclass C:\n    def g(self):\n        return b + 2\n"
    assert {fault[1] for fault in faults(source, lines=[7])} == {"return b + 2", "b + 2", "2"}
    assert {fault[1] for fault in faults(source, names=["C"])} == {"return b + 2", "b + 2", "2"}
    assert {fault[1] for fault in faults(source, names=["f"])} == {"return a + 1", "a + 1", "1"}
    assert faults(source, names=["g"]) == []


def test_a_mutant_is_put_into_the_tree_and_taken_out_again() -> None:
    tree = ast.parse("x = a + 1\n")
    texts = []
    for mutant in find_mutants(tree, "a.py"):
        mutant.apply()
        texts.append(ast.unparse(tree))
        mutant.undo()
    assert texts == ["x = a - 1", "x = a + 2"]
    assert ast.unparse(tree) == "x = a + 1"
