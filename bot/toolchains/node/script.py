"""Read the test script of a package.json: a pipeline more often than a runner.

The parts that are known runners are kept with their own arguments, what builds is run before, linters and type checks
are left out.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePosixPath

from bot.toolchains.node.mocha import NODE_VALUES

RUNNERS = ("node:test", "vitest", "jest", "mocha", "ava")
_DEEPEST = 6
_MOST_PARTS = 60
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
# Programs that only run another one, whose own options come first.
_WRAPPERS = {"cross-env", "cross-env-shell", "c8", "nyc", "dotenv", "env-cmd", "npx", "exec", "time", "nohup", "retry"}
_MANAGERS = {"npm", "pnpm", "yarn", "bun"}
_FAN_OUT = {
    "-r", "--recursive", "--workspaces", "-ws", "--workspace", "-w", "--filter", "-F", "workspaces", "workspace",
}  # fmt: skip
# Programs that run scripts of a workspace's members.
_FANS = {"turbo", "nx", "lerna"}
_SCRIPTS_OF_SCRIPTS = {"run-s", "npm-run-all", "run-p"}
_LOADERS = {"tsx", "ts-node", "@swc-node/register"}
# What a name of a script, or a program, says of it.
_BUILDS = re.compile(r"(^|:)(build|compile|prebuild|bundle|generate|prepare|transpile)\b|^(tsc|rollup|esbuild)$")
_NO_BUILD = re.compile(r"--noEmit|watch|docs?\b|website|\blint|types?\b")
_NODE_VALUES = {
    "--import", "--require", "-r", "--loader", "--experimental-loader", "--conditions", "-C", "--env-file",
    "--test-concurrency", "--test-timeout", "--max-old-space-size", "--stack-trace-limit",
}  # fmt: skip
# Options that take the next word, by runner; an option that is not listed takes none.
_VALUES = {
    "node:test": _NODE_VALUES,
    "vitest": {"--config", "-c", "--root", "-r", "--dir", "--project", "--environment", "--pool", "--mode",
               "--testTimeout", "--hookTimeout", "--maxWorkers", "--minWorkers", "--exclude", "-t"},
    "jest": {"--config", "-c", "--env", "--testEnvironment", "--rootDir", "--roots", "--maxWorkers", "-w",
             "--testTimeout", "--selectProjects", "--projects", "--testPathPattern", "--testPathPatterns", "--preset",
             "--testPathIgnorePatterns", "--testMatch", "--testRegex", "--setupFilesAfterEnv", "--setupFiles", "-t"},
    "mocha": {"--require", "-r", "--ui", "-u", "--timeout", "-t", "--slow", "-s", "--file", "--extension", "--config",
              "--package", "--ignore", "--jobs", "-j", "--node-option", "-n", "--grep", "-g", "--fgrep", "-f",
              *NODE_VALUES},
    "ava": {"--config", "--timeout", "-T", "--concurrency", "-c", "--node-arguments", "--match", "-m"},
}  # fmt: skip
# Options that are left out: ours stand in their place, they end a run early, or it would never end.
_DROPPED_VALUES = {
    "--reporter", "-R", "--reporters", "--reporter-option", "--reporter-options", "-O", "--outputFile", "--retries",
    "--retry", "--test-reporter", "--test-reporter-destination", "--test-coverage-include", "--test-coverage-exclude",
    "--coverageDirectory", "--coverageReporters", "--collectCoverageFrom",
}  # fmt: skip
_DROPPED = re.compile(
    r"--?(?:watch|watchAll|w|coverage|collectCoverage|experimental-test-coverage|bail|b|fail-fast|exit-on-fail|ui|open"
    r"|onlyChanged|changedSince|changed|o|tap|verbose|v|silent|passWithNoTests|parallel|p|inspect\S*|test-only|only"
    r"|test-force-exit|ci|run)(?:=.*)?"
)


@dataclass(frozen=True)
class Command:
    """Call of a known runner.

    ``options`` are its own, mocha's with those that it gives to node; ``node`` are those of node itself, ``files`` the
    paths and patterns it is given, ``variables`` its environment.
    """

    runner: str
    options: tuple[str, ...] = ()
    node: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Script:
    """Test script, taken apart: runners, and commands that build before."""

    commands: tuple[Command, ...] = ()
    builds: tuple[str, ...] = ()


def read_script(scripts: Mapping[str, str], name: str) -> Script:
    """Take a script of package.json apart, those that it runs included."""
    found: list[Command] = []
    builds: list[str] = []
    for number, words in enumerate(_list_parts(scripts, name, 0)):
        if number == _MOST_PARTS:
            break
        command = _read_command(words)
        if command is not None:
            found.append(command)
        elif not found and (build := _read_build(words)):
            builds.append(build)
    return Script(tuple(found), tuple(builds) if found else ())


def _list_parts(scripts: Mapping[str, str], name: str, depth: int) -> Iterator[list[str]]:
    """Yield the simple commands of a script, and of scripts that it runs."""
    if depth > _DEEPEST:
        return
    line = scripts.get(name, "")
    named = f"pre{name}"
    if named in scripts:
        yield from _list_parts(scripts, named, depth + 1)
    for words in split_line(line):
        called = _called_scripts(words, scripts)
        if called is None:
            yield words
        for one in called or ():
            if _is_build(one, scripts[one]):
                yield ["npm", "run", one]
            else:
                yield from _list_parts(scripts, one, depth + 1)


def split_line(line: str) -> list[list[str]]:
    """Split a shell line into its simple commands; none if it is not one."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&;|()<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    parts: list[list[str]] = [[]]
    try:
        for word in lexer:
            if word and set(word) <= set("&;|()"):
                parts.append([])
            else:
                parts[-1].append(word)
    except ValueError:
        return []
    return [part for part in parts if part]


