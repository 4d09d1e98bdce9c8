"""Pages of issues and pull requests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aiohttp import web

from simhub import pull_shapes
from simhub.gitrepo import Commit, GitRepo
from simhub.model import Issue, Pull, Thread
from simhub.pages.code import counts
from simhub.pages.site import Site, checks_of, statuses_of, verdicts_of

_QUIET = ("commented", "subscribed", "mentioned")


def add_routes(app: web.Application, site: Site) -> None:
    base = "/{owner}/{repo}"
    site.bind(app, "GET", base + "/{kind:issues|pulls}", _listing)
    site.bind(app, "GET", base + r"/issues/{number:\d+}", _issue)
    site.bind(app, "GET", base + r"/pull/{number:\d+}.{form:diff|patch}", _plain)
    site.bind(app, "GET", base + r"/pull/{number:\d+}", _pull)
    site.bind(app, "GET", base + r"/pull/{number:\d+}/{view:commits|files|checks}", _pull_tab)


async def _listing(site: Site, request: web.Request) -> web.Response:
    repo = site.repository(request)
    kind = request.match_info["kind"]
    mine = [issue for issue in repo.issues.values() if bool(issue.pull) == (kind == "pulls")]
    state = request.query.get("state", "open")
    shown = [issue for issue in mine if issue.state == state][::-1]
    totals = {name: sum(1 for issue in mine if issue.state == name) for name in ("open", "closed")}
    return site.page(
        "listing.html", repo=repo, tab=kind, issues=shown, state=state, totals=totals, **counts(repo)
    )  # fmt: skip


async def _issue(site: Site, request: web.Request) -> web.Response:
    item = site.issue(request)
    if item.pull:
        raise web.HTTPFound(f"/{item.repository.full_name}/pull/{item.number}")
    return site.page(
        "issue.html", repo=item.repository, tab="issues", issue=item, lines=timeline(item),
        **counts(item.repository),
    )  # fmt: skip


async def _pull(site: Site, request: web.Request) -> web.Response:
    return await _pull_page(site, request, "conversation")


async def _pull_tab(site: Site, request: web.Request) -> web.Response:
    return await _pull_page(site, request, request.match_info["view"])


async def _plain(site: Site, request: web.Request) -> web.Response:
    item = _pull_of(site, request)
    git = GitRepo(item.repository.path)
    start = await pull_shapes.merge_base(item)
    if request.match_info["form"] == "diff":
        return web.Response(text=await git.diff(start, item.head_sha))
    return web.Response(body=await git.run("format-patch", "--stdout", f"{start}..{item.head_sha}"))


def _pull_of(site: Site, request: web.Request) -> Pull:
    item = site.issue(request)
    if item.pull is None:
        raise web.HTTPFound(f"/{item.repository.full_name}/issues/{item.number}")
    return item.pull


async def _pull_page(site: Site, request: web.Request, view: str) -> web.Response:
    item = _pull_of(site, request)
    git = GitRepo(item.repository.path)
    start = await pull_shapes.merge_base(item)
    commits = (await git.commits(f"{start}..{item.head_sha}"))[::-1]
    changes = await git.changes(start, item.head_sha)
    return site.page(
        "pull.html", repo=item.repository, tab="pulls", issue=item.issue, pull=item, view=view, commits=commits,
        changes=changes, checks=checks_of(item), statuses=statuses_of(item), verdicts=verdicts_of(item),
        lines=timeline(item.issue, commits), threads=by_line(item),
        **counts(item.repository),
    )  # fmt: skip


def timeline(issue: Issue, commits: Sequence[Commit] = ()) -> list[tuple[str, Any]]:
    """List commits, comments, reviews and events as they happened."""
    lines: list[tuple[datetime, int, str, Any]] = []
    lines += [(datetime.fromisoformat(each.committer.date), at, "commit", each) for at, each in enumerate(commits)]
    lines += [(item.created_at, item.id, "comment", item) for item in issue.comments]
    lines += [(item.created_at, item.id, "event", item) for item in issue.events if item.event not in _QUIET]
    for review in issue.pull.reviews if issue.pull else []:
        if review.submitted_at:
            lines.append((review.submitted_at, review.id, "review", review))
    lines.sort(key=lambda line: line[:2])
    return [(kind, item) for _, _, kind, item in lines]


def by_line(pull: Pull) -> dict[tuple[str, str, int | None], list[Thread]]:
    """Review threads by (path, side, line), for the diff."""
    found: dict[tuple[str, str, int | None], list[Thread]] = defaultdict(list)
    for thread in pull.threads:
        if thread.place and thread.seen_by(None):
            found[(thread.place.path, thread.place.side, thread.place.line)].append(thread)
    return found
