"""Render templates, and serve the few files that pages need."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp_jinja2
import jinja2
from aiohttp import web
from markupsafe import Markup, escape

from bot.doors.room.page import Page, Shown
from bot.doors.room.visit import Visit

PREFIX = "/room"
_HERE = Path(__file__).parent
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_HASH = 16
_CODE = re.compile(r"(?<!`)`+([^`]+)`+")
_SECTIONS = (("work", "Work"), ("server", "Server"), ("you", "You"))


class Asset(NamedTuple):
    """A file that pages load."""

    name: str
    body: bytes
    kind: str

    @property
    def path(self) -> str:
        """Return its address, which changes with what it holds."""
        return f"{PREFIX}/static/{hashlib.sha256(self.body).hexdigest()[:_HASH]}/{self.name}"


@cache
def load_assets() -> dict[str, Asset]:
    """Return all files that pages load, by name."""
    files = sorted((_HERE / "static").iterdir())
    return {file.name: Asset(file.name, file.read_bytes(), _TYPES[file.suffix]) for file in files}


async def send_asset(request: web.Request) -> web.Response:
    """Send a file under its present address; it never changes there."""
    asset = load_assets().get(request.match_info["name"])
    if asset is None or asset.path != request.path:
        raise web.HTTPNotFound
    response = web.Response(body=asset.body, content_type=asset.kind, charset="utf-8", headers=_FOREVER)
    response.enable_compression()
    return response


def set_up(app: web.Application, pages: Sequence[Page]) -> None:
    """Give an application its templates; ``pages`` are for the navigation."""
    environment = aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "room": PREFIX,
        "static": lambda name: load_assets()[name].path,
        "new_key": lambda: secrets.token_hex(16),
        "navigation": lambda visit: _list_navigation(pages, visit),
    }
    environment.filters |= {"moment": _tell_moment, "dollars": _tell_dollars, "version": make_version, "prose": mark_up}


def render(visit: Visit, page: Page | None, shown: Shown, message: str = "") -> web.Response:
    """Render a page; ``page`` None: of a refusal."""
    values: dict[str, Any] = {
        "visit": visit,
        "page": page,
        "title": "Forgehand" if page is None else page.title,
        "message": message,
        **shown.values,
    }
    return aiohttp_jinja2.render_template(shown.template, visit.request, values, status=shown.status)


def _list_navigation(pages: Sequence[Page], visit: Visit) -> list[tuple[str, list[Page]]]:
    """List the sections of the navigation and the pages that are for them."""
    if visit.signed is None:
        return []
    mine = [page for page in pages if page.access != "administrator" or visit.is_administrator]
    sections = ((words, [page for page in mine if page.place == section]) for section, words in _SECTIONS)
    return [(words, found) for words, found in sections if found]


def make_version(html: str) -> str:
    """Return what differs where a part of a page does."""
    return hashlib.sha256(html.encode()).hexdigest()[:_HASH]


def mark_up(text: str) -> Markup:
    """Show a text with what stands between backticks as code.

    Nothing else of it is taken for Markdown.
    """
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - it was escaped just before


def _tell_moment(text: str) -> str:
    """Tell a time in UTC; the page's script makes it local."""
    when = datetime.fromisoformat(text).astimezone(UTC)
    return when.strftime("%Y-%m-%d %H:%M UTC")


def _tell_dollars(micro: int) -> str:
    """Tell millionths of a dollar; small sums with all their cents."""
    dollars = micro / 1_000_000
    return f"${dollars:,.2f}" if dollars >= 1 or not micro else f"${dollars:.4f}"
