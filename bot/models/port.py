"""The values and errors of a model call, whoever serves the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

from pydantic import Field

from bot.models.permitted import ANYTHING, PermittedModels
from bot.settings import ModelRole, Strategy
from bot.store.limits import Limit
from bot.types import ForgehandError, JsonModel


class ModelError(ForgehandError):
    """The root of a model call's errors.

    Where the provider told what the failed call used, ``details`` also holds ``input``, ``output``, ``cached`` and
    ``cache_write`` (tokens, as in :class:`Usage`).
    """

    @property
    def usage(self) -> Usage | None:
        """Return what the failed call used, None where nobody told."""
        counted = {name: value for name, value in self.details.items() if name in Usage.model_fields}
        return Usage.model_validate(counted) if counted else None


class ModelBusy(ModelError):
    """Overload or rate limit; ``details``: ``retry_after`` (seconds or None)."""


class ModelQuota(ModelError):
    """The account is out of credit, ``until`` epoch seconds or None."""


class ModelRefused(ModelError):
    """The provider or the model declined.

    ``details``: ``reason`` (``key``, ``model``, ``request`` or ``policy``).
    """


class ContextTooLong(ModelError):
    """The conversation does not fit; ``details``: ``limit`` (tokens or None)."""


class BadAnswer(ModelError):
    """The answer does not have the shape that was asked for."""


class ModelDown(ModelError):
    """The model gave no answer: network, timeout, 5xx."""


class BudgetExceeded(ModelError):
    """Budget that asking would exceed; ``details``: limit, dollars, left."""


class Tool(JsonModel):
    """A tool offered to the model; ``parameters`` is a JSON Schema object."""

    name: str
    description: str
    parameters: dict[str, Any]


class ToolCall(JsonModel):
    """A request to run a tool; ``error`` where its JSON was unreadable."""

    id: str
    name: str
    arguments: dict[str, Any]
    error: str | None = None


class Opaque(JsonModel):
    """Reasoning blocks and the like, replayed to their own model, verbatim."""

    model: str
    after: str  # digest of all said before: providers refuse blocks whose past was edited, so they are left out
    blocks: list[dict[str, Any]]


class Message(JsonModel):
    """A turn. ``tool`` messages answer the call ``tool_call_id``."""

    role: Literal["user", "assistant", "tool"]
    text: str = ""
    shared: int = 0  # so many characters begin other questions too: providers may cache them
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    opaque: Opaque | None = None


class Conversation(JsonModel):
    """A system text (our words only) and the turns that follow it."""

    system: str
    messages: tuple[Message, ...]


class Usage(JsonModel):
    """Tokens as the provider counted them."""

    input: int = 0
    output: int = 0
    cached: int = 0  # the part of ``input`` read from its cache
    cache_write: int = 0  # the part written to it


class Reply(JsonModel):
    """An answer; ``cost`` in dollars, ``seconds`` of wall clock."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    parsed: Any = None
    opaque: Opaque | None = None
    usage: Usage = Usage()
    estimated: bool = False  # nobody counted the tokens: ``usage`` is what they may be at most
    stop: Literal["end", "tools", "length"] = "end"
    model: str = ""
    cost: float = 0.0
    seconds: float = 0.0

    def as_message(self) -> Message:
        """Return the turn to put into the conversation before the next one."""
        return Message(role="assistant", text=self.text, tool_calls=self.tool_calls, opaque=self.opaque)


Hear = Callable[[str, dict[str, Any]], None]
"""Told of a tool call that is being written, again and again: its name, and its arguments with the items of lists that
are whole by now. What it is told may never become an answer."""


class Model(Protocol):
    """A model behind a wire format that raises only :class:`ModelError`."""

    async def ask(
        self,
        conversation: Conversation,
        *,
        tools: Sequence[Tool] = (),
        schema: dict[str, Any] | None = None,
        max_output: int,
        hear: Hear | None = None,
    ) -> Reply:
        """Return one answer, ``parsed`` by a ``schema``; ``max_output`` in tokens."""
        ...


class TokenSource(Protocol):
    """Giver of short-lived tokens in place of a key; both methods may wait."""

    name: str

    @property
    def lack(self) -> str:
        """Return in words what it needs and cannot find, or ""."""
        ...

    def token(self) -> str:
        """Return a token that is good now; raises :class:`ModelError`."""
        ...

    def forget(self, refused: str) -> bool:
        """Stop giving out ``refused``; True if there is another at once."""
        ...


@runtime_checkable
class RequestSigner(Protocol):
    """Signer of requests in place of a key."""

    name: str

    @property
    def lack(self) -> str:
        """Return in words what it needs and cannot find, or ""."""
        ...

    def sign(self, method: str, url: str, kind: str, body: bytes) -> Mapping[str, str]:
        """Return a request's headers, signed; this may wait.

        ``kind`` is the type of its body. Raises :class:`ModelError`.
        """
        ...


Credential = str | TokenSource | RequestSigner


class Spender(JsonModel):
    """The account of a call: a task, its repository, ceilings in dollars."""

    task: str
    repository: str
    max_task: float
    max_day: float
    models: dict[str, list[str]] = Field(default_factory=dict)
    permitted: PermittedModels = ANYTHING  # where its code may go
    strategies: dict[ModelRole, Strategy] = Field(default_factory=dict)
    person: str = ""  # the login of who started the task; "" where nobody did
    person_id: int = 0  # of that account: a login may be another's tomorrow
    repository_id: int = 0
    installation: int = 0  # of the organisation that the repository is in
    limits: tuple[Limit, ...] = ()  # of the organisation's file: what the repository's own policy cannot raise
