"""Frames are mapped by suffix; in a range who touches the trace comes first, else blame says whose it is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from bot.ci_logs import Frame
from bot.git.errors import GitError
from bot.git.mirrors import Mirror
from bot.suspects import Place, map_frames, rank_history, rank_range
from bot.suspects.range import find_names, list_settings

PATHS = ["shop/cart.py", "shop/tax.py", "shop/api/cart.py", "src/main/java/org/shop/Cart.java", "web/app/index.ts"]
CART = "def total(items):\n    return sum(items)\n\n\ndef count(items):\n    return len(items)\n"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/home/runner/work/shop/shop/shop/tax.py", "shop/tax.py"),
        ("C:\\builds\\7\\shop\\api\\cart.py", "shop/api/cart.py"),
        ("app:///web/app/index.ts", "web/app/index.ts"),
        ("org/shop/Cart.java", "src/main/java/org/shop/Cart.java"),
        ("shop/cart.py", "shop/cart.py"),
        ("elsewhere/cart.py", None),  # two files have that name
        ("<frozen importlib>", None),
        ("../../etc/passwd", None),
        ("", None),
    ],
)
def test_a_frame_names_the_one_file_that_ends_like_it(path: str, found: str | None) -> None:
    places = map_frames([Frame(path, 3, "total", True)], PATHS)
    assert [place.path for place in places] == ([found] if found else [])


def git(folder: Path, *arguments: str, day: int = 1) -> str:
    who = ("-c", "user.name=Mara", "-c", "user.email=mara@example.com")
    at = f"2026-01-{day:02}T00:00:00Z"
    env = {**os.environ, "GIT_COMMITTER_DATE": at, "GIT_AUTHOR_DATE": at}
    return subprocess.run(
        ["git", *who, *arguments], cwd=folder, env=env, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(folder: Path, day: int, message: str, files: dict[str, str]) -> str:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", message, day=day)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def history(tmp_path: Path) -> tuple[Mirror, dict[str, str]]:
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    made = {"good": commit(folder, 1, "Begin", {"shop/cart.py": CART, "README.md": "Shop\n", "poetry.lock": "1\n"})}
    made["total"] = commit(folder, 2, "Sum up faster", {"shop/cart.py": CART.replace("sum(items)", "sum(items, 1)")})
    later = CART.replace("sum(items)", "sum(items, 1)").replace("len(items)", "len(items) + 0")
    made["count"] = commit(folder, 3, "Count", {"shop/cart.py": later})
    made["lock"] = commit(folder, 4, "Lock", {"poetry.lock": "2\n"})
    made["readme"] = commit(folder, 5, "Say more", {"README.md": "A shop\n"})
    return Mirror(folder / ".git", "", ""), made


async def test_within_a_range_the_function_of_the_trace_comes_first(history: tuple[Mirror, dict[str, str]]) -> None:
    mirror, made = history
    places = (Place("shop/cart.py", 2, "total", 0),)
    ranked = await rank_range(mirror, made["good"], made["readme"], places)
    assert [one.sha for one in ranked] == [made[name] for name in ("total", "count", "lock", "readme")]
    assert ranked[0].reasons[0] == "changes `total` in `shop/cart.py`, which the trace names"
    assert "`poetry.lock`" in ranked[2].reasons[0]
    assert ranked[3].reasons == ("lies between the last good and the first bad commit",)
    assert await list_settings(mirror, made["good"], made["readme"]) == ("poetry.lock",)


async def test_without_a_trace_what_everything_depends_on_comes_first(history: tuple[Mirror, dict[str, str]]) -> None:
    mirror, made = history
    ranked = await rank_range(mirror, made["good"], made["readme"], ())
    order = ("lock", "count", "total", "readme")
    assert [one.sha for one in ranked] == [made[name] for name in order], "of equals those that change code come first"
    errors = ("KeyError: 'Shop'", "it failed")
    (first, *_) = await rank_range(mirror, made["good"], made["readme"], (), (), errors)
    assert (first.sha, first.reasons) == (made["readme"], ("adds or takes away `Shop`, which the error names",))
    assert find_names(errors) == ("Shop",), "whatever raises a KeyError tells nothing of who brought it"


async def test_a_range_is_named_by_commits_only(history: tuple[Mirror, dict[str, str]]) -> None:
    mirror, made = history
    for bad in ("--output=/tmp/x", "main", "f" * 40):
        with pytest.raises(GitError):
            await rank_range(mirror, made["good"], bad, ())


async def test_without_a_range_who_wrote_the_line_comes_first(history: tuple[Mirror, dict[str, str]]) -> None:
    mirror, made = history
    ranked = await rank_history(mirror, made["readme"], (Place("shop/cart.py", 2, "total", 0),))
    assert [one.sha for one in ranked] == [made["total"], made["good"]]
    assert ranked[0].reasons == ("wrote line 2 of `total` in `shop/cart.py`, where the trace stands",)
    assert ranked[0].subject == "Sum up faster"
    moved = await rank_history(mirror, made["readme"], (Place("shop/cart.py", 400, "count", 0),))
    assert moved[0].sha in {made["count"], made["good"]}
    assert await rank_history(mirror, made["readme"], (Place("shop/gone.py", 2, "total", 0),)) == ()


async def test_what_the_error_names_is_blamed_too(history: tuple[Mirror, dict[str, str]]) -> None:
    mirror, made = history
    test = (Place("tests/test_cart.py", 1, "", 0),)
    errors = ("TypeError: total() takes 1 positional argument but 2 were given",)
    alone = await rank_history(mirror, made["readme"], test)
    named = await rank_history(mirror, made["readme"], test, errors)
    assert made["total"] not in [one.sha for one in alone]
    assert made["total"] in [one.sha for one in named]
    assert any("`total` in `shop/cart.py`, which the error names" in reason for one in named for reason in one.reasons)
