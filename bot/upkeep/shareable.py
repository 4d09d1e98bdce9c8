"""Tell settings from secrets: what may be written down, and which secrets are only named."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from bot.redaction import find_secrets
from bot.sealing.local import FILE
from bot.settings import Settings

# Fields that hold secrets by their type, as the settings' own declaration says.
_SECRET = frozenset(name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation))
_LOGIN = re.compile(r"://[^/@\s]+@")


def pick_shareable(values: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Return the values that are no secrets; logins in addresses are left out."""
    plain = {name: value for name, value in values.items() if name not in _SECRET}
    written = {name: _LOGIN.sub("://", json.dumps(value, default=str)) for name, value in plain.items()}
    return {name: json.loads(text) for name, text in written.items() if not find_secrets(text, settings.secrets)}


def list_secrets(settings: Settings) -> tuple[str, ...]:
    """Return the names of the secrets that are set, or kept in a file."""
    names = {name for name in _SECRET if getattr(settings, name)}
    return tuple(sorted(names | ({FILE} if (settings.data_dir / FILE).exists() else set())))
