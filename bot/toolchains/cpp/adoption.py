"""Build a new test file that no build file names, as its nearest registered sibling is built.

Build files stay as they are on the base, so a change cannot register a test. The new file is compiled by the sibling's
own command, and linked by that of its program, with the new object in place of the sibling's. Someone has to register
it later: the result says so.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.markdown import inline_code
from bot.sandbox.port import WORK
from bot.toolchains.cpp.paths import has_mark, is_test_file, stem
from bot.toolchains.cpp.targets import Build, Target, to_tree

_ADOPTED = "adopted"
# What a file holds that brings the program's main function, by itself or of a framework.
_MAIN = re.compile(r"\bmain\s*\(|^\s*#\s*define\s+\w*(?:_MAIN|_TEST_MODULE)\b", re.MULTILINE)

_INCLUDE = re.compile(r"^\s*#\s*include\s*[<\"]([^>\"]+)", re.MULTILINE)


@dataclass(frozen=True)
class Adoption:
    """New test file, the sibling it is built like, and the sibling's program."""

    path: str
    sibling: str
    target: Target
    folder: str

    @property
    def program(self) -> str:
        return posixpath.join(self.folder, _ADOPTED, re.sub(r"\W", "-", self.path))

    @property
    def note(self) -> str:
        """Say what a maintainer has to do."""
        path, sibling = inline_code(self.path), inline_code(self.sibling)
        return f"No build file names {path}: here it was built as {sibling} is. Register it beside that one."


def rank_siblings(path: str, build: Build, registered: Collection[str], texts: Mapping[str, str]) -> Sequence[Adoption]:
    """Return the tests that a new file can be built like, nearest first.

    At most one of a program. ``registered`` are the programs that are tests.
    """
    ending = posixpath.splitext(path)[1]
    wanted = _describe(path, texts)

    def rate(one: Adoption) -> tuple[int, int, int, str]:
        own = _describe(one.sibling, texts)
        shared = len(set(path.split("/")[:-1]) & set(one.sibling.split("/")[:-1]))
        return (
            -shared,
            -len(own & wanted),
            int(_has_main(one.sibling, texts) is not _has_main(path, texts)),
            one.sibling,
        )

    found = [
        Adoption(path, source, target, build.folder)
        for target in build.targets
        if target.is_program and target.product in registered
        for source in target.sources
        if source.endswith(ending) and is_test_file(source)
    ]
    return list({one.target: one for one in sorted(found, key=rate, reverse=True)}.values())[::-1]


def _describe(path: str, texts: Mapping[str, str]) -> set[str]:
    """Return what is said of a test by its name and its includes."""
    included = (posixpath.basename(name) for name in _INCLUDE.findall(texts.get(path, "")))
    return {stem(path), *included}


def _has_main(path: str, texts: Mapping[str, str]) -> bool:
    return _MAIN.search(texts.get(path, "")) is not None


def write_script(adoption: Adoption, build: Build, linking: str, texts: Mapping[str, str]) -> str:
    """Write the shell line that builds a new test, "" where none is known.

    ``linking`` are the commands that build the sibling's program, ``texts`` what stands in the files.
    """
    link = _find_link(linking, adoption.target.product, build.folder)
    objects = {word: _get_source(build, word) for word in link if _get_source(build, word)}
    made = next((word for word, source in objects.items() if source == adoption.sibling), "")
    if not made:
        return ""
    new = f"{adoption.program}.o"
    own = _has_main(adoption.path, texts)
    left = {word for word, source in objects.items() if not _is_kept(source, own, texts) or word == made}
    sources = {posixpath.join(WORK, adoption.sibling): posixpath.join(WORK, adoption.path), made: new}
    compiling = [sources.get(_resolve(word, build), sources.get(word, word)) for word in _get_command(build, made)]
    linked = [new if word == made else word for word in link if word == made or word not in left]
    output = linked.index("-o") + 1
    linked[output] = adoption.program
    folder = posixpath.join(build.folder, _ADOPTED)
    return f"mkdir -p {folder} && cd {build.folder} && {shlex.join(compiling)} && {shlex.join(linked)}"


def _is_kept(source: str, has_main: bool, texts: Mapping[str, str]) -> bool:
    """Return whether a file of the sibling's program goes with the new test.

    Others of its tests do not, but for the main function where the new one has none.
    """
    if _has_main(source, texts):
        return not has_main
    return not has_mark(source)


def _find_link(linking: str, product: str, folder: str) -> list[str]:
    """Return the words of the command that links a program."""
    for line in reversed(linking.splitlines()):
        for part in line.split(" && "):
            try:
                words = shlex.split(part)
            except ValueError:
                continue
            if "-o" in words[:-1] and posixpath.join(folder, words[words.index("-o") + 1]) == product:
                return words
    return []


def _get_command(build: Build, made: str) -> Sequence[str]:
    return build.commands.get(posixpath.normpath(posixpath.join(build.folder, made)), ())


def _get_source(build: Build, made: str) -> str:
    """Return the file of the tree that an object is made of."""
    words = _get_command(build, made)
    return to_tree(words[words.index("-c") + 1], build.folder) if "-c" in words[:-1] else ""


def _resolve(word: str, build: Build) -> str:
    """Return a path of a command line as a whole one."""
    return posixpath.normpath(posixpath.join(build.folder, word))
