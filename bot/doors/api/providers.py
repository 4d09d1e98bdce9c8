"""Tell which providers, models and keys the server has, and try them."""

from __future__ import annotations

import os
import time
import uuid

from pydantic import Field

from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.fields import KeyName, ModelName, ProviderParameter
from bot.doors.api.operation import Operations, Sent
from bot.doors.api.problems import Problem
from bot.doors.api.views import Cost, clean, cost_of
from bot.models.catalogue import Catalogue, ModelSpec, Price, UnknownModel
from bot.models.port import ModelError, Spender
from bot.models.providers import KEY_VARIABLES, PROVIDERS
from bot.money import micro_dollars
from bot.settings import Api, ModelRole
from bot.store import audit, reporting
from bot.types import JsonModel
from bot.work.services import Services

operations = Operations("providers")
_MOST_DOLLARS = 0.05
_SERVER = "(tests of models)"


class ModelPrice(JsonModel):
    """The price of a million tokens, in millionths of a dollar."""

    input: int
    output: int
    cached: int
    cache_write: int
    version: str = Field(description="the day on which it was last checked, or `settings` for the operator's own price")


class ModelView(JsonModel):
    """A model that this server offers."""

    name: str
    api: Api = Field(description="the wire format it is spoken to in")
    context: int = Field(description="tokens")
    max_output: int = Field(description="tokens")
    roles: tuple[ModelRole, ...] = Field(description="what it is asked for")
    price: ModelPrice | None = Field(description="null where only its tokens are limited")
    key: str | None = Field(description="the variable that holds its key, null where it needs none")
    ready: bool = Field(description="whether the key it needs is set")


class ProviderView(JsonModel):
    """A provider of models."""

    name: str
    own_address: bool = Field(description="whether the server asks at another address than the provider's")
    models: tuple[ModelView, ...]


class Providers(JsonModel):
    """The providers that this version knows."""

    items: tuple[ProviderView, ...]
    problems: tuple[str, ...] = Field(description="models that the settings name and that cannot be asked, and why")


class ProbeQuery(Sent):
    """The model to try."""

    model: ModelName | None = Field(
        default=None, description="else the provider's first one, a cheap one before others"
    )


class ProbeResult(JsonModel):
    """Answer of a model that was asked one word."""

    model: str
    ok: bool
    problem: str = Field(description="what went wrong, with its kind in front; empty where it answered")
    seconds: float
    cost: Cost


class KeyView(JsonModel):
    """A key of the settings, without its value."""

    name: KeyName
    set: bool
    source: str | None = Field(
        description="`environment` or `server.yml`; `federation` where tokens stand in for it; else null"
    )
    models: tuple[str, ...] = Field(description="the models that are asked with it")


class Keys(JsonModel):
    """The keys that the settings name."""

    items: tuple[KeyView, ...]


@operations.add("GET", "/providers", scope="read", etag=True)
async def list_providers(context: Context) -> Providers:
    """List providers with their models, roles and prices."""
    catalogue = context.services.models.catalogue
    specs, problems = _offered(catalogue)
    items = (
        ProviderView(
            name=provider.name,
            own_address=context.services.settings.provider_url(provider.name) is not None,
            models=tuple(_view(catalogue, spec) for spec in specs if spec.provider == provider.name),
        )
        for provider in PROVIDERS.values()
    )
    return Providers(items=tuple(items), problems=problems)


@operations.add("POST", "/providers/{provider}/test", scope="admin", errors={404: "there is no such provider or model"})
async def test_provider(
    context: Context, caller: Caller, provider: ProviderParameter, query: ProbeQuery
) -> ProbeResult:
    """Ask a model one word, to see whether address and key work.

    It is paid like every call, and a row of the audit trail.
    """
    catalogue = context.services.models.catalogue
    cheap = catalogue.roles()["cheap"]
    specs = [spec for spec in _offered(catalogue)[0] if spec.provider == provider]
    fitting = [spec for spec in specs if query.model in {None, spec.name}]
    if not fitting:
        raise Problem("This server offers no such model; `GET /api/v1/providers` lists them.", status=404)
    return await _try(context.services, caller, min(fitting, key=lambda spec: (spec.name not in cheap, spec.name)))


