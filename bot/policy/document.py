"""Parse ``.github/forgehand.yml`` below the server's limits; explain it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from bot.models.catalogue import Catalogue
from bot.policy.reading import Problem, read_document
from bot.policy.rules import LimitPolicy, Policy
from bot.policy.schema import PolicySchema
from bot.settings import Checks, Settings
from bot.types import JsonModel

PATH = ".github/forgehand.yml"


class PolicyValue(NamedTuple):
    """A key's effective value and where it comes from."""

    key: str
    value: Any
    origin: str


def parse_policy(
    text: str | None, settings: Settings, schema: PolicySchema, offered: Collection[str] | None = None
) -> Policy:
    """Return a file's effective policy, or raise PolicyError with all faults.

    ``text`` None: it is not text, or too long. ``offered``: the models that may be named, by default those of the
    settings.
    """
    known = Catalogue(settings).offered() if offered is None else offered
    document, data, lines = read_document(text, PATH, schema.document, lambda given: _find_unoffered(given, known))
    leaves = [path for path in lines if len(path) == 2 or (len(path) == 1 and not isinstance(data[path[0]], dict))]
    origins = {".".join(path): f"line {lines[path]}" for path in leaves}
    return _limit(_policy(document, schema, origins), settings)


def default_policy(settings: Settings, schema: PolicySchema) -> Policy:
    """Return the policy of a repository without a file."""
    return _limit(_policy(schema.document(), schema, {}), settings)


def _policy(document: JsonModel, schema: PolicySchema, origins: dict[str, str]) -> Policy:
    data = document.model_dump(mode="json")
    tasks = {name: data.pop(name) for name in schema.sections}
    return Policy.model_validate({**data, "tasks": tasks, "origins": origins})


def describe(policy: Policy, schema: PolicySchema, path: str | None = None) -> str:
    """Write every key's value and origin, then what holds for ``path``."""
    rows = [(key, json.dumps(value), origin) for key, value, origin in list_values(policy)]
    width = max(len(key) for key, _, _ in rows)
    lines = [f"{key:<{width}}  {value}  # {origin}" for key, value, origin in rows]
    if path is not None:
        told = [
            line
            for name, kind in schema.sections.items()
            for line in kind.model_validate(policy.tasks[name]).explain(path)
        ]
        lines += ["", f"{path}:", *(f"  {line}" for line in [*told, _explain_checks(policy.checks, path)])]
    return "\n".join(lines)


def _explain_checks(checks: Checks, path: str) -> str:
    """Say which command tests a path, and for how long."""
    folder = checks.find_folder(path)
    own = checks.folders.get(folder, checks)
    command = f"`{own.test}`" if own.test else "what is found by looking"
    return (
        f"tested: by {command}, {own.minutes:g} minutes at most ({f'checks.folders: {folder}' if folder else 'checks'})"
    )


def list_values(policy: Policy) -> list[PolicyValue]:
    """List every key with its effective value and where it comes from."""
    return [PolicyValue(key, value, policy.origins.get(key, "default")) for key, value in _leaves(policy)]


def _find_unoffered(data: dict[str, Any], offered: Collection[str]) -> Iterator[Problem]:
    wanted = data.get("models")
    if not isinstance(wanted, dict) or not offered:  # without any, whoever asks for one is told to set a key
        return
    for role, names in wanted.items():
        for number, name in enumerate(names if isinstance(names, list) else []):
            if isinstance(name, str) and name not in offered:
                has = ", ".join(sorted(offered))
                yield Problem(("models", role, str(number)), f"{name} is not offered by this server; offered: {has}")


def _limit(policy: Policy, settings: Settings) -> Policy:
    """Apply the server's ceilings and checks, and record the origins."""
    origins = dict(policy.origins)
    given = settings.checks.model_fields_set
    server = {key: getattr(settings.checks, key) for key in given if f"checks.{key}" not in origins}
    origins |= {f"checks.{key}": "the server" for key in server}

    def lowered(key: str, asked: float, ceiling: float) -> float:
        if asked > ceiling:
            origins[key] = f"the server's ceiling; asked for {asked:g}"
        return min(asked, ceiling)

    shared = lowered("commands.max_dollars", policy.commands.max_dollars, settings.budget.task)
    tasks = {}
    for name, section in policy.tasks.items():
        key = f"{name}.max_dollars"
        own = section.get("max_dollars")
        if own is None:
            origins[key] = "commands.max_dollars"
        most = shared if own is None else lowered(key, own, settings.budget.task)
        tasks[name] = section | {"max_dollars": most}
    day = lowered("limits.dollars_per_day", policy.limits.dollars_per_day, settings.budget.day)
    return policy.model_copy(
        update={
            "tasks": tasks,
            "commands": policy.commands.model_copy(update={"max_dollars": shared}),
            "checks": policy.checks.model_copy(update=server),
            "limits": LimitPolicy(dollars_per_day=day),
            "origins": origins,
        }
    )


def _leaves(policy: Policy) -> Iterator[tuple[str, Any]]:
    general = policy.model_dump(mode="json", exclude={"origins", "tasks"})
    if policy.organisation is None:
        del general["organisation"]
    else:  # what single people may spend is not for everybody who reads the repository
        del general["organisation"]["budget"]["people"]
    for section, value in (policy.tasks | general).items():
        if not isinstance(value, dict) or not value:
            yield section, value
            continue
        for key, inner in value.items():
            yield f"{section}.{key}", inner
