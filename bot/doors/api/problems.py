"""Refuse a request with a problem document (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from aiohttp import web
from pydantic import Field

from bot.types import ForgehandError, JsonModel

MEDIA_TYPE = "application/problem+json"


class FieldProblem(JsonModel):
    """A value of a request and what is wrong with it."""

    where: str = Field(description="the value, such as `body.repository` or `token.aud`")
    problem: str = Field(description="what is wrong with it")


class ProblemDetails(JsonModel):
    """A problem document."""

    type: str = Field(default="about:blank", description="always `about:blank`: the status says the kind")
    title: str = Field(description="the status in words")
    status: int = Field(ge=400, le=599, description="the HTTP status")
    detail: str = Field(description="what happened and what to do next")
    errors: tuple[FieldProblem, ...] = Field(default=(), description="the values that are wrong, if any")


class Problem(ForgehandError):
    """A request that is refused.

    The message is the document's ``detail``; ``details``: ``status``.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, status=status)
        self.status = status
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def answer(self) -> web.Response:
        """Return the response."""
        document = ProblemDetails(
            title=HTTPStatus(self.status).phrase, status=self.status, detail=self.message, errors=self.errors
        )
        headers = {"Cache-Control": "no-store", **self.headers}
        return web.Response(
            body=document.model_dump_json().encode(), status=self.status, content_type=MEDIA_TYPE, headers=headers
        )
