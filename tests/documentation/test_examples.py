"""Examples run as tests, and those that avoid it are told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.documentation.examples import (
    Example,
    ExampleTest,
    find_evasion,
    find_rewrites,
    read_examples,
    write_tests,
)
from bot.documentation.passages import read_passages

PAGE = """# Use

```python
total = 1 + 1
```

```pycon
>>> total
2
```

```console
$ python -c 'print(3)'
3
```

```console
$ pip install shop
```

```text
total
```
"""


def examples(page: str) -> tuple[Example, ...]:
    return read_examples(read_passages("use.md", page), ["shop"])


def run(tmp_path: Path, page: str) -> dict[str, bool]:
    """Run each example of a page as a test; whether it passed, by its name."""
    found = examples(page)
    tests = [ExampleTest(name=f"test_{number}", examples=found[: number + 1]) for number in range(len(found))]
    (tmp_path / "examples_of_docs.py").write_text(write_tests(tests, ["shop"]))
    argv = [sys.executable, "-m", "unittest", "-v", "examples_of_docs"]
    # examples call `python`, which not every machine has beside `python3`
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, env=env)
    return {one.name: f"{one.name} (examples_of_docs.Examples.{one.name}) ... ok" in done.stderr for one in tests}


def test_scripts_sessions_and_own_programs_are_examples() -> None:
    assert [(one.kind, one.line) for one in examples(PAGE)] == [("script", 3), ("session", 7), ("shell", 12)]


def test_examples_of_a_page_share_a_namespace(tmp_path: Path) -> None:
    assert run(tmp_path, PAGE) == {"test_0": True, "test_1": True, "test_2": True}


@pytest.mark.parametrize(
    "block",
    [
        "```python\nraise ValueError('no')\n```",
        "```python\nimport sys\nsys.exit()\n```",
        "```pycon\n>>> 1 + 1\n3\n```",
        "```console\n$ python -c 'print(3)'\n4\n```",
        "```console\n$ python -c 'raise SystemExit(3)'\n```",
    ],
)
def test_an_example_that_does_not_show_what_it_says_fails(tmp_path: Path, block: str) -> None:
    assert run(tmp_path, block) == {"test_0": False}


def test_the_projects_own_package_is_imported(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("SIZE = 3\n")
    assert run(tmp_path, "```python\nassert shop.SIZE == 3\n```") == {"test_0": True}


def test_an_example_may_wait(tmp_path: Path) -> None:
    assert run(tmp_path, "```python\nimport asyncio\nawait asyncio.sleep(0)\n```") == {"test_0": True}


@pytest.mark.parametrize(
    "block",
    [
        "```pycon\n>>> shop.sell()  # doctest: +SKIP\n```",
        "```python\nif False:\n    shop.sell()\n```",
        "```python\ntry:\n    shop.sell()\nexcept Exception:\n    pass\n```",
    ],
)
def test_an_example_that_avoids_its_run_is_told(block: str) -> None:
    (example,) = examples(block)
    assert find_evasion(example) is not None


def test_an_honest_example_avoids_nothing() -> None:
    assert [find_evasion(one) for one in examples(PAGE)] == [None, None, None]


def test_a_rewritten_example_is_paired_with_what_it_replaces() -> None:
    (rewrite,) = find_rewrites(examples(PAGE), examples(PAGE.replace("total = 1 + 1", "total = 3 - 1")))
    assert rewrite.example.text == "total = 3 - 1\n"
    assert [one.text for one in rewrite.before] == ["total = 1 + 1\n"]


def test_a_new_example_replaces_none() -> None:
    (rewrite,) = find_rewrites(examples(PAGE), examples(f"{PAGE}\n```python\nprint(total)\n```\n"))
    assert rewrite.before == ()
    assert len(rewrite.after) == 4
