"""Read the server's settings: environment first, then ``server.yml``.

Every field can be given as ``FORGEHAND_<NAME>``; nested ones as ``FORGEHAND_BUDGET__DAY``. The file is in the data
directory. What a provider's own SDK reads keeps the name it has there (``ANTHROPIC_API_KEY``, ``OPENAI_BASE_URL``).
"""

from __future__ import annotations

import os
import posixpath
import re
from datetime import UTC, tzinfo
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import yaml
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableVariable

from bot.private_key import read_private_key
from bot.settings_sources import ServerFile, SettingsError, refuse_misspelt, settings_file
from bot.types import JsonModel

Api = Literal["messages", "responses", "chat"]
ProviderName = Literal["anthropic", "openai", "azure", "foundry", "bedrock", "vertex", "openrouter", "compatible"]
ModelRole = Literal["fix", "review", "verify", "cheap"]
MODEL_ROLES: tuple[ModelRole, ...] = get_args(ModelRole)
Strategy = Literal["strongest", "cheapest", "escalate"]
ResultFormat = Literal["junit", "tap", "trx", "exit"]
ToolUse = Literal["native", "text", "schema"]
Tier = Literal["auto", "bubblewrap", "gvisor", "container", "process", "none"]
LOCAL_MASTER = "local"
# where a master key may be kept, and how each place is written; patterns keep what is not a part of the name out of it
_MASTERS = {
    LOCAL_MASTER: re.compile(""),
    "vault": re.compile(r"https?://[^/\s]+(/[^/\s]+){2,}"),
    "aws": re.compile(r"arn:aws(-cn|-us-gov)?:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+"),
    "gcp": re.compile(r"projects/[\w.:-]+/locations/[\w-]+/keyRings/[\w-]+/cryptoKeys/[\w-]+", re.ASCII),
    "azure": re.compile(r"https://[A-Za-z0-9-]+\.vault\.azure\.net/keys/[A-Za-z0-9-]+"),
}
_DATABASE = re.compile(r"(postgres(ql)?(\+psycopg)?|sqlite)://")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# Hosts of package registries: of Python, JavaScript, Go, Rust, Java, Ruby, PHP, Elixir and .NET.
REGISTRIES = (
    "pypi.org", "files.pythonhosted.org", "registry.npmjs.org", "registry.yarnpkg.com", "proxy.golang.org",
    "sum.golang.org", "index.crates.io", "static.crates.io", "repo.maven.apache.org", "rubygems.org",
    "index.rubygems.org", "repo.packagist.org", "repo.hex.pm", "api.nuget.org",
)  # fmt: skip


_Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ModelSettings(BaseModel):
    """An operator's model, over the table's; US dollars per million tokens."""

    model_config = ConfigDict(extra="forbid")  # a price under a wrong name would be believed to count

    provider: ProviderName | None = None
    api: Api | None = None
    base_url: str | None = None
    key_env: str | None = None
    input_price: _Dollars | None = None
    output_price: _Dollars | None = None
    cached_price: _Dollars | None = None
    context: int | None = None
    max_output: int | None = None
    token_limit: int | None = None
    tools: ToolUse | None = None


_PlaceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:_-]{0,99}$")]  # it becomes a part of a URL


_AS_MACHINE: tuple[ProviderName, ...] = ("bedrock", "vertex")


class ProviderPlace(BaseModel):
    """Place of an account with a provider, of which its address is made."""

    model_config = ConfigDict(extra="forbid")

    region: _PlaceName | None = None
    resource: _PlaceName | None = None
    project: _PlaceName | None = None
    machine: bool = False  # ask with this machine's identity instead of a key


class BudgetSettings(BaseModel):
    """Ceilings in dollars; a repository's policy may only lower them."""

    model_config = ConfigDict(extra="forbid")  # a limit under a wrong name would be believed to hold

    task: _Dollars = 5.0
    day: _Dollars = 50.0


