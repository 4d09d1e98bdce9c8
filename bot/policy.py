"""A repository's own rules, ``.github/forgehand.yml``, and the answer to "may this actor do this here?".

The file is read from the default branch only. Every limit is min(server, repository), models come from the server's
list. Patterns are those of ``.gitignore`` (:mod:`bot.patterns`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, Protocol, get_args

import yaml
from pydantic import BaseModel, Field, ValidationError

from bot.analysis.records import Analyser
from bot.github.api.access import GitHubs
from bot.github.api.scopes import READ_CODE
from bot.github.resources import repos
from bot.github.resources.permissions import Role
from bot.models.catalogue import Catalogue
from bot.patterns import matches
from bot.settings import ModelRole, Settings
from bot.toolchains.port import Checks
from bot.types import Actor, ForgehandError, JsonModel, Repository

PATH = ".github/forgehand.yml"
MAX_BYTES = 64 * 1024

Level = Literal["read", "triage", "write", "maintain", "admin"]
WriteCommand = Literal[
    "fix", "revise", "review", "describe", "improve", "ask", "explain", "ignore", "cancel", "retry", "approve"
]
ReadCommand = Literal["ask", "explain", "status", "config", "help"]
AnalyserName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Path = tuple[str, ...]


class PolicyError(ForgehandError):
    """The file is wrong. The message names line and key of everything wrong in it."""


class FixPolicy(JsonModel):
    """``unverified``: what is left where a fix could not be proved: a comment, a draft pull request, or nothing.

    ``rerank``: a ``cheap`` model is asked once in which order the likeliest files come.
    """

    label: str = Field(default="ai-bug-fix", min_length=1, max_length=50)
    unverified: Literal["comment", "draft", "off"] = "comment"
    max_dollars: Dollars = 2.0
    rerank: bool = False


class ReviewPolicy(JsonModel):
    """When pull requests are reviewed, how much is said inline, and what to look for where."""

    on: tuple[Literal["opened", "reopened", "ready_for_review", "synchronize"], ...] = (
        "opened",
        "reopened",
        "ready_for_review",
    )
    inline: int = Field(default=5, ge=0, le=30)
    ignore: tuple[str, ...] = ()
    instructions: dict[str, str] = Field(default_factory=dict)
    forks: bool = False
    block: bool = False
    max_dollars: Dollars = 1.0
    analysers: dict[AnalyserName, Analyser] = Field(default_factory=dict, max_length=10)


class CommandPolicy(JsonModel):
    """Which commands people with write and with read permission may use. Those in ``read`` need no more than that.

    ``mention_only``: a command counts where it begins with the bot's name, so that ``/fix`` may be another bot's.
    """

    write: tuple[WriteCommand, ...] = WriteCommand.__args__  # type: ignore[attr-defined]
    read: tuple[ReadCommand, ...] = ("status", "config", "help")
    max_dollars: Dollars = 1.0
    mention_only: bool = False

    def names(self) -> frozenset[str]:
        """Return the names that make a command of a line that begins with a slash."""
        return frozenset() if self.mention_only else frozenset((*get_args(WriteCommand), *get_args(ReadCommand)))


class LimitPolicy(JsonModel):
    """Ceilings for the repository as a whole."""

    dollars_per_day: Dollars = 20.0


# A part of what git allows (git check-ref-format), so that every prefix with a task's name behind it is a branch.
_BRANCH_PREFIX = r"^[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9_-]+)*[/_-]?$"


class PublishPolicy(JsonModel):
    """How changes are put on GitHub: the ``prefix`` of branches, and what commits carry.

    ``sign_off`` adds a Signed-off-by line (https://developercertificate.org). ``signed`` has GitHub sign commits, which
    is done anyhow where a rule of the branch demands it.
    """

    prefix: str = Field(default="forgehand/", pattern=_BRANCH_PREFIX, max_length=60)
    sign_off: bool = False
    signed: bool = False


class Policy(JsonModel):
    """What holds for a repository. ``origins`` says of each dotted key that is not a default where it comes from."""

    fix: FixPolicy = FixPolicy()
    review: ReviewPolicy = ReviewPolicy()
    commands: CommandPolicy = CommandPolicy()
    checks: Checks = Checks()
    models: dict[ModelRole, list[str]] = Field(default_factory=dict)
    limits: LimitPolicy = LimitPolicy()
    publish: PublishPolicy = PublishPolicy()
    protected: tuple[str, ...] = ()
    origins: dict[str, str] = Field(default_factory=dict)

    def level(self, command: str) -> Level | None:
        """The permission a command needs here; None where it is switched off."""
        if command in self.commands.read:
            return "read"
        return "write" if command in self.commands.write else None

    def ignores(self, path: str) -> bool:
        """Whether reviews leave this path out."""
        return any(matches(pattern, path) for pattern in self.review.ignore)

    def instructions(self, path: str) -> list[str]:
        """What reviews are told to look for in this path, in the file's order."""
        return [text for pattern, text in self.review.instructions.items() if matches(pattern, path)]


class Decision(NamedTuple):
    """``reason`` is one sentence for the person who asked and for the audit trail."""

    allowed: bool
    reason: str


def may(actor: Actor, role: Role | None, level: Level, trusted_bots: Collection[str]) -> Decision:
    """May ``actor``, who holds ``role`` (None: GitHub knows none), do what needs ``level``?"""
    name = actor.login.removesuffix("[bot]")
    if actor.type == "Bot" or actor.login.endswith("[bot]"):
        trusted = {bot.removesuffix("[bot]").casefold() for bot in trusted_bots}
        if name.casefold() in trusted:
            return Decision(True, f"@{name} is a bot this server trusts.")
        return Decision(False, f"`{actor.login}` is a bot this server does not trust (`trusted_bots`).")
    if actor.type != "User":
        return Decision(False, f"`{actor.login}` is not a person's account.")
    if role is None:
        return Decision(False, f"@{name} has no permission in this repository; this needs {level} permission.")
    if role.at_least(level):
        return Decision(True, f"@{name} has {role.name} permission; {level} is needed.")
    return Decision(False, f"@{name} has {role.name} permission here; this needs {level} permission.")


def may_type(policy: Policy, command: str, actor: Actor, role: Role | None) -> Decision:
    """May this person use the command ``/<command>`` here? Programs never may: what they write can quote anybody."""
    level = policy.level(command)
    if level is None:
        return Decision(False, f"`/{command}` is switched off in this repository (`commands` in `{PATH}`).")
    return may(actor, role, level, ())


def parse_policy(text: str, settings: Settings) -> Policy:
    """The effective policy of a file's text. Raises :class:`PolicyError` with every problem, one a line."""
    data, lines = _read_yaml(text)
    problems = [*_unknown_keys(Policy, data), *_unoffered(data, settings)]
    try:
        policy = Policy.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        problems += [_Problem(_known_path(item["loc"], lines), item["msg"]) for item in error.errors()]
    if problems:
        raise PolicyError(_told(problems, lines))
    origins = {".".join(path): f"line {line}" for path, line in lines.items() if _is_leaf(path, data)}
    return _limited(policy.model_copy(update={"origins": origins}), settings)


def default_policy(settings: Settings) -> Policy:
    """What holds where a repository has no file."""
    return _limited(Policy(), settings)


def describe(policy: Policy, path: str | None = None) -> str:
    """Every key's effective value and where it comes from, one a line; with ``path`` also what holds for that path."""
    rows = [(key, json.dumps(value), policy.origins.get(key, "default")) for key, value in _leaves(policy)]
    width = max(len(key) for key, _, _ in rows)
    lines = [f"{key:<{width}}  {value}  # {origin}" for key, value, origin in rows]
    if path is not None:
        told = policy.instructions(path)
        lines += ["", f"{path}:", f"  reviewed: {'no (review.ignore)' if policy.ignores(path) else 'yes'}"]
        lines += [f"  instruction: {text}" for text in told] or ["  instruction: none"]
    return "\n".join(lines)


class PolicyReader(Protocol):
    """Where the file comes from."""

    async def read(self, repository: Repository, path: str) -> tuple[str, str] | None:
        """The file's text and blob sha on the default branch, None where there is none."""
        ...


class DefaultBranch:
    """Reads from GitHub; an unchanged file costs a 304."""

    def __init__(self, github: GitHubs) -> None:
        self._github = github

    async def read(self, repository: Repository, path: str) -> tuple[str, str] | None:
        client = await self._github.for_repository(repository, READ_CODE)
        file = await repos.find_file(client, repository, path, "HEAD")
        return None if file is None else (file.text, file.sha)


@dataclass(frozen=True)
class _Read:
    sha: str
    result: Policy | PolicyError


class PolicyLoader:
    """Policies by repository; a file is read once for all who ask meanwhile, and parsed only when it has changed."""

    def __init__(self, reader: PolicyReader, settings: Settings) -> None:
        self._reader = reader
        self._settings = settings
        self._default = default_policy(settings)
        self._read: dict[int, _Read] = {}
        self._reading: dict[int, asyncio.Task[tuple[str, str] | None]] = {}

    async def load(self, repository: Repository) -> Policy:
        """What holds for ``repository`` now. Raises :class:`PolicyError` where its file is wrong."""
        found = await self._find(repository)
        if found is None:
            self._read.pop(repository.id, None)
            return self._default
        text, sha = found
        read = self._read.get(repository.id)
        if read is None or read.sha != sha:
            read = self._read[repository.id] = _Read(sha, self._parse(text))
        if isinstance(read.result, PolicyError):
            raise read.result.with_message(read.result.message)
        return read.result

    async def _find(self, repository: Repository) -> tuple[str, str] | None:
        reading = self._reading.get(repository.id)
        if reading is None:
            reading = asyncio.get_running_loop().create_task(self._reader.read(repository, PATH))
            self._reading[repository.id] = reading
            reading.add_done_callback(lambda _done: self._reading.pop(repository.id, None))
        # One caller giving up must not take the answer from the others.
        return await asyncio.shield(reading)

    def latest(self, repository: Repository) -> Policy:
        """What held when it was last read in this process, without asking; the defaults where it never was."""
        read = self._read.get(repository.id)
        return read.result if read is not None and isinstance(read.result, Policy) else self._default

    def _parse(self, text: str) -> Policy | PolicyError:
        try:
            return parse_policy(text, self._settings)
        except PolicyError as error:
            return error


class _Problem(NamedTuple):
    path: Path
    message: str


def _told(problems: list[_Problem], lines: dict[Path, int]) -> str:
    unique = sorted({(_line(path, lines), ".".join(path) or "the file", message) for path, message in problems})
    return f"{PATH} is wrong:\n" + "\n".join(f"line {line}: {key}: {message}" for line, key, message in unique)


def _line(path: Path, lines: dict[Path, int]) -> int:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _known_path(loc: tuple[str | int, ...], lines: dict[Path, int]) -> Path:
    """Pydantic's location without what it adds of its own, such as the branch of a union."""
    path = tuple(str(part) for part in loc)
    while path and path not in lines:
        path = path[:-1]
    return path or tuple(str(part) for part in loc)


def _unknown_keys(model: type[BaseModel], data: dict[str, Any], path: Path = ()) -> Iterator[_Problem]:
    names = [name for name in model.model_fields if name != "origins"]
    for key, value in data.items():
        here = (*path, key)
        if key not in names:
            yield _Problem(here, f"unknown key; known here: {', '.join(names)}")
            continue
        kind = model.model_fields[key].annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel) and isinstance(value, dict):
            yield from _unknown_keys(kind, value, here)


