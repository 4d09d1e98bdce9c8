"""What ``doctor`` says of the models."""

from __future__ import annotations

from typing import get_args

from bot.models.catalogue import SET_UP, Catalogue, UnknownModel
from bot.models.port import Role
from bot.types import JsonModel


class CheckLine(JsonModel):
    """One line for ``doctor``; where not ``ok``, the text says what to do."""

    ok: bool
    text: str


def check_lines(catalogue: Catalogue) -> list[CheckLine]:
    """A line for every role without a model, then one for every model that a role names."""
    roles = catalogue.roles()
    uses: dict[str, list[str]] = {}
    for role in get_args(Role):
        for name in roles[role]:
            uses.setdefault(name, []).append(role)
    empty = [
        CheckLine(ok=False, text=f"{role}: no model; {SET_UP.format(role=role)}.") for role in roles if not roles[role]
    ]
    return empty + [_check(catalogue, name, ", ".join(asked_as)) for name, asked_as in uses.items()]


def _check(catalogue: Catalogue, name: str, asked_as: str) -> CheckLine:
    try:
        spec = catalogue.spec(name)
    except UnknownModel as error:
        return CheckLine(ok=False, text=f"{asked_as}: {error.message}")
    if catalogue.needs_key(spec) and catalogue.key(spec) is None:
        return CheckLine(ok=False, text=f"{asked_as}: {name} needs {spec.key_env} in the environment.")
    price = (
        f"${spec.price.input:g} in, ${spec.price.output:g} out" if spec.price else f"{spec.token_limit} tokens a task"
    )
    return CheckLine(ok=True, text=f"{asked_as}: {name} at {spec.base_url} ({spec.api}; {price})")
