"""Look up models: provider, wire format, context size and price."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from importlib import resources
from typing import Any

import yaml
from pydantic import Field

from bot.google import CredentialsFile, GoogleTokens, Metadata
from bot.models.aws import BedrockSigner
from bot.models.federation import Federation
from bot.models.google import VertexTokens
from bot.models.port import Credential, ModelError, ModelRefused, Usage
from bot.models.providers import DEFAULT_PROVIDERS, KEY_VARIABLES, PROVIDERS, Provider
from bot.money import to_dollars
from bot.settings import MODEL_ROLES, Api, ModelRole, ModelSettings, ProviderName, ProviderPlace, Settings, ToolUse
from bot.types import JsonModel

SET_UP = f"set {' or '.join(KEY_VARIABLES)}, or roles.{{role}}"
_CONTEXT = 128_000  # tokens assumed of a model nobody describes: the least that models sold in 2026 hold
_WRITTEN = 1.25  # prices of input, for what is written to Anthropic's cache of five minutes
_MAX_OUTPUT = 8_192  # tokens: servers refuse a request that asks for more than theirs can write


class UnknownModel(ModelError):
    """A model without a known provider or price; the message says what to set."""


class LongPrompt(JsonModel):
    """A surcharge: above ``over`` input tokens all costs these times as much."""

    over: int
    input: float
    output: float


class Price(JsonModel):
    """A price list in US dollars per million tokens."""

    input: float
    output: float
    cached: float
    cache_write: float
    long_prompt: LongPrompt | None = None
    checked: date | None = None  # when it was last held against ``source``; None for the operator's own word
    source: str = ""

    @property
    def version(self) -> str:
        """Name this list in an account: its day, or ``settings``."""
        return self.checked.isoformat() if self.checked is not None else "settings"

    def micro_dollars(self, usage: Usage) -> int:
        """Return the price of these tokens: exact, rounded to whole ones once."""
        band = self.long_prompt
        fresh = usage.input - usage.cached - usage.cache_write
        lines = ((fresh, self.input), (usage.cached, self.cached), (usage.cache_write, self.cache_write))
        read = sum((_exact(price) * tokens for tokens, price in lines), Decimal())
        written = _exact(self.output) * usage.output
        if band is not None and usage.input > band.over:
            read, written = read * _exact(band.input), written * _exact(band.output)
        return int((read + written).to_integral_value(ROUND_HALF_UP))

    def cost(self, usage: Usage) -> float:
        """Return the price of these tokens in dollars, to be shown."""
        return to_dollars(self.micro_dollars(usage))


class ModelSpec(JsonModel):
    """A model as it can be asked."""

    name: str
    provider: ProviderName
    api: Api
    base_url: str
    key_env: str | None  # the variable's name, never the secret itself
    context: int
    max_output: int
    price: Price | None  # None where only ``token_limit`` was given
    token_limit: int | None = None  # tokens that a task may spend on it
    tools: ToolUse = "native"  # how it calls them: by itself, or as bot.models.text_tools has it write
    packaged: bool = False
    at_home: bool = False  # at an address of the provider's own, where nobody is asked without a key
    place: Mapping[str, str] = Field(default_factory=dict)  # region, resource or project of the account there

    @property
    def newest_chat(self) -> bool:
        """Return True for OpenAI's newest chat dialect.

        Other servers, the local ones above all, know only the oldest.
        """
        newest = PROVIDERS[self.provider].newest_chat or (self.provider == "openai" and self.at_home)
        return self.packaged or newest

    def micro_dollars(self, usage: Usage) -> int:
        """Return these tokens' price, 0 where only tokens are limited."""
        return self.price.micro_dollars(usage) if self.price else 0

    def cost(self, usage: Usage) -> float:
        """Return these tokens' price in dollars, to be shown."""
        return to_dollars(self.micro_dollars(usage))


