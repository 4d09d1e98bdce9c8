"""Ask one model through its SDK: streamed, and without its retries."""

from __future__ import annotations

import asyncio
import importlib
import logging
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import structlog

from bot import metrics
from bot.models import text_tools, wire, wire_chat, wire_messages, wire_responses
from bot.models.catalogue import ModelSpec
from bot.models.errors import make_error
from bot.models.federation import Federation
from bot.models.port import (
    ContextTooLong,
    Conversation,
    Credential,
    Hear,
    ModelDown,
    ModelError,
    Reply,
    RequestSigner,
    Tool,
    Usage,
)
from bot.models.providers import PROVIDERS
from bot.models.window import fit
from bot.settings import Api, ToolUse

IDLE_SECONDS = 600.0  # a provider's longest silence: reasoning models may think for minutes before the first byte
_CONNECT_SECONDS = 15.0  # a host that has not answered by then is down
_TOKEN_BYTES = 1_000  # of a stream, at most: each event also says what it belongs to
_SPARE_BYTES = 4_000_000  # for what comes beside the answer, as signs of life do
_WHOLE_LIST = {"limit": 1000}  # models: Anthropic's list has pages of twenty
_LEAST_SECRET = 12  # characters of a key: its provider's prefix is about as long
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Format:
    """The parts of a wire format: SDK, client class, request, stream."""

    sdk: str
    client: str
    create: Callable[[Any], Callable[..., Any]]
    request: Callable[[wire.Question], wire.Json]
    stream: Callable[[wire.Question], wire.AnswerStream]


_FORMATS: dict[Api, _Format] = {
    "messages": _Format(
        "anthropic",
        "AsyncAnthropic",
        lambda client: client.messages.create,
        wire_messages.request,
        wire_messages.MessagesStream,
    ),
    "responses": _Format(
        "openai",
        "AsyncOpenAI",
        lambda client: client.responses.create,
        wire_responses.request,
        wire_responses.ResponsesStream,
    ),
    "chat": _Format(
        "openai", "AsyncOpenAI", lambda client: client.chat.completions.create, wire_chat.request, wire_chat.ChatStream
    ),
}


class SdkModel:
    """A :class:`bot.models.port.Model` over its provider's SDK.

    ``key`` may be None; ``idle`` is the longest silence in seconds. Every call opens its own connection: workflows run
    on several event loops, and a pooled connection dies with the loop it was opened on.
    """

    def __init__(self, spec: ModelSpec, key: Credential | None, *, idle: float = IDLE_SECONDS) -> None:
        self.spec = spec
        self._key = key
        self._secret = key if isinstance(key, str) else None
        self._idle = idle
        self._format = _FORMATS[spec.api]

    @property
    def name(self) -> str:
        return self.spec.name

    async def ask(
        self,
        conversation: Conversation,
        *,
        tools: Sequence[Tool] = (),
        schema: dict[str, Any] | None = None,
        max_output: int,
        hear: Hear | None = None,
    ) -> Reply:
        """Return one answer; errors carry the tokens counted so far."""
        question = wire.Question(self.spec, conversation, tools, schema, min(max_output, self.spec.max_output))
        started = time.monotonic()
        fitting = fit(question, self.spec.context)
        try:
            reply = await self._answer(fitting, hear)
        except ContextTooLong as error:
            told = int(error.detail("limit") or self.spec.context)
            smaller = fit(question, min(told, self.spec.context), density=2)
            if smaller == fitting:
                raise
            reply = await self._answer(smaller, hear)
        return reply.model_copy(update={"seconds": time.monotonic() - started})

    async def _answer(self, question: wire.Question, hear: Hear | None) -> Reply:
        asked = text_tools.rewrite(question)
        stream = self._format.stream(asked)
        try:
            reply = _ensure_usage(asked, await self._read(asked, stream, hear), stream)
            return wire.finish(question, text_tools.read(question, reply))
        except ModelError as error:
            message = _hide(error.message, self._secret)
            counted = stream.usage.model_dump() if stream.usage is not None else {}
            raise type(error)(message, **(error.details | counted)) from None

    def calling(self, way: ToolUse) -> SdkModel:
        """Return the same model that calls tools in this way."""
        return SdkModel(self.spec.model_copy(update={"tools": way}), self._key, idle=self._idle)

    async def list_offered(self) -> list[dict[str, Any]]:
        """List what the server says of its models; [] where it does not say."""
        try:
            return await self.list_models()
        except ModelError:
            return []

    async def list_models(self) -> list[dict[str, Any]]:
        """List what the server says of its models; it costs nothing.

        Raises :class:`ModelError`; ``details`` of :class:`ModelDown`: ``stage``, where no connection comes about.
        """
        sdk, client = await asyncio.to_thread(self._connect)
        http = importlib.import_module("httpx2")
        try:
            async with client:
                page = await client.models.list(**_WHOLE_LIST if self.spec.api == "messages" else {})
                return [model.to_dict(mode="json") for model in page.data or ()]
        except sdk.APIStatusError as error:
            raise make_error(self.name, error.response.status_code, error.body, error.response.headers) from None
        except sdk.APIConnectionError as error:
            raise ModelDown(f"{self.name} cannot be reached.", stage=_find_stage(error)) from None
        except (sdk.APIError, http.HTTPError, ValueError, KeyError, TypeError, AttributeError):
            raise ModelDown(f"{self.name} gave no list of models.") from None

    async def _read(
        self,
        question: wire.Question,
        stream: wire.AnswerStream,
        hear: Hear | None,
        *,
        again: bool = True,
        request: wire.Json | None = None,
    ) -> Reply:
        # Importing an SDK takes seconds and building its client 25 ms: neither belongs on the event loop.
        sdk, client = await asyncio.to_thread(self._connect)
        http = importlib.import_module("httpx2")
        request = request or self._format.request(question)
        left = question.max_output * _TOKEN_BYTES + _SPARE_BYTES
        try:
            async with client:
                began = time.monotonic()
                async for event in await self._format.create(client)(**request):
                    if began:
                        metrics.FIRST_TOKEN_SECONDS.labels(self.name).observe(time.monotonic() - began)
                        began = 0.0
                    said = event.to_dict(mode="json", warnings=False)  # of shapes that no SDK knows
                    stream.feed(said)
                    left -= len(repr(said))
                    if left < 0:
                        raise ModelDown(f"{self.name} went on after the {question.max_output} tokens it was asked for.")
                    if hear is not None:
                        wire.tell(stream, hear)
            return stream.reply()
        except sdk.APIStatusError as error:
            if error.response.status_code == 401 and self._forget_token() and again:
                return await self._read(question, stream, hear, again=False)
            if again and (fewer := wire_chat.lessen(request, error.body)):
                return await self._read(question, stream, hear, again=False, request=fewer)
            raise make_error(self.name, error.response.status_code, error.body, error.response.headers) from None
        except (sdk.APITimeoutError, http.TimeoutException):
            raise ModelDown(f"{self.name} sent nothing for {self._idle:.0f} s.") from None
        except sdk.APIConnectionError as error:
            # Where it is and what the system said are for the log: this message may be posted.
            log.warning("model unreachable", model=self.name, url=self.spec.base_url, reason=str(error.__cause__))
            raise ModelDown(f"{self.name} cannot be reached ({type(error.__cause__).__name__}).") from None
        except sdk.APIError as error:
            raise make_error(self.name, 200, error.body, {}) from None
        except http.HTTPError as error:
            raise ModelDown(f"The connection to {self.name} broke: {type(error).__name__}.") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ModelDown(f"{self.name} sent a malformed stream.") from None

    def _forget_token(self) -> bool:
        """Return True if another token may be available in place of a refused one."""
        if isinstance(self._key, str | RequestSigner | None) or self._secret is None:
            return False
        return self._key.forget(self._secret)

    def _connect(self) -> tuple[ModuleType, Any]:
        sdk = importlib.import_module(self._format.sdk)
        # At DEBUG the SDKs log whole requests, and both can be switched to it by the environment.
        logging.getLogger(self._format.sdk).setLevel(logging.WARNING)
        timeout = sdk.Timeout(self._idle, connect=min(self._idle, _CONNECT_SECONDS))
        name, credential = self._choose_client()
        client = getattr(sdk, name)(
            **credential,
            base_url=self.spec.base_url,
            max_retries=0,
            timeout=timeout,
            # A redirect would carry the key to whoever it points at; so would a proxy, where nothing is encrypted.
            http_client=sdk.DefaultAsyncHttpxClient(
                follow_redirects=False,
                timeout=timeout,
                verify=_trusted(),
                mounts={"http://": None},
                event_hooks={"request": [self._show_key]},
            ),
        )
        _forget_environment(client)
        return sdk, client

    def _choose_client(self) -> tuple[str, dict[str, Any]]:
        """Return the SDK's class for this provider, and how it is given the key."""
        provider = PROVIDERS[self.spec.provider]
        if isinstance(self._key, RequestSigner):
            self._key.sign("GET", self.spec.base_url, "", b"")  # what lacks is told here: the SDK would hide it
        elif not isinstance(self._key, str | None):
            self._secret = self._key.token()
        if provider.path_names_model and self.spec.api == "messages":
            place = {"region": self.spec.place.get("region", ""), "project_id": self.spec.place.get("project", "")}
            return "AsyncAnthropicVertex", {"access_token": self._secret or "none", **place}
        if isinstance(self._key, Federation):
            library = importlib.import_module("anthropic.lib.credentials")
            return self._format.client, {"credentials": library.StaticToken(self._secret)}
        return self._format.client, {"api_key": self._secret or "none"}

    async def _show_key(self, request: Any) -> None:
        """Show the key as the provider wants it: both SDKs know one way."""
        if isinstance(self._key, RequestSigner):
            del request.headers["authorization"]
            kind, body = request.headers.get("content-type", ""), await request.aread()
            said = await asyncio.to_thread(self._key.sign, request.method, str(request.url), kind, body)
            request.headers.update(said)
            return
        header = PROVIDERS[self.spec.provider].auth
        if header in ("x-api-key", "api-key"):
            del request.headers["authorization"]
            request.headers[header] = self._secret or "none"


def _hide(message: str, secret: str | None) -> str:
    """Take a key out of an error, also one that was cut within the key."""
    for end in range(len(secret or ""), _LEAST_SECRET - 1, -1):
        if secret and secret[:end] in message:
            return message.replace(secret[:end], "***")
    return message.replace(secret, "***") if secret else message


def _find_stage(error: BaseException) -> str:
    """Say what keeps a connection from coming about.

    It is ``address`` or ``encryption``.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "encryption"
        cause = cause.__cause__ or cause.__context__
    return "address"


def _forget_environment(client: Any) -> None:
    """Take out of a client what its SDK found in the server's environment.

    Both SDKs add headers from there to every call, whosever key it is made with, and these win over the key: another's
    organisation and project, another's credentials.
    """
    client._custom_headers = {}
    client.organization = client.project = None


@cache
def _trusted() -> ssl.SSLContext:
    """Read the trusted certificates once: each time takes 20 ms."""
    context: ssl.SSLContext = importlib.import_module("httpx2").create_ssl_context()
    return context


def _ensure_usage(question: wire.Question, reply: Reply, stream: wire.AnswerStream) -> Reply:
    """Estimate high where no tokens are counted: nothing escapes a budget."""
    if stream.usage is not None:
        return reply
    stream.usage = Usage(input=wire.estimate(question), output=len(reply.model_dump_json()) // 2)
    return reply.model_copy(update={"usage": stream.usage, "estimated": True})
