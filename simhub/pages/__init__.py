"""Pages a person can read: repository, issue, pull request, checks, deliveries. No JavaScript."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from simhub.pages import code, conversations, operations, registration
from simhub.pages.site import Site

if TYPE_CHECKING:
    from simhub.hub import Hub


def add_routes(app: web.Application, hub: Hub) -> None:
    site = Site(hub)
    registration.add_routes(app, site)
    operations.add_routes(app, site)
    conversations.add_routes(app, site)
    code.add_routes(app, site)
