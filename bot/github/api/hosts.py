"""Derive the addresses of github.com, a data-residency domain or an Enterprise Server."""

from __future__ import annotations

from urllib.parse import urlsplit

from bot.types import ForgehandError

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class HostRefused(ForgehandError):
    """An address that cannot be a GitHub; the message says what is expected."""


def web_url_of(text: str) -> str:
    """Return the web address of a GitHub from what a person typed.

    ``github.example.com`` and ``https://github.example.com/`` both give ``https://github.example.com``. Plain http is
    taken on loopback only. Raises :class:`HostRefused`.
    """
    text = text.strip().rstrip("/")
    parts = urlsplit(text if "://" in text else f"https://{text}")
    try:
        port = parts.port
    except ValueError:
        port = -1
    plain = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if (
        not plain
        or not parts.hostname
        or port == -1
        or parts.path
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        raise HostRefused(f"{text!r} is not the address of a GitHub; give it like https://github.example.com.")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def api_url_of(web_url: str) -> str:
    """Return the REST API that belongs to a web address."""
    parts = urlsplit(web_url)
    if parts.hostname == "github.com" or (parts.hostname or "").endswith(".ghe.com"):
        return f"{parts.scheme}://api.{parts.netloc}"
    return f"{web_url}/api/v3"


def issuer_of(web_url: str) -> str:
    """Return the issuer of the tokens that runs of Actions show."""
    parts = urlsplit(web_url)
    if parts.hostname == "github.com":
        return "https://token.actions.githubusercontent.com"
    if (parts.hostname or "").endswith(".ghe.com"):
        return f"https://token.actions.{parts.netloc}"
    return f"{web_url.rstrip('/')}/_services/token"


def graphql_url_of(api_url: str) -> str:
    """Return the GraphQL endpoint beside a REST API."""
    return f"{api_url.removesuffix('/v3')}/graphql"
