"""Build the command lines of the Python toolchain."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from bot.toolchains.coverage import BLIND, COVERAGE
from bot.toolchains.placeholders import dotted, escape_target, selector
from bot.toolchains.python.project import Project, bracket_extras
from bot.toolchains.session import split_folder

ENV = "/env"
PYTHON = f"{ENV}/bin/python"
UV = "/forgehand/uv"
INSIDE = "/forgehand/inside"
MEASURE = "/forgehand/measure"
CONSTRAINTS = "locked-versions.txt"
LCOV = "lines.lcov"
_DATA = f"{COVERAGE}/data"
_UNITTEST = f"{INSIDE}/forgehand_unittest.py"
# Parts of our commands that nobody would type.
_NOISE = {"--quiet", "--allow-existing", "--disable-pip-version-check", "--without-pip"}
_LAST_OPTION = "--color=no"
# Of the options we add, those without which a run may end otherwise.
_TELLING = {"--continue-on-collection-errors", "--no-cov"}
# A high version, so that lower bounds on the repository itself hold.
VERSION = "99.0.0"
_AUTHOR = "git -c user.name=sandbox -c user.email=sandbox@localhost"
_REPOSITORY = (
    "[ -e .git ] || ! command -v git >/dev/null || { git init -q . && git add -A && "
    f"{_AUTHOR} commit -q --no-verify --allow-empty -m base && {_AUTHOR} tag -a -m base v{VERSION}; }} || true"
)


def make_repository() -> list[str]:
    """Make a throw-away ``.git`` for builds that ask git about the tree.

    They ask it for a version or for files. It has nothing of the real history. Most builds never ask: a failure here is
    no reason to stop.
    """
    return ["/bin/sh", "-c", _REPOSITORY]


def make_environment(program: str, *, uv: bool, pip: bool) -> list[str]:
    """Create the virtual environment at :data:`ENV`.

    ``pip`` puts pip into it, which takes venv several seconds.
    """
    if not uv:
        return [program, "-m", "venv", *([] if pip else ["--without-pip"]), ENV]
    return [UV, "venv", "--quiet", "--allow-existing", *(["--seed"] if pip else []), "--python", program, ENV]


def call_pip(runner: Path | None) -> list[str]:
    """Call the pip of :data:`ENV`, or an interpreter's by its runner."""
    return [PYTHON, "-m", "pip"] if runner is None else [PYTHON, str(runner)]


def install(project: Project, pip: Sequence[str] | None) -> list[list[str]]:
    """Install the project and what its tests need, in one resolution.

    uv does it where there is no ``pip``, which before 25.1 knows no groups.

    Where ``project.locked`` holds versions, they are read from :data:`CONSTRAINTS` in the environment.
    """
    arguments = [f"--requirement={name}" for name in project.requirements]
    arguments += [f"--group={name}" for name in project.groups]
    if project.installable:
        arguments += ["--editable", f".{bracket_extras(project.extras)}"]
    arguments += [part for member in project.members for part in ("--editable", member)]
    arguments += project.packages
    arguments += [] if project.unittest else ["pytest"]
    if not arguments:
        return []
    arguments += [f"--constraint={ENV}/{CONSTRAINTS}"] if project.locked else []
    if pip is None:
        return [[UV, "pip", "install", "--quiet", "--python", PYTHON, *arguments]]
    return [[*pip, "install", "--quiet", "--disable-pip-version-check", *arguments]]


def pytest(targets: Sequence[str], *, without_coverage: bool) -> list[str]:
    """Run pytest with our reporter.

    ``without_coverage`` switches pytest-cov off, whose thresholds are no verdict.
    """
    options = ["-p", "forgehand_pytest", "--continue-on-collection-errors", *(["--no-cov"] if without_coverage else [])]
    options += ["-o", "cache_dir=/tmp/pytest-cache", _LAST_OPTION]
    return [PYTHON, "-m", "pytest", *options, *dict.fromkeys(escape_target(selector(target)) for target in targets)]


def count_lines(argv: Sequence[str], folders: Sequence[str], *, greenlets: bool, workers: bool) -> list[str]:
    """Have coverage.py count the lines that a command of pytest runs.

    They are of files below ``folders``; the report is :data:`LCOV`. ``workers``: pytest-xdist is there, whose processes
    it would not see.
    """
    # what runs in greenlets would be taken for idle
    options = ["--concurrency=thread,greenlet"] if greenlets else []
    options += [f"--data-file={_DATA}", f"--source={','.join(folders)}"]
    own = ["-p", "forgehand_lines", *(["-n0"] if workers else [])]
    run = ["env", f"FORGEHAND_BLIND={COVERAGE}/{BLIND}", argv[0], "-m", "coverage", "run", *options, *argv[1:], *own]
    # without our reporter, whose key is spent
    tool = f"{PYTHON} -I -m coverage"
    combined = f"{tool} combine -q --data-file={_DATA} {COVERAGE}"
    told = f"{tool} lcov -q -i --data-file={_DATA} -o {COVERAGE}/{LCOV}"
    return ["/bin/sh", "-c", f'"$@"; code=$?; {{ {combined}; {told}; }} >/dev/null 2>&1; exit $code', "sh", *run]


def unittest(targets: Sequence[str]) -> list[str]:
    """Run unittest tests through our runner."""
    return [PYTHON, _UNITTEST, *(escape_target(target) for target in targets)]


def render_command(argv: Sequence[str]) -> str:
    """Render what a person would type, with options that change a verdict."""
    folder, argv = split_folder(argv)
    if folder:
        return f"(cd {shlex.quote(folder)} && {render_command(argv)})"
    program = [re.sub(r"^/\S*/(python[\d.]*|uv)$", r"\1", part) for part in argv if part not in _NOISE]
    if program[:2] == ["/bin/sh", "-c"]:
        return program[2]
    if program[:3] == ["python", "-m", "pytest"]:
        end = program.index(_LAST_OPTION)
        telling = [option for option in program[3:end] if option in _TELLING]
        return shlex.join([*program[:3], *telling, *program[end + 1 :]])
    if program[1:2] == [_UNITTEST]:
        return shlex.join(["python", "-m", "unittest", *(dotted(part, "") for part in program[2:])])
    line = re.sub(r"^python /\S*/__pip-runner__\.py ", "python -m pip ", shlex.join(program))
    return line.replace(" --python python ", " ")
