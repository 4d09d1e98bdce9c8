"""Where every model call is made: looked up in the ledger, reserved against the budgets, asked, settled."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from bot.models import wire
from bot.models.catalogue import Catalogue, ModelSpec
from bot.models.check import CheckLine, check_lines
from bot.models.client import IDLE_SECONDS, SdkModel
from bot.models.port import (
    BadAnswer,
    BudgetExceeded,
    Conversation,
    ModelBusy,
    ModelDown,
    ModelError,
    ModelQuota,
    ModelRefused,
    Reply,
    Role,
    Spender,
    Tool,
    Usage,
)
from bot.settings import Settings
from bot.store.ledger import Call, Ceilings, Ledger, Settlement, Shortfall
from bot.store.store import Store
from bot.types import ForgehandError

log = structlog.get_logger(__name__)
_PASSES_ON = (ModelBusy, ModelDown, ModelQuota, ModelRefused)
_WORDS = {"task": "This task", "repository_day": "This repository's day", "server_day": "This server's day"}


@dataclass(frozen=True)
class Patience:
    """How long one question may take in waiting: rounds through a role's models, and seconds between them.

    The wait before round n is the longest ``Retry-After`` heard, else ``first * 2 ** n``; a model that asks for more
    than ``bound`` is not waited for. A model out of quota that does not say until when rests for ``rest``.
    """

    rounds: int = 3
    first: float = 2.0
    bound: float = 30.0
    rest: float = 600.0


@dataclass(frozen=True)
class _Order:
    """What a caller of :meth:`ModelDesk.ask` wants, and on whose account."""

    spender: Spender
    step: str
    role: Role
    conversation: Conversation
    tools: Sequence[Tool]
    schema: dict[str, Any] | None
    max_output: int


class ModelDesk:
    """Models by role, with fallback, under budgets; no answer is bought twice.

    ``idle``: the longest silence of a provider, in seconds. A call that is cancelled, or dies with its process, leaves
    its reservation standing until the same step is asked again: what it was billed is not known.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        catalogue: Catalogue,
        *,
        patience: Patience = Patience(),
        idle: float = IDLE_SECONDS,
    ) -> None:
        self._ledger = Ledger(store)
        self._budget = settings.budget
        self._catalogue = catalogue
        self._patience = patience
        self._idle = idle
        self._resting: dict[str, float] = {}
        self._asking: weakref.WeakValueDictionary[tuple[str, str], asyncio.Lock] = weakref.WeakValueDictionary()

    async def ask(
        self,
        spender: Spender,
        step: str,
        role: Role,
        conversation: Conversation,
        *,
        tools: Sequence[Tool] = (),
        schema: dict[str, Any] | None = None,
        max_output: int = 8192,
    ) -> Reply:
        """The answer to ``step`` of the spender's task: the one already bought, else a new one.

        ``step`` names the question: asking something else needs another name. ``max_output`` (tokens) includes what
        the model thinks. Raises :class:`ModelError`: :class:`BudgetExceeded` before any request is made; the last
        model's error where all of the role's models failed; a paid :class:`BadAnswer` again when repeated.
        """
        lock = self._asking.setdefault((spender.task, step), asyncio.Lock())
        async with lock:
            if bought := await self._ledger.bought(spender.task, step):
                return _given_again(bought)
            order = _Order(spender, step, role, conversation, tools, schema, max_output)
            return await self._ask_around(order)

    def models_for(self, role: Role, allowed: Sequence[str] = ()) -> list[str]:
        """Names to ask in order; ``allowed`` is a policy's own list for the role. Raises :class:`ModelRefused`."""
        return self._catalogue.names(role, allowed)

    def check(self) -> list[CheckLine]:
        """A line for every model of every role: whether its key, price and provider are known. Asks nobody."""
        return check_lines(self._catalogue)

    async def _ask_around(self, order: _Order) -> Reply:
        names = self.models_for(order.role, order.spender.models.get(order.role, ()))
        errors: dict[str, ModelError] = {}
        for turn in range(self._patience.rounds):
            if turn:
                await asyncio.sleep(self._wait(turn, errors))
            for name in names:
                try:
                    return await self._ask_one(order, self._catalogue.spec(name))
                except _PASSES_ON as error:
                    errors[name] = error
                    log.warning("model_failed", model=name, role=order.role, error=type(error).__name__)
            names = [name for name in names if self._worth_waiting(errors[name])]
            if not names:
                break
        raise self._verdict(errors)

    async def _ask_one(self, order: _Order, spec: ModelSpec) -> Reply:
        until = self._resting.get(spec.name, 0.0)
        if until > time.time():
            raise ModelQuota(f"{spec.name} is out of quota and rests.", until=until)
        question = wire.Question(
            spec, order.conversation, order.tools, order.schema, min(order.max_output, spec.max_output)
        )
        worst = await self._reserve(order, question)
        model = SdkModel(spec, self._catalogue.key(spec), idle=self._idle)
        try:
            reply = await model.ask(
                order.conversation, tools=order.tools, schema=order.schema, max_output=order.max_output
            )
        except ModelError as error:
            await self._settle_error(order, spec, error)
            raise
        except asyncio.CancelledError:
            # Whoever hangs up pays for what was sent; what was answered until then nobody tells.
            await self._settle(order, spec, worst.model_copy(update={"output": 0}), 0.0, None)
            raise
        reply = reply.model_copy(update={"cost": spec.cost(reply.usage)})
        await self._settle(order, spec, reply.usage, reply.seconds, reply.model_dump(mode="json"))
        log.info(
            "model_answered",
            model=spec.name,
            role=order.role,
            step=order.step,
            cost=reply.cost,
            **reply.usage.model_dump(),
        )
        return reply

    async def _reserve(self, order: _Order, question: wire.Question) -> Usage:
        """Set the worst case aside; what that is. Raises :class:`BudgetExceeded`."""
        spec, spender = question.spec, order.spender
        worst = Usage(input=(tokens := wire.estimate(question)), output=question.max_output, cache_write=tokens)
        call = Call(
            task=spender.task,
            step=order.step,
            role=order.role,
            model=spec.name,
            repository=spender.repository,
            dollars=spec.cost(worst),
            input_tokens=worst.input,
            output_tokens=worst.output,
        )
        ceilings = Ceilings(
            task=min(spender.max_task, self._budget.task),
            repository_day=min(spender.max_day, self._budget.day),
            server_day=self._budget.day,
            task_tokens=spec.token_limit,
        )
        if short := await self._ledger.reserve(call, ceilings):
            raise _exceeded(call, short)
        return worst

    async def _settle_error(self, order: _Order, spec: ModelSpec, error: ModelError) -> None:
        counted = {name: value for name, value in error.details.items() if name in Usage.model_fields}
        final = bool(counted) and isinstance(error, BadAnswer)
        await self._settle(order, spec, Usage.model_validate(counted), 0.0, error.to_json() if final else None)
        if isinstance(error, ModelQuota):
            until = error.detail("until")
            self._resting[spec.name] = float(until) if until is not None else time.time() + self._patience.rest

    async def _settle(
        self, order: _Order, spec: ModelSpec, usage: Usage, seconds: float, reply: dict[str, Any] | None
    ) -> None:
        end = Settlement(
            dollars=spec.cost(usage),
            input_tokens=usage.input,
            output_tokens=usage.output,
            cached_tokens=usage.cached,
            seconds=seconds,
            final=reply is not None,
            reply=reply,
        )
        settling = asyncio.ensure_future(self._ledger.settle(order.spender.task, order.step, end))
        try:
            await asyncio.shield(settling)
        except asyncio.CancelledError:  # what is paid for is written down first, or it would be bought again
            await settling
            raise

    def _worth_waiting(self, error: ModelError) -> bool:
        if isinstance(error, ModelBusy):
            return float(error.detail("retry_after") or 0.0) <= self._patience.bound
        return isinstance(error, ModelDown)

    def _wait(self, turn: int, errors: dict[str, ModelError]) -> float:
        heard = [float(wait) for error in errors.values() if (wait := error.detail("retry_after")) is not None]
        fair = [wait for wait in heard if wait <= self._patience.bound]
        return min(max(fair, default=self._patience.first * 2 ** (turn - 1)), self._patience.bound)

    def _verdict(self, errors: dict[str, ModelError]) -> ModelError:
        """One error of the most hopeful kind, with what every model said."""
        best = min(errors.values(), key=lambda error: _PASSES_ON.index(type(error)))
        if len(errors) == 1:
            return best
        return best.with_message("No model could answer. " + " ".join(error.message for error in errors.values()))


def _given_again(bought: dict[str, Any]) -> Reply:
    if "error" in bought:
        raise ForgehandError.from_json(bought)
    return Reply.model_validate(bought)


def _exceeded(call: Call, short: Shortfall) -> BudgetExceeded:
    if short.limit == "task_tokens":
        return BudgetExceeded(
            f"This task may spend {short.ceiling:.0f} tokens on {call.model}, {short.left:.0f} are left, and the next "
            f"call may need {call.input_tokens + call.output_tokens}. Raise models.{call.model}.token_limit to go on.",
            limit=short.limit,
            dollars=0.0,
            left=0.0,
        )
    return BudgetExceeded(
        f"{_WORDS[short.limit]} may cost ${short.ceiling:.2f}, ${short.left:.2f} is left, and the next call to "
        f"{call.model} may cost ${call.dollars:.2f}. Raise the limit to go on.",
        limit=short.limit,
        dollars=call.dollars,
        left=short.left,
    )
