"""Providers of models, a row for each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.settings import Api, ProviderName

Auth = Literal["bearer", "x-api-key", "api-key", "google"]
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Provider:
    """A provider: where it is, how it is spoken to, and what is odd about it."""

    name: ProviderName
    homes: Mapping[Api, str]  # its address for each format, the usual one first; settings fill what is in braces
    elsewhere: Api  # the format that servers at other addresses have in common
    key_variable: str | None = None  # that its own SDK reads
    auth: Auth = "bearer"  # how the key is shown; `google`: a token is got with it
    url_variable: str | None = None  # set for providers that are asked without being named
    prefix: str = ""  # begins the names of its models
    hosts: Mapping[str, str] = field(default_factory=dict)  # `{host}` of each region, "" for all others
    newest_chat: bool = False  # refuses `max_tokens`
    path_names_model: bool = False  # the model stands in the path and the version in the body, in the messages format

    @property
    def takes_keys(self) -> bool:
        """Return True if a text is all that its owner has to give."""
        return self.key_variable is not None and self.auth != "google"

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Return what must be known of an account before its address is."""
        text = " ".join((*self.homes.values(), *self.hosts.values()))
        return tuple(dict.fromkeys(name for name in _PLACEHOLDER.findall(text) if name != "host"))

    def find_homes(self, place: Mapping[str, str]) -> dict[Api, str]:
        """Return the address for each format; raises :class:`KeyError`."""
        host = self.hosts.get(place.get("region", ""), self.hosts.get("", ""))
        filled = {"host": host.format_map(place), **place}
        return {api: home.format_map(filled) for api, home in self.homes.items()}


_ROWS = (
    Provider(
        name="anthropic",
        homes={"messages": "https://api.anthropic.com"},
        elsewhere="messages",
        key_variable="ANTHROPIC_API_KEY",
        url_variable="ANTHROPIC_BASE_URL",
        prefix="claude",
    ),
    Provider(
        name="openai",
        homes={"responses": "https://api.openai.com/v1", "chat": "https://api.openai.com/v1"},
        elsewhere="chat",
        key_variable="OPENAI_API_KEY",
        url_variable="OPENAI_BASE_URL",
        prefix="gpt-",
    ),
    Provider(
        name="azure",
        homes={
            "responses": "https://{resource}.openai.azure.com/openai/v1",
            "chat": "https://{resource}.openai.azure.com/openai/v1",
        },
        elsewhere="responses",
        key_variable="AZURE_OPENAI_API_KEY",
        auth="api-key",
        newest_chat=True,
    ),
    Provider(
        name="foundry",
        homes={"messages": "https://{resource}.services.ai.azure.com/anthropic"},
        elsewhere="messages",
        key_variable="ANTHROPIC_FOUNDRY_API_KEY",
        auth="x-api-key",
    ),
    Provider(
        name="bedrock",
        homes={
            "messages": "https://bedrock-mantle.{region}.api.aws/anthropic",
            "responses": "https://bedrock-mantle.{region}.api.aws/v1",
            "chat": "https://bedrock-mantle.{region}.api.aws/v1",
        },
        elsewhere="messages",
        key_variable="AWS_BEARER_TOKEN_BEDROCK",
        prefix="anthropic.",
    ),
    Provider(
        name="vertex",
        homes={
            "messages": "https://{host}/v1",
            "chat": "https://{host}/v1/projects/{project}/locations/{region}/endpoints/openapi",
        },
        elsewhere="messages",
        key_variable="GOOGLE_APPLICATION_CREDENTIALS",
        auth="google",
        hosts={
            "global": "aiplatform.googleapis.com",
            "us": "aiplatform.us.rep.googleapis.com",
            "eu": "aiplatform.eu.rep.googleapis.com",
            "": "{region}-aiplatform.googleapis.com",
        },
        path_names_model=True,
    ),
    Provider(
        name="openrouter",
        homes={"chat": "https://openrouter.ai/api/v1"},
        elsewhere="chat",
        key_variable="OPENROUTER_API_KEY",
    ),
    Provider(name="compatible", homes={}, elsewhere="chat"),
)
PROVIDERS: dict[ProviderName, Provider] = {provider.name: provider for provider in _ROWS}
# asked where no model is named
DEFAULT_PROVIDERS = tuple(provider for provider in _ROWS if provider.url_variable is not None)
KEY_VARIABLES = tuple(one.key_variable for one in DEFAULT_PROVIDERS if one.key_variable is not None)
FEDERATION_VARIABLES = (  # with which Anthropic's SDK gets tokens in place of a key
    "ANTHROPIC_FEDERATION_RULE_ID",
    "ANTHROPIC_ORGANIZATION_ID",
    "ANTHROPIC_SERVICE_ACCOUNT_ID",
    "ANTHROPIC_WORKSPACE_ID",
    "ANTHROPIC_IDENTITY_TOKEN_FILE",
)