def _unoffered(data: dict[str, Any], settings: Settings) -> Iterator[_Problem]:
    wanted = data.get("models")
    if not isinstance(wanted, dict):
        return
    offered = Catalogue(settings).offered()
    for role, names in wanted.items():
        for number, name in enumerate(names if isinstance(names, list) else []):
            if isinstance(name, str) and name not in offered:
                known = ", ".join(sorted(offered)) or "none"
                yield _Problem(("models", role, str(number)), f"{name} is not offered by this server; offered: {known}")


def _limited(policy: Policy, settings: Settings) -> Policy:
    """Lower what exceeds the server's ceilings, fill in how the server checks repositories, and say so."""
    origins = dict(policy.origins)
    said = settings.checks.model_dump(exclude_none=True)
    server = {key: value for key, value in said.items() if f"checks.{key}" not in origins}
    origins |= {f"checks.{key}": "the server" for key in server}

    def lowered(section: BaseModel, key: str, ceiling: float) -> dict[str, float]:
        asked = getattr(section, key)
        if asked > ceiling:
            name = next(name for name in Policy.model_fields if getattr(policy, name) is section)
            origins[f"{name}.{key}"] = f"the server's ceiling; asked for {asked:g}"
        return {key: min(asked, ceiling)}

    task = settings.budget.task
    return policy.model_copy(
        update={
            "fix": policy.fix.model_copy(update=lowered(policy.fix, "max_dollars", task)),
            "review": policy.review.model_copy(update=lowered(policy.review, "max_dollars", task)),
            "commands": policy.commands.model_copy(update=lowered(policy.commands, "max_dollars", task)),
            "checks": policy.checks.model_copy(update=server),
            "limits": LimitPolicy(**lowered(policy.limits, "dollars_per_day", settings.budget.day)),
            "origins": origins,
        }
    )