class Catalogue:
    """The packaged price table with the server's settings laid over it."""

    def __init__(self, settings: Settings) -> None:
        text = resources.files("bot.models").joinpath("prices.yml").read_text()
        table = yaml.load(text, yaml.CSafeLoader)
        dated = {"checked": table["checked"], "source": table["source"]}
        self._known: dict[str, dict[str, Any]] = {name: dated | row for name, row in table["models"].items()}
        self._defaults: dict[str, dict[str, list[str]]] = table["roles"]
        self._settings = settings
        self._federation = Federation.find(settings, self._base_url(PROVIDERS["anthropic"]))
        self._identities = _find_identities(settings)
        self.keyed: frozenset[str] = frozenset()  # providers that somebody has a sealed key for

    def spec(self, name: str) -> ModelSpec:
        """Describe the model ``name``; UnknownModel without provider or price."""
        given = self._settings.models.get(name, ModelSettings())
        known = self._known.get(name, {})
        provider = PROVIDERS[given.provider or known.get("provider") or self._guess_provider(name, given)]
        place = self._settings.providers.get(provider.name, ProviderPlace()).model_dump(
            exclude_none=True, exclude={"machine"}
        )
        api, base_url, at_home = self._find_address(name, provider, given, place)
        return ModelSpec(
            name=name,
            provider=provider.name,
            api=api,
            base_url=base_url,
            key_env=given.key_env or (None if given.base_url else provider.key_variable),
            context=given.context or known.get("context", _CONTEXT),
            max_output=given.max_output or known.get("max_output", _MAX_OUTPUT),
            price=_price(name, given, known, api),
            token_limit=given.token_limit,
            tools=given.tools or "native",
            packaged=bool(known),
            at_home=at_home,
            place=place,
        )

    def key(self, spec: ModelSpec) -> Credential | None:
        """Return the API key for this model, or what stands in for it, or None."""
        if spec.key_env is None:
            return None
        row = PROVIDERS[spec.provider]
        identity = self._identities.get(row.name) if spec.key_env == row.key_variable else None
        if identity is not None or row.auth == "google":
            return identity
        for provider in PROVIDERS.values():
            held = self._settings.provider_key(provider.name)
            if provider.key_variable == spec.key_env and held is not None:
                return held.get_secret_value()
        return os.environ.get(spec.key_env) or self._federated(spec)

    def asked_with(self, provider: ProviderName) -> list[ModelSpec]:
        """List the models that this server asks with a provider's own key.

        Where it asks none of them, one that the table knows, to try a key with.
        """
        found = [spec for name in sorted(self.offered()) if (spec := self._find(name)) and takes_key(spec, provider)]
        known = (name for name, row in self._known.items() if row["provider"] == provider)
        return found or [spec for name in list(known)[:1] if (spec := self._find(name)) is not None]

    def needs_key(self, spec: ModelSpec) -> bool:
        """Return True if asking is hopeless without a key."""
        named = self._settings.models.get(spec.name, ModelSettings()).key_env
        return spec.at_home or named is not None

    def roles(self) -> dict[ModelRole, list[str]]:
        """List each role's models: the server's, or defaults by keys present."""
        present = "+".join(provider.name for provider in DEFAULT_PROVIDERS if self._can_ask(provider))
        defaults = self._defaults.get(present, {})
        return {role: list(self._settings.roles.get(role) or defaults.get(role, [])) for role in MODEL_ROLES}

    def offered(self) -> set[str]:
        """Return every model a policy may choose: of a role, or of the settings."""
        return {name for names in self.roles().values() for name in names} | set(self._settings.models)

    def names(self, role: ModelRole, allowed: Sequence[str] = ()) -> list[str]:
        """List a role's models, or those of ``allowed``; raises ModelRefused."""
        if not allowed:
            if names := self.roles()[role]:
                return names
            raise ModelRefused(f"No model is set up for {role}: {SET_UP.format(role=role)}.", reason="key")
        offered = self.offered()
        if names := [name for name in allowed if name in offered]:
            return names
        has = ", ".join(sorted(offered)) or "none"
        raise ModelRefused(f"This server does not offer {', '.join(allowed)}; it has {has}.", reason="model")

    def _find(self, name: str) -> ModelSpec | None:
        try:
            return self.spec(name)
        except UnknownModel:
            return None

    def _federated(self, spec: ModelSpec) -> Federation | None:
        """Return what gives tokens for this model, at their one address only."""
        own = PROVIDERS["anthropic"]
        fits = (spec.api, spec.base_url, spec.key_env) == (own.elsewhere, self._base_url(own), own.key_variable)
        return self._federation if fits else None

    def _can_ask(self, provider: Provider) -> bool:
        """Return True with a key, or at an address that may need none."""
        keyed = self._settings.provider_key(provider.name) is not None or provider.name in self.keyed
        federated = provider.name == "anthropic" and self._federation is not None
        return keyed or federated or self._base_url(provider) not in provider.homes.values()

    def _base_url(self, provider: Provider) -> str:
        own = next(iter(provider.homes.values()))
        return (self._settings.provider_url(provider.name) or own).rstrip("/")

    def _find_address(
        self, name: str, provider: Provider, given: ModelSettings, place: Mapping[str, str]
    ) -> tuple[Api, str, bool]:
        """Return format, address, and whether it is the provider's own."""
        elsewhere = given.base_url or self._settings.provider_url(provider.name)
        try:
            homes = provider.find_homes(place)
        except KeyError as missing:
            homes = {}
            if elsewhere is None:
                raise UnknownModel(
                    f"{name} is asked at {provider.name}, whose address needs a {missing.args[0]}: set "
                    f"providers.{provider.name}.{missing.args[0]}, or models.{name}.base_url.",
                    model=name,
                ) from None
        if elsewhere is not None:
            found = next((api for api, home in homes.items() if home == elsewhere.rstrip("/")), None)
            return given.api or found or provider.elsewhere, elsewhere.rstrip("/"), found is not None
        api = given.api or next(iter(homes), provider.elsewhere)
        if api not in homes:
            known = " or ".join(homes)
            advice = f"set models.{name}.api to {known}" if homes else f"set models.{name}.base_url"
            raise UnknownModel(f"{provider.name} has no address of its own for {api} ({name}): {advice}.", model=name)
        return api, homes[api], True

    def _guess_provider(self, name: str, given: ModelSettings) -> ProviderName:
        for provider in PROVIDERS.values():
            if provider.prefix and name.startswith(provider.prefix):
                return provider.name
        if given.base_url:
            return "compatible"
        if self._settings.openai_base_url:
            return "openai"  # whoever runs a server of their own speaks its format
        raise UnknownModel(
            f"Unknown provider for model {name!r}: set models.{name}.provider or models.{name}.base_url.", model=name
        )