class FolderChecks(JsonModel):
    """Commands that install and test a folder, run in it.

    None: found by looking.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    setup: str | None = Field(default=None, description="the command that installs the repository")
    test: str | None = Field(default=None, description="the command that runs tests; `{tests}` stands for their paths")
    results: ResultFormat = Field(
        default="junit", description="how results are read; `exit`: only the exit code counts"
    )
    minutes: float = Field(default=10.0, gt=0, description="longer suites: only the nearest test files run")


def _check_folder(path: str) -> str:
    if path != posixpath.normpath(path) or path.startswith("/") or path.partition("/")[0] in (".", ".."):
        raise ValueError("not a folder below the root; it must look like services/api")
    return path


FolderPath = Annotated[str, AfterValidator(_check_folder)]


class Checks(FolderChecks):
    """Commands that install and test a repository.

    The section ``checks`` of its policy; what that leaves out is the server's.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    folders: dict[FolderPath, FolderChecks] = Field(
        default_factory=dict, description="the same keys for folders that have their own, by path"
    )

    @field_validator("folders")
    @classmethod
    def _require_test(cls, folders: dict[str, FolderChecks]) -> dict[str, FolderChecks]:
        if missing := next((name for name, own in folders.items() if not own.test), ""):
            raise ValueError(f"{missing} needs `test`, the command that tests it")
        return folders

    def find_folder(self, path: str) -> str:
        """Return the innermost of ``folders`` that a path lies in, or ""."""
        holding = (one for one in self.folders if f"{path}/".startswith(f"{one}/"))
        return max(holding, key=len, default="")


def _as_sdk(variable: str, default: str | None = None) -> Any:
    """Return a field with the name that the provider's SDK gives it."""
    return Field(default=default, validation_alias=AliasChoices(variable, variable.lower()))