def _leaves(policy: Policy) -> Iterator[tuple[str, Any]]:
    for section, value in policy.model_dump(mode="json", exclude={"origins"}).items():
        if not isinstance(value, dict) or not value:
            yield section, value
            continue
        for key, inner in value.items():
            yield f"{section}.{key}", inner


def _is_leaf(path: Path, data: dict[str, Any]) -> bool:
    return len(path) == 2 or (len(path) == 1 and not isinstance(data[path[0]], dict))


def _read_yaml(text: str) -> tuple[dict[str, Any], dict[Path, int]]:
    """The document as plain data, and the line of every key and item. Raises :class:`PolicyError`."""
    if len(text.encode()) > MAX_BYTES:
        raise PolicyError(f"{PATH} is larger than {MAX_BYTES // 1024} KiB.")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines: dict[Path, int] = {}
        data = {} if node is None else _plain(node, (), lines, set())
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PolicyError(f"{PATH} is wrong:\nline {line}: {error.problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError, LookupError, ArithmeticError):
        raise PolicyError(f"{PATH} is no YAML that can be read.") from None
    if data is not None and not isinstance(data, dict):
        raise PolicyError(f"{PATH} is wrong:\nline 1: the file: must be a mapping of keys to values")
    return data or {}, lines


def _plain(node: yaml.Node, path: Path, lines: dict[Path, int], seen: set[int]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if id(node) in seen:
        raise PolicyError(f"{PATH} is wrong:\nline {_line(path, lines)}: {'.'.join(path)}: aliases are not allowed")
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        return _plain_mapping(node, path, lines, seen)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, str(number)), lines, seen) for number, item in enumerate(node.value)]
    return _scalar(node)


def _plain_mapping(node: yaml.MappingNode, path: Path, lines: dict[Path, int], seen: set[int]) -> dict[str, Any]:
    """Keys are taken as they are written: YAML would read ``on`` as true."""
    data: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
        here, line = (*path, key), key_node.start_mark.line + 1
        if key in data:
            raise PolicyError(f"{PATH} is wrong:\nline {line}: {'.'.join(here)}: given twice")
        lines[here] = line
        data[key] = _plain(value_node, here, lines, seen)
    return data


def _scalar(node: yaml.Node) -> Any:
    """YAML's scalars, except that ``off`` and ``yes`` stay words and dates stay text."""
    kind = node.tag.rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool" and node.value.lower() in {"true", "false"}:
        return node.value.lower() == "true"
    if kind in {"int", "float"} and isinstance(node, yaml.ScalarNode):
        loader = yaml.SafeLoader("")
        number = loader.construct_yaml_int(node) if kind == "int" else loader.construct_yaml_float(node)
        float(number)  # what is larger than that cannot be written out either
        return number
    return node.value
