"""Refusals, in the words and shapes of GitHub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

DOCS = "https://docs.github.com/rest"
LOCKING = "https://docs.github.com/articles/locking-conversations/"


class ApiError(Exception):
    """An answer that is not a success. ``errors`` is what GitHub lists under that key: objects, or bare strings."""

    def __init__(
        self,
        status: int,
        message: str,
        errors: Sequence[Any] = (),
        headers: Mapping[str, str] | None = None,
        docs: str = DOCS,
    ) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.headers = dict(headers or {})
        self.body: dict[str, Any] = {"message": message}
        if errors:
            self.body["errors"] = list(errors)
        self.body |= {"documentation_url": docs, "status": str(status)}


def not_found() -> ApiError:
    return ApiError(404, "Not Found")


def moved(method: str, location: str, query: Mapping[str, str]) -> ApiError:
    """Return the redirect of something that has another address: 301 for reading, 307 for writing."""
    location += f"?{urlencode(query)}" if query else ""
    reads = method in ("GET", "HEAD")
    status, words = (301, "Moved Permanently") if reads else (307, "Temporary Redirect")
    error = ApiError(status, words, headers={"Location": location})
    error.body["url"] = location
    return error


def bad_credentials() -> ApiError:
    return ApiError(401, "Bad credentials")


def not_accessible(accepted: str) -> ApiError:
    return ApiError(
        403,
        "Resource not accessible by integration",
        headers={"X-Accepted-GitHub-Permissions": accepted},
    )


def invalid(resource: str, field: str, code: str, message: str | None = None) -> ApiError:
    """422 with one error object; ``code`` is GitHub's: missing, missing_field, invalid, already_exists, custom."""
    error = {"resource": resource, "field": field, "code": code}
    return ApiError(422, "Validation Failed", [error | ({"message": message} if message else {})])


def too_long(resource: str, field: str, limit: int) -> ApiError:
    return invalid(resource, field, "custom", f"{field} is too long (maximum is {limit} characters)")


def wrong_type(field: str, value: Any, wanted: str) -> ApiError:
    shown = f'"{value}"' if isinstance(value, str) else repr(value)
    if value is None:
        shown = "nil"
    return ApiError(422, f"Invalid request.\n\nFor 'properties/{field}', {shown} is not {wanted}.")


def not_supplied(field: str) -> ApiError:
    return ApiError(422, f'Invalid request.\n\n"{field}" wasn\'t supplied.')
