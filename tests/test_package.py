"""The shipped wheel and locked requirements.

And what README and Makefile promise of them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def normal(requirement: str) -> str:
    """The package a requirement names, as PEP 503 spells it."""
    found = _NAME.match(requirement.strip())
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def locked(file: str) -> dict[str, str]:
    """Package -> its whole entry in a requirements file."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / file).read_text(), flags=re.M).replace("\\\n", " ")
    return {normal(line): line for line in text.splitlines() if line.strip()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (file,) = folder.glob("forgehand-*.whl")
    return file


def test_the_wheel_holds_what_the_program_reads_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    packaged = ("bot/", "handlers/", "prompts/", "simhub/")
    assert [name for name in tracked if name.startswith(packaged) and name not in names] == []
    for needed in (
        "bot/app.yml",
        "bot/doors/room/templates/setup_create.html",
        "bot/models/prices.yml",
        "bot/pulls/phrases/english.yml",
        "simhub/sample/python/answers.json",
        "simhub/sample/go/timesheet/go.mod",
    ):
        assert needed in names
    assert any(re.fullmatch(r"prompts/fix/\w+\.md\.j2", name) for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    own = [name for name in names if ".dist-info/" not in name]
    assert [name for name in own if not name.startswith(packaged)] == []
    assert [name for name in own if "__pycache__" in name or name.endswith((".db", ".pem", ".log"))] == []


def test_the_wheel_works_where_the_repository_is_not(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True, symlinks=True)
    here = {"base": str(tmp_path / "venv"), "platbase": str(tmp_path / "venv")}
    site = Path(sysconfig.get_path("purelib", scheme="venv", vars=here))
    assert site.is_dir()
    python = tmp_path / "venv" / "bin" / "python"
    # Only the dependencies are borrowed; the repository itself is not on the path.
    (site / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "FORGEHAND_", "PIP_"))}

    def run(*command: str | Path) -> str:
        done = subprocess.run(command, cwd=tmp_path, env=kept, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    run(python, *pip)
    forgehand = tmp_path / "venv" / "bin" / "forgehand"
    assert run(forgehand, "--version") == PROJECT["version"]
    assert "labelled issue become a verified pull request" in run(forgehand, "demo", "--help")
    assert str(tmp_path) in run(python, "-c", "import bot.cli, handlers, prompts, simhub; print(bot.cli.__file__)")
    read = "from bot.github.resources.manifest import load_manifest as m; print(m().levels()['contents'])"
    assert run(python, "-c", read) == "write"


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_locked_and_name_no_index(file: str) -> None:
    entries = locked(file)
    wanted = [*PROJECT["dependencies"]]
    wanted += PROJECT["optional-dependencies"]["dev"] if "dev" in file else []
    assert {normal(each) for each in wanted} - set(entries) == set()
    for name, entry in entries.items():
        assert re.search(r"==\S+", entry), f"{name} is not pinned"
        assert "--hash=sha256:" in entry, f"{name} has no hash"
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", (ROOT / file).read_text())


def test_the_runtime_stays_small_and_is_part_of_what_is_tested() -> None:
    runtime, everything = locked("requirements.txt"), locked("requirements-dev.txt")
    assert len(runtime) <= 65
    version = re.compile(r"==([^\s;]+)")
    differing = {
        name
        for name, entry in runtime.items()
        if name not in everything or version.findall(entry)[:1] != version.findall(everything[name])[:1]
    }
    assert differing == set()


def test_the_readme_names_every_direct_dependency_and_their_number() -> None:
    text = (ROOT / "README.md").read_text()
    section = text.split("## Dependencies")[1]
    rows = re.findall(r"^\| ([a-z][a-z0-9, -]+) \|", section, re.M)
    named = {normal(name) for row in rows if row != "package" for name in row.split(",")}
    direct = {normal(each) for each in PROJECT["dependencies"]}
    assert named == direct
    stated = re.search(r"^(\d+) packages, hash-locked", section.strip(), re.M)
    assert stated
    assert int(stated[1]) == len(locked("requirements.txt"))


def test_the_readme_links_every_page() -> None:
    index = (ROOT / "README.md").read_text().split("## Documentation")[1].split("\n## ")[0]
    assert set(re.findall(r"\((docs/\S+\.md)\)", index)) == {
        f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")
    }


@pytest.mark.parametrize(
    ("target", "ends"),
    [
        ("demo", "-m bot.cli demo --one 'two three'"),
        ("serve", "-m bot.cli serve --one 'two three'"),
        ("test", "-m pytest -n auto --dist loadfile --no-loadscope-reorder --one 'two three'"),
        ("bench", "-m bench.edits --one 'two three'"),
        ("lint", "/lint-imports"),
        ("action", "-m tests.action.stories --one 'two three'"),
    ],
)
def test_make_passes_arguments_through(target: str, ends: str) -> None:
    command = ["make", "--no-print-directory", "-n", target, "ARGS=--one 'two three'", "NAME=edits"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith(ends)
