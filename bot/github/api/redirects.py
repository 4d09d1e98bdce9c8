"""Follow repositories to their current address, but nothing that was moved to another repository.

GitHub redirects what was renamed or transferred to ``/repositories/ID/...``, a whole repository as well as one issue:
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects. Only the id
tells the two apart, so an address is learned for a repository only where its own id answered.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from cachetools import LRUCache

from bot.github.api.errors import Transferred

_REMEMBERED = 4096  # repositories; an entry is two short strings
_PLACE = re.compile(r"(?P<container>/repositories/(?P<id>\d+)|/repos/[^/]+/[^/]+)(?P<rest>(?:/.*)?)")


class _Place(NamedTuple):
    """An address below a repository; ``id`` is set where that is by id."""

    container: str
    id: int | None
    rest: str


class Addresses:
    """The paths below which repositories are addressed now, by repository id."""

    def __init__(self, api_url: str) -> None:
        self._root = urlsplit(api_url).path.rstrip("/")
        self._known: LRUCache[int, str] = LRUCache(_REMEMBERED)

    def learn(self, repository: int, full_name: str) -> None:
        """Remember what GitHub calls a repository now."""
        self._known[repository] = f"/repos/{full_name}"

    def forget_name(self, repository: int) -> None:
        """Ask for a renamed repository by id: its old name may be another's."""
        self._known[repository] = f"/repositories/{repository}"

    def is_renamed(self, repository: int) -> bool:
        """Tell whether a repository has a new name that only GitHub knows."""
        return self._known.get(repository, "").startswith("/repositories/")

    def name(self, repository: int) -> str | None:
        """Return ``owner/name`` as learned last, None where nothing was."""
        known = self._known.get(repository, "")
        return known.removeprefix("/repos/") if known.startswith("/repos/") else None

    def current(self, url: str, repository: int | None) -> str:
        """Return the URL at which to ask for what ``url`` names."""
        place = self._place(url)
        known = self._known.get(repository) if repository is not None else None
        if known is None or place is None or place.container.lower() == known.lower():
            return url
        head, _, query = url.partition("?")
        start = head[: len(head) - len(place.container) - len(place.rest)]
        return f"{start}{known}{place.rest}" + (f"?{query}" if query else "")

    def follow(self, url: str, target: str, repository: int | None) -> None:
        """Learn from a redirect of something below ``repository``.

        None: the request is about no repository. Raises :class:`Transferred` where the target belongs to another
        repository.
        """
        asked = self._place(url)
        found = self._place(target)
        if repository is None or asked is None:
            return
        same = found is not None and (found.id == repository or found.container.lower() == asked.container.lower())
        if found is None or not same:
            raise Transferred(
                f"{asked.container.removeprefix('/repos/')}{asked.rest} was moved to another repository; nothing is "
                "done there.",
                target=urlsplit(target).path,
            )
        if found.id == repository and found.rest == asked.rest:
            self._known[repository] = found.container

    def _place(self, url: str) -> _Place | None:
        match = _PLACE.fullmatch(urlsplit(url).path.removeprefix(self._root))
        if match is None:
            return None
        return _Place(match["container"], int(match["id"]) if match["id"] else None, match["rest"])
