"""Define the values that every layer shares, and the root of our exceptions."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

JsonScalar = str | int | float | bool | None
Scope = Literal["read", "run", "admin"]
"""What a token of the API may be used for."""
SourceKind = Literal["alertmanager", "grafana", "sentry", "datadog", "pagerduty", "jenkins", "own"]
"""What a source of signals is."""
KeyScope = Literal["person", "repository", "organisation", "instance"]
"""Whose a key of a model's provider is, the narrowest first: the narrowest that there is pays."""
KEY_SCOPES: tuple[KeyScope, ...] = get_args(KeyScope)
Period = Literal["total", "day", "month"]
"""What a limit of money is for."""
T = TypeVar("T")


class JsonModel(BaseModel):
    """A frozen value that survives a round trip through JSON unchanged.

    Its validator is built on first use: most processes need only a few of our hundreds of models.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    @classmethod
    def load(cls, file: Path) -> Self | None:
        """Read a value from its file; None where there is none."""
        try:
            return cls.model_validate_json(file.read_text())
        except (OSError, ValidationError):
            return None


class Actor(JsonModel):
    """A GitHub account; ``type``: ``User``, ``Bot`` or ``Organization``."""

    login: str
    id: int
    type: str = "User"


class Repository(JsonModel):
    """A repository the App is installed on."""

    id: int
    owner: str
    name: str
    installation: int
    default_branch: str = "main"
    private: bool = False

    @property
    def full_name(self) -> str:
        """Return ``owner/name``."""
        return f"{self.owner}/{self.name}"


class ForgehandError(Exception):
    """The root of every error we raise on purpose.

    The message says what happened and what to do next. ``details`` holds JSON scalars only, so that an error recorded
    by the engine comes back as the same class on replay. ``lasting`` says that trying again is of no use; ``passing``
    that it ends without our doing, so that a step waits for it some minutes, whatever its ``retries``.
    """

    lasting: ClassVar[bool] = False
    passing: ClassVar[bool] = False
    _registry: ClassVar[dict[str, type[ForgehandError]]] = {}

    def __init__(self, message: str, **details: JsonScalar) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__name__ in ForgehandError._registry:
            raise TypeError(f"Two errors are called {cls.__name__}: one recorded by the engine is found by its name.")
        ForgehandError._registry[cls.__name__] = cls

    def to_json(self) -> dict[str, Any]:
        """Return ``{"error": class name, "message": text, "details": {...}}``."""
        return {"error": type(self).__name__, "message": self.message, "details": self.details}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ForgehandError:
        """Make an error of :meth:`to_json`'s form, the root of unknown classes."""
        kind = ForgehandError._registry.get(str(data.get("error")), ForgehandError)
        return kind(str(data.get("message", "")), **dict(data.get("details") or {}))

    def __reduce__(self) -> tuple[Any, ...]:
        return (ForgehandError.from_json, (self.to_json(),))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ForgehandError) and self.to_json() == other.to_json()

    __hash__ = Exception.__hash__

    def detail(self, name: str) -> JsonScalar:
        """Return a detail, or None."""
        return self.details.get(name)

    def with_message(self, message: str) -> Self:
        """Copy the error with another message."""
        return type(self)(message, **self.details)
