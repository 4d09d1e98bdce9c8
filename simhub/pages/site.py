"""Share templates, filters and lookups among all pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment

from simhub.anchors import DiffLine, anchored, lines_of
from simhub.gitrepo import FileChange
from simhub.model import Account, Anchor, CheckRun, Issue, Pull, Repository, Review, Status
from simhub.platform import Platform

_HERE = Path(__file__).parent


Page = Callable[["Site", web.Request], Awaitable[web.StreamResponse]]


class Site:
    def __init__(self, hub: Platform) -> None:
        self.hub = hub

    @cached_property
    def _templates(self) -> Environment:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined  # slow to import, and bots read no pages

        from simhub.pages import markdown

        loader = FileSystemLoader(_HERE / "templates")
        made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
        made.filters |= {
            "markdown": markdown.render,
            "ago": self._ago,
            "ink": _ink,
            "diff_lines": _diff_lines,
            "anchored": anchored,
            "place": _place,
        }
        made.globals |= {"style": (_HERE / "style.css").read_text(), "pull_state": pull_state}
        return made

    def bind(self, app: web.Application, method: str, path: str, page: Page) -> None:
        """Serve a page function under a path."""
        app.router.add_route(method, path, partial(page, self))

    def page(self, template: str, **values: Any) -> web.Response:
        html = self._templates.get_template(template).render(hub=self.hub, **values)
        return web.Response(text=html, content_type="text/html")

    def repository(self, request: web.Request) -> Repository:
        name = f"{request.match_info['owner']}/{request.match_info['repo']}"
        repo = self.hub.world.repository(name)
        if repo is None:
            raise web.HTTPNotFound(text=f"There is no repository {name} here.")
        return repo

    def issue(self, request: web.Request) -> Issue:
        repo = self.repository(request)
        number = int(request.match_info["number"])
        issue = repo.issues.get(number)
        if issue is None:
            raise web.HTTPNotFound(text=f"{repo.full_name} has no issue or pull request #{number}.")
        return issue

    def _ago(self, moment: datetime | str | None) -> str:
        """``3 minutes ago``, for people."""
        if moment is None:
            return ""
        then = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        seconds = max(0, int((self.hub.world.now() - then.astimezone(UTC)).total_seconds()))
        for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
            if seconds >= size:
                count = seconds // size
                return f"{count} {name}{'s' if count > 1 else ''} ago"
        return "just now"


def pull_state(issue: Issue) -> str:
    """open, draft, merged or closed; issues are open, completed or closed."""
    pull = issue.pull
    if pull is None:
        return issue.state
    if pull.merged_at:
        return "merged"
    return "draft" if pull.draft and issue.state == "open" else issue.state


def _ink(color: str) -> str:
    """Black or white, whichever reads better on a label of this colour."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (0, 2, 4))
    return "#1f2328" if 0.299 * red + 0.587 * green + 0.114 * blue > 150 else "#ffffff"


def _diff_lines(change: FileChange) -> list[tuple[str, DiffLine | None]]:
    """Every row of a patch with its numbers; hunk headers have none."""
    numbered = {line.position: line for line in lines_of(change.patch or "")}
    rows = (change.patch or "").split("\n") if change.patch else []
    return [(row, numbered.get(position)) for position, row in enumerate(rows)]


def _place(anchor: Anchor) -> str:
    """``a.py:3–5``; lines of the old file are said to be so."""
    if anchor.line is None:
        return anchor.path
    lines = f"{anchor.start_line}–{anchor.line}" if anchor.start_line else f"{anchor.line}"
    return f"{anchor.path}:{lines}{' (before)' if anchor.side == 'LEFT' else ''}"


def avatar(account: Account) -> str:
    hue = account.id * 47 % 360
    letter = account.login[0].upper()
    shape = '<rect width="40" height="40" rx="8"' if account.type != "User" else '<circle cx="20" cy="20" r="20"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">{shape} fill="hsl({hue} 45% 45%)"/>'
        f'<text x="20" y="27" font-family="sans-serif" font-size="20" fill="#fff" text-anchor="middle">{letter}</text>'
        "</svg>"
    )


def open_count(repo: Repository, pulls: bool) -> int:
    return sum(1 for issue in repo.issues.values() if issue.state == "open" and bool(issue.pull) == pulls)


def checks_of(pull: Pull) -> list[CheckRun]:
    runs = (run for suite in pull.repository.suites if suite.head_sha == pull.head_sha for run in suite.runs)
    return list({(run.suite.app.id, run.name): run for run in runs}.values())


def statuses_of(pull: Pull) -> list[Status]:
    return list({each.context: each for each in pull.repository.statuses if each.sha == pull.head_sha}.values())


def verdicts_of(pull: Pull) -> list[Review]:
    """One review of each person: the last that approved or asked for changes, else the last."""
    found: dict[int, Review] = {}
    for review in pull.reviews:
        known = found.get(review.user.id)
        if review.submitted_at and (known is None or review.state != "COMMENTED" or known.state == "COMMENTED"):
            found[review.user.id] = review
    return list(found.values())
