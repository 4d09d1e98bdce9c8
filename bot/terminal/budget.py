"""Define ``forgehand budget``: the limits that an operator sets on what models may cost."""

from __future__ import annotations

from typing import get_args

import click

from bot.terminal.exits import finish, print_result, print_text, settings_or_exit
from bot.types import Period


@click.group()
def budget() -> None:
    """Limit what models may cost; every change holds at once."""


@budget.command("list")
def budget_list() -> None:
    """Print every limit that holds and what counts against it.

    Those of the settings, of operators, of repositories' policies and of organisations' files.
    """
    from bot.doors.budgets import list_budgets
    from handlers import TASKS

    settings = settings_or_exit()
    finish(lambda: print_result(list_budgets(settings, TASKS.schema)))


@budget.command("set")
@click.argument("subject")
@click.argument("period", type=click.Choice(get_args(Period)))
@click.argument("dollars", type=click.FloatRange(0, 1e9))
@click.option("--soft", is_flag=True, help="Refuse nothing, only tell at 50, 80 and 100 per cent.")
@click.option("--hours", type=click.FloatRange(min=0, min_open=True, max=9000), help="End it after so many hours.")
def budget_set(subject: str, period: str, dollars: float, soft: bool, hours: float | None) -> None:
    """Limit what SUBJECT may cost in a PERIOD.

    SUBJECT is instance, organisation:OWNER, repository:OWNER/NAME, person:LOGIN, key:ID or task:ID (which goes with
    total). With --hours what held before holds again after that time. Example: forgehand budget set
    repository:octo/shop month 200
    """
    from bot.doors.budgets import type_limit

    settings = settings_or_exit()
    finish(lambda: print_text(type_limit(settings, subject, period, dollars, soft=soft, hours=hours)))


@budget.command("remove")
@click.argument("subject")
@click.argument("period", type=click.Choice(get_args(Period)))
@click.option("--soft", is_flag=True, help="The one that only tells.")
def budget_remove(subject: str, period: str, soft: bool) -> None:
    """Remove a limit that was set; settings and policies hold again."""
    from bot.doors.budgets import type_limit

    settings = settings_or_exit()
    finish(lambda: print_text(type_limit(settings, subject, period, None, soft=soft)))
