"""Pages about the hub itself: what exists, what was delivered, checks, avatars, Apps and accounts."""

from __future__ import annotations

import json

from aiohttp import web

from simhub.actor import has_role
from simhub.model import CheckRun, Delivery
from simhub.pages.code import counts
from simhub.pages.site import Site, avatar


def add_routes(app: web.Application, site: Site) -> None:
    site.bind(app, "GET", "/", _index)
    site.bind(app, "GET", "/_deliveries", _deliveries)
    site.bind(app, "GET", r"/_deliveries/{id:\d+}", _delivery)
    site.bind(app, "POST", r"/_deliveries/{id:\d+}/redeliver", _redeliver)
    site.bind(app, "GET", "/_downloads/{key}", _download)
    site.bind(app, "GET", r"/_avatars/{id:\d+}.svg", _picture)
    site.bind(app, "GET", r"/{owner}/{repo}/runs/{id:\d+}", _check)
    site.bind(app, "POST", r"/{owner}/{repo}/runs/{id:\d+}", _press)
    site.bind(app, "GET", r"/{owner}/{repo}/actions/runs/{run:\d+}/job/{id:\d+}", _check)
    site.bind(app, "GET", "/{owner}", _account)


async def _index(site: Site, _: web.Request) -> web.Response:
    return site.page("index.html", owner=None, repositories=list(site.hub.world.repositories.values()))


async def _account(site: Site, request: web.Request) -> web.Response:
    found = site.hub.world.account(request.match_info["owner"])
    if found is None:
        raise web.HTTPNotFound(text="Nobody here has that name.")
    mine = [repo for repo in site.hub.world.repositories.values() if repo.owner is found]
    return site.page("index.html", owner=found, repositories=mine)


async def _deliveries(site: Site, _: web.Request) -> web.Response:
    return site.page("deliveries.html", deliveries=list(reversed(site.hub.webhooks.log)))


async def _delivery(site: Site, request: web.Request) -> web.Response:
    found = _found(site, request)
    payload = json.dumps(json.loads(found.body), indent=2)
    return site.page("delivery.html", delivery=found, payload=payload)


async def _redeliver(site: Site, request: web.Request) -> web.Response:
    again = site.hub.webhooks.redeliver(_found(site, request))
    raise web.HTTPSeeOther(f"/_deliveries/{again.id}")


def _run(site: Site, request: web.Request) -> CheckRun:
    runs = (run for suite in site.repository(request).suites for run in suite.runs)
    found = next((run for run in runs if str(run.id) == request.match_info["id"]), None)
    if found is None:
        raise web.HTTPNotFound(text="No such check run.")
    return found


async def _check(site: Site, request: web.Request) -> web.Response:
    repo = site.repository(request)
    run = _run(site, request)
    job = next((job for each in repo.workflow_runs if (job := each.job(str(run.id)))), None)
    accounts = site.hub.world.accounts.values()
    people = [each for each in accounts if each.type == "User" and has_role(repo, each, "write")]
    return site.page("check.html", repo=repo, tab="pulls", run=run, job=job, people=people, **counts(repo))


async def _press(site: Site, request: web.Request) -> web.Response:
    """Click on "Re-run" or on one of the check run's own buttons."""
    repo = site.repository(request)
    run = _run(site, request)
    form = await request.post()
    try:
        if form.get("press"):
            await site.hub.press_button(repo, run.id, str(form["press"]), str(form.get("login", "")))
        else:
            await site.hub.rerequest(repo, run.id, str(form.get("login", "")))
    except ValueError as error:
        raise web.HTTPUnprocessableEntity(text=str(error)) from None
    raise web.HTTPSeeOther(request.path)


async def _picture(site: Site, request: web.Request) -> web.Response:
    number = int(request.match_info["id"])
    found = next((a for a in site.hub.world.accounts.values() if a.id == number), None)
    if found is None:
        raise web.HTTPNotFound()
    return web.Response(text=avatar(found), content_type="image/svg+xml")


_NO_BLOB = (
    '\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>BlobNotFound</Code><Message>The specified blob does not '
    "exist.</Message></Error>"
)


async def _download(site: Site, request: web.Request) -> web.Response:
    """Serve what a redirect of the API leads to.

    It works for a minute, and not with credentials, as storage hosts behave.
    """
    until, content, kind = site.hub.downloads.get(request.match_info["key"], (0.0, None, ""))
    if until < site.hub.world.clock():
        raise web.HTTPForbidden(text="AuthenticationFailed: the signature has expired")
    if "Authorization" in request.headers:
        raise web.HTTPBadRequest(text="InvalidAuthenticationInfo: only one auth mechanism allowed")
    if content is None:  # storage says so where a job has no log yet, or never gets one
        raise web.HTTPNotFound(text=_NO_BLOB, content_type="application/xml")
    return web.Response(body=content, content_type=kind)


def _found(site: Site, request: web.Request) -> Delivery:
    found = site.hub.webhooks.find(int(request.match_info["id"]))
    if found is None:
        raise web.HTTPNotFound(text="No such delivery; only the last ten thousand are kept.")
    return found
