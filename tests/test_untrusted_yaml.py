"""YAML of strangers is held to what cannot cost time or the process; the inputs here are harmless ones."""

from __future__ import annotations

import pytest
import yaml

from bot.untrusted_yaml import load_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &a {b: 1}\nc: {<<: *a, d: [*a]}\n", {"a": {"b": 1}, "c": {"b": 1, "d": [{"b": 1}]}}),
        ("", None),
        ("[" * 50 + "]" * 50, yaml.safe_load("[" * 50 + "]" * 50)),
        ("a: &a 1\nb: [" + "*a, " * 100 + "]", {"a": 1, "b": [1] * 100}),
    ],
)
def test_what_people_write_is_read(text: str, value: object) -> None:
    assert load_yaml(text) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[" * 51 + "]" * 51, "nested deeper"),
        ("\n".join("  " * depth + "a:" for depth in range(52)), "nested deeper"),
        ("a: &a 1\nb: [" + "*a, " * 101 + "]", "aliases"),
        ("a: &a {b: 1}\n" + "".join(f"c{number}: {{<<: *a}}\n" for number in range(9)), "merge keys"),
        ("a: &a {b: 1}\nc: {<<: [*a, *a]}", "one mapping"),
        ("a: &a {b: 1}\nc: {!!merge x: [*a]}", "one mapping"),
        ("a: [", "did not find"),
    ],
)
def test_what_could_cost_more_is_refused_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(yaml.MarkedYAMLError, match=problem) as caught:
        load_yaml(text)
    assert caught.value.problem_mark is not None
