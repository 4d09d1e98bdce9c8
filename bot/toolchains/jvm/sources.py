"""Find the tests that files of Java and Kotlin hold, by reading them."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from bot.toolchains.jvm import paths
from bot.toolchains.port import Phase
from bot.toolchains.units import Unit, is_sample, walk_files

# Bytes of a file that are read.
_MOST_BYTES = 1024 * 1024
_MODULE = re.compile(r"<module>([^<]+)</module>")
# A profile that is not on by itself adds no modules.
_PROFILE = re.compile(r"<profile>(?:(?!</?profile>|<activeByDefault>\s*true).)*</profile>", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_PACKAGE = re.compile(r"^[^\S\n]*package\s+([\w.]+)", re.MULTILINE)
# What matters of a source file; comments and texts are passed over whole, or to the end where theirs is missing.
_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?(?:\*/|\Z)|\"\"\".*?(?:\"\"\"|\Z)|\"(?:\\.|[^\"\\\n])*+\"?|'(?:\\.|[^'\\\n])*+'?"
    r"|@(?:\w+\.)*(?P<mark>\w+)|\b(?:class|record|interface|enum|object)\s+(?P<type>\w+)"
    r"|(?P<brace>[{}])|(?P<name>(?<![\w$])[\w$]++|`[^`\n]+`)\s*+\(",
    re.DOTALL,
)
_HOOK = re.compile(r"(Before|After)(?:Each|All|Class|Method)?")
_PHASES: dict[str, Phase] = {"Before": "setup", "After": "teardown"}
_FRAME = re.compile(r"^\s+at [^\s(]*\.([\w$]+)\((\w+\.\w+):\d+\)", re.MULTILINE)
# Classes in classes that a name is looked up by.
_DEEPEST = 100
_MARKS = {"Test", "ParameterizedTest", "RepeatedTest", "TestFactory", "TestTemplate"}


@dataclass(frozen=True)
class TestFile:
    """File that may hold tests.

    ``module`` is the folder of its build file, ``classes`` are its outermost ones by their full names, ``tests`` the
    names of its tests as ids have them (``Nested::method``), and ``owners`` the outermost class of each. ``hooks`` are
    methods that run before or after tests.
    """

    __test__ = False

    path: str
    module: str
    classes: tuple[str, ...]
    tests: tuple[str, ...]
    owners: tuple[str, ...]
    hooks: Mapping[str, Phase] = field(default_factory=dict)

    def list_selections(self) -> Mapping[str, str]:
        """Return how Surefire is asked for each of its tests."""
        found: dict[str, str] = {}
        for test, owner in zip(self.tests, self.owners, strict=True):
            *nested, method = test.split("::")
            found.setdefault(test, "$".join([owner, *nested]) + f"#{method}")
        return found


def read_modules(tree: Path, root: str) -> list[str]:
    """Return the folders of a Maven build. Blocking."""
    found: dict[str, None] = {}
    waiting = deque([root])
    while waiting:
        module = waiting.popleft()
        # a build that names its neighbours leaves them to build themselves
        beside = module.startswith(("/", "..")) or not Unit(root=root, toolchain="jvm").holds(module)
        if module in found or beside:
            continue
        found[module] = None
        text = _COMMENT.sub("", read_text(tree / module / "pom.xml"))
        for name in filter(None, map(str.strip, _MODULE.findall(_PROFILE.sub("", text)))):
            folder = posixpath.dirname(name) if name.endswith(".xml") else name
            place = posixpath.normpath(posixpath.join(module, folder))
            waiting.append("" if place == "." else place)
    return list(found)


def read_files(tree: Path, modules: Sequence[str]) -> list[TestFile]:
    """Return the test files of modules, in order. Blocking."""
    found = []
    for place in walk_files(tree):
        path = str(place)
        holding = [one for one in modules if not one or path.startswith(f"{one}/")]
        if holding and paths.is_test_source(path):
            found.append(read_file(tree, path, max(holding, key=len)))
    return found


def read_projects(tree: Path, root: str) -> list[TestFile]:
    """Return the test files of a Gradle build, in order. Blocking.

    Which projects it has is code: the folder above ``src`` is taken for one.
    """
    found = []
    for place in walk_files(tree):
        above, source, _ = f"/{place}".partition("/src/")
        module = above[1:] if source else root
        if (
            paths.is_test_source(str(place))
            and Unit(root=root, toolchain="jvm").holds(module)
            and not is_sample(module)
        ):
            found.append(read_file(tree, str(place), module))
    return found


def read_file(tree: Path, path: str, module: str) -> TestFile:
    """Read one file. Blocking."""
    text = read_text(tree / path)
    package = _PACKAGE.search(text)
    prefix = f"{package[1]}." if package is not None else ""
    classes: list[str] = []
    tests: list[tuple[str, str]] = []
    hooks: dict[str, Phase] = {}
    for *outer, name in _scan(text, classes, hooks):
        tests.append(("::".join([*outer[1:], name]), f"{prefix}{outer[0]}"))
    kept = list(dict.fromkeys(tests))
    return TestFile(
        path,
        module,
        tuple(f"{prefix}{name}" for name in dict.fromkeys(classes)),
        tuple(name for name, _ in kept),
        tuple(owner for _, owner in kept),
        hooks,
    )


def read_names(text: str) -> tuple[str, list[str]]:
    """Return the package of a source, and the full names of its classes."""
    package = _PACKAGE.search(text)
    name = package[1] if package is not None else ""
    classes: list[str] = []
    for _ in _scan(text, classes, {}):
        pass
    return name, [f"{name}.{one}".lstrip(".") for one in dict.fromkeys(classes)]


def _scan(text: str, classes: list[str], hooks: dict[str, Phase]) -> Iterator[list[str]]:
    """Yield the classes around each test, then its name.

    ``classes`` takes the outermost ones, ``hooks`` the methods around tests.
    """
    depth = 0
    around: list[tuple[int, str]] = []
    waiting = ""
    marked = False
    hook = ""
    for token in _TOKEN.finditer(text):
        if token["mark"]:
            marked |= token["mark"] in _MARKS
            found = _HOOK.fullmatch(token["mark"])
            hook = found[1] if found is not None else hook
        elif token["type"]:
            waiting, marked = token["type"], False
            if not depth:
                classes.append(waiting)
        elif token["brace"] == "{":
            if waiting:
                around.append((depth, waiting))
            depth, waiting = depth + 1, ""
        elif token["brace"]:
            depth = max(depth - 1, 0)
            if around and around[-1][0] == depth:
                around.pop()
        elif token["name"] and hook:
            hooks[token["name"]] = _PHASES[hook]
            hook = ""
        elif token["name"] and marked and 0 < len(around) <= _DEEPEST:
            yield [*(name for _, name in around), token["name"].strip("`")]
            marked = False


def read_text(file: Path) -> str:
    """Read a file's text, "" for what is none. Blocking."""
    try:
        if file.is_symlink() or not file.is_file():
            return ""
        with file.open("rb") as stream:
            return stream.read(_MOST_BYTES).decode(errors="replace")
    except OSError:
        # a build may name folders as long as no file's name can be
        return ""


