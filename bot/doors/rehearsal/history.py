"""Make events of what a repository holds: its newest issues and pull requests, with their commands and labels."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from bot.doors.comments.grammar import commands_in
from bot.doors.webhook.router import Event
from bot.github.api.client import Client, within
from bot.github.resources import labels
from bot.types import Repository

_COMMENTS = 100
_EVENTS = 100
_COMMANDS_A_SUBJECT = 5
# whether a pull request is a draft after an event: the first of them tells what it was before
_DRAFT_AFTER = {"convert_to_draft": True, "ready_for_review": False}


class Past(NamedTuple):
    """Past event of an issue or pull request, as a delivery tells it."""

    number: int
    is_pull: bool
    title: str
    what: str  # in a few words: ``opened by @ann``
    event: Event


class Wanted(NamedTuple):
    """Names to look for: commands, our own, labels that start something."""

    commands: Collection[str]
    mention: str
    labels: Collection[str]


async def load_history(client: Client, repository: Repository, wanted: Wanted, count: int) -> list[Past]:
    """Return what happened on the newest issues and pull requests.

    It takes three requests, and one more for each pull request and for each issue with a label that starts something.
    """
    query = {"state": "all", "sort": "created", "direction": "desc"}
    place = within(repository, **query, per_page=count)
    issues, pulls, comments = await asyncio.gather(
        client.get("/repos/{owner}/{repo}/issues{?state,sort,direction,per_page}", place),
        client.get("/repos/{owner}/{repo}/pulls{?state,sort,direction,per_page}", place),
        client.get(
            "/repos/{owner}/{repo}/issues/comments{?sort,direction,per_page}",
            within(repository, sort="created", direction="desc", per_page=_COMMENTS),
        ),
    )
    by_number = {pull["number"]: pull for pull in pulls}
    subjects = [Subject(repository, issue, by_number.get(issue["number"])) for issue in islice(issues, count)]
    events = await asyncio.gather(*(subject.read_events(client, wanted.labels) for subject in subjects))
    told: list[Past] = []
    for subject, happened in zip(subjects, events, strict=True):
        told.append(subject.opened(happened))
        told += islice(subject.typed(reversed(comments), wanted), _COMMANDS_A_SUBJECT)
        told += subject.labelled(happened, wanted.labels)
        told += subject.made_ready(happened)
    return told


class Subject:
    """An issue or pull request, as it was when it was open."""

    def __init__(self, repository: Repository, issue: Mapping[str, Any], pull: Mapping[str, Any] | None) -> None:
        self._repository = repository
        self._issue = dict(issue) | {"state": "open"}
        self._pull = None if pull is None else dict(pull) | {"state": "open"}
        self.number = int(issue["number"])

    async def read_events(self, client: Client, names: Collection[str]) -> list[Mapping[str, Any]]:
        """Read what happened to it since, if that may tell something."""
        present = [label.get("name") or "" for label in self._issue.get("labels") or () if isinstance(label, dict)]
        if self._pull is None and not any(labels.same(one, name) for one in present for name in names):
            return []
        url = "/repos/{owner}/{repo}/issues/{number}/events{?per_page}"
        happened: list[Mapping[str, Any]] = await client.get(
            url, within(self._repository, number=self.number, per_page=_EVENTS)
        )
        return happened

    def opened(self, happened: Sequence[Mapping[str, Any]]) -> Past:
        """Return how it was opened: as a draft if it was one then."""
        author = self._issue.get("user") or {}
        what = f"opened by @{author.get('login', 'ghost')}"
        if self._pull is None:
            return self._tell(what, "issues", "opened", author, {})
        first = next((one.get("event") for one in happened if one.get("event") in _DRAFT_AFTER), None)
        draft = self._pull.get("draft") is True if first is None else not _DRAFT_AFTER[first]
        what += ", as a draft" if draft else ""
        return self._tell(what, "pull_request", "opened", author, {}, draft=draft)

    def made_ready(self, happened: Sequence[Mapping[str, Any]]) -> Iterator[Past]:
        """Yield when it was no draft any more."""
        for one in happened:
            if self._pull is not None and one.get("event") == "ready_for_review":
                actor = one.get("actor") or {}
                what = f"made ready for review by @{actor.get('login', 'ghost')}"
                yield self._tell(what, "pull_request", "ready_for_review", actor, {}, draft=False)

    def typed(self, comments: Iterator[Mapping[str, Any]], wanted: Wanted) -> Iterator[Past]:
        """Yield its comments with commands, oldest first."""
        for comment in comments:
            if not str(comment.get("issue_url", "")).endswith(f"/issues/{self.number}"):
                continue
            typed = commands_in(comment.get("body") or "", wanted.commands, wanted.mention)
            if typed:
                author = comment.get("user") or {}
                names = " ".join(f"/{one.name}" for one in typed)
                what = f"{names} by @{author.get('login', 'ghost')}"
                yield self._tell(what, "issue_comment", "created", author, {"comment": comment})

    def labelled(self, happened: Sequence[Mapping[str, Any]], names: Collection[str]) -> Iterator[Past]:
        """Yield when it was given a label that starts something."""
        for one in happened:
            label = one.get("label") or {}
            if one.get("event") == "labeled" and any(labels.same(label.get("name") or "", name) for name in names):
                actor = one.get("actor") or {}
                what = f"label {label.get('name')} by @{actor.get('login', 'ghost')}"
                name = "issues" if self._pull is None else "pull_request"
                yield self._tell(what, name, "labeled", actor, {"label": label})

    def _tell(
        self,
        what: str,
        name: str,
        action: str,
        sender: Mapping[str, Any],
        more: Mapping[str, Any],
        *,
        draft: bool | None = None,
    ) -> Past:
        """Make an event; ``draft`` None: as the pull request is now."""
        place = self._repository
        payload: dict[str, Any] = {
            "action": action,
            "sender": dict(sender),
            "installation": {"id": place.installation},
            "repository": {
                "id": place.id,
                "name": place.name,
                "owner": {"login": place.owner},
                "default_branch": place.default_branch,
                "private": place.private,
            },
            **more,
        }
        if name == "pull_request":
            payload["pull_request"] = self._pull if draft is None else {**(self._pull or {}), "draft": draft}
        else:
            payload["issue"] = self._issue
        guid = hashlib.sha256(f"rehearsal {self.number} {name} {action} {what}".encode()).hexdigest()[:32]
        title = str(self._issue.get("title") or "")
        return Past(self.number, self._pull is not None, title, what, Event(guid, name, action, payload))
