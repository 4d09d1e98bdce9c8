"""A browser in the control room: somebody signed in, and requests to the bot of a story as a page would make them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp

from bot.doors.room.sessions import make_session
from bot.store import sessions
from bot.store.sessions import SeenRepository
from bot.types import Actor, Repository
from simhub.model import Account
from tests.support.api import Answer, opened
from tests.support.story import Story


@dataclass
class Visitor:
    """A browser; ``cookies`` are those it keeps."""

    story: Story
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.story.port}"

    async def ask(self, method: str, path: str, data: object = None, **headers: str) -> Answer:
        """One request, redirects not followed; ``headers`` are written with underscores."""
        own = {"Origin": self.origin} if method == "POST" else {}
        sent = {**own, **{name.replace("_", "-"): value for name, value in headers.items()}}
        jar = aiohttp.DummyCookieJar()
        async with (
            aiohttp.ClientSession(cookie_jar=jar) as session,
            session.request(
                method,
                f"{self.origin}{path}",
                data=data,
                headers=sent | self._cookie(),
                allow_redirects=False,
            ) as answer,
        ):
            for name, morsel in answer.cookies.items():
                self.cookies[name] = morsel.value
            self.cookies = {name: value for name, value in self.cookies.items() if value}
            return Answer(answer.status, answer.headers, await answer.text())

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, **headers)

    async def post(self, path: str, form: Mapping[str, object] | None = None, **headers: str) -> Answer:
        return await self.ask("POST", path, dict(form or {}), **headers)

    def _cookie(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}


async def visitor(story: Story, account: Account | None) -> Visitor:
    """Somebody who is signed in with GitHub; None: the local administrator.

    What they may read is the story's repository, with the role they have there.
    """
    place, actor, seen = story.repository, None, ()
    if account is not None:
        actor = Actor(login=account.login, id=account.id)
        role = place.roles.get(account.login.lower(), "none")
        installation = next(iter(story.hub.world.installations.values()))
        known = Repository(
            id=place.id,
            owner=place.owner.login,
            name=place.name,
            installation=installation.id,
            default_branch=place.default_branch,
            private=place.private,
        )
        seen = () if role == "none" else (SeenRepository(repository=known, role=role),)
    session, secret = make_session(actor, "a test", seen)
    with opened(story) as store:
        store.run_sync(lambda connection: sessions.add(connection, session))
    return Visitor(story, {"forgehand-session": secret})
