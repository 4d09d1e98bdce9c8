"""Errors of GitHub's API, told apart by what the caller should do next."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from bot.types import ForgehandError


class GitHubError(ForgehandError):
    """A request that GitHub refused; ``details`` may hold ``status``."""


class BadCredentials(GitHubError):
    """401: the key, App id, token or clock is wrong."""


class Forbidden(GitHubError):
    """403 that is no rate limit; ``details``: ``permissions`` it wants, or ""."""

    lasting = True


class Locked(Forbidden):
    """403 or 422 because a conversation is locked: nothing may be added to it.

    https://docs.github.com/en/communities/moderating-comments-and-conversations/locking-conversations
    """


class NotFound(GitHubError):
    """404, 410 or 451: it is not there, or the App may not see it."""


class Gone(NotFound):
    """410: it was deleted, and will not come back."""

    lasting = True


class Transferred(NotFound):
    """It is in a repository (``target``) where we have no business."""

    lasting = True


class Conflict(GitHubError):
    """409: a contradiction, or git data of a repository without commits."""


class Invalid(GitHubError):
    """422, understood but refused; ``details``: ``errors``, one a line."""

    @property
    def errors(self) -> list[str]:
        return str(self.detail("errors") or "").splitlines()


class RateLimited(GitHubError):
    """A rate limit longer than we wait; ``retry_after`` is in seconds."""


class GitHubDown(GitHubError):
    """No answer, or 5xx, after several tries; a write may have worked."""

    passing = True


class TooMuch(GitHubDown):
    """A GraphQL query took too much: fewer at once may pass."""


class ProgressDropped(GitHubError):
    """A progress write overtaken by a newer one or a limit: nothing is lost."""


# A comment on a locked issue is a 403 with the one, a review of a locked pull request a 422 with the other.
_LOCKED = re.compile(r"\b(?:issue|conversation|pull request) is locked\b|\block prevents\b", re.IGNORECASE)
# A limit that GraphQL tells with a 200: with a type of its own, or in words alone.
_LIMIT = re.compile(r"secondary rate limit|submitted too quickly|rate limit (?:already )?exceeded", re.I)
_BROKEN_OFF = re.compile(r"something went wrong while executing your query|respond to your request in time", re.I)
UNSAID = 60.0
"""Seconds to wait where a limit names none; GitHub asks for at least a minute, then doubling."""


@dataclass(frozen=True)
class Response:
    """An answer as it came. ``headers`` are found whatever their case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Parse the body; None where it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def is_readable(self) -> bool:
        """Return False for JSON that breaks off."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip()
        return kind != "application/json" or self.body.strip() in {b"", b"null"} or self.json() is not None

    @property
    def message(self) -> str:
        data = self.json()
        return str(data.get("message") or "") if isinstance(data, dict) else ""

    @property
    def errors(self) -> list[str]:
        """Return the reasons of a 422 (objects, strings or one) as sentences."""
        data = self.json()
        found = data.get("errors") if isinstance(data, dict) else None
        if not isinstance(found, list):
            found = [found] if found else []
        return [_sentence(item) for item in found]

    @property
    def graphql_errors(self) -> list[Mapping[str, Any]]:
        """Return what GraphQL says of a query's failure; it says so with a 200."""
        data = self.json()
        found = data.get("errors") if isinstance(data, dict) else None
        return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def failure(response: Response, method: str, url: str) -> GitHubError:
    """Return the error that an unsuccessful answer means."""
    if response.status == HTTPStatus.OK:
        return graphql_failure(response.graphql_errors)
    said = response.message or _phrase(response.status)
    what = f"GitHub answered {response.status} to {method} {urlsplit(url).path}: {said}"
    status = response.status
    if _LOCKED.search("\n".join([response.message, *response.errors])):
        return Locked(f"{what}. The conversation is locked.", status=status, permissions="")
    if status == HTTPStatus.UNAUTHORIZED:
        return BadCredentials(f"{what}. Check the App id, the private key and this machine's clock.", status=status)
    if status == HTTPStatus.FORBIDDEN:
        wanted = response.headers.get("x-accepted-github-permissions", "")
        advice = (
            f" The App needs one of these permissions, accepted by the installation's owner: {wanted}."
            if wanted
            else ""
        )
        return Forbidden(f"{what}.{advice}", status=status, permissions=wanted)
    if status == HTTPStatus.GONE:
        return Gone(f"{what}.", status=status)
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS}:
        return NotFound(f"{what}. It is gone, or the App is not installed there.", status=status)
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        reasons = response.errors
        return Invalid("; ".join([what, *reasons]), status=status, errors="\n".join(reasons))
    if status == HTTPStatus.CONFLICT:
        return Conflict(what, status=status)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return GitHubDown(f"{what}. Its status page may say more.", status=status)
    return GitHubError(what, status=status)


def graphql_failure(errors: Sequence[Mapping[str, Any]]) -> GitHubError:
    """Return the error that the first of a GraphQL answer's errors means."""
    what = "GitHub's GraphQL API refused: " + "; ".join(_sentence(error) for error in errors)
    kind = str(errors[0].get("type") or errors[0].get("code") or "").upper()
    if kind == "NOT_FOUND":
        return NotFound(f"{what}. It is gone, or the App is not installed there.")
    if kind == "FORBIDDEN":
        return Forbidden(f"{what}. The App lacks a permission for this.", permissions="")
    if kind.startswith("RATE_LIMIT") or _LIMIT.search(what):
        return RateLimited(f"{what}.", retry_after=UNSAID)
    if kind == "UNPROCESSABLE":
        return Invalid(what, errors="\n".join(_sentence(error) for error in errors))
    if kind == "RESOURCE_LIMITS_EXCEEDED":
        return TooMuch(what, status=200)
    if _BROKEN_OFF.search(what):
        return GitHubDown(f"{what} Its status page may say more.", status=200)
    return GitHubError(what)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no reason given"


def _sentence(error: Any) -> str:
    if not isinstance(error, dict):
        return " ".join(str(error).split())
    subject = " ".join(str(error[key]) for key in ("resource", "field") if error.get(key))
    reason = error.get("message") or str(error.get("code") or "invalid")
    return " ".join(f"{subject}: {reason}".removeprefix(": ").split())
