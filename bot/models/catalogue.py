"""What we know of each model: who serves it, over which wire format, how much it holds and what it costs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, Literal, get_args

import yaml

from bot.models.port import ModelError, ModelRefused, Role, Usage
from bot.settings import Api, ModelSettings, Settings
from bot.types import JsonModel

Provider = Literal["anthropic", "openai"]
_HOMES: dict[Provider, str] = {"anthropic": "https://api.anthropic.com", "openai": "https://api.openai.com/v1"}
_MILLION = 1_000_000
SET_UP = "give ANTHROPIC_API_KEY or OPENAI_API_KEY, or set roles.{role}"
_PREFIXES: dict[str, Provider] = {"claude": "anthropic", "gpt-": "openai"}


class UnknownModel(ModelError):
    """A model is named that nothing tells us enough about; the message says what to set."""


class LongPrompt(JsonModel):
    """Above ``over`` input tokens, input and output cost this many times as much."""

    over: int
    input: float
    output: float


class Price(JsonModel):
    """US dollars per million tokens."""

    input: float
    output: float
    cached: float
    cache_write: float
    long_prompt: LongPrompt | None = None

    def cost(self, usage: Usage) -> float:
        """Dollars for these tokens."""
        band = self.long_prompt
        into, out = (band.input, band.output) if band and usage.input > band.over else (1.0, 1.0)
        fresh = usage.input - usage.cached - usage.cache_write
        reading = fresh * self.input + usage.cached * self.cached + usage.cache_write * self.cache_write
        return (reading * into + usage.output * self.output * out) / _MILLION


class ModelSpec(JsonModel):
    """Everything needed to ask one model. ``key`` names the environment variable, never the secret itself.

    ``packaged`` models are asked in their provider's newest dialect; the rest, often local servers, in the oldest.
    ``price`` is None where only ``token_limit`` (tokens a task may spend on the model) was given.
    """

    name: str
    provider: Provider
    api: Api
    base_url: str
    key_env: str | None
    context: int
    max_output: int
    price: Price | None
    token_limit: int | None = None
    packaged: bool = False

    def cost(self, usage: Usage) -> float:
        """Dollars; nothing where only tokens are limited."""
        return self.price.cost(usage) if self.price else 0.0


class Catalogue:
    """The packaged table with the server's settings laid over it."""

    def __init__(self, settings: Settings) -> None:
        table = yaml.safe_load(resources.files("bot.models").joinpath("prices.yml").read_text())
        self._known: dict[str, dict[str, Any]] = table["models"]
        self._defaults: dict[str, dict[str, list[str]]] = table["roles"]
        self._settings = settings

    def spec(self, name: str) -> ModelSpec:
        """How to ask ``name``; raises :class:`UnknownModel` where provider, price or limit cannot be told."""
        said = self._settings.models.get(name, ModelSettings())
        known = self._known.get(name, {})
        provider = said.provider or known.get("provider") or self._provider(name, said)
        base_url = said.base_url or self._base_url(provider)
        return ModelSpec(
            name=name,
            provider=provider,
            api=said.api or _api(provider, base_url),
            base_url=base_url,
            key_env=said.key_env or (None if said.base_url else f"{provider.upper()}_API_KEY"),
            context=said.context or known.get("context", 128_000),
            max_output=said.max_output or known.get("max_output", 8_192),
            price=_price(name, said, known),
            token_limit=said.token_limit,
            packaged=bool(known),
        )

    def key(self, spec: ModelSpec) -> str | None:
        """The secret ``spec`` is asked with, or None where none is set."""
        own = {"ANTHROPIC_API_KEY": self._settings.anthropic_api_key, "OPENAI_API_KEY": self._settings.openai_api_key}
        held = own.get(spec.key_env or "")
        return held.get_secret_value() if held else os.environ.get(spec.key_env or "") or None

    def needs_key(self, spec: ModelSpec) -> bool:
        """Whether asking is hopeless without a key: the providers' own addresses, or a key that was named."""
        return (
            spec.base_url == _HOMES[spec.provider]
            or self._settings.models.get(spec.name, ModelSettings()).key_env is not None
        )

    def roles(self) -> dict[Role, list[str]]:
        """Model names by role, best first: the server's own lists, else defaults by the keys that are present."""
        present = [provider for provider in get_args(Provider) if self._present(provider)]
        defaults: Mapping[str, list[str]] = self._defaults.get(
            "both" if len(present) > 1 else next(iter(present), ""), {}
        )
        return {role: list(self._settings.roles.get(role) or defaults.get(role, [])) for role in get_args(Role)}

    def offered(self) -> set[str]:
        """Every model a repository's policy may choose: those of any role, and those the settings describe."""
        return {name for names in self.roles().values() for name in names} | set(self._settings.models)

    def names(self, role: Role, allowed: Sequence[str] = ()) -> list[str]:
        """Models to ask in order: the role's own, or those of ``allowed`` that this server offers.

        Raises :class:`ModelRefused` where none is left.
        """
        if not allowed:
            if names := self.roles()[role]:
                return names
            raise ModelRefused(f"No model is set up for {role}: {SET_UP.format(role=role)}.", reason="key")
        offered = self.offered()
        if names := [name for name in allowed if name in offered]:
            return names
        has = ", ".join(sorted(offered)) or "none"
        raise ModelRefused(f"This server does not offer {', '.join(allowed)}; it has {has}.", reason="model")

    def _present(self, provider: Provider) -> bool:
        key = self._settings.anthropic_api_key if provider == "anthropic" else self._settings.openai_api_key
        return key is not None or self._base_url(provider) != _HOMES[provider]

    def _base_url(self, provider: Provider) -> str:
        given = self._settings.anthropic_base_url if provider == "anthropic" else self._settings.openai_base_url
        return (given or _HOMES[provider]).rstrip("/")

    def _provider(self, name: str, said: ModelSettings) -> Provider:
        for prefix, provider in _PREFIXES.items():
            if name.startswith(prefix):
                return provider
        if said.base_url or self._settings.openai_base_url:
            return "openai"
        raise UnknownModel(
            f"Nobody says who serves the model {name!r}: set models.{name}.provider or .base_url.", model=name
        )


def _api(provider: Provider, base_url: str) -> Api:
    if provider == "anthropic":
        return "messages"
    return "responses" if base_url == _HOMES["openai"] else "chat"


def _price(name: str, said: ModelSettings, known: Mapping[str, Any]) -> Price | None:
    into = known.get("input") if said.input_price is None else said.input_price
    out = known.get("output") if said.output_price is None else said.output_price
    if into is None or out is None:
        if said.token_limit is not None:
            return None
        raise UnknownModel(
            f"The model {name!r} is not in the price table: set models.{name}.input_price and .output_price "
            f"(dollars per million tokens), or models.{name}.token_limit (tokens a task may spend on it).",
            model=name,
        )
    told_otherwise = said.input_price is not None
    return Price(
        input=into,
        output=out,
        cached=_first(said.cached_price, None if told_otherwise else known.get("cached"), into),
        cache_write=_first(None if told_otherwise else known.get("cache_write"), into),
        long_prompt=None if told_otherwise else known.get("long_prompt"),
    )


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)
