"""Settings that are derived from others, and values that are refused at once."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from bot.github.api.hosts import issuer_of
from bot.models.catalogue import Catalogue
from bot.settings import Settings, is_secure, load_settings
from bot.settings_sources import SettingsError

SETUP = Path(__file__).parent.parent / "docs" / "setup.md"


@pytest.mark.parametrize(
    ("public_url", "origin"),
    [
        ("https://Bots.Example.org/forgehand/", "https://bots.example.org"),
        ("https://bots.example.org:443", "https://bots.example.org"),
        ("https://bots.example.org:8443/x", "https://bots.example.org:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        (None, None),
    ],
)
def test_the_origin_is_what_a_browser_calls_it(public_url: str | None, origin: str | None) -> None:
    assert Settings.model_validate({"public_url": public_url}).origin == origin


@pytest.mark.parametrize("public_url", ["bots.example.org", "https://", "https://x:0", "https://x:99999", "ftp://x"])
def test_a_public_address_must_be_one(public_url: str) -> None:
    with pytest.raises(SettingsError, match="public_url"):
        load_settings(public_url=public_url)


@pytest.mark.parametrize(
    ("web_url", "issuer"),
    [
        ("https://github.com", "https://token.actions.githubusercontent.com"),
        ("https://octo.ghe.com", "https://token.actions.octo.ghe.com"),
        ("https://github.example.org/", "https://github.example.org/_services/token"),
        ("https://github.com.example.org", "https://github.com.example.org/_services/token"),
    ],
)
def test_the_issuer_is_that_of_the_github_we_work_for(web_url: str, issuer: str) -> None:
    assert issuer_of(web_url) == issuer


def test_issuers_are_asked_where_nobody_can_listen_in() -> None:
    assert load_settings(oidc_issuers=["http://127.0.0.1:1/_services/token"]).oidc_issuers
    with pytest.raises(SettingsError, match="oidc_issuers: not an https URL"):
        load_settings(oidc_issuers=["https://a.example.org", "http://b.example.org"])
    assert not any(is_secure(url) for url in ("http://b.example.org", "https://", "file:///keys", "b.example.org"))


@pytest.mark.parametrize(
    "address", ["http://nexus.corp/maven", "https://u:p@nexus.corp/", "nexus.corp", 'https://nexus.corp/"><x>']
)
def test_a_mirror_of_maven_is_https_and_holds_no_credentials(address: str) -> None:
    with pytest.raises(SettingsError, match="not an https URL without credentials"):
        load_settings(maven_mirror=address)
    assert Settings(maven_mirror="https://nexus.corp:8443/maven").maven_mirror == "https://nexus.corp:8443/maven"


def test_the_documented_model_of_ones_own_has_every_role(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A role that is left open is the provider's default: asked at an address that has no such model."""
    monkeypatch.setenv("FORGEHAND_DATA_DIR", str(tmp_path))
    exports = re.findall(r"^export (.*MODELS=.*|.*ROLES=.*|OPENAI.*)$", SETUP.read_text(), re.M)
    for assignment in (part for line in exports for part in shlex.split(line)):
        monkeypatch.setenv(*assignment.split("=", 1))
    roles = Catalogue(load_settings()).roles()
    assert roles == {role: ["my-model"] for role in roles}


@pytest.mark.parametrize(
    ("written", "known"),
    [("plain", {"plain"}), ("a/b?c#d", {"a/b?c#d"}), ("a%2Fb", {"a%2Fb", "a/b"}), ("", set())],
)
def test_a_database_password_is_known_as_a_secret(written: str, known: set[str]) -> None:
    """Also one that should have been encoded: SQLAlchemy takes it, so it works."""
    settings = Settings(database_url=f"postgresql://forgehand:{written}@db/forgehand")
    assert set(settings.secrets) == known
