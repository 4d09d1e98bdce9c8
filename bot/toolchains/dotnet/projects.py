"""Find the test projects of .NET, and the tests that their files hold, by reading them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path, PurePosixPath

from bot.toolchains.dotnet.paths import is_test
from bot.toolchains.units import is_sample, walk_files

# Bytes of a file that are read.
_MOST_BYTES = 1024 * 1024
_MOST_PROJECTS = 40
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_VSTEST = re.compile(r'Include="Microsoft\.NET\.Test\.Sdk"', re.IGNORECASE)
_TESTS = re.compile(
    rf'{_VSTEST.pattern}|Include="(?:xunit\.v3|TUnit)"|<IsTestProject>\s*true|"MSTest\.Sdk', re.IGNORECASE
)
_OTHER_PLATFORM = re.compile(
    r'"MSTest\.Sdk|Include="TUnit"|<TestingPlatformDotnetTestSupport>\s*true|"runner"\s*:\s*"Microsoft\.Testing\.Platform"',
    re.IGNORECASE,
)
_OWN_PROGRAM = re.compile(r'Include="xunit\.v3"', re.IGNORECASE)
_FRAMEWORKS = re.compile(r"<TargetFrameworks?>([^<]+)<")
# .NET Framework, which runs on Windows alone: net48, net472
_WINDOWS = re.compile(r"net[1-4]\d+$|.*-windows")
# What matters of a source file; comments and texts are passed over whole, or to the end where theirs is missing.
_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?(?:\*/|\Z)|"""++.*?(?:"""++|\Z)|\$?@\$?"(?:""|[^"])*+"?|"(?:\\.|[^"\\\n])*+"?|\'(?:\\.|[^\'\\\n])*+\'?'
    r"|\bnamespace\s+(?P<space>[\w.]+)\s*(?P<whole>;)?|\b(?:class|struct)\s+(?!where\b)(?P<type>\w+)|(?P<brace>[{}])"
    r"|\[\s*(?:[\w.]+\([^()\]]*\)\s*,\s*|[\w.]+\s*,\s*)*(?:\w+\.)*\w*(?P<mark>Fact|Theory|Test|TestCase|TestCaseSource|TestMethod)"
    r"(?:Attribute)?\s*[\](,]",
    re.DOTALL,
)


@dataclass(frozen=True)
class Project:
    """Test project.

    ``path`` is that of its file; ``classes`` are full names (``Shop.Tests.Cart+Nested``) and their files, ``files``
    those that hold tests.
    """

    path: str
    classes: dict[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.path)

    def holds(self, path: str) -> bool:
        """Return whether a path lies in its folder."""
        return not self.folder or path.startswith(f"{self.folder}/")


def list_projects(tree: Path) -> list[str]:
    """Return the files of the test projects of C#. Blocking.

    What makes it one may stand in a file that many import; then it counts where there are tests.
    """
    found = [str(path) for path in walk_files(tree) if path.suffix == ".csproj" and not is_sample(_above(str(path)))]
    marking = [one for one in _list_shared(tree) if _TESTS.search(read_text(tree / one))]
    # a folder of many projects is read once
    holds_tests = cache(lambda folder: bool(read_project(tree, posixpath.join(folder, "a.csproj")).files))

    def is_tested(path: str) -> bool:
        folder = posixpath.dirname(path)
        if _TESTS.search(read_text(tree / path)):
            return True
        named = is_test(posixpath.join(folder, "a.cs"))
        return named and any(_may_import(path, one) for one in marking) and holds_tests(folder)

    return list(islice(filter(is_tested, found), _MOST_PROJECTS))


def _list_shared(tree: Path) -> list[PurePosixPath]:
    """Return what projects import. Versions of packages name what none needs."""
    files = (one for one in walk_files(tree) if one.suffix in (".props", ".targets"))
    return [one for one in files if one.name != "Directory.Packages.props"]


def _may_import(path: str, shared: PurePosixPath) -> bool:
    """Return whether a file lies around a project, or has a name of its own."""
    return not shared.name.startswith("Directory.Build.") or PurePosixPath(path).is_relative_to(shared.parent)


def _above(path: str) -> str:
    """Return the folder around a project's: tests lie in ``tests`` themselves."""
    folder = posixpath.dirname(posixpath.dirname(path))
    return re.sub(r"(^|/)(?:tests?|src)(?=/|$)", r"\1", folder, flags=re.IGNORECASE)


def find_hindrances(tree: Path, projects: Sequence[str]) -> dict[str, str]:
    """Say why each project's tests cannot be run here, or "". Blocking."""
    shared = _list_shared(tree)
    return {path: _find_hindrance(tree, path, [one for one in shared if _may_import(path, one)]) for path in projects}


def _find_hindrance(tree: Path, path: str, shared: Sequence[PurePosixPath]) -> str:
    text = read_text(tree / path)
    whole = "".join([text, read_text(tree / "global.json"), *(read_text(tree / one) for one in shared)])
    if _OTHER_PLATFORM.search(whole) or (_OWN_PROGRAM.search(whole) and not _VSTEST.search(whole)):
        return (
            f"`{path}` runs its tests by Microsoft.Testing.Platform, which is not understood yet. Set `checks.test` to "
            "a command that writes a TRX report to {results}, and `checks.results` to `trx`."
        )
    frameworks = [one.strip() for found in _FRAMEWORKS.findall(text) for one in found.split(";") if one.strip()]
    if frameworks and all(map(_WINDOWS.match, frameworks)):
        return f"`{path}` is built for {', '.join(frameworks)}, which runs on Windows alone."
    return ""


def read_project(tree: Path, path: str, others: Sequence[str] = ()) -> Project:
    """Read a project's own files; ``others`` are projects too. Blocking."""
    project = Project(path)
    inner = [Project(other) for other in others if other != path and project.holds(other)]
    classes: dict[str, str] = {}
    marked = []
    for place in walk_files(tree / project.folder):
        file = posixpath.join(project.folder, str(place))
        if place.suffix != ".cs" or {"bin", "obj"} & set(place.parts) or any(one.holds(file) for one in inner):
            continue
        names, tests = scan(read_text(tree / file))
        marked += [file] if tests else []
        # of a partial class, the part with tests counts
        for name in names:
            classes[name] = file if tests else classes.get(name, file)
    return Project(path, classes, tuple(marked))


def scan(text: str) -> tuple[list[str], bool]:
    """Return the full names of a file's classes, and whether it holds tests."""
    tests = False
    names = []
    for name in _scan(text):
        tests |= not name
        names += [name] if name else []
    return names, tests


def _scan(text: str) -> Iterator[str]:
    """Yield the full name of each class, "" for each mark of a test."""
    depth = 0
    whole = ""
    around: list[tuple[int, str, str]] = []
    waiting: tuple[str, str] | None = None
    for token in _TOKEN.finditer(text):
        if token["mark"]:
            yield ""
        elif token["space"] and token["whole"]:
            whole = f"{token['space']}."
        elif token["space"]:
            waiting = ("namespace", token["space"])
        elif token["type"]:
            waiting = ("class", token["type"])
            yield _join(whole, around, token["type"])
        elif token["brace"] == "{":
            if waiting is not None:
                around.append((depth, *waiting))
            depth, waiting = depth + 1, None
        elif token["brace"]:
            depth = max(depth - 1, 0)
            if around and around[-1][0] == depth:
                around.pop()


def _join(whole: str, around: Sequence[tuple[int, str, str]], name: str) -> str:
    spaces = "".join(f"{one}." for _, kind, one in around if kind == "namespace")
    return whole + spaces + "+".join([*(one for _, kind, one in around if kind == "class"), name])


def read_text(file: Path) -> str:
    """Read a file's text, "" for what is none. Blocking."""
    if file.is_symlink() or not file.is_file():
        return ""
    with file.open("rb") as stream:
        text = stream.read(_MOST_BYTES).decode("utf-8-sig", errors="replace")
    return text if file.suffix == ".cs" else _COMMENT.sub("", text)
