"""Check what people choose in the set-up."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from bot.github.api.hosts import web_url_of
from bot.github.resources.manifest import Manifest
from bot.settings import LOOPBACK, Settings
from bot.types import ForgehandError, JsonModel

_WEBHOOK = "/webhook"
_LONGEST_NAME = 34  # characters that GitHub takes


class WishRefused(ForgehandError):
    """A value that cannot be meant; the message says what is expected."""


class Wishes(JsonModel):
    """Choices that somebody made so far.

    ``public_url`` "": GitHub cannot reach this server, so its delivery log is read; ``polls``: they said so.
    ``organization`` "": their own account.
    """

    public_url: str = ""
    polls: bool = False
    web_url: str = "https://github.com"
    organization: str = ""
    name: str = "forgehand"
    groups: tuple[str, ...] = ()

    @property
    def hook(self) -> str | None:
        """Return where GitHub sends deliveries, None where they are read."""
        return f"{self.public_url}{_WEBHOOK}" if self.public_url and not self.polls else None

    @classmethod
    def of(cls, settings: Settings) -> Wishes:
        """Return what the settings say, and our defaults."""
        return cls(public_url=(settings.public_url or "").rstrip("/"), web_url=settings.web_url)


def list_fixed(settings: Settings) -> frozenset[str]:
    """Return the wishes that the environment or ``server.yml`` decides."""
    return frozenset({"public_url", "web_url"} & settings.model_fields_set)


def check_public_url(text: str) -> str:
    """Return a public address without its last slash, or "" for none.

    Plain http is taken on loopback only. Raises :class:`WishRefused`.
    """
    text = text.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        good = parts.port != 0
    except ValueError:
        good = False
    if not text:
        return ""
    secure = good and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))
    if not secure or not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise WishRefused(
            "The public address must look like https://forgehand.example.com: GitHub's deliveries and everybody's "
            "sign-in go there, so it is https."
        )
    return text


def check_owner(text: str) -> str:
    """Return an organisation's login, or "" for the person's own account.

    Raises :class:`WishRefused`.
    """
    text = text.strip().removeprefix("@")
    if not text.isascii() or not all(char.isalnum() or char in "-_" for char in text):
        raise WishRefused("An organisation's name has only letters, digits and hyphens, as in github.com/NAME.")
    return text


def check_name(text: str) -> str:
    """Return a name that GitHub takes. Raises :class:`WishRefused`."""
    text = text.strip()
    if not 0 < len(text) <= _LONGEST_NAME:
        raise WishRefused(f"The App needs a name of at most {_LONGEST_NAME} characters.")
    return text


def check_groups(names: Sequence[str], manifest: Manifest) -> tuple[str, ...]:
    """Return the names of optional groups. Raises :class:`ManifestError`."""
    manifest.levels(names)
    return tuple(dict.fromkeys(names))


def check_host(kind: str, subdomain: str, address: str) -> str:
    """Return the web address of the GitHub that was chosen.

    ``kind``: ``github``, ``ghe`` (a subdomain of ghe.com) or ``server``. Raises :class:`HostRefused`,
    :class:`WishRefused`.
    """
    if kind == "github":
        return "https://github.com"
    if kind == "ghe":
        subdomain = subdomain.strip().lower().removeprefix("https://").removesuffix(".ghe.com")
        if not subdomain.isascii() or not subdomain.replace("-", "").isalnum():
            raise WishRefused("The subdomain must look like octo, for octo.ghe.com.")
        return f"https://{subdomain}.ghe.com"
    return web_url_of(address)
