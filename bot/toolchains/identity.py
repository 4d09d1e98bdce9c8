"""Tell by content whether what install makes for one tree also serves another."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping
from fnmatch import translate
from pathlib import Path
from typing import Any, Self

from bot.types import JsonModel


class Identity(JsonModel):
    """Digest of what decides an environment.

    ``apart``: files that are not in the digest have no say in it.
    """

    digest: str
    apart: bool

    @classmethod
    def of(cls, what: Mapping[str, Any], *, apart: bool) -> Self:
        """Make the identity of what can be written as JSON."""
        return cls(digest=hashlib.sha256(json.dumps(what).encode()).hexdigest(), apart=apart)


def pick_blobs(blobs: Mapping[str, str], *patterns: str) -> str:
    """Return as text the files that, or a folder of which, a name fits."""
    fits = re.compile("|".join(map(translate, patterns)) or "(?!)").match
    return json.dumps(sorted((path, sha) for path, sha in blobs.items() if any(map(fits, path.split("/")))))


@functools.cache
def hash_toolchains() -> str:
    """Hash our own code: another build may install something else."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.rglob("*.*")):
        if file.is_file() and file.suffix != ".pyc":
            digest.update(file.read_bytes())
    return digest.hexdigest()
