"""Say which models may be sent an organisation's code."""

from __future__ import annotations

from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from bot.types import JsonModel


class PermittedModels(JsonModel):
    """The models and addresses that code may go to; nothing said is all."""

    models: tuple[tuple[str, ...], ...] = ()  # of every one of these lists a pattern must match the model's name
    providers: tuple[str, ...] | None = None  # providers at their own address, or hosts

    def refuse(self, name: str, base_url: str, at_home: str) -> str:
        """Return why a model may not be asked, "" where it may.

        ``at_home`` is the provider whose own address ``base_url`` is, "" where it is nobody's.
        """
        if not all(any(fnmatchcase(name, pattern) for pattern in patterns) for patterns in self.models):
            return f"The organisation's file does not allow the model {name} (`models`)."
        host = urlsplit(base_url).hostname or ""
        if self.providers is None or host in self.providers or (at_home and at_home in self.providers):
            return ""
        return f"The organisation's file does not let code go to {host}, where {name} is (`providers`)."


ANYTHING = PermittedModels()
