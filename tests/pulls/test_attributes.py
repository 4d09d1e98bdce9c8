"""Files that the base's .gitattributes call generated; git is asked too."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bot.pulls.attributes import find_generated

PATHS = (
    "api/client.py",
    "api/gen/a.py",
    "api/gen/deep/b.py",
    "web/app.js",
    "web/gen/x.js",
    "a b.txt",
    "root.py",
    'é "1".txt',
)
ROOT = ".gitattributes"
FILES = [
    {ROOT: "*.js linguist-generated\n/api/** linguist-generated=true\n"},
    {ROOT: "gen/ linguist-generated\ngen/** linguist-generated\napi/gen linguist-generated\n"},
    {ROOT: "api/gen/* linguist-generated\n*.py text\n# *.py linguist-generated\n"},
    {
        ROOT: "* linguist-generated\napi/** -linguist-generated\n",
        f"web/{ROOT}": "*.js linguist-generated=false\n",
    },
    {ROOT: '"a b.txt" text linguist-generated=true eol=lf\n', f"api/{ROOT}": "gen/** linguist-generated\n"},
    {f"api/{ROOT}": "/client.py linguist-generated\n/gen/a.py !linguist-generated\n"},
    {},
    # macros, which name several attributes at once, and are undone as one
    {ROOT: "[attr]made linguist-generated=true -diff\n*.js made\nweb/gen/** -made\n*.py made=no\n"},
    {
        ROOT: "*.js made\n[attr]inner linguist-generated\n[attr]made inner\n",
        f"web/{ROOT}": "[attr]y linguist-generated\n",
    },
    # said by one line, unsaid by a later one; twice in one line
    {ROOT: "* linguist-generated\n*.js !linguist-generated\n*.py -linguist-generated linguist-generated\n"},
    # as git and editors write it
    {ROOT: '\ufeff*.js linguist-generated\r\n"\\303\\251 \\"1\\".txt" linguist-generated\r\n'},
]


@pytest.mark.parametrize("files", FILES)
def test_it_is_what_git_says(files: dict[str, str], tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    asked = ["git", "-C", str(tmp_path), "check-attr", "-z", "linguist-generated", "--", *PATHS]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split("\0")
    values = dict(zip(said[::3], said[2::3], strict=False))
    assert find_generated(PATHS, files) == {
        path: value not in {"unset", "false"} for path, value in values.items() if value != "unspecified"
    }
