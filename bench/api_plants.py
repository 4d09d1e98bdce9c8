"""Changes of a package's API, planted one at a time, and edits that change nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml


class Plant(NamedTuple):
    """One replacement in a file of the package."""

    kind: str
    path: str
    old: str
    new: str


_DATA: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text())
PACKAGE: Mapping[str, str] = _DATA["package"]
PLANTS = tuple(Plant(**edit) for edit in _DATA["plants"])
PURE = tuple(Plant(**edit) for edit in _DATA["pure"])


def plant(edit: Plant) -> Mapping[str, str]:
    """Return the package with one edit made; what a moved function moves to comes along."""
    text = PACKAGE[edit.path]
    assert text.count(edit.old) == 1, edit.kind
    added = _DATA["added"] if "shop.views" in edit.new else {}
    return {**PACKAGE, **added, edit.path: text.replace(edit.old, edit.new)}
