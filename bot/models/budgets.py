"""Say which limits hold for a call, and in a refusal which one it was, what is left and who can raise it how."""

from __future__ import annotations

from bot.models.port import BudgetExceeded, Spender
from bot.money import exactly, micro_dollars
from bot.settings import BudgetSettings
from bot.store.ledger import ModelCall, Shortfall
from bot.store.limits import Limit

_FILE = ".github/forgehand.yml"


def list_limits(spender: Spender, budget: BudgetSettings) -> list[Limit]:
    """List the limits that come with a call, the narrowest first."""
    own = spender.max_task < budget.task
    task = Limit(
        scope="task",
        name=spender.task,
        period="total",
        ceiling=micro_dollars(min(spender.max_task, budget.task)),
        given_by="policy" if own else "settings",
    )
    repository = Limit(
        scope="repository",
        name=spender.repository,
        period="day",
        ceiling=micro_dollars(spender.max_day),
        given_by="policy",
    )
    server = Limit(scope="instance", name="", period="day", ceiling=micro_dollars(budget.day), given_by="settings")
    return [task, repository, *spender.limits, server]


def make_exceeded(call: ModelCall, short: Shortfall) -> BudgetExceeded:
    """Make the error of a call that was refused."""
    if short.limit is None:
        return BudgetExceeded(
            f"This task may spend {short.ceiling} tokens on {call.model}; {short.left} are left, and the next call may "
            f"need {call.input_tokens + call.output_tokens}. Whoever runs this server can raise "
            f"models.{call.model}.token_limit in its settings.",
            limit="task_tokens",
            dollars=0.0,
            left=0.0,
        )
    limit = short.limit
    return BudgetExceeded(
        f"{limit.subject} may cost {exactly(limit.ceiling)}{limit.span}; {exactly(short.left)} is left, and the next "
        f"call to {call.model} may cost {exactly(call.micro_dollars)}. {tell_how(limit)}",
        limit="task" if limit.scope == "task" else f"{limit.scope}_{limit.period}",
        dollars=call.micro_dollars / 1_000_000,
        left=short.left / 1_000_000,
    )


def tell_how(limit: Limit) -> str:
    """Say who raises a limit, and how, in a sentence."""
    if limit.raised_by:
        return limit.raised_by
    operator = f"whoever runs this server can raise it at once (`{limit.command} DOLLARS`)"
    if limit.given_by != "policy":
        return f"{operator[0].upper()}{operator[1:]}."
    if limit.scope == "task":
        file = f"Whoever may change {_FILE} can raise `max_dollars` of this kind of task there for new tasks"
        return f"{file}; for this one {operator}."
    return f"Whoever may change {_FILE} can raise limits.dollars_per_day there; new tasks go by it at once."
