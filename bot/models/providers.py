"""Providers of models, a row for each."""

from __future__ import annotations

from dataclasses import dataclass

from bot.settings import Api, ProviderName


@dataclass(frozen=True)
class Provider:
    """A provider: its address, key variable and wire formats."""

    name: ProviderName
    home: str
    api: Api
    elsewhere: Api  # the format that servers at other addresses have in common
    prefix: str  # begins the names of its models
    key_variable: str  # that its own SDK reads, as the next
    url_variable: str

    def api_at(self, base_url: str) -> Api:
        """Return the wire format for this address."""
        return self.api if base_url == self.home else self.elsewhere


_ROWS = (
    Provider(
        name="anthropic",
        home="https://api.anthropic.com",
        api="messages",
        elsewhere="messages",
        prefix="claude",
        key_variable="ANTHROPIC_API_KEY",
        url_variable="ANTHROPIC_BASE_URL",
    ),
    Provider(
        name="openai",
        home="https://api.openai.com/v1",
        api="responses",
        elsewhere="chat",
        prefix="gpt-",
        key_variable="OPENAI_API_KEY",
        url_variable="OPENAI_BASE_URL",
    ),
)
PROVIDERS: dict[ProviderName, Provider] = {provider.name: provider for provider in _ROWS}
KEY_VARIABLES = tuple(provider.key_variable for provider in _ROWS)
FEDERATION_VARIABLES = (  # with which Anthropic's SDK gets tokens in place of a key
    "ANTHROPIC_FEDERATION_RULE_ID",
    "ANTHROPIC_ORGANIZATION_ID",
    "ANTHROPIC_SERVICE_ACCOUNT_ID",
    "ANTHROPIC_WORKSPACE_ID",
    "ANTHROPIC_IDENTITY_TOKEN_FILE",
)
