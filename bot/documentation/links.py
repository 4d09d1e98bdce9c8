"""Find where relative links and file names in prose lead."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import unquote

from bot.documentation.passages import read_passages
from bot.documentation.snapshot import Snapshot

_EXPLICIT = re.compile(r"<a\s+(?:id|name)=[\"']([^\"']+)|^\.\. _([^:]+):\s*$|\{#([\w-]+)\}", re.M)
_NO_SLUG = re.compile(r"[^\w\- ]")


def find_target(snapshot: Snapshot, page: str, target: str) -> bool:
    """Say whether a relative link leads to a file, folder or heading.

    An anchor is looked for in Markdown alone: how another format names its headings depends on
    what renders it.
    """
    path, _, anchor = unquote(target).partition("#")
    place = page if not path else _place(snapshot, page, path.partition("?")[0])
    if place is None:
        return False
    if not anchor or not place.endswith(".md") or place not in snapshot.texts:
        return True
    return anchor.lower() in _anchors(place, snapshot.texts[place])


def _place(snapshot: Snapshot, page: str, path: str) -> str | None:
    """Return the file or folder meant, beside the page or from the root."""
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path[0] != "/" else ""
    for place in filter(None, (beside, posixpath.normpath(path).lstrip("/"))):
        if place in snapshot.paths or place == "." or place in snapshot.folders:
            return place
        rendered = [f"{place.removesuffix('.html')}{suffix}" for suffix in (".md", ".rst", "/index.md", "/index.rst")]
        found = next((one for one in rendered if one in snapshot.paths), None)
        if found is not None:
            return found
    return None


def _anchors(path: str, text: str) -> frozenset[str]:
    """Return the anchors of a page, as GitHub names its headings."""
    slugs: dict[str, int] = {}
    found = {next(filter(None, match.groups())).lower() for match in _EXPLICIT.finditer(text)}
    for passage in read_passages(path, text):
        if passage.kind == "heading":
            slug = _NO_SLUG.sub("", passage.text.lower()).strip().replace(" ", "-")
            number = slugs.get(slug, 0)
            slugs[slug] = number + 1
            found.add(f"{slug}-{number}" if number else slug)
    return frozenset(found)
