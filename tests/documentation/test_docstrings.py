"""Docstrings are held against the signatures they tell of."""

from __future__ import annotations

from textwrap import dedent

import pytest

from bot.documentation.docstrings import check_docstrings, find_missing, read_documented
from bot.documentation.modules import Module, read_module
from bot.surface.modules import Module as Named

STYLES = {
    "sphinx": "Do.\n\n:param int size: how large.\n:param other: no more.\n:returns: it.\n",
    "google": (
        "Do.\n\nArgs:\n    size (int): how large: very.\n        And more: text.\n    other: no more.\n\n"
        "Returns:\n    it: no parameter.\n"
    ),
    "numpy": (
        "Do.\n\nParameters\n----------\nsize : int\n    How large: very.\nother\n    No more.\n\n"
        "Returns\n-------\nit : int\n"
    ),
}


def module(text: str) -> Module:
    found = read_module("shop.py", Named("shop", "shop.py"), dedent(text))
    assert found is not None
    return found


@pytest.mark.parametrize("style", STYLES)
def test_every_style_is_read(style: str) -> None:
    assert read_documented(STYLES[style]) == ("size", "other")


@pytest.mark.parametrize("style", STYLES)
def test_a_parameter_that_does_not_exist_is_false(style: str) -> None:
    code = module(
        f"def fit(size, more=1):\n    '''{STYLES[style]}'''\n".replace("\n", "\n    ").replace("    def", "def")
    )
    assert [(one.kind, one.text.split("`")[1]) for one in check_docstrings(code)] == [
        ("false", "other"),
        ("untold", "more"),
    ]


def test_what_takes_any_keyword_is_not_judged() -> None:
    assert check_docstrings(module("def fit(**kwargs):\n    ''':param other: x.'''\n")) == ()


def test_a_class_is_held_against_its_constructor() -> None:
    text = "class Fit:\n    ''':param other: x.'''\n    def __init__(self, size): ...\n"
    assert [one.kind for one in check_docstrings(module(text))] == ["false"]


def test_only_public_names_miss_a_docstring() -> None:
    text = """
        '''A module.'''
        class Fit:
            def run(self): ...
            def _hidden(self): ...
            @property
            def size(self):
                '''Return it.'''
            @size.setter
            def size(self, value): ...
        """
    assert [one.subject for one in find_missing(module(text))] == ["shop.Fit", "shop.Fit.run"]