class Settings(BaseSettings):
    """The settings of a server; docs/configuration.md explains each key."""

    model_config = SettingsConfigDict(
        env_prefix="FORGEHAND_", env_nested_delimiter="__", env_ignore_empty=True, extra="ignore"
    )

    app_id: int | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    private_key: SecretStr | None = None
    github_token: SecretStr | None = None
    webhook_secrets: Annotated[list[SecretStr], NoDecode] = Field(
        default=[],
        validation_alias=AliasChoices("FORGEHAND_WEBHOOK_SECRETS", "FORGEHAND_WEBHOOK_SECRET", "webhook_secrets"),
    )
    master_key: SecretStr | None = None
    master: str | None = None
    vault_token: SecretStr | None = None
    vault_role_id: str | None = None
    vault_secret_id: SecretStr | None = None
    api_url: str = "https://api.github.com"
    web_url: str = "https://github.com"

    data_dir: Path = Field(default_factory=lambda: Path.home() / ".forgehand")
    database_url: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    public_url: str | None = None
    poll: bool = False
    sweep_minutes: float = Field(default=5.0, gt=0)
    time_zone: str = "UTC"
    workers: int = Field(default=4, ge=0)
    api_requests_a_minute: int = Field(default=600, ge=1)
    refused_requests_a_minute: int = Field(default=300, ge=1)
    commands_an_hour: int = Field(default=30, ge=1)
    proxies: list[str] = []
    oidc_issuers: list[str] | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    sandbox: Tier = "auto"
    trust_code: bool = False
    registries: list[str] = list(REGISTRIES)
    index_url: str | None = None
    maven_mirror: str | None = None
    environments_gb: float = Field(default=10.0, ge=0)
    packages_gb: float = Field(default=5.0, ge=0)
    mirrors_gb: float = Field(default=20.0, gt=0)
    history_gb: float = Field(default=5.0, gt=0)
    keep_days: float = Field(default=30.0, ge=7)
    records_gb: float = Field(default=5.0, gt=0)
    records_days: float = Field(default=400.0, ge=90)

    models: dict[str, ModelSettings] = {}
    providers: dict[ProviderName, ProviderPlace] = {}
    roles: dict[ModelRole, list[str]] = {}
    strategies: dict[ModelRole, Strategy] = {}
    budget: BudgetSettings = BudgetSettings()
    checks: Checks = Checks()
    trusted_bots: list[str] = []
    administrators: list[str] = []
    health_hosts: list[str] = []

    anthropic_api_key: SecretStr | None = _as_sdk("ANTHROPIC_API_KEY")
    anthropic_base_url: str | None = _as_sdk("ANTHROPIC_BASE_URL")
    anthropic_federation_rule_id: str | None = _as_sdk("ANTHROPIC_FEDERATION_RULE_ID")
    anthropic_organization_id: str | None = _as_sdk("ANTHROPIC_ORGANIZATION_ID")
    anthropic_service_account_id: str | None = _as_sdk("ANTHROPIC_SERVICE_ACCOUNT_ID")
    anthropic_workspace_id: str | None = _as_sdk("ANTHROPIC_WORKSPACE_ID")
    anthropic_identity_token_file: Path | None = _as_sdk("ANTHROPIC_IDENTITY_TOKEN_FILE")
    openai_api_key: SecretStr | None = _as_sdk("OPENAI_API_KEY")
    openai_base_url: str | None = _as_sdk("OPENAI_BASE_URL")
    azure_api_key: SecretStr | None = _as_sdk("AZURE_OPENAI_API_KEY")
    foundry_api_key: SecretStr | None = _as_sdk("ANTHROPIC_FOUNDRY_API_KEY")
    bedrock_api_key: SecretStr | None = _as_sdk("AWS_BEARER_TOKEN_BEDROCK")
    openrouter_api_key: SecretStr | None = _as_sdk("OPENROUTER_API_KEY")
    google_application_credentials: Path | None = _as_sdk("GOOGLE_APPLICATION_CREDENTIALS")
    gce_metadata_host: str = _as_sdk("GCE_METADATA_HOST", "metadata.google.internal")
    azure_tenant_id: str | None = _as_sdk("AZURE_TENANT_ID")
    azure_client_id: str | None = _as_sdk("AZURE_CLIENT_ID")
    azure_client_secret: SecretStr | None = _as_sdk("AZURE_CLIENT_SECRET")

    @model_validator(mode="before")
    @classmethod
    def _take_one_secret(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Take the file's ``webhook_secret``.

        An alias would also make it a variable without our prefix.
        """
        return {"webhook_secrets": given["webhook_secret"]} | given if "webhook_secret" in given else given

    @field_validator("webhook_secrets", mode="before")
    @classmethod
    def _split_secrets(cls, value: object) -> object:
        if isinstance(value, str):
            return [part for part in re.split(r"[,\n]", value) if part.strip()]
        return value

    @field_validator("api_url", "web_url", "public_url")
    @classmethod
    def _check_address(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "http://unset")
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:  # one beyond 65535 raises
            raise ValueError("not a URL; it must look like https://github.example.com")
        return value

    @field_validator("providers")
    @classmethod
    def _check_machine(cls, value: dict[ProviderName, ProviderPlace]) -> dict[ProviderName, ProviderPlace]:
        for name, place in value.items():
            if place.machine and name not in _AS_MACHINE:
                raise ValueError(f"{name} cannot be asked as this machine; {' and '.join(_AS_MACHINE)} can")
            if place.machine and name == "bedrock" and place.region is None:
                raise ValueError("bedrock needs its `region` beside `machine`: requests are signed for a region")
        return value

    @field_validator("time_zone")
    @classmethod
    def _check_zone(cls, value: str) -> str:
        try:
            if value != "UTC":
                ZoneInfo(value)
        except (ValueError, OSError, KeyError):
            raise ValueError(
                "not a time zone that this machine knows; it must look like Europe/Berlin (package tzdata has them)"
            ) from None
        return value

    @field_validator("master")
    @classmethod
    def _check_master(cls, value: str | None) -> str | None:
        for place in re.findall(r"[^,\s]+", value or ""):
            kind, _, where = place.partition(":")
            is_known = kind in _MASTERS and _MASTERS[kind].fullmatch(where)
            if not is_known or (kind == "vault" and not is_secure(where)):
                raise ValueError(
                    "not a place of a master key; it must look like local, vault:https://HOST:8200/transit/KEY, "
                    "aws:arn:aws:kms:REGION:ACCOUNT:key/ID, gcp:projects/P/locations/L/keyRings/R/cryptoKeys/K or "
                    "azure:https://VAULT.vault.azure.net/keys/KEY"
                )
        return value or None

    @field_validator("proxies")
    @classmethod
    def _check_networks(cls, value: list[str]) -> list[str]:
        for network in value:
            try:
                ip_network(network)
            except ValueError:
                raise ValueError("not an address or a network; it must look like 10.0.0.0/8") from None
        return value

    @field_validator("maven_mirror")
    @classmethod
    def _check_mirror(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "https://unset")
        if parts.scheme != "https" or not parts.hostname or parts.username or re.search(r"[\s<>&\"']", value or ""):
            raise ValueError("not an https URL without credentials; it must look like https://nexus.example.com/maven")
        return value or None

    @field_validator("oidc_issuers")
    @classmethod
    def _check_issuers(cls, value: list[str] | None) -> list[str] | None:
        if not all(is_secure(url) for url in value or ()):
            raise ValueError("not an https URL; it must look like https://token.actions.githubusercontent.com")
        return value

    @field_validator("port", "metrics_port", mode="before")
    @classmethod
    def _check_port(cls, value: object) -> object:
        if isinstance(value, str) and "://" in value:
            raise ValueError(
                "an address, as Kubernetes sets it beside a Service named forgehand; set enableServiceLinks: false for "
                "the pod, or give the variable a number"
            )
        return value

    @field_validator("database_url")
    @classmethod
    def _check_database(cls, value: str | None) -> str | None:
        if value and not _DATABASE.match(value):
            raise ValueError(
                "unsupported database URL; use postgresql://user:password@host/name, or leave it unset for SQLite"
            )
        return value or None

    @field_validator("private_key", mode="before")
    @classmethod
    def _normalise_key(cls, value: object) -> object:
        return read_private_key(value) if isinstance(value, str) else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        refuse_misspelt(settings_cls, os.environ)
        return init_settings, env_settings, ServerFile(settings_cls)

    def provider_key(self, provider: ProviderName) -> SecretStr | None:
        """Return the API key for a model provider, or None if none is set."""
        key: SecretStr | None = getattr(self, f"{provider}_api_key", None)
        return key

    def provider_url(self, provider: ProviderName) -> str | None:
        """Return the address given for a model provider in place of its own."""
        url: str | None = getattr(self, f"{provider}_base_url", None)
        return url

    @property
    def database(self) -> str:
        """Return the URL given for the database, else SQLite in the data folder."""
        if self.database_url is None:
            return f"sqlite:///{self.data_dir / 'forgehand.db'}"
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", self.database_url)

    @property
    def masters(self) -> list[str]:
        """Return the places of master keys, the one that seals first."""
        return re.findall(r"[^,\s]+", self.master or "") or [LOCAL_MASTER]

    @property
    def zone(self) -> tzinfo:
        """Return the zone in which days and months of money begin."""
        return UTC if self.time_zone == "UTC" else ZoneInfo(self.time_zone)

    def find_page(self, task_id: str) -> str:
        """Return the address of a task's page, "" without a public address."""
        return f"{self.public_url.rstrip('/')}/room/tasks/{task_id}" if self.public_url else ""

    @property
    def origin(self) -> str | None:
        """Return scheme, host and port of the public address."""
        if self.public_url is None:
            return None
        parts = urlsplit(self.public_url)
        usual = {"http": 80, "https": 443}[parts.scheme]
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in {None, usual} else "")

    @property
    def secrets(self) -> list[str]:
        """Return every secret value we hold, for redaction."""
        keys = [self.provider_key(provider) for provider in get_args(ProviderName)]
        held = [self.private_key, self.client_secret, self.github_token, self.vault_token, self.vault_secret_id]
        held.append(self.azure_client_secret)
        held += [*keys, *self.webhook_secrets]
        urls = [text for url in (self.database_url, self.index_url) if url for text in _find_password(url)]
        named = [os.environ.get(model.key_env) for model in self.models.values() if model.key_env]
        masters = [] if self.master_key is None else re.split(r"[,\s]+", self.master_key.get_secret_value())
        return [secret.get_secret_value() for secret in held if secret is not None] + [
            text for text in urls + named + masters if text
        ]