def _called_scripts(words: Sequence[str], scripts: Mapping[str, str]) -> list[str] | None:
    """Return the scripts that a command runs, or None where it runs none."""
    rest = _strip_variables(words)[1]
    if not rest:
        return None
    program, *arguments = rest
    if program in _MANAGERS and not _is_fan_out(rest):
        names = [one for one in arguments if not one.startswith("-") and one not in ("run", "run-script")]
        called = "test" if arguments[:1] in (["t"], ["test"]) else next(iter(names), "")
        is_own = program != "npm" or arguments[:1] in (["run"], ["run-script"], ["test"], ["t"])
        return [called] if called in scripts and is_own else None
    if program in _SCRIPTS_OF_SCRIPTS:
        return [one for one in arguments if one in scripts]
    return None


def fans_out(scripts: Mapping[str, str], name: str) -> bool:
    """Return whether a script builds and runs members' scripts alone."""
    parts = list(islice(_list_parts(scripts, name, 0), _MOST_PARTS))
    fans = [words for words in parts if _is_fan_out(_strip_variables(words)[1])]
    return bool(fans) and all(words in fans or _read_build(words) for words in parts)


def _is_fan_out(words: Sequence[str]) -> bool:
    program, *arguments = words or [""]
    named = {word.partition("=")[0] for word in arguments}
    return program in _FANS or (program in _MANAGERS and not named.isdisjoint(_FAN_OUT | _FANS))


def _is_build(name: str, line: str) -> bool:
    return _BUILDS.search(name) is not None and _NO_BUILD.search(name) is None and not _holds_runner(line)


def _holds_runner(line: str) -> bool:
    return any(_read_command(words) is not None for words in split_line(line))


def _read_build(words: Sequence[str]) -> str:
    """Return the line of a command that builds, "" for any other."""
    line = shlex.join(words)
    rest = _strip_variables(words)[1]
    is_script = rest[:2] == ["npm", "run"]
    builds = rest and _BUILDS.search(rest[2] if is_script and len(rest) > 2 else PurePosixPath(rest[0]).name)
    return line if builds and not _NO_BUILD.search(line) else ""


def _strip_variables(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Take assignments and wrappers off a command."""
    rest = list(words)
    variables: dict[str, str] = {}
    wrapped = False
    while rest:
        if _ASSIGNMENT.fullmatch(rest[0]):
            name, _, value = rest.pop(0).partition("=")
            variables[name] = value
        elif rest[0] in _WRAPPERS or rest[:2] in (["pnpm", "exec"], ["yarn", "exec"], ["npm", "exec"], ["pnpm", "dlx"]):
            wrapped = True
            rest.pop(0)
        elif wrapped and _runner_of(rest[0]) is None and rest[0] != "node" and _mentions_runner(rest[1:]):
            rest.pop(0)
        else:
            break
    if rest[:1] in (["yarn"], ["pnpm"]) and len(rest) > 1 and _runner_of(rest[1]):
        rest.pop(0)
    return variables, rest


def _mentions_runner(words: Sequence[str]) -> bool:
    return any(_runner_of(word) is not None or word in ("node", *_LOADERS) for word in words)


def _runner_of(word: str) -> str | None:
    """Return the runner that a program is, by name or by its path."""
    name = re.sub(r"\.[cm]?js$", "", PurePosixPath(word).name).lstrip("_")
    own = "/" not in word or "node_modules" in word or word.startswith(".bin")
    return name if own and name in RUNNERS[1:] else None


def _read_command(words: Sequence[str]) -> Command | None:
    """Return the runner's call that a simple command is, or None."""
    variables, rest = _strip_variables(words)
    if not rest:
        return None
    node: list[str] = []
    if rest[0] == "node" or rest[0] in _LOADERS:
        node = [] if rest[0] == "node" else ["--import", rest[0]]
        arguments = rest[1:]
        place = next((number for number, word in enumerate(arguments) if _runner_of(word)), None)
        if place is None:
            return _read_node_test(variables, node, arguments) if "--test" in arguments else None
        node += arguments[:place]
        rest = arguments[place:]
    runner = _runner_of(rest[0])
    if runner is None:
        return None
    options, files = _sort_arguments(runner, rest[1:])
    files = files[1:] if runner == "vitest" and files[:1] in (["run"], ["watch"], ["dev"]) else files
    return Command(runner, tuple(options), tuple(node), tuple(files), variables)


def _read_node_test(variables: dict[str, str], node: list[str], arguments: Sequence[str]) -> Command:
    options, files = _sort_arguments("node:test", [word for word in arguments if word != "--test"])
    return Command("node:test", (), (*node, *options), tuple(files), variables)


def _sort_arguments(runner: str, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the options that are kept, and the paths and patterns."""
    options: list[str] = []
    files: list[str] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            continue
        if not word.startswith("-"):
            files.append(word)
        elif word.partition("=")[0] in _DROPPED_VALUES:
            del waiting[: int("=" not in word)]
        elif word in _VALUES[runner] and waiting:
            options += [word, waiting.pop(0)]
        elif word == "--bail" and waiting and waiting[0].isdigit():
            waiting.pop(0)
        elif _DROPPED.fullmatch(word) is None:
            options.append(word)
    return options, files
