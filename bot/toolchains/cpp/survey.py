"""See which file each registered test stands in, and which of them could not be built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.toolchains.cpp.registered import Registered
from bot.toolchains.cpp.sources import list_tests, pick_errors
from bot.toolchains.cpp.targets import Build, Target, to_tree
from bot.toolchains.events import Case, Record
from bot.toolchains.port import TestCase

# How CTest names a program whose tests it could not ask for.
_UNBUILT = "_NOT_BUILT"


@dataclass(frozen=True)
class Survey:
    """Tests of a build, as far as they are known before they run.

    ``texts`` are the files of its programs, ``missing`` the products that could not be built, ``output`` says why;
    ``default`` is the file of what stands nowhere else.
    """

    build: Build
    plan: Sequence[Registered]
    texts: Mapping[str, str]
    missing: frozenset[str]
    output: str
    default: str

    def list_built(self) -> list[Registered]:
        """Return the tests that can run."""
        return [test for test in self.plan if not self._is_unbuilt(test)]

    def list_programs(self) -> list[str]:
        """Return the programs of the build that tests are."""
        programs = (owner.product for test in self.list_built() if (owner := self.find_owner(test)) is not None)
        return list(dict.fromkeys(programs))

    def find_owner(self, test: Registered) -> Target | None:
        """Return the target that a test runs, also by a script."""
        named = test.name.removesuffix(_UNBUILT)
        if named != test.name:
            return next((target for target in self.build.targets if target.name == named), None)
        return next((target for word in test.command if (target := self.build.find_product(word))), None)

    def find_file(self, test: Registered) -> str:
        """Return the file of a test.

        It is its program's, else the one in its command, else where it is added.
        """
        owner = self.find_owner(test)
        if owner is not None and owner.sources:
            return owner.find_source(test.name, self.texts)
        named = (to_tree(word, test.folder) for word in test.command)
        return next((path for path in named if path), test.defined or self.default)

    def tell_unbuilt(self) -> Iterator[Record]:
        """Yield an error for every test known of what could not be built."""
        lost: dict[Target, list[str]] = {}
        for test in self.plan:
            owner = self.find_owner(test)
            if owner is not None and self._is_unbuilt(test):
                lost.setdefault(owner, []).append(f"{self.find_file(test)}::{test.name.removesuffix(_UNBUILT)}")
        for target, ids in lost.items():
            known = [id for path in target.sources for id in list_tests(path, self.texts.get(path, ""))]
            message = pick_errors(self.output, target.sources)
            for id in dict.fromkeys(known or ids):
                yield Case(case=TestCase(id=id, verdict="error", phase="build", message=message), key=target.name)

    def _is_unbuilt(self, test: Registered) -> bool:
        owner = self.find_owner(test)
        return owner is not None and (owner.product in self.missing or test.name.endswith(_UNBUILT))
