"""A repository's own rules (``.github/forgehand.yml``, default branch only), and who may do what.

Every limit is the smaller of the server's and the repository's; models are chosen from the server's list only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import yaml
from cachetools import LRUCache
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.github import repos
from bot.github.access import GitHubs
from bot.settings import Settings
from bot.toolchains.port import Checks
from bot.types import Actor, ForgehandError, JsonModel, Repository

PATH = ".github/forgehand.yml"
Level = Literal["read", "triage", "write", "maintain", "admin"]
_MAX_BYTES = 100_000


class PolicyError(ForgehandError):
    """The file is wrong; the message names line and key, and what is allowed there."""


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fix(_Closed):
    """``fix:``; dollars are for one task."""

    label: str = Field(default="ai-bug-fix", min_length=1, max_length=50)
    unverified: Literal["comment", "draft", "off"] = "comment"
    max_dollars: float = Field(default=2.0, gt=0)


class Limits(_Closed):
    """``limits:``, in dollars."""

    dollars_per_day: float = Field(default=20.0, gt=0)


class ChecksFile(_Closed):
    """``checks:``; None: as the server says, else found by looking."""

    setup: str | None = None
    test: str | None = None
    results: Literal["junit", "tap", "exit"] | None = None
    minutes: float | None = Field(default=None, gt=0, le=60)


class _File(_Closed):
    """The whole file as people write it."""

    fix: Fix = Fix()
    checks: ChecksFile = ChecksFile()
    models: dict[Literal["fix", "review", "verify", "cheap"], list[str]] = Field(default_factory=dict)
    limits: Limits = Limits()


class Policy(JsonModel):
    """The effective rules for one repository. ``models`` is empty where the server's own lists hold."""

    fix: Fix = Fix()
    checks: Checks = Checks()
    models: dict[str, list[str]] = Field(default_factory=dict)
    limits: Limits = Limits()


class Decision(JsonModel):
    """May they? ``reason`` is one sentence that can be posted."""

    allowed: bool
    reason: str


class HasRole(Protocol):
    """An account's role in a repository, as GitHub told it."""

    @property
    def name(self) -> str: ...

    def at_least(self, level: str) -> bool: ...


def parse_policy(text: str, settings: Settings) -> Policy:
    """The effective policy of a file's text. Raises :class:`PolicyError`."""
    return _effective(_read(text), settings)


class PolicyLoader:
    """Effective policies, parsed once per version of the file."""

    def __init__(self, github: GitHubs, settings: Settings) -> None:
        self._github = github
        self._settings = settings
        self._parsed: LRUCache[tuple[int, str], Policy] = LRUCache(256)

    async def load(self, repository: Repository) -> Policy:
        """The policy on the default branch now; defaults where there is no file. Raises :class:`PolicyError`."""
        client = await self._github.for_repository(repository, {"contents": "read"})
        found = await repos.find_file(client, repository, PATH, ref=None)
        if found is None:
            return _effective(_File(), self._settings)
        key = (repository.id, found.sha)
        if key not in self._parsed:
            self._parsed[key] = parse_policy(found.text, self._settings)
        return self._parsed[key]


def may(actor: Actor, role: HasRole | None, level: Level, trusted_bots: list[str]) -> Decision:
    """Whether a role is enough for something that needs ``level``; bots also have to be trusted by the server."""
    if actor.type == "Bot" and actor.login not in trusted_bots:
        return Decision(allowed=False, reason=f"{actor.login} is a bot that this server does not trust.")
    if role is None or not role.at_least(level):
        has = role.name if role is not None else "none"
        return Decision(
            allowed=False,
            reason=f"This needs {level} permission on the repository; {actor.login} has {has}. Ask somebody who has it.",
        )
    return Decision(allowed=True, reason=f"{actor.login} has {role.name} permission.")


def describe(text: str, settings: Settings) -> str:
    """Every key's effective value and where it comes from, a line each. Raises :class:`PolicyError`."""
    file = _read(text)
    given = _keys(yaml.safe_load(text) or {})
    effective = _effective(file, settings).model_dump()
    lines = []
    for key, value in _keys(effective).items():
        asked = given.get(key)
        source = "default" if asked is None else "file" if asked == value else f"server (the file asks for {asked})"
        if asked is None and key.startswith("checks.") and getattr(settings.checks, key.partition(".")[2]) is not None:
            source = "server"
        lines.append(f"{key} = {value!r}  [{source}]")
    return "\n".join(lines)


def _effective(file: _File, settings: Settings) -> Policy:
    server = settings.checks.model_dump(exclude_none=True)
    checks = Checks.model_validate({**server, **file.checks.model_dump(exclude_none=True)})
    return Policy(
        fix=file.fix.model_copy(update={"max_dollars": min(file.fix.max_dollars, settings.budget.task)}),
        checks=checks,
        models={role: list(names) for role, names in file.models.items()},
        limits=Limits(dollars_per_day=min(file.limits.dollars_per_day, settings.budget.day)),
    )


def _read(text: str) -> _File:
    if len(text) > _MAX_BYTES:
        raise PolicyError(f"{PATH} is larger than {_MAX_BYTES // 1000} kB.")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "the file"
        raise PolicyError(f"{PATH}, {where}: this is no YAML ({getattr(error, 'problem', None) or error}).") from None
    if data is None:
        return _File()
    if not isinstance(data, dict):
        raise PolicyError(f"{PATH}, line 1: expected keys such as `fix:` and `checks:`.")
    try:
        return _File.model_validate(data)
    except ValidationError as error:
        faults = [_fault(item["loc"], item["msg"], node) for item in error.errors()]
        raise PolicyError("\n".join(f"{PATH}, {fault}" for fault in faults)) from None


def _fault(place: tuple[int | str, ...], message: str, node: yaml.Node | None) -> str:
    key = ".".join(str(part) for part in place if part != "[key]")
    said = "there is no such key" if "Extra inputs" in message else message
    return f"line {_line(place, node)}, {key}: {said}"


def _line(place: tuple[int | str, ...], node: yaml.Node | None) -> int:
    """The line of the innermost part of ``place`` that the file holds."""
    line = 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _keys(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested keys as dotted names."""
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, Mapping) and value:
            flat.update(_keys(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat
