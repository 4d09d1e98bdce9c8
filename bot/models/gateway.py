"""Make every model call: ledger, reservation, request, settlement."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import structlog

from bot import metrics
from bot.models import selection, wire
from bot.models.budgets import list_limits, make_exceeded
from bot.models.catalogue import Catalogue, ModelSpec
from bot.models.client import SdkModel
from bot.models.permitted import ANYTHING, PermittedModels
from bot.models.port import (
    BadAnswer,
    ContextTooLong,
    Conversation,
    Credential,
    Hear,
    Model,
    ModelBusy,
    ModelDown,
    ModelError,
    ModelQuota,
    ModelRefused,
    Reply,
    Spender,
    Tool,
    Usage,
)
from bot.models.probe import ONE_WORD, ONE_WORD_OUTPUT, Asking
from bot.models.ring import HeldKey, KeyRing, SettingsRing
from bot.money import to_dollars
from bot.settings import ModelRole, Settings
from bot.store.ledger import Ledger, ModelCall, Settlement
from bot.store.store import Store
from bot.types import KEY_SCOPES, ForgehandError, JsonScalar, KeyScope

log = structlog.get_logger(__name__)
# The next model may answer; the most hopeful first.
PASSES_ON = (ModelBusy, ModelDown, ModelQuota, ModelRefused, ContextTooLong)
_REFUSED_REST = 60.0  # seconds until it is worth looking whether a refused key was replaced
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class RetryPolicy:
    """Limits of waiting: ``Retry-After``, or ``first`` doubled each round."""

    rounds: int = 3  # through a role's models
    first: float = 2.0  # seconds
    bound: float = 30.0  # a provider that asks for longer is not waited for
    rest: float = 600.0  # of a model out of quota that does not say until when


@dataclass(frozen=True)
class _Request:
    """The arguments of one :meth:`ModelGateway.ask`."""

    spender: Spender
    step: str
    role: ModelRole
    conversation: Conversation
    tools: Sequence[Tool]
    schema: dict[str, Any] | None
    max_output: int
    failed: int | None = None
    hear: Hear | None = None


class ModelGateway:
    """Models by role, with fallback, under budgets; no answer is bought twice.

    ``connect`` makes the client of a model from its description and its key; without a ``ring`` the keys are those of
    the settings. A call that is cancelled is settled at
    what was sent; one that dies with its process leaves its reservation standing until the same step is asked again or
    the task ends, because nobody knows what it was billed.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        catalogue: Catalogue,
        connect: Callable[[ModelSpec, Credential | None], Model],
        *,
        ring: KeyRing | None = None,
        retry: RetryPolicy = RetryPolicy(),
    ) -> None:
        self._ring = ring or SettingsRing(catalogue)
        self._ledger = Ledger(store, settings.zone)
        self.budget = settings.budget
        self._strategies = settings.strategies
        self.catalogue = catalogue
        self._connect = connect
        self._retry = retry
        self._resting: dict[str, float] = {}  # models of the settings' keys: the ring knows of its own
        self._locks: weakref.WeakValueDictionary[tuple[str, str], asyncio.Lock] = weakref.WeakValueDictionary()

    async def ask(
        self,
        spender: Spender,
        step: str,
        role: ModelRole,
        conversation: Conversation,
        *,
        tools: Sequence[Tool] = (),
        schema: dict[str, Any] | None = None,
        max_output: int = 8192,
        failed: int | None = None,
        hear: Hear | None = None,
    ) -> Reply:
        """Return the answer to ``step`` of the spender's task.

        It is the one already bought, else a new one. ``step`` names the question: asking something else needs another
        name. ``max_output`` (tokens) includes what the model thinks. ``failed`` counts the tries before this one that
        did not pass, where something checks them: a strategy may then choose another model. ``hear`` is told of what a
        model writes, also of one that breaks off, and not of what was bought. Raises
        :class:`ModelError`: BudgetExceeded before any request is made; the last model's error where all of the role's
        models failed; a paid :class:`BadAnswer` again when repeated.
        """
        lock = self._locks.setdefault((spender.task, step), asyncio.Lock())
        async with lock:
            if bought := await self._ledger.bought(spender.task, step):
                if "error" in bought:  # it was paid for as well
                    raise ForgehandError.from_json(bought)
                return Reply.model_validate(bought)
            request = _Request(spender, step, role, conversation, tools, schema, max_output, failed, hear)
            return await self._ask_any(request)

    async def check_budget(self, spender: Spender, role: ModelRole) -> None:
        """Raise BudgetExceeded where not even a short question may be asked.

        Nothing is reserved. Raises ModelRefused where no model is set up or permitted; the question itself reports
        whatever else is wrong.
        """
        request = _Request(spender, "", role, ONE_WORD, (), None, ONE_WORD_OUTPUT)
        self._list_permitted(role, spender)  # in the step that reads, before anything is installed and run
        try:
            calls = [_plan(request, self.catalogue.spec(name), "") for name in self.models_for(role, spender)]
        except ModelError:
            return
        limits = list_limits(spender, self.budget)
        found = [(call, await self._ledger.check(call, limits)) for call in calls]
        short = [(call, each) for call, each in found if each is not None]
        if short and len(short) == len(found):
            raise make_exceeded(*short[0])

    async def find_key(self, name: str, spender: Spender) -> str | None:
        """Return the id of the key that a model would be asked with.

        It is "" for one of the settings, None where there is none.
        """
        try:
            return (await self._ring.find(self.catalogue.spec(name), spender, "instance")).id
        except ModelError:
            return None

    async def probe(self, name: str, spender: Spender) -> Reply:
        """Ask one model, and no other, for a word, or raise :class:`ModelError`."""
        request = _Request(spender, "probe", "cheap", ONE_WORD, (), None, ONE_WORD_OUTPUT)
        return await self._ask_one(request, self.catalogue.spec(name))

    async def ask_with(
        self,
        model: SdkModel,
        key: str,
        spender: Spender,
        step: str,
        conversation: Conversation,
        *,
        tools: Sequence[Tool] = (),
        schema: dict[str, Any] | None = None,
        max_output: int,
    ) -> Reply:
        """Ask this model, made with the key of this id, and no other.

        It is paid like every call, and never answered from what was bought. Raises :class:`ModelError`.
        """
        request = _Request(spender, step, "cheap", conversation, tools, schema, max_output)
        return await self._ask_reserved(await self._reserve(request, model.spec, key), request, model.spec, model)

    def make_asking(self, key: str, place: str, *, dollars: float, person: str = "") -> Asking:
        """Return a way to try models out that writes each question down.

        ``key`` is a kept key's id, "" for those of the settings, ``place`` stands for a repository. ``dollars`` limits
        what they cost together.
        """
        task, steps = f"test-{secrets.token_hex(6)}", count(1)
        spender = Spender(task=task, repository=place, max_task=dollars, max_day=self.budget.day, person=person)

        async def ask(model: SdkModel, conversation: Conversation, /, **wanted: Any) -> Reply:
            return await self.ask_with(model, key, spender, f"probe-{next(steps)}", conversation, **wanted)

        return ask

    def models_for(self, role: ModelRole, spender: Spender, failed: int | None = None) -> list[str]:
        """List a role's models in the order to ask them; raises ModelRefused.

        Those that are not permitted to the spender are left out.
        """
        names = self._list_permitted(role, spender)
        strategy = spender.strategies.get(role) or self._strategies.get(role, "strongest")
        return selection.order(names, strategy, failed, lambda name: self.catalogue.spec(name).cost(selection.TYPICAL))

    def _list_permitted(self, role: ModelRole, spender: Spender) -> list[str]:
        names = self.catalogue.names(role, spender.models.get(role, ()))
        permitted = spender.permitted
        if permitted == ANYTHING:
            return names
        refused = {name: self._refuse(permitted, self.catalogue.spec(name)) for name in names}
        if all(refused.values()):
            raise ModelRefused(" ".join(dict.fromkeys(refused.values())), reason="policy")
        return [name for name in names if not refused[name]]

    def _refuse(self, permitted: PermittedModels, spec: ModelSpec) -> str:
        return permitted.refuse(spec.name, spec.base_url, spec.provider if spec.at_home else "")

    async def _ask_any(self, request: _Request) -> Reply:
        """Ask the role's models in turn, round by round, until one answers."""
        spender = request.spender
        names = self.models_for(request.role, spender, request.failed)
        first = names[0]
        errors: dict[str, ModelError] = {}
        widest: KeyScope = "instance"
        outgrown = 0  # tokens of the largest window that the question did not fit
        for turn in range(self._retry.rounds):
            if turn:
                await asyncio.sleep(self._delay(turn, errors))
            for name in names:
                spec = self.catalogue.spec(name)
                if spec.context <= outgrown:
                    continue
                try:
                    reply = await self._ask_one(request, spec, widest)
                except PASSES_ON as error:
                    errors[name] = error
                    outgrown = max(outgrown, _find_outgrown(spec, error))
                    widest = _narrow(widest, error)
                    log.warning("model_failed", model=name, role=request.role, error=type(error).__name__)
                else:
                    _count_answer(request.role, is_first=name == first)
                    return reply
            names = [
                name
                for name in names
                if self.catalogue.spec(name).context > outgrown and self._is_worth_waiting(errors[name])
            ]
            if not names:
                break
        best = min(errors.values(), key=lambda error: PASSES_ON.index(type(error)))  # the most hopeful kind
        if is_about_key(best):
            best = _add(best, models="\n".join(errors))
        metrics.MODEL_QUESTIONS.labels(request.role, name_error(type(best))).inc()
        if len(errors) == 1:
            raise best
        raise best.with_message("No model could answer. " + " ".join(error.message for error in errors.values()))

    async def _ask_one(self, request: _Request, spec: ModelSpec, widest: KeyScope = "instance") -> Reply:
        if refusal := self._refuse(request.spender.permitted, spec):
            raise ModelRefused(refusal, reason="policy")
        key = await self._ring.find(spec, request.spender, widest)
        try:
            return await self._ask_with(request, spec, key)
        except (ModelRefused, ModelQuota) as error:
            if not key.id or not is_about_key(error):
                raise
            other = await self._ring.find(spec, request.spender, widest)  # a successor, or words that say whose it is
            if other.id == key.id:
                raise
            return await self._ask_with(request, spec, other)

    async def _ask_with(self, request: _Request, spec: ModelSpec, key: HeldKey) -> Reply:
        rest = self._resting.get(spec.name, 0.0) - time.monotonic()
        if rest > 0 and not key.id:
            message = f"{spec.name} is out of quota and will be tried again later. {_tell_owner(spec)}"
            raise ModelQuota(message, until=time.time() + rest)
        call = await self._reserve(request, spec, key.id)
        try:
            reply = await self._ask_reserved(call, request, spec, self._connect(spec, key.secret))
        except ModelError as error:
            await self._ring.note(key, spec, error)
            raise self._bind(error, key, spec) from None
        await self._ring.note(key, spec, None)
        return reply

    async def _ask_reserved(self, call: ModelCall, request: _Request, spec: ModelSpec, model: Model) -> Reply:
        """Ask a model and settle what was reserved for it."""
        try:
            reply = await model.ask(
                request.conversation,
                tools=request.tools,
                schema=request.schema,
                max_output=request.max_output,
                hear=request.hear,
            )
        except ModelError as error:
            metrics.MODEL_ERRORS.labels(spec.name, name_error(type(error))).inc()
            await self._settle_error(call, request, spec, error)
            raise
        except asyncio.CancelledError:
            # A caller that hangs up pays for what was sent; how much was answered until then is unknown.
            sent = Usage(input=call.input_tokens, cache_write=call.input_tokens)
            await self._settle(call, request, spec, sent, 0.0, None)
            raise
        reply = reply.model_copy(update={"cost": spec.cost(reply.usage)})
        await self._settle(call, request, spec, reply.usage, reply.seconds, reply.model_dump(mode="json"))
        log.info(
            "model_answered",
            model=spec.name,
            role=request.role,
            step=request.step,
            cost=reply.cost,
            **reply.usage.model_dump(),
        )
        return reply

    async def _reserve(self, request: _Request, spec: ModelSpec, key: str) -> ModelCall:
        """Reserve a call's worst case or raise BudgetExceeded."""
        call = _plan(request, spec, key)
        if short := await self._ledger.reserve(call, list_limits(request.spender, self.budget), spec.token_limit):
            metrics.BUDGET_REFUSALS.labels(short.limit.scope if short.limit else "task").inc()
            raise make_exceeded(call, short)
        return call

    async def _settle_error(self, call: ModelCall, request: _Request, spec: ModelSpec, error: ModelError) -> None:
        is_final = error.usage is not None and isinstance(error, BadAnswer)
        recorded = error.to_json() if is_final else None
        await self._settle(call, request, spec, error.usage or Usage(), 0.0, recorded)
        if isinstance(error, ModelQuota) and not call.key:
            until = error.detail("until")
            rest = float(until) - time.time() if until is not None else self._retry.rest
            self._resting[spec.name] = time.monotonic() + rest

    async def _settle(
        self,
        call: ModelCall,
        request: _Request,
        spec: ModelSpec,
        usage: Usage,
        seconds: float,
        reply: dict[str, Any] | None,
    ) -> None:
        end = Settlement(
            micro_dollars=spec.micro_dollars(usage),
            input_tokens=usage.input,
            output_tokens=usage.output,
            cached_tokens=usage.cached,
            cache_write_tokens=usage.cache_write,
            seconds=seconds,
            final=reply is not None,
            reply=reply,
        )
        settlement = asyncio.ensure_future(self._ledger.settle(call, end, list_limits(request.spender, self.budget)))
        try:
            told = await asyncio.shield(settlement)
        except asyncio.CancelledError:  # what is paid for is written down first, or it would be bought again
            await settlement
            raise
        metrics.DOLLARS.labels(spec.name, request.role).inc(to_dollars(end.micro_dollars))
        for notice in told:
            log.warning("budget_share_used", said=str(notice), scope=notice.limit.scope, name=notice.limit.name)

    def _bind(self, error: ModelError, key: HeldKey, spec: ModelSpec) -> ModelError:
        """Say in an error about a key who can mend it, and when to look again.

        Where no wider key may stand in for it, it says so too.
        """
        if not is_about_key(error):
            return error
        rest = self._retry.rest if isinstance(error, ModelQuota) else _REFUSED_REST
        until = error.detail("until") or time.time() + rest
        if key.alone:
            return _add(error, until=until, scope=key.scope)
        return _add(error if key.id else error.with_message(f"{error.message} {_tell_owner(spec)}"), until=until)

    def _is_worth_waiting(self, error: ModelError) -> bool:
        if isinstance(error, ModelBusy):
            return float(error.detail("retry_after") or 0.0) <= self._retry.bound
        return isinstance(error, ModelDown)

    def _delay(self, turn: int, errors: dict[str, ModelError]) -> float:
        """Return the seconds to wait before round ``turn``."""
        asked = [float(wait) for error in errors.values() if (wait := error.detail("retry_after")) is not None]
        bearable = [wait for wait in asked if wait <= self._retry.bound]
        return min(max(bearable, default=self._retry.first * 2 ** (turn - 1)), self._retry.bound)


def _plan(request: _Request, spec: ModelSpec, key: str) -> ModelCall:
    """Return a call at its worst case."""
    spender = request.spender
    max_output = min(request.max_output, spec.max_output)
    tokens = wire.estimate(wire.Question(spec, request.conversation, request.tools, request.schema, max_output))
    worst = Usage(input=tokens, output=max_output, cache_write=tokens)
    return ModelCall(
        task=spender.task,
        step=request.step,
        role=request.role,
        model=spec.name,
        repository=spender.repository,
        micro_dollars=spec.micro_dollars(worst),
        input_tokens=worst.input,
        output_tokens=worst.output,
        key=key,
        person=spender.person,
        prices=spec.price.version if spec.price else "",
    )


def name_error(kind: type[ModelError]) -> str:
    """Name a kind of error for metrics, such as ``busy`` or ``bad_answer``."""
    return _WORDS.sub("_", kind.__name__.removeprefix("Model")).lower()


def _count_answer(role: ModelRole, *, is_first: bool) -> None:
    metrics.MODEL_QUESTIONS.labels(role, "answered").inc()
    if not is_first:
        metrics.MODEL_FALLBACKS.labels(role).inc()


def _add(error: ModelError, **details: JsonScalar) -> ModelError:
    return type(error)(error.message, **(error.details | details))


def _tell_owner(spec: ModelSpec) -> str:
    """Say who can mend a key of the settings."""
    name = f", `{spec.key_env}`" if spec.key_env else ""
    return f"The key is this server's own{name}: whoever runs the server can mend that."


def _find_outgrown(spec: ModelSpec, error: ModelError) -> int:
    """Return the window (tokens) that a question did not fit, else 0."""
    if not isinstance(error, ContextTooLong):
        return 0
    return min(int(error.detail("limit") or spec.context), spec.context)


def is_about_key(error: ModelError) -> bool:
    """Return True if another key, or more credit, would do."""
    return isinstance(error, ModelQuota) or error.detail("reason") == "key"


def _narrow(widest: KeyScope, error: ModelError) -> KeyScope:
    """Return the widest scope that may still pay after an error."""
    return min((scope for scope in (widest, error.detail("scope")) if scope in KEY_SCOPES), key=KEY_SCOPES.index)
