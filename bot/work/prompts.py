"""Templates from ``prompts/``, rendered strictly: a missing value is an error, untrusted text goes through ``data``."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bot.work.untrusted import fence

if TYPE_CHECKING:
    from jinja2 import Environment


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("prompts", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        autoescape=False,  # noqa: S701 - prompts are not HTML; untrusted text is fenced by the data filter
    )
    environment.filters["data"] = lambda text, label, nonce: fence(label, text, nonce=nonce)
    return environment


def render(template: str, **values: Any) -> str:
    """Render ``prompts/<template>``; ``values`` holds all that it names."""
    return _environment().get_template(template).render(**values).strip() + "\n"
