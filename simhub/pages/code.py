"""Pages of code: the repository's front page, folders, files, commits."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from simhub.gitrepo import GitRepo, TreeEntry
from simhub.model import Repository
from simhub.pages.site import Site, open_count
from simhub.resources.repos import empty_tree

_SHOWN_BYTES = 512 * 1024


def add_routes(app: web.Application, site: Site) -> None:
    site.bind(app, "GET", "/{owner}/{repo}", _front)
    site.bind(app, "GET", "/{owner}/{repo}/tree/{rest:.+}", _tree)
    site.bind(app, "GET", "/{owner}/{repo}/blob/{rest:.+}", _blob)
    site.bind(app, "GET", "/{owner}/{repo}/raw/{rest:.+}", _raw)
    site.bind(app, "GET", "/{owner}/{repo}/commit/{sha}", _commit)


async def _front(site: Site, request: web.Request) -> web.Response:
    repo = site.repository(request)
    return await _folder(site, repo, repo.default_branch, "")


async def _tree(site: Site, request: web.Request) -> web.Response:
    repo = site.repository(request)
    ref, path = await _split(repo, request.match_info["rest"])
    return await _folder(site, repo, ref, path)


async def _blob(site: Site, request: web.Request) -> web.Response:
    repo = site.repository(request)
    ref, path = await _split(repo, request.match_info["rest"])
    content = await _file(repo, ref, path)
    text = content[:_SHOWN_BYTES].decode(errors="replace") if b"\0" not in content[:8000] else None
    return site.page("blob.html", repo=repo, tab="code", ref=ref, path=path, text=text, **counts(repo))


async def _raw(site: Site, request: web.Request) -> web.Response:
    repo = site.repository(request)
    ref, path = await _split(repo, request.match_info["rest"])
    return web.Response(body=await _file(repo, ref, path), content_type="text/plain", charset="utf-8")


async def _commit(site: Site, request: web.Request) -> web.Response:
    repo = site.repository(request)
    git = GitRepo(repo.path)
    sha = await git.resolve(request.match_info["sha"])
    if sha is None:
        raise web.HTTPNotFound(text="No such commit.")
    item = await git.commit(sha)
    changes = await git.changes(item.parents[0] if item.parents else await empty_tree(git), sha)
    return site.page("commit.html", repo=repo, tab="code", commit=item, changes=changes, threads={}, **counts(repo))


def counts(repo: Repository) -> dict[str, Any]:
    return {"issue_count": open_count(repo, pulls=False), "pull_count": open_count(repo, pulls=True)}


async def _split(repo: Repository, rest: str) -> tuple[str, str]:
    """Split where the ref ends and the path begins: branch names may hold slashes."""
    parts = rest.split("/")
    git = GitRepo(repo.path)
    for length in range(1, len(parts) + 1):
        ref = "/".join(parts[:length])
        if await git.resolve(ref):
            return ref, "/".join(parts[length:])
    raise web.HTTPNotFound(text="No such branch or commit.")


async def _file(repo: Repository, ref: str, path: str) -> bytes:
    git = GitRepo(repo.path)
    found = await git.tree(await git.resolve(ref) or "", path=path)
    if not found or found[0].type != "blob":
        raise web.HTTPNotFound(text="No such file.")
    return await git.blob(found[0].sha)


async def _folder(site: Site, repo: Repository, ref: str, path: str) -> web.Response:
    git = GitRepo(repo.path)
    sha = await git.resolve(ref)
    entries: list[TreeEntry] = []
    last = readme = None
    branches = sorted(name[11:] for name in await git.refs("refs/heads/"))
    if sha:
        entries = await git.tree(sha, path=f"{path}/" if path else "")
        entries.sort(key=lambda entry: (entry.type != "tree", entry.path))
        last = await git.commit(sha)
        readme = next((e for e in entries if e.path.rsplit("/", 1)[-1].lower() in ("readme.md", "readme")), None)
    text = (await git.blob(readme.sha)).decode(errors="replace") if readme else None
    return site.page(
        "folder.html", repo=repo, tab="code", ref=ref, path=path, entries=entries, commit=last, readme=text,
        branches=branches, **counts(repo),
    )  # fmt: skip
