"""Build the command lines of the Python toolchain."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath

from bot.toolchains.python.project import Project, bracketed

ENV = "/env"
PYTHON = f"{ENV}/bin/python"
UV = "/forgehand/uv"
INSIDE = "/forgehand/inside"
RESULTS = "/forgehand/results"
JUNIT = f"{RESULTS}/junit.xml"
CONSTRAINTS = "locked-versions.txt"
_UNITTEST = f"{INSIDE}/forgehand_unittest.py"
_NOISE = {"--quiet", "--allow-existing", "--disable-pip-version-check", "--without-pip"}
_LAST_OPTION = "--color=no"
# of the options we add, those without which a run may end otherwise
_TELLING = {"--continue-on-collection-errors", "--no-cov"}
# high, so that lower bounds on the repository itself hold
VERSION = "99.0.0"
_PLACEHOLDER = re.compile(r"\{(tests|results|modules(?::[\w./-]*)?)\}")
_AUTHOR = "git -c user.name=sandbox -c user.email=sandbox@localhost"
_REPOSITORY = (
    "[ -e .git ] || ! command -v git >/dev/null || { git init -q . && git add -A && "
    f"{_AUTHOR} commit -q --no-verify --allow-empty -m base && {_AUTHOR} tag -a -m base v{VERSION}; }} || true"
)


def throwaway_repository() -> list[str]:
    """Make a ``.git`` for builds that ask git for a version or for files.

    It knows nothing of ours.

    Most builds never ask: that it failed is no reason to stop.
    """
    return ["/bin/sh", "-c", _REPOSITORY]


def make_environment(program: str, *, uv: bool, pip: bool) -> list[str]:
    """Create the virtual environment at :data:`ENV`.

    ``pip`` puts pip into it, which takes venv several seconds.
    """
    if not uv:
        return [program, "-m", "venv", *([] if pip else ["--without-pip"]), ENV]
    return [UV, "venv", "--quiet", "--allow-existing", *(["--seed"] if pip else []), "--python", program, ENV]


def install(project: Project, *, uv: bool) -> list[list[str]]:
    """Install the project with what its tests need, in one resolution.

    Where ``project.locked`` holds versions, they are read from :data:`CONSTRAINTS` in the environment.
    """
    wanted = [f"--requirement={name}" for name in project.requirements]
    wanted += [f"--group={name}" for name in project.groups]
    if project.installable:
        wanted += ["--editable", f".{bracketed(project.extras)}"]
    wanted += [part for member in project.members for part in ("--editable", member)]
    wanted += project.packages
    wanted += [] if project.unittest else ["pytest"]
    if not wanted:
        return []
    wanted += [f"--constraint={ENV}/{CONSTRAINTS}"] if project.locked else []
    if uv:
        return [[UV, "pip", "install", "--quiet", "--python", PYTHON, *wanted]]
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # --group came with pip 25.1
    return [*([[*pip, "--upgrade", "pip"]] if project.groups else []), [*pip, *wanted]]


def pytest(targets: Sequence[str], *, without_coverage: bool) -> list[str]:
    """Run pytest with our reporter.

    ``without_coverage`` switches pytest-cov off, whose thresholds are no verdict.
    """
    options = ["-p", "forgehand_pytest", "--continue-on-collection-errors", *(["--no-cov"] if without_coverage else [])]
    options += ["-o", "cache_dir=/tmp/pytest-cache", _LAST_OPTION]
    return [PYTHON, "-m", "pytest", *options, *dict.fromkeys(harmless(selector(target)) for target in targets)]


def unittest(targets: Sequence[str]) -> list[str]:
    """Run unittest tests through our runner."""
    return [PYTHON, _UNITTEST, *(harmless(target) for target in targets)]


def selector(target: str) -> str:
    """Return what a foreign runner takes for an id: it knows no numbers of equal ones and runs them all."""
    return re.sub(r"#\d+$", "", target)


def harmless(target: str) -> str:
    """Return a target that cannot be read as an option."""
    return f"./{target}" if target.startswith(("-", "@")) else target


def custom(line: str, targets: Sequence[str]) -> str:
    """Fill the placeholders of the policy's shell line, quoting values.

    ``{tests}``: the targets; ``{modules}`` or ``{modules:folder}``: the same as dotted names (below ``folder``), which
    is how unittest and Django's runner take them; ``{results}``: where a JUnit file is to be written.
    """

    wanted = list(dict.fromkeys(selector(target) for target in targets))

    def fill(found: re.Match[str]) -> str:
        name, _, folder = found[1].partition(":")
        if name == "results":
            return JUNIT
        return shlex.join(_dotted(target, folder) if name == "modules" else harmless(target) for target in wanted)

    return _PLACEHOLDER.sub(fill, line).strip()


def _dotted(target: str, folder: str) -> str:
    path, _, rest = target.partition("::")
    place = PurePosixPath(path)
    if folder and place.is_relative_to(folder):
        place = place.relative_to(folder)
    dotted = ".".join(part for part in place.with_suffix("").parts if part != "/")
    return ".".join([dotted, *rest.split("::")]) if rest else dotted


def shown(argv: Sequence[str]) -> str:
    """Return what a person would type to see the same: without our reporter, but with what changes a verdict."""
    program = [re.sub(r"^/\S*/(python[\d.]*|uv)$", r"\1", part) for part in argv if part not in _NOISE]
    if program[:2] == ["/bin/sh", "-c"]:
        return program[2]
    if program[:3] == ["python", "-m", "pytest"]:
        end = program.index(_LAST_OPTION)
        telling = [option for option in program[3:end] if option in _TELLING]
        return shlex.join([*program[:3], *telling, *program[end + 1 :]])
    if program[1:2] == [_UNITTEST]:
        return shlex.join(["python", "-m", "unittest", *(_dotted(part, "") for part in program[2:])])
    return shlex.join(program).replace(" --python python ", " ")
