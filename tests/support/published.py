"""Read what GitHub publishes about itself: its OpenAPI description and example payloads of webhooks.

From ``shared/fixtures`` beside the repository, or from the modules of ``npm ci --prefix tests/conformance``.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_FIXTURES = ROOT.parent / "shared" / "fixtures"
_MODULES = ROOT / "tests" / "conformance" / "node_modules" / "@octokit"
OPENAPI = (_FIXTURES / "github-openapi.json.gz", _MODULES / "openapi" / "generated" / "api.github.com.json")
EXAMPLES = (_FIXTURES / "webhook-examples.json.gz", _MODULES / "webhooks-examples" / "api.github.com" / "index.json")


def found(places: tuple[Path, ...]) -> Path | None:
    """Return the first of ``places`` that exists."""
    return next((place for place in places if place.exists()), None)


def read(places: tuple[Path, ...]) -> Any:
    """Return the JSON of the first of ``places`` that exists; None where none does."""
    if (place := found(places)) is None:
        return None
    content = place.read_bytes()
    return json.loads(gzip.decompress(content) if place.suffix == ".gz" else content)
