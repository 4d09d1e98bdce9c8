"""Define ``forgehand budget``: the limits that an operator sets on what models may cost."""

from __future__ import annotations

from typing import get_args

import click

from bot.terminal.exits import finish, print_text, settings_or_exit
from bot.types import Period


@click.group()
def budget() -> None:
    """Limit what models may cost; every change holds at once."""


@budget.command("list")
def budget_list() -> None:
    """Print every limit of the server and what counts against it."""
    from bot.doors.api.budgets import print_budgets

    settings = settings_or_exit()
    finish(lambda: print_text(print_budgets(settings)))


@budget.command("set")
@click.argument("subject")
@click.argument("period", type=click.Choice(get_args(Period)))
@click.argument("dollars", type=click.FloatRange(0, 1e9))
@click.option("--soft", is_flag=True, help="Refuse nothing, only tell at 50, 80 and 100 per cent.")
def budget_set(subject: str, period: str, dollars: float, soft: bool) -> None:
    """Limit what SUBJECT may cost in a PERIOD.

    SUBJECT is instance, organisation:OWNER, repository:OWNER/NAME, person:LOGIN, key:ID or task:ID (which goes with
    total). Example: forgehand budget set repository:octo/shop month 200
    """
    from bot.doors.api.budgets import type_limit

    settings = settings_or_exit()
    finish(lambda: print_text(type_limit(settings, subject, period, dollars, soft=soft)))


@budget.command("remove")
@click.argument("subject")
@click.argument("period", type=click.Choice(get_args(Period)))
@click.option("--soft", is_flag=True, help="The one that only tells.")
def budget_remove(subject: str, period: str, soft: bool) -> None:
    """Remove a limit that was set; settings and policies hold again."""
    from bot.doors.api.budgets import type_limit

    settings = settings_or_exit()
    finish(lambda: print_text(type_limit(settings, subject, period, None, soft=soft)))
