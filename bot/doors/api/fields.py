"""Fields that several operations share: their form, their bounds, their words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from bot.doors.api.operation import Sent
from bot.store.pages import Place

TaskId = Annotated[str, Field(pattern="^[0-9a-f]{12}$", description="a task's id")]
ArtifactName = Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,39}\.[a-z]{1,10}$", description="an artifact's name")]
RepositoryName = Annotated[
    str,
    Field(
        pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9._-]{1,100}$",
        max_length=201,
        description="`OWNER/NAME` of a repository that the App is installed on",
    ),
]
Login = Annotated[str, Field(min_length=1, max_length=100, description="login of a GitHub account")]
Number = Annotated[int, Field(ge=1, le=2**31 - 1, description="number of an issue or pull request")]
ProviderParameter = Annotated[str, Field(pattern="^[a-z][a-z0-9-]{0,40}$", description="a provider's name")]
KeyName = Annotated[str, Field(pattern="^[A-Za-z_][A-Za-z0-9_]{0,99}$", description="the variable that holds a key")]
KeyId = Annotated[str, Field(pattern="^key-[0-9a-f]{12}$", description="a kept key's id")]
ModelName = Annotated[str, Field(min_length=1, max_length=200, description="a model's name")]
CommentId = Annotated[
    int,
    Field(ge=1, le=2**53, description="a comment on lines of the pull request's diff: the task is about its thread"),
]
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Day = Annotated[str, Field(pattern="^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
Limit = Annotated[int, Field(ge=1, le=100, description="how many on a page")]
CURSOR = "^[0-9]{1,15}-[0-9A-Za-z-]{1,100}$"


class PageQuery(Sent):
    """The part of a list that is wanted."""

    limit: Limit = 30
    cursor: str | None = Field(
        default=None, pattern=CURSOR, max_length=120, description="`next` of the page before this one"
    )

    @property
    def after(self) -> Place | None:
        """Return the row that the page continues behind."""
        if self.cursor is None:
            return None
        at, _, key = self.cursor.partition("-")
        return Place(int(at), key)


class IdempotencyKey(Sent):
    """The header that makes a request safe to repeat."""

    idempotency_key: str = Field(
        alias="Idempotency-Key",
        pattern="^[!-~]{1,255}$",
        max_length=255,
        description="any text of yours, new for each task that you want: the same key again is the same task",
    )


def moment(milliseconds: int) -> str:
    """Return a time as RFC 3339 in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def maybe_moment(milliseconds: int | None) -> str | None:
    """Return a time that may be missing as RFC 3339 in UTC."""
    return None if milliseconds is None else moment(milliseconds)


def cursor(at: int, key: str) -> str:
    """Return the cursor of the page behind a row."""
    return f"{at}-{key}"
