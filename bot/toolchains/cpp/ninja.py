"""Configure and build with Ninja, so that nothing of an older build is taken for a new one."""

from __future__ import annotations

import asyncio
import posixpath
import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.sandbox.port import CommandResult
from bot.toolchains.cpp.adoption import Adoption, write_script
from bot.toolchains.cpp.system import BUILD, BuildSystem
from bot.toolchains.cpp.targets import Build
from bot.toolchains.session import Session

# A compiler of C++ may take a gigabyte.
MAKE = ["ninja", "-C", BUILD, "-k", "0", "-j", "4"]
# Builds without what was linked before, else a runner would run the program of before. Each one that is missing then
# gets a stand-in that fails, since CTest tells no command of a program that is not there.
_MAKE_AGAIN = f"""rm -f -- "$@"
{shlex.join(MAKE)} >&2; code=$?
for product; do
  [ -e "$product" ] && continue
  echo "$product"
  printf '#!/bin/sh\\nexit 125\\n' >"$product" && chmod +x "$product"
done
exit $code"""
# A new test is built like so many others before it is given up.
_TRIED = 3


@dataclass(frozen=True)
class Made:
    """Result of a build; ``missing`` are the products that could not be built."""

    result: CommandResult
    build: Build
    configured: bool = True
    missing: frozenset[str] = frozenset()


async def make(session: Session, system: BuildSystem) -> Made:
    """Configure, and build what changed."""
    configured = await session.run(system.configuring)
    if not configured.ok:
        return Made(configured, Build(BUILD), configured=False)
    result = await session.run(MAKE)
    await session.run(["/bin/sh", "-c", system.describing], report="build.json")
    described = await asyncio.to_thread(session.read_report, "build.json")
    build = system.read_build(described, session.root)
    if result.ok or not build.targets:
        return Made(result, build)
    products = [target.product for target in build.targets]
    again = await session.run(["/bin/sh", "-c", _MAKE_AGAIN, "sh", *products], report="missing.txt")
    missing = await asyncio.to_thread(session.read_report, "missing.txt")
    return Made(again, build, missing=frozenset(missing.decode(errors="replace").splitlines()))


async def adopt(
    session: Session, adoptions: Sequence[Adoption], build: Build, texts: Mapping[str, str]
) -> tuple[Adoption | None, CommandResult | None]:
    """Build a new test as the first of its siblings by which that works.

    Returns none of them, and the first attempt's result, where it works by none.
    """
    results: list[CommandResult] = []
    for one in adoptions[:_TRIED]:
        results.append(await _build_like(session, one, build, texts))
        if results[-1].ok:
            return one, results[-1]
    return None, next(iter(results), None)


async def _build_like(session: Session, adoption: Adoption, build: Build, texts: Mapping[str, str]) -> CommandResult:
    program = posixpath.relpath(adoption.target.product, BUILD)
    report = f"link-{secrets.token_hex(8)}.txt"
    listing = await session.run(["ninja", "-C", BUILD, "-t", "commands", program], report=report)
    linking = (await asyncio.to_thread(session.read_report, report)).decode(errors="replace")
    script = write_script(adoption, build, linking, texts)
    return await session.run(["/bin/sh", "-c", script]) if script else listing.model_copy(update={"exit_code": 1})