def _find_password(url: str) -> list[str]:
    """Return a URL's password as written and as decoded.

    Found as SQLAlchemy finds it: the standard library misses one with a ``/``.
    """
    found = re.search(r"://[^:/@]*:([^@]+)@", url)
    return [] if found is None else list({found[1], unquote(found[1])})


def is_secure(url: str) -> bool:
    """Return True if nobody on the way can change what the address answers."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))


def load_settings(**overrides: object) -> Settings:
    """Load settings; SettingsError names every wrong key, quotes no value."""
    file = settings_file()
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except UnreadableVariable as error:
        named = re.search(r'field "(\w+)"', str(error))
        variable = f"FORGEHAND_{named[1].upper()}" if named else "A setting"
        raise SettingsError(f"{variable} must be JSON; docs/configuration.md shows how it looks.") from None
    except ValidationError as error:
        said = [(item["loc"], _words(item)) for item in error.errors()]
        lines = [f"{'.'.join(str(part) for part in where)}: {what}" for where, what in said]
        raise SettingsError("Invalid settings:\n  " + "\n  ".join(lines)) from None
    except OSError as error:
        raise SettingsError(f"{file} cannot be read ({error.strerror}); make it readable for this user.") from None
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise SettingsError(f"{file}{where} is not valid YAML of the form `name: value`.") from None


def _words(item: ErrorDetails) -> str:
    return "unknown name" if item["type"] == "extra_forbidden" else item["msg"].removeprefix("Value error, ")