def _sort_tests(file: TestFile) -> Mapping[tuple[str, str], list[str]]:
    """Sort the tests of a file by nested class, and by outermost one."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for test, owner in zip(file.tests, file.owners, strict=True):
        found["", owner].append(test)
        for nested in accumulate(test.split("::")[:-1], "{}::{}".format):
            found[nested, ""].append(test)
    return found


class Sources:
    """Test files of a build, found by path and by class."""

    def __init__(self, files: Sequence[TestFile]) -> None:
        self.files = {file.path: file for file in files}
        self._hooks = {
            (posixpath.basename(file.path), name): phase for file in files for name, phase in file.hooks.items()
        }
        self._tests: dict[str, Mapping[tuple[str, str], list[str]]] = {}
        self._classes = {(file.module, name): file for file in files for name in file.classes}

    def select(self, targets: Sequence[str]) -> list[TestFile]:
        """Return the files of targets (files, folders, ids), or all."""
        places = {target.partition("::")[0].rstrip("/") for target in targets}
        above = tuple(f"{place}/" for place in places)
        return [
            file for file in self.files.values() if not targets or file.path in places or file.path.startswith(above)
        ]

    def list_tests(self, path: str, nested: str, owner: str) -> Sequence[str]:
        """Return the tests of a nested class; of an outermost one for ""."""
        if path not in self.files:
            return ()
        if path not in self._tests:
            self._tests[path] = _sort_tests(self.files[path])
        return self._tests[path].get((nested, "" if nested else owner), ())

    def find_phase(self, stack: str) -> Phase:
        """Return where a test failed, by the first hook on the stack."""
        frames = ((file, method) for method, file in _FRAME.findall(stack))
        return next((self._hooks[frame] for frame in frames if frame in self._hooks), "call")

    def name(self, told: str) -> str:
        """Return the id of a test that a runner told of.

        Our listener calls it ``module/package.Class::rest``; where no file is known, it stays that.
        """
        place, *rest = told.split("::")
        module, _, name = place.rpartition("/")
        name, bracket, more = name.partition("[")
        outer = name.split("$")
        for length in range(min(len(outer), _DEEPEST), 0, -1):
            file = self._classes.get((module, "$".join(outer[:length])))
            if file is not None:
                return "::".join([file.path, *outer[length:], *([bracket + more] if bracket else []), *rest])
        return told
