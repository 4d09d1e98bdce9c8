"""Read the sources of settings, and refuse unknown names.

People would believe that a limit holds which they set under a wrong name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import AliasChoices
from pydantic_settings import BaseSettings, YamlConfigSettingsSource

from bot.types import ForgehandError

_PREFIX = "FORGEHAND_"
# Kubernetes tells every pod of Services in such variables; one may be named forgehand-…
_SERVICE_LINK = re.compile(r".*_(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)")
_ALIKE = 0.8  # BUGDET and BUDGET


class SettingsError(ForgehandError):
    """A setting is missing or malformed; the message says how to fix it."""


def settings_file() -> Path:
    """Return ``$FORGEHAND_DATA_DIR/server.yml``, else in ``~/.forgehand``."""
    return Path(os.environ.get("FORGEHAND_DATA_DIR") or Path.home() / ".forgehand") / "server.yml"


class ServerFile(YamlConfigSettingsSource):
    """The file as a source of settings; SettingsError for unknown names."""

    def __init__(self, settings: type[BaseSettings]) -> None:
        super().__init__(settings, yaml_file=settings_file())

    def __call__(self) -> dict[str, Any]:
        given = super().__call__()
        known = {"webhook_secret", *_list_names(self.settings_cls)}
        unknown = [str(name) for name in given if name not in known]
        if unknown:
            nearest = get_close_matches(unknown[0].lower().removeprefix(_PREFIX.lower()), known, 1)
            hint = f"; {unknown[0]} may be meant as {nearest[0]}" if nearest else ""
            raise SettingsError(f"{settings_file()} has unknown settings: {', '.join(unknown)}{hint}.")
        return given


def refuse_misspelt(settings: type[BaseSettings], variables: Iterable[str]) -> None:
    """Raise SettingsError for a variable whose name is nearly a setting's.

    Other variables with our prefix belong to somebody else, such as a script.
    """
    known = {name.upper() for name in ("webhook_secret", *settings.model_fields)}
    for variable in variables:
        before, prefix, rest = variable.upper().partition(_PREFIX)
        name = rest.partition("__")[0]
        if before or not prefix or name in known or _SERVICE_LINK.fullmatch(variable):
            continue
        if nearest := get_close_matches(name, known, 1, _ALIKE):
            raise SettingsError(f"{variable} is not a setting; rename it to {_PREFIX}{nearest[0]}, or unset it.")


def _list_names(settings: type[BaseSettings]) -> Iterable[str]:
    """List what the settings may be called in the file."""
    for name, field in settings.model_fields.items():
        alias = field.validation_alias
        yield from map(str, alias.choices) if isinstance(alias, AliasChoices) else [name]
