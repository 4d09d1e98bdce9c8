"""Write the figures of a deployment for people."""

from __future__ import annotations

from collections.abc import Sequence

from bot.deployments.figures import ServiceFigures
from bot.markdown import inline_code


def tell_figures(found: Sequence[ServiceFigures]) -> str:
    """Write a line for each service; "" where there is nothing to compare."""
    told = [(one.service, text) for one in found for text in (one.change, one.advice) if text]
    return "\n".join(f"- {inline_code(service)}: {text}" for service, text in told)
