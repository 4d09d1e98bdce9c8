"""Install and test a Rust package or workspace with cargo."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.port import Mount
from bot.toolchains.events import Case, End, Plan, Problem, Record
from bot.toolchains.installer import render
from bot.toolchains.language import Install, Outcome
from bot.toolchains.port import TestCase, ToolchainError
from bot.toolchains.rounds import join_results
from bot.toolchains.rust.binaries import Runner, write_key
from bot.toolchains.rust.doctests import run_examples
from bot.toolchains.rust.programs import Version, find_rust, require_rust, write_version
from bot.toolchains.rust.targets import Build, Target, read_build, read_manifest, read_targets, read_text
from bot.toolchains.session import ENV, Session
from bot.toolchains.units import Unit

_INSIDE = Path(__file__).parent / "inside"
_RUSTDOC = "/forgehand-rust"
# The runner of a unit whose tests want a process each.
APART = "cargo test, a process for each test"
_BUILT = "target"
_METADATA = ["cargo", "metadata", "--no-deps", "--offline", "--format-version=1"]
_BUILD = ["cargo", "test", "--no-run", "--no-fail-fast"]
# Cargo tells by times what is old, and a tree that was laid out before the build may hold other files with older times.
# A repository without a lock keeps the one that was made, so that all its runs have the same dependencies.
_KEEP = (
    f"find . -type f ! -path './.git/*' ! -path './target/*' -exec sha256sum {{}} + >{ENV}/sources; "
    f"[ ! -f Cargo.lock ] || cp Cargo.lock {ENV}/Cargo.lock"
)
_PREPARE = (
    f"[ -e Cargo.lock ] || [ ! -f {ENV}/Cargo.lock ] || cp {ENV}/Cargo.lock Cargo.lock; "
    f"LC_ALL=C sha256sum --check --quiet {ENV}/sources 2>/dev/null | sed -n 's/: FAILED$//p' | "
    'while IFS= read -r file; do touch -c -- "$file"; done'
)
# A table, or nothing but the name: https://rust-lang.github.io/rustup/overrides.html
_CHANNEL = re.compile(
    r"(?:^\s*channel\s*=\s*[\"']|\A\s*)([\w.-]+?)(?:-(?:x86_64|aarch64)-\S*?)?(?:[\"']|\s*\Z)", re.MULTILINE
)
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.\d+)?")


@dataclass(frozen=True)
class RustAdapter:
    """Adapter of one package or workspace; ``tree`` is the base."""

    unit: Unit
    tree: Path
    written: tuple[str, ...] = (_BUILT,)

    def require(self) -> None:
        """Require a Rust as new as the repository asks."""
        here = require_rust()
        for file, asked in self._list_asked():
            needed = _read_version(asked)
            fits = asked == "stable" or (needed is not None and needed <= here.version)
            if not fits and not (here.nightly and asked.startswith("nightly")):
                wanted = write_version(needed) if needed is not None else asked
                raise ToolchainError(f"The repository needs Rust {wanted} (`{file}`); this machine has {here.text}.")

    def _list_asked(self) -> Iterator[tuple[str, str]]:
        """Yield the channels and versions that the unit asks for."""
        yield from self._list_channels()
        package = read_manifest(self.tree / self.unit.root / "Cargo.toml").get("package")
        version = package.get("rust-version") if isinstance(package, dict) else None
        if isinstance(version, str):
            yield "Cargo.toml", version

    def _list_channels(self) -> Iterator[tuple[str, str]]:
        for name in ("rust-toolchain.toml", "rust-toolchain"):
            channel = _CHANNEL.search(read_text(self.tree / self.unit.root / name))
            if channel is not None:
                yield name, channel[1]

    def _list_notes(self) -> Iterator[str]:
        """Yield a note where the Rust is not the one that the repository names."""
        here = require_rust()
        for file, asked in self._list_channels():
            if _read_version(asked) not in (None, here.version):
                yield f"`{file}` names Rust {asked}; the tests ran with {here.text}."

    def mounts(self) -> Sequence[Mount]:
        return [*require_rust().mounts(), Mount(source=_INSIDE, target=_RUSTDOC)]

    def environment(self) -> Mapping[str, str]:
        rust = find_rust()
        own = f"{rust.root}/bin:" if rust is not None else ""
        libraries = f"{rust.root}/lib:{rust.libraries}" if rust is not None else ""
        return {
            "PATH": f"{own}/usr/local/bin:/usr/bin:/bin",
            "CARGO_HOME": f"{ENV}/cargo",
            "CARGO_TARGET_DIR": f"{ENV}/{_BUILT}",
            "CARGO_NET_OFFLINE": "true",
            "CARGO_INCREMENTAL": "0",
            "CARGO_TERM_COLOR": "never",
            "RUSTDOC": f"{_RUSTDOC}/rustdoc",
            # a trace would push the panic out of what is kept of a message
            "RUST_BACKTRACE": "0",
            "LD_LIBRARY_PATH": f"{ENV}/{_BUILT}/debug/deps:{ENV}/{_BUILT}/debug:{libraries}",
            "CI": "1",
            "TZ": "UTC",
        }

    def plan_install(self) -> Install:
        """Fetch the dependencies and build what tests need.

        A target that cannot be built is for the tests to tell.
        """
        fetch = [["cargo", "fetch"], ["/bin/sh", "-c", _KEEP]]
        env = {"CARGO_NET_OFFLINE": "false", "CARGO_REGISTRIES_CRATES_IO_PROTOCOL": "sparse"}
        return Install([[*fetch, [*_BUILD, "--workspace"]], fetch], env, authorities=("CARGO_HTTP_CAINFO",))

    async def test(self, session: Session, targets: Sequence[str]) -> Outcome:
        """Build and run what holds the tests of the targets, or everything."""
        listed = await session.run(_METADATA, report="metadata.json")
        if not listed.ok:
            problem = Problem(id=f"{self.unit.root}/Cargo.toml".lstrip("/"), phase="build", message=listed.output)
            return Outcome(render(_METADATA, self.unit.root), listed, (problem, End()))
        metadata = await asyncio.to_thread(session.read_report, "metadata.json")
        found = await asyncio.to_thread(read_targets, metadata, session.workspace.tree)
        selection = Selection(targets)
        chosen = [target for target in found if selection.takes(target)]
        line = self._render(chosen, targets)
        if not chosen:
            return Outcome(line, listed, (End(),))
        run = await self._run(session, chosen, selection)
        end = End(cut_short=run.stopped or run.cut_short)
        notes = await asyncio.to_thread(lambda: tuple(self._list_notes()))
        return Outcome(line, join_results(run.results), (*run.records, end), notes)

    async def _run(self, session: Session, chosen: Sequence[Target], selection: Selection) -> Runner:
        run = Runner(session, selection.wants, bool(selection.targets), self.unit.runner == APART)
        await session.run(["/bin/sh", "-c", _PREPARE])
        tested = [target for target in chosen if target.tested]
        build = Build()
        if tested:
            build = await self._build(run, tested if selection.targets else ())
        for target in tested:
            program = build.programs.get(target.key)
            if program is None:
                run.records += _tell_unbuilt(target, build, selection)
            elif not run.stopped:
                await (run.run_tests if target.harness else run.run_own)(target, program)
        documented = [target for target in chosen if target.documented and selection.takes_examples(target)]
        for number, target in enumerate(documented):
            if not run.stopped:
                result, records = await run_examples(session, target, number, selection.files, selection.wants)
                run.results.append(result)
                run.records += records
        return run

    async def _build(self, run: Runner, targets: Sequence[Target]) -> Build:
        """Build targets, or all of them."""
        argv = [*_BUILD, "--message-format=json", *_choose(targets)]
        result = await run.session.run(argv, report="build.json")
        run.results.append(result)
        return read_build(await asyncio.to_thread(run.session.read_report, "build.json"), result.output)

    def _render(self, chosen: Sequence[Target], targets: Sequence[str]) -> str:
        return render(["cargo", "test", "--no-fail-fast", *_choose(chosen if targets else ())], self.unit.root)


@dataclass(frozen=True)
class Selection:
    """Files, folders and ids of tests that were asked for; none is all."""

    targets: Sequence[str]

    @property
    def files(self) -> list[str]:
        return list(dict.fromkeys(target.partition("::")[0].rstrip("/") for target in self.targets))

    def takes(self, target: Target) -> bool:
        """Return whether a file of the target was asked for."""
        own = {target.root, *target.modules.files.values()}
        return not self.targets or any(_holds(file, one) for file in self.files for one in own)

    def takes_examples(self, target: Target) -> bool:
        """Return whether examples may have been asked for."""
        asked = [one for one in self.targets if "::" not in one or "::doctest" in one]
        return not self.targets or (bool(asked) and Selection(asked).takes(target))

    def wants(self, id: str) -> bool:
        """Return whether a test of this id, without its number, is asked for."""
        names = {re.sub(r"#\d+$", "", target) for target in self.targets if "::" in target}
        files = [target for target in self.targets if "::" not in target]
        return not self.targets or id in names or any(_holds(file, id.partition("::")[0]) for file in files)


def _holds(asked: str, file: str) -> bool:
    return file == asked or file.startswith(f"{asked.rstrip('/')}/")


def _choose(targets: Sequence[Target]) -> list[str]:
    """Write the options that have cargo build targets, or all of them."""
    if not targets:
        return ["--workspace"]
    packages = dict.fromkeys(target.package for target in targets)
    options = dict.fromkeys(tuple(target.option) for target in targets)
    return [*(part for one in packages for part in ("-p", one)), *(part for option in options for part in option)]


def _tell_unbuilt(target: Target, build: Build, selection: Selection) -> Iterator[Record]:
    """Yield an error for each known test of what was not built."""
    if target.optional and target.key not in build.errors:
        return
    message = build.errors.get(target.key, build.first)
    tests = {name: target.write_id(name) for name in target.modules.tests}
    wanted = {name: id for name, id in tests.items() if selection.wants(id)}
    for name, id in wanted.items():
        yield Plan(id=id, key=write_key(target, name))
        case = TestCase(id=id, verdict="error", phase="build", message=message)
        yield Case(case=case, key=write_key(target, name))
    if not wanted:
        yield Problem(id=target.root, phase="build", message=message)


def _read_version(text: str) -> Version | None:
    version = _VERSION.fullmatch(text)
    return (int(version[1]), int(version[2])) if version is not None else None
