"""Pages a person can read: repository, issue, pull request, checks, deliveries. No JavaScript."""

from __future__ import annotations

from aiohttp import web

from simhub.pages import code, conversations, operations, registration
from simhub.pages.site import Site
from simhub.platform import Platform


def add_routes(app: web.Application, hub: Platform) -> None:
    site = Site(hub)
    registration.add_routes(app, site)
    operations.add_routes(app, site)
    conversations.add_routes(app, site)
    code.add_routes(app, site)
