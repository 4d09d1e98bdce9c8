"""Lock files that are out of date: known by what tools say, renewed by the tool, and told by versions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.settings import Settings
from bot.toolchains.lock_files import StaleLock, describe_versions, find_stale, get_tool, write_line
from bot.toolchains.port import ToolchainError
from bot.toolchains.renewal import run_tool
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write

NPM = (
    "npm error `npm ci` can only install packages when your package.json and package-lock.json or npm-shrinkwrap.json "
    "are in sync. Please update your lock file with `npm install` before continuing.\n"
)
UV = "error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided. To update, run `uv lock`.\n"
CARGO = "error: the lock file /home/a/Cargo.lock needs to be updated but --locked was passed to prevent this"
CARGO_NOW = "error: cannot update the lock file /home/a/Cargo.lock because --locked was passed to prevent this"
PNPM = ' ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with "frozen-lockfile" because pnpm-lock.yaml is not up to date'
POETRY = "pyproject.toml changed significantly since poetry.lock was last generated. Run `poetry lock` to fix it."
BUNDLER = "The dependencies in your gemfile changed, but the lockfile can't be updated because frozen mode is set"
SCRIPTS = {"install": "touch x"}
YARN = "error Your lockfile needs to be updated, but yarn was run with `--frozen-lockfile`."
BERRY = "YN0028: The lockfile would have been modified by this install, which is explicitly forbidden."


@pytest.mark.parametrize(
    ("said", "folder", "paths", "path"),
    [
        (NPM, "", ["package-lock.json"], "package-lock.json"),
        (NPM, "./web/", ["package-lock.json", "web/package-lock.json"], "web/package-lock.json"),
        (NPM, "web/app", ["package-lock.json"], "package-lock.json"),
        (NPM, "", ["package-lock.json", "npm-shrinkwrap.json"], "npm-shrinkwrap.json"),
        (NPM, "../..", ["package-lock.json"], None),
        (NPM, "", ["web/package-lock.json"], None),
        (UV, "", ["uv.lock", "package-lock.json"], "uv.lock"),
        (CARGO, "", ["Cargo.lock"], "Cargo.lock"),
        (CARGO_NOW, "", ["Cargo.lock"], "Cargo.lock"),
        (PNPM, ".", ["pnpm-lock.yaml"], "pnpm-lock.yaml"),
        (POETRY, "", ["poetry.lock"], "poetry.lock"),
        (BUNDLER, "", ["Gemfile.lock"], "Gemfile.lock"),
        (YARN, "", ["yarn.lock"], "yarn.lock"),
        (BERRY, "", ["yarn.lock"], "yarn.lock"),
        ("npm error code E404", "", ["package-lock.json"], None),
        ("the lock file was removed", "", ["uv.lock"], None),
    ],
)
def test_what_tools_say_of_stale_lock_files(said: str, folder: str, paths: list[str], path: str | None) -> None:
    found = find_stale(said, folder, paths)
    assert (found and found.path) == path


def test_commands_are_what_a_person_would_type() -> None:
    lock = StaleLock(tool="npm", path="my web/package-lock.json")
    renew = "npm install --package-lock-only --ignore-scripts --no-audit --no-fund"
    assert write_line(lock, get_tool(lock).renew) == f"(cd 'my web' && {renew})"


def test_each_generation_of_yarn_is_told_what_it_understands() -> None:
    """Yarn 1.22.22 ignores ``--mode``, installs everything and runs the scripts of all packages."""
    lines = []
    for said in (YARN, BERRY):
        lock = find_stale(said, "", ["yarn.lock"])
        assert lock is not None
        lines.append(write_line(lock, get_tool(lock).renew))
    assert lines == ["yarn install --ignore-scripts", "yarn install --mode=update-lockfile"]


def test_versions_are_told() -> None:
    def npm(**versions: str) -> str:
        entries = {f"node_modules/{name}": {"version": version} for name, version in versions.items()}
        return json.dumps({"packages": {"": {"version": "1"}, "lib": {"link": True}, **entries}})

    def uv(*packages: tuple[str, str]) -> str:
        return "".join(f'[[package]]\nname = "{name}"\nversion = "{version}"\n' for name, version in packages)

    told = describe_versions("package-lock.json", npm(a="1", b="2", c="3"), npm(a="1.1", c="3", d="4"))
    assert told == "`a 1` -> `1.1`; `b 2` removed; `d 4` added"
    assert describe_versions("uv.lock", uv(("a", "1"), ("a", "2")), uv(("a", "2"), ("a`b", "3"))) == (
        "`a 1, 2` -> `2`; `a?b 3` added"
    )
    many = uv(*((f"p{number:02}", "1") for number in range(22)))
    assert describe_versions("uv.lock", uv(("p00", "1")), many).endswith("`p20 1` added and 1 more")
    assert describe_versions("uv.lock", many, many) == "no version differs"
    assert describe_versions("uv.lock", "[[", many) == "which versions differ could not be read from it"


@pytest.mark.needs("sandbox", "node", "npm")
async def test_npm_renews_its_lock_file_and_nothing_else(tmp_path: Path) -> None:
    named = {"name": "a", "version": "1.0.0"}
    files = {
        "web/package.json": json.dumps(named | {"dependencies": {"dep": "file:dep"}, "scripts": SCRIPTS}),
        "web/package-lock.json": json.dumps(named | {"lockfileVersion": 3, "requires": True, "packages": {"": named}}),
        "web/dep/package.json": json.dumps({"name": "dep", "version": "1.2.0"}),
    }
    tree = write(tmp_path / "tree", files)
    lock = StaleLock(tool="npm", path="web/package-lock.json")
    found, _ = await run_tool(lock, tree, bubblewrap(), Settings(), write=False)
    assert not found.ok
    assert get_tool(lock).said.search(found.output)
    renewed, _ = await run_tool(lock, tree, bubblewrap(), Settings(), write=True)
    assert renewed.ok, renewed.output
    assert {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()} == files.keys()
    text = (tree / lock.path).read_text()
    assert describe_versions(lock.path, files[lock.path], text) == "`dep 1.2.0` added"
    with pytest.raises(ToolchainError, match="I do not run cargo for this"):
        await run_tool(StaleLock(tool="cargo", path="Cargo.lock"), tree, bubblewrap(), Settings(), write=True)
