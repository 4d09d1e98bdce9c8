"""Check that every model a role names can be asked and paid, and that it does what tasks need."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from bot.checkup import Line
from bot.models import selection
from bot.models.catalogue import SET_UP, Catalogue, ModelSpec, UnknownModel, takes_key
from bot.models.client import SdkModel
from bot.models.gateway import ModelGateway
from bot.models.port import ModelError
from bot.models.probe import Probe, list_traits, probe
from bot.settings import ModelRole, Settings, Strategy
from bot.store.database import StoreError, create_engine
from bot.store.store import Store

_SUBJECT = "Models"
_SILENCE = 60.0  # seconds
_PRICES = "Prices"
_PLACE = "(questions of doctor)"  # stands for a repository where what they cost is written down
_MOST_DOLLARS = 0.5  # of all of them together
_STALE = 90  # days: providers change their prices with each generation of models


async def try_models(settings: Settings, kept: Mapping[str, str] = MappingProxyType({})) -> list[Line]:
    """Ask every model that a role names, if it can be asked.

    ``kept`` are the server's own kept keys by provider; they go before those of the settings. Each question is a row of
    the ledger, as every other one.
    """
    catalogue = Catalogue(settings)
    catalogue.keyed = frozenset(kept)
    specs = [spec for name in _list_named(catalogue) if (spec := _find_askable(catalogue, name, kept)) is not None]
    if not specs:
        return []
    models = [SdkModel(spec, _find_kept(spec, kept) or catalogue.key(spec), idle=_SILENCE) for spec in specs]
    store = Store(create_engine(settings.database))
    try:
        await asyncio.to_thread(store.migrate)
        asking = ModelGateway(store, settings, catalogue, SdkModel).make_asking("", _PLACE, dollars=_MOST_DOLLARS)
        found = await asyncio.gather(*(probe(model, asking) for model in models))
    except (StoreError, OSError):
        return [_warn("None was asked: what that costs could not be written down without the database.")]
    finally:
        store.close()
    return [_judge(spec, seen) for spec, seen in zip(specs, found, strict=True)]


def _list_named(catalogue: Catalogue) -> list[str]:
    return list(dict.fromkeys(name for names in catalogue.roles().values() for name in names))


def _find_spec(catalogue: Catalogue, name: str) -> ModelSpec | None:
    try:
        return catalogue.spec(name)
    except ModelError:
        return None


def _find_askable(catalogue: Catalogue, name: str, kept: Mapping[str, str]) -> ModelSpec | None:
    spec = _find_spec(catalogue, name)
    if spec is None or (catalogue.key(spec) is None and catalogue.needs_key(spec) and not _find_kept(spec, kept)):
        return None
    return spec


def _find_kept(spec: ModelSpec, kept: Mapping[str, str]) -> str | None:
    return kept.get(spec.provider) if takes_key(spec, spec.provider) else None


def _judge(spec: ModelSpec, seen: Probe) -> Line:
    """Say what a model does; without tools or a given shape no task ends well."""
    if seen.problem:
        return _fail(f"{spec.name} was asked and gave no answer. {seen.problem}")
    traits = list_traits(spec, seen)
    wanting = [trait for trait in traits if trait.ok is False]
    if not wanting:
        told = "; ".join(trait.text for trait in traits)
        text = f"{spec.name} was asked {seen.questions} questions for ${seen.cost:.4f}: {told}."
        return Line(level="ok", subject=_SUBJECT, text=text)
    good = ", ".join(trait.text for trait in traits if trait.ok)
    text = f"{spec.name} {'. It '.join(trait.text for trait in wanting)}." + (f" Beside that: {good}." if good else "")
    return _fail(text) if {trait.name for trait in wanting} & {"tool", "schema"} else _warn(text)


def check_models(catalogue: Catalogue) -> list[Line]:
    """List every role without a model, then every model that a role names.

    Asks none.
    """
    roles = catalogue.roles()
    missing = [role for role, names in roles.items() if not names]
    lines = [_fail(f"{role}: no model; {SET_UP.format(role=role)}.") for role in missing]
    uses: dict[str, list[str]] = {}
    for role, names in roles.items():
        for name in names:
            uses.setdefault(name, []).append(role)
    return lines + [_check(catalogue, name, ", ".join(users)) for name, users in uses.items()]


def check_strategies(catalogue: Catalogue, strategies: Mapping[ModelRole, Strategy]) -> list[Line]:
    """Name every role that is to escalate and has nobody to escalate to."""
    lines: list[Line] = []
    for role, strategy in strategies.items():
        specs = [_find_spec(catalogue, name) for name in catalogue.roles()[role]]
        if strategy != "escalate" or None in specs or not specs:
            continue
        prices = {spec.name: spec.cost(selection.TYPICAL) for spec in specs if spec is not None}
        first = next(iter(prices))
        if prices[first] == min(prices.values()):
            text = (
                f"{role} is to escalate, and no model of its list is cheaper than the first, {first}: it is asked "
                f"before and after a failure. List the strongest model first in roles.{role}, a cheaper one behind it."
            )
            lines.append(_warn(text))
    return lines


def check_prices(catalogue: Catalogue, today: date) -> list[Line]:
    """Say of what day the prices of the roles' models are; name stale ones."""
    specs = (_find_spec(catalogue, name) for name in _list_named(catalogue))
    prices = {spec.name: spec.price for spec in specs if spec is not None and spec.price is not None}
    dated = [(price.checked, name, price.source) for name, price in prices.items() if price.checked is not None]
    if not dated:
        return []
    oldest, _, source = min(dated)
    stale = [name for day, name, _ in dated if (today - day).days > _STALE]
    if not stale:
        return [Line(level="ok", subject=_PRICES, text=f"of {oldest}, from {source}")]
    text = (
        f"{', '.join(stale)}: of {oldest} ({source}), {(today - oldest).days} days old, and budgets go by them. Take a "
        "newer Forgehand, or look at the provider's page and set models.NAME.input_price, .output_price and "
        ".cached_price."
    )
    return [Line(level="warn", subject=_PRICES, text=text)]


def _check(catalogue: Catalogue, name: str, users: str) -> Line:
    try:
        spec = catalogue.spec(name)
    except UnknownModel as error:
        return _fail(f"{users}: {error.message}")
    key = catalogue.key(spec)
    if catalogue.needs_key(spec) and key is None and spec.provider not in catalogue.keyed:
        return _fail(f"{users}: {name} needs {spec.key_env} in the environment.")
    source = None if key is None or isinstance(key, str) else key
    if source is not None and source.lack:
        return _fail(f"{users}: {name} needs {source.lack}.")
    price = f"{spec.token_limit} tokens a task"
    if spec.price is not None:
        price = f"${spec.price.input:g} in, ${spec.price.output:g} out"
    paid = f"{price}; {source.name} in place of a key" if source is not None else price
    paid += "; with kept keys" if spec.provider in catalogue.keyed else ""
    return Line(level="ok", subject=_SUBJECT, text=f"{users}: {name} at {spec.base_url} ({spec.api}; {paid})")


def _fail(text: str) -> Line:
    return Line(level="fail", subject=_SUBJECT, text=text)


def _warn(text: str) -> Line:
    return Line(level="warn", subject=_SUBJECT, text=text)