@operations.add("GET", "/setting-keys", scope="admin")
async def list_setting_keys(context: Context) -> Keys:
    """List the keys of the settings: which are set, and where.

    Their values are never told.
    """
    return Keys(items=tuple(_list_keys(context.services)))


@operations.add("POST", "/setting-keys/{name}/test", scope="admin", errors={404: "there is no such key"})
async def test_setting_key(context: Context, caller: Caller, name: KeyName) -> ProbeResult:
    """Ask a model one word with a key."""
    specs = [spec for spec in _offered(context.services.models.catalogue)[0] if spec.key_env == name]
    if not specs:
        raise Problem("No model is asked with such a key; `GET /api/v1/setting-keys` lists them.", status=404)
    return await _try(context.services, caller, specs[0])


def _offered(catalogue: Catalogue) -> tuple[list[ModelSpec], tuple[str, ...]]:
    """Return the models that can be asked, and what is wrong with others."""
    specs: list[ModelSpec] = []
    problems: list[str] = []
    for name in sorted(catalogue.offered()):
        try:
            specs.append(catalogue.spec(name))
        except UnknownModel as error:
            problems.append(error.message)
    return specs, tuple(problems)


def _view(catalogue: Catalogue, spec: ModelSpec) -> ModelView:
    return ModelView(
        name=spec.name,
        api=spec.api,
        context=spec.context,
        max_output=spec.max_output,
        roles=tuple(role for role, names in catalogue.roles().items() if spec.name in names),
        price=None if spec.price is None else _price(spec.price),
        key=spec.key_env,
        ready=catalogue.key(spec) is not None or not catalogue.needs_key(spec) or spec.provider in catalogue.keyed,
    )


def _price(price: Price) -> ModelPrice:
    return ModelPrice(
        input=micro_dollars(price.input),
        output=micro_dollars(price.output),
        cached=micro_dollars(price.cached),
        cache_write=micro_dollars(price.cache_write),
        version=price.version,
    )


def _list_keys(services: Services) -> list[KeyView]:
    catalogue = services.models.catalogue
    users: dict[str, list[str]] = {variable: [] for variable in KEY_VARIABLES}
    held = {one.key_variable for one in PROVIDERS.values() if services.settings.provider_key(one.name) is not None}
    federated: set[str] = set()
    for spec in _offered(catalogue)[0]:
        if spec.key_env is not None:
            users.setdefault(spec.key_env, []).append(spec.name)
            federated |= {spec.key_env} if not isinstance(catalogue.key(spec), str | None) else set()
    found = []
    for name, models in users.items():
        places = {"environment": os.environ.get(name), "server.yml": name in held, "federation": name in federated}
        source = next((place for place, holds in places.items() if holds), None)
        found.append(KeyView(name=name, set=source not in {None, "federation"}, source=source, models=tuple(models)))
    return found


async def _try(services: Services, caller: Caller, spec: ModelSpec) -> ProbeResult:
    """Ask a model, on the account of the server."""
    task = f"test-{uuid.uuid4().hex[:12]}"
    actor = caller.actor.login
    await services.store.run(
        lambda connection: audit.record(
            connection, f"test {spec.name}", allowed=True, reason="Asked for.", actor=actor, delivery=caller.id
        )
    )
    most = services.settings.budget.day
    spender = Spender(task=task, repository=_SERVER, max_task=_MOST_DOLLARS, max_day=most, person=actor)
    begun = time.monotonic()
    problem = ""
    try:
        await services.models.probe(spec.name, spender)
    except ModelError as error:
        problem = f"{type(error).__name__}: {clean(services, error.message)}"
    seconds = round(time.monotonic() - begun, 3)
    spent = await services.store.run(lambda connection: reporting.sum_spending(connection, task))
    return ProbeResult(model=spec.name, ok=not problem, problem=problem, seconds=seconds, cost=cost_of(spent))
