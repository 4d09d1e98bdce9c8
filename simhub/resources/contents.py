"""Contents: files and folders by path."""

from __future__ import annotations

import base64
import binascii
import os
import tempfile
from typing import Any

from simhub import commit_shapes, forge, rules, shapes
from simhub.call import Answer, Call, routes
from simhub.errors import ApiError, invalid, not_found
from simhub.gitrepo import ZERO, GitError, TreeEntry
from simhub.resources.gitdata import person_env

INLINE_BYTES = 1024 * 1024


def _item(call: Call, ref: str, entry: TreeEntry) -> dict[str, Any]:
    base = shapes.repo_url(call.hub, call.repo)
    page = shapes.html_url(call.hub, call.repo)
    kind = {"tree": "dir", "commit": "submodule"}.get(entry.type, "symlink" if entry.mode == "120000" else "file")
    url = f"{base}/contents/{entry.path}?ref={ref}"
    git_url = f"{base}/git/{entry.type}s/{entry.sha}"
    html = f"{page}/{'tree' if kind == 'dir' else 'blob'}/{ref}/{entry.path}"
    return {
        "name": entry.path.rsplit("/", 1)[-1],
        "path": entry.path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "url": url,
        "html_url": html,
        "git_url": git_url,
        "download_url": f"{page}/raw/{ref}/{entry.path}" if kind == "file" else None,
        "type": kind,
        "_links": {"self": url, "git": git_url, "html": html},
    }


async def _entries(call: Call, sha: str, path: str) -> list[TreeEntry]:
    return await call.git.tree(sha, path=path)


@routes.add("GET", "/repos/{owner}/{repo}/readme", needs="contents:read")
async def readme(call: Call) -> Any:
    sha = await call.git.resolve(call.query.get("ref") or call.repo.default_branch)
    entries = await call.git.tree(sha) if sha else []
    found = next((e for e in entries if e.path.lower().startswith("readme") and e.type == "blob"), None)
    if found is None:
        raise not_found()
    return await _file(call, call.query.get("ref") or call.repo.default_branch, found)


@routes.add("GET", "/repos/{owner}/{repo}/contents", needs="contents:read")
@routes.add("GET", "/repos/{owner}/{repo}/contents/{path*}", needs="contents:read")
async def get_contents(call: Call) -> Any:
    path = call.params.get("path", "").strip("/")
    ref = call.query.get("ref") or call.repo.default_branch
    sha = await call.git.resolve(ref)
    if sha is None:
        words = f"No commit found for the ref {ref}" if call.query.get("ref") else "This repository is empty."
        raise ApiError(404, words)
    found = await _entries(call, sha, path) if path else []
    if path and not found:
        raise not_found()
    if found and found[0].type == "blob":
        return await _file(call, ref, found[0])
    return [_item(call, ref, entry) for entry in await _entries(call, sha, f"{path}/" if path else "")]


async def _file(call: Call, ref: str, entry: TreeEntry) -> Any:
    content = await call.git.blob(entry.sha)
    if "raw" in call.accept:
        return Answer(content, content_type="application/vnd.github.raw")
    if len(content) > INLINE_BYTES:
        return _item(call, ref, entry) | {"content": "", "encoding": "none"}
    return _item(call, ref, entry) | {"content": base64.encodebytes(content).decode(), "encoding": "base64"}


@routes.add("PUT", "/repos/{owner}/{repo}/contents/{path*}", needs="contents:write")
async def put_contents(call: Call) -> Any:
    path = call.params["path"]
    message = call.required("message")
    try:
        content = base64.b64decode(call.required("content"))
    except binascii.Error:
        raise ApiError(422, "content is not valid Base64") from None
    old = await _current(call, path)
    _check_sha(call, path, old)
    line = f"{old.mode if old else '100644'} {await call.git.write_blob(content)}\t{path}\n"
    sha = await _commit_line(call, line, message)
    entry = (await call.git.tree(sha, path=path))[0]
    return Answer(await _written(call, sha, entry), 200 if old else 201)


@routes.add("DELETE", "/repos/{owner}/{repo}/contents/{path*}", needs="contents:write")
async def delete_contents(call: Call) -> Any:
    path = call.params["path"]
    message = call.required("message")
    old = await _current(call, path)
    if old is None:
        raise not_found()
    _check_sha(call, path, old)
    sha = await _commit_line(call, f"0 {ZERO}\t{path}\n", message)
    return await _written(call, sha, None)


def _branch(call: Call) -> str:
    return call.text("branch") or call.repo.default_branch


async def _current(call: Call, path: str) -> TreeEntry | None:
    head = await call.git.resolve(_branch(call))
    if head is None:
        if call.text("branch"):
            raise ApiError(404, f"Branch {_branch(call)} not found")
        return None
    return next(iter(await call.git.tree(head, path=path)), None)


def _check_sha(call: Call, path: str, old: TreeEntry | None) -> None:
    given = call.text("sha")
    if old and not given:
        raise ApiError(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if given and (old is None or given != old.sha):
        raise ApiError(409, f"{path} does not match {given}")


async def _commit_line(call: Call, line: str, message: str) -> str:
    """Commit one changed path on the branch; a head that moved meanwhile is a 409."""
    git = call.git
    ref = f"refs/heads/{_branch(call)}"
    head = await git.resolve(_branch(call))
    author = call.body.get("author") or call.body.get("committer") or {}
    env = person_env(call, "AUTHOR", author) | person_env(call, "COMMITTER", call.body.get("committer") or author)
    with tempfile.TemporaryDirectory() as scratch:
        index = {"GIT_INDEX_FILE": os.path.join(scratch, "index")}  # noqa: PTH118
        if head:
            await git.run("read-tree", head, env=index)
        try:
            await git.run("update-index", "--index-info", stdin=line.encode(), env=index)
        except GitError:
            raise invalid("Contents", "path", "invalid", "path contains a malformed path component") from None
        tree = await git.text("write-tree", env=index)
    sha = await git.write_commit(tree, [head] if head else [], message, env)
    if call.actor.acting_app and not author:
        call.hub.world.verified.add(sha)
    # https://docs.github.com/en/rest/repos/contents lists 409 here; a ruleset is told by it too.
    await rules.check_ref_update(call.repo, ref, head or ZERO, sha, call.actor, call.hub.world.verified, status=409)
    try:
        await git.update_ref(ref, sha, head or ZERO)
    except GitError:
        raise ApiError(409, f"is at {await git.resolve(_branch(call))} but expected {head}") from None
    await forge.ref_changed(call.hub, call.repo, ref, head or ZERO, sha, call.actor)
    return sha


async def _written(call: Call, sha: str, entry: TreeEntry | None) -> dict[str, Any]:
    commit = commit_shapes.git_commit(call.hub, call.repo, await call.git.commit(sha))
    return {"content": _item(call, _branch(call), entry) if entry else None, "commit": commit}
