"""Describe a page by the function that shows it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web

from bot.doors.room.visit import Visit

Access = Literal["anyone", "person", "reader", "writer", "stopper", "owner", "administrator"]
Section = Literal["work", "server", "you"]


class Shown:
    """A template and what it shows."""

    def __init__(self, template: str, *, status: int = 200, **values: Any) -> None:
        self.template = template
        self.status = status
        self.values: Mapping[str, Any] = values


@dataclass(frozen=True)
class Moved:
    """The page that an act leads to, and what that says about it."""

    to: str
    message: str = ""


Answer = Shown | Moved | web.StreamResponse
Show = Callable[[Visit], Awaitable[Answer]]


@dataclass(frozen=True)
class Page:
    """A page or an act of the control room.

    ``path`` is a template below ``/room``, ``place`` the section of the navigation that names it. ``hidden``: for
    everybody else there is no such page.
    """

    method: Literal["GET", "POST"]
    path: str
    access: Access
    title: str
    place: Section | None
    show: Show
    family: str
    hidden: bool = False


class Pages:
    """The pages of one module, in the order of the navigation."""

    def __init__(self, family: str) -> None:
        self.family = family
        self.all: list[Page] = []

    def add(
        self,
        method: Literal["GET", "POST"],
        path: str,
        *,
        access: Access,
        title: str,
        place: Section | None = None,
        hidden: bool = False,
    ) -> Callable[[Show], Show]:
        """Register a function at a path below ``/room``.

        A decorator.
        """

        def register(show: Show) -> Show:
            self.all.append(Page(method, path, access, title, place, show, self.family, hidden))
            return show

        return register
