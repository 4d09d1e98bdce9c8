"""Read the App's manifest (``app.yml``) from a checkout or the installed package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError

import bot
from bot.types import ForgehandError, JsonModel

Level = Literal["read", "write", "admin"]
_RANK = {"read": 1, "write": 2, "admin": 3}


class ManifestError(ForgehandError):
    """``app.yml`` is missing or malformed; the message names file and key."""


class Ask(JsonModel):
    """One permission: for people, what it is for and what is lost without."""

    level: Level
    why: str
    without: str = ""


class Group(JsonModel):
    """Permissions and events that belong to an optional feature."""

    title: str
    without: str = ""
    permissions: dict[str, Ask] = Field(default_factory=dict)
    events: dict[str, str] = Field(default_factory=dict)


class Places(JsonModel):
    """Addresses that GitHub leads a browser back to."""

    registered: str
    installed: str
    signed_in: tuple[str, ...]


class Manifest(JsonModel):
    """The core, the optional groups by name, and events with their reason."""

    name: str
    description: str
    permissions: dict[str, Ask]
    events: dict[str, str]
    optional: dict[str, Group] = Field(default_factory=dict)

    def levels(self, groups: Iterable[str] = ()) -> dict[str, str]:
        """Return the highest levels that the core and named groups ask for."""
        asks = [*self.permissions.items(), *(pair for name in groups for pair in self._group(name).permissions.items())]
        levels: dict[str, str] = {}
        for name, ask in asks:
            levels[name] = max(levels.get(name, "read"), ask.level, key=lambda level: _RANK[level])
        return levels

    def event_names(self, groups: Iterable[str] = ()) -> list[str]:
        return [*dict.fromkeys([*self.events, *(event for name in groups for event in self._group(name).events)])]

    def for_github(
        self, *, name: str, homepage: str, places: Places, hook_url: str | None, groups: Iterable[str] = ()
    ) -> dict[str, Any]:
        """Return GitHub's manifest; without ``hook_url`` the webhook is off."""
        chosen = tuple(groups)
        return {
            "name": name,
            "description": self.description,
            "url": homepage,
            "redirect_url": places.registered,
            "callback_urls": [*places.signed_in],
            "setup_url": places.installed,
            "setup_on_update": True,
            "hook_attributes": {"url": hook_url or homepage, "active": hook_url is not None},
            "public": False,
            "default_permissions": self.levels(chosen),
            "default_events": self.event_names(chosen),
        }

    def _group(self, name: str) -> Group:
        if name not in self.optional:
            raise ManifestError(f"There is no optional group {name!r}; choose from {', '.join(self.optional)}.")
        return self.optional[name]


def load_manifest(path: Path | None = None) -> Manifest:
    """Read ``app.yml``, beside the package or in it; raises ManifestError."""
    package = Path(bot.__file__).parent
    inside = package / "app.yml"
    file = path or (inside if inside.is_file() else package.parent / "app.yml")
    try:
        return Manifest.model_validate(yaml.load(file.read_text(), yaml.CSafeLoader))
    except OSError as error:
        raise ManifestError(f"{file} cannot be read: {error.strerror}.") from None
    except yaml.YAMLError as error:
        raise ManifestError(f"{file} is not YAML: {error}") from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ManifestError(f"{file} is malformed: {wrong}") from None


def lacking(granted: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str]:
    """Return the permissions that are granted too low or not at all."""
    return {name: level for name, level in wanted.items() if _RANK.get(granted.get(name, ""), 0) < _RANK.get(level, 0)}
