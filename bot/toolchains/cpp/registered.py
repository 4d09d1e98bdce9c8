"""Define a test that a build registers, and the end of its process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["passed", "failed", "signal", "timeout", "skipped", "error", "unrun"]
# A test whose verdict is not its exit code alone.
_OWN_RULES = {"WILL_FAIL", "PASS_REGULAR_EXPRESSION", "FAIL_REGULAR_EXPRESSION"}


@dataclass(frozen=True)
class Ended:
    """End of a process.

    ``why`` is in a runner's words, ``output`` for people.
    """

    status: Status
    why: str = ""
    seconds: float = 0.0
    output: str = ""


@dataclass(frozen=True)
class Registered:
    """Test that a build plans; ``defined`` is the build file that adds it.

    ``properties`` have CTest's names: https://cmake.org/cmake/help/latest/manual/cmake-properties.7.html
    """

    number: int
    name: str
    command: tuple[str, ...] = ()
    defined: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_plain(self) -> bool:
        """Return whether the exit code of its program is its verdict."""
        return not _OWN_RULES & self.properties.keys()

    @property
    def folder(self) -> str:
        return str(self.properties.get("WORKING_DIRECTORY", ""))

    @property
    def variables(self) -> list[str]:
        """Return what it sets, each as ``NAME=value``."""
        found = self.properties.get("ENVIRONMENT")
        return [str(one) for one in found] if isinstance(found, list) else []
