"""Configure by CMake, and run tests by CTest.

What is believed: CTest's plan, what CTest itself prints to a file outside the sandbox, and its exit code. The JUnit
file that it writes adds each test's output; where it does not say of a pass that it is one, it is none. googletest's
JSON counts as ``report`` says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bot.toolchains.cpp.build_files import list_test_options
from bot.toolchains.cpp.ctest import read_plan, read_run
from bot.toolchains.cpp.processes import GTEST, SHARE, Told, tell_all
from bot.toolchains.cpp.programs import require_cmake
from bot.toolchains.cpp.registered import Registered
from bot.toolchains.cpp.report import Process
from bot.toolchains.cpp.system import BUILD
from bot.toolchains.cpp.targets import Build, read_build
from bot.toolchains.events import TEXT
from bot.toolchains.placeholders import RESULTS
from bot.toolchains.results import read_bounded
from bot.toolchains.session import Session

# Asks CMake to say what it makes of which files.
_ASK = ["install", "-D", "/dev/null", f"{BUILD}/.cmake/api/v1/query/codemodel-v2"]
# Where Debian keeps the sources of googletest: a project that would fetch them takes these.
_GOOGLETEST = "/usr/src/googletest"
_JUNIT = "ctest.xml"


class CMake:
    """CMake with Ninja, and CTest."""

    build_file = "CMakeLists.txt"
    configuring = ("cmake", "-S", ".", "-B", BUILD)
    describing = f"cat {BUILD}/.cmake/api/v1/reply/target-*.json {BUILD}/compile_commands.json"

    def require(self) -> None:
        """Require CMake, Ninja and compilers."""
        require_cmake()

    def list_configure_steps(self, root: Path) -> list[list[str]]:
        """Configure with the options that switch tests on. Blocking."""
        given = [f"-D{name}=ON" for name in list_test_options(root)]
        if Path(_GOOGLETEST, "CMakeLists.txt").is_file():
            given.append(f"-DFETCHCONTENT_SOURCE_DIR_GOOGLETEST={_GOOGLETEST}")
        # without a type of build, some projects take one in which assert() does nothing
        fixed = ["-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"]
        return [_ASK, [*self.configuring, *fixed, "-DFETCHCONTENT_TRY_FIND_PACKAGE_MODE=ALWAYS", *given]]

    def read_build(self, described: bytes, root: str) -> Build:
        return read_build(described, BUILD, root)

    async def plan(self, session: Session) -> list[Registered]:
        """Ask CTest for its tests."""
        await session.run(["ctest", "--test-dir", BUILD, "--show-only=json-v1"], report="plan.json")
        return read_plan(await asyncio.to_thread(session.read_report, "plan.json"))

    async def run(self, session: Session, processes: Sequence[Process]) -> Told:
        """Run tests, and the fixtures that they need."""
        numbers = [str(process.registered.number) for process in processes]
        argv = ["ctest", "--test-dir", BUILD, "--output-junit", f"{RESULTS}/{_JUNIT}"]
        argv += ["--timeout", str(max(int(session.seconds * SHARE), 1)), "-I", ",".join(["0", "0", "0", *numbers])]
        result = await session.run(argv, report="ctest.txt", env=GTEST)
        console = await asyncio.to_thread(session.read_report, "ctest.txt")
        junit = await asyncio.to_thread(read_bounded, session.channel.directory / _JUNIT)
        ended, begun = read_run(console, junit, [process.registered for process in processes])
        shown = result.model_copy(update={"output": console.decode(errors="replace")[-TEXT:] + result.output})
        return await tell_all(session, shown, processes, ended, begun)

    def render(self, names: Sequence[str]) -> list[str]:
        return ["ctest", "-R", f"^({'|'.join(names)})$"] if names else ["ctest"]