def _find_identities(settings: Settings) -> dict[ProviderName, Credential]:
    """Return what providers are shown in place of a key."""
    found: dict[ProviderName, Credential] = {}
    bedrock, vertex = (settings.providers.get(name, ProviderPlace()) for name in ("bedrock", "vertex"))
    if bedrock.machine and bedrock.region is not None:
        found["bedrock"] = BedrockSigner(bedrock.region)
    file = settings.google_application_credentials
    if vertex.machine:
        found["vertex"] = VertexTokens(GoogleTokens(Metadata(settings.gce_metadata_host)))
    elif file is not None:
        found["vertex"] = VertexTokens(GoogleTokens(CredentialsFile(file)))
    return found


def takes_key(spec: ModelSpec, provider: ProviderName) -> bool:
    """Return True if a model is asked with a provider's own key."""
    row = PROVIDERS[provider]
    return row.takes_keys and (spec.provider, spec.key_env) == (provider, row.key_variable)


def _exact(price: float) -> Decimal:
    """Return the number as written: dollars a million are millionths each."""
    return Decimal(repr(price))


def _find_surcharge(known: Mapping[str, Any], api: Api) -> float:
    """Return what writing to a cache costs, in prices of input."""
    if known:
        return float(known["cache_write"] / known["input"])
    return _WRITTEN if api == "messages" else 1.0


def _price(name: str, given: ModelSettings, known: Mapping[str, Any], api: Api) -> Price | None:
    """Return the operator's price, else the table's; None for neither."""
    input_price = known.get("input") if given.input_price is None else given.input_price
    output_price = known.get("output") if given.output_price is None else given.output_price
    if input_price is None or output_price is None:
        if given.token_limit is not None:
            return None
        raise UnknownModel(
            f"The model {name!r} is not in the price table: set models.{name}.input_price and .output_price "
            f"(dollars per million tokens), or models.{name}.token_limit (tokens a task may spend on it).",
            model=name,
        )
    table = known if given.input_price is None else {}  # cache prices follow the input's: half a row would be wrong
    own = (given.input_price, given.output_price, given.cached_price)
    cached = given.cached_price if given.cached_price is not None else table.get("cached", input_price)
    return Price(
        input=input_price,
        output=output_price,
        cached=cached,
        cache_write=table.get("cache_write", input_price * _find_surcharge(known, api)),
        long_prompt=known.get("long_prompt"),  # times the price of input, whatever that is
        **({key: known[key] for key in ("checked", "source")} if own == (None, None, None) else {}),
    )
