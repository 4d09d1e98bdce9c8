"""Read ``server.yml``, the settings that stand in the data directory."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import AliasChoices
from pydantic_settings import BaseSettings, YamlConfigSettingsSource

from bot.types import ForgehandError


class SettingsError(ForgehandError):
    """A setting is missing or malformed; the message says how to fix it."""


def settings_file() -> Path:
    """Return ``$FORGEHAND_DATA_DIR/server.yml``, else in ``~/.forgehand``."""
    return Path(os.environ.get("FORGEHAND_DATA_DIR") or Path.home() / ".forgehand") / "server.yml"


class ServerFile(YamlConfigSettingsSource):
    """The file as a source of settings; SettingsError for unknown names.

    What is set under a wrong name, such as a limit, would be believed to hold.
    """

    def __init__(self, settings: type[BaseSettings]) -> None:
        super().__init__(settings, yaml_file=settings_file())

    def __call__(self) -> dict[str, Any]:
        given = super().__call__()
        known = {"webhook_secret"}
        for name, field in self.settings_cls.model_fields.items():
            choices = field.validation_alias.choices if isinstance(field.validation_alias, AliasChoices) else [name]
            known |= {str(choice) for choice in choices}
        unknown = [str(name) for name in given if name not in known]
        if unknown:
            nearest = get_close_matches(unknown[0].lower().removeprefix("forgehand_"), known, 1)
            hint = f"; {unknown[0]} may be meant as {nearest[0]}" if nearest else ""
            raise SettingsError(f"{settings_file()} names what is no setting: {', '.join(unknown)}{hint}.")
        return given
