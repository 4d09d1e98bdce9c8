"""Git data: refs, commits, trees, blobs, tags by their plumbing names."""

from __future__ import annotations

import base64
import binascii
import os
import tempfile
from typing import Any

from simhub import commit_shapes, forge, rules, shapes
from simhub.call import Answer, Call, routes
from simhub.errors import ApiError, invalid, not_found, not_supplied
from simhub.gitrepo import ZERO, GitError
from simhub.model import iso, node_id

MODES = ("100644", "100755", "040000", "160000", "120000")
TREE_ENTRIES = 100_000


def _ref(call: Call, name: str, sha: str) -> dict[str, Any]:
    base = f"{shapes.repo_url(call.hub, call.repo)}/git"
    return {
        "ref": name,
        "node_id": node_id("REF", int(sha[:12], 16)),
        "url": f"{base}/{name}",
        "object": {"sha": sha, "type": "commit", "url": f"{base}/commits/{sha}"},
    }


async def _demand_commits(call: Call) -> None:
    """Refuse git data of a repository without any commit: it has no place to keep them yet."""
    if not await call.git.refs("refs/heads/"):
        raise ApiError(409, "Git Repository is empty.")


async def _find_ref(call: Call, name: str) -> str | None:
    return (await call.git.refs(f"refs/{name}")).get(f"refs/{name}")


@routes.add("GET", "/repos/{owner}/{repo}/git/ref/{name*}", needs="contents:read")
async def get_ref(call: Call) -> Any:
    await _demand_commits(call)
    name = call.params["name"]
    sha = await _find_ref(call, name)
    if sha is None:
        raise not_found()
    return _ref(call, f"refs/{name}", sha)


@routes.add("GET", "/repos/{owner}/{repo}/git/matching-refs/{name*}", needs="contents:read")
async def matching_refs(call: Call) -> Any:
    await _demand_commits(call)
    found = await call.git.refs("refs/")
    prefix = f"refs/{call.params['name']}"
    return [_ref(call, ref, sha) for ref, sha in call.page(sorted(found.items())) if ref.startswith(prefix)]


@routes.add("POST", "/repos/{owner}/{repo}/git/refs", needs="contents:write")
async def create_ref(call: Call) -> Any:
    await _demand_commits(call)
    name = call.required("ref")
    sha = call.required("sha")
    if not name.startswith("refs/") or name.count("/") < 2:
        raise ApiError(422, "Reference name must start with 'refs/' and contain at least two slashes.")
    await _must_exist(call, sha)
    if await _find_ref(call, name.removeprefix("refs/")):
        raise ApiError(422, "Reference already exists")
    await rules.check_ref_update(call.repo, name, ZERO, sha, call.actor, call.hub.world.verified)
    try:
        await call.git.update_ref(name, sha, ZERO)
    except GitError as error:
        taken = "exists; cannot create" in str(error)  # a branch with this one's folder as its name, or below it
        raise ApiError(422, "Reference update failed" if taken else f"{name} is not a valid ref name.") from None
    await forge.ref_changed(call.hub, call.repo, name, ZERO, sha, call.actor)
    return Answer(_ref(call, name, sha), 201)


async def _must_exist(call: Call, sha: str, kind: str = "commit") -> None:
    try:
        found = await call.git.text("cat-file", "-t", sha) if len(sha) == 40 else ""
    except GitError:
        found = ""
    if found != kind and (kind, found) != ("commit", "tag"):
        raise ApiError(422, "Object does not exist")


@routes.add("PATCH", "/repos/{owner}/{repo}/git/refs/{name*}", needs="contents:write")
async def update_ref(call: Call) -> Any:
    await _demand_commits(call)
    name = f"refs/{call.params['name']}"
    sha = call.required("sha")
    old = await _find_ref(call, call.params["name"])
    if old is None:
        raise ApiError(422, "Reference does not exist")
    await _must_exist(call, sha)
    if not call.flag("force") and not await call.git.is_ancestor(old, sha):
        raise ApiError(422, "Update is not a fast forward")
    await rules.check_ref_update(call.repo, name, old, sha, call.actor, call.hub.world.verified)
    try:
        await call.git.update_ref(name, sha, old)
    except GitError:
        raise ApiError(422, "Reference update failed") from None
    await forge.ref_changed(call.hub, call.repo, name, old, sha, call.actor)
    return _ref(call, name, sha)


@routes.add("DELETE", "/repos/{owner}/{repo}/git/refs/{name*}", needs="contents:write")
async def delete_ref(call: Call) -> Any:
    await _demand_commits(call)
    name = f"refs/{call.params['name']}"
    old = await _find_ref(call, call.params["name"])
    if old is None:
        raise ApiError(422, "Reference does not exist")
    await rules.check_ref_update(call.repo, name, old, ZERO, call.actor, call.hub.world.verified)
    await call.git.delete_ref(name)
    await forge.ref_changed(call.hub, call.repo, name, old, ZERO, call.actor)
    return Answer(status=204)


@routes.add("GET", "/repos/{owner}/{repo}/git/commits/{sha}", needs="contents:read")
async def get_commit(call: Call) -> Any:
    await _demand_commits(call)
    await _found(call, "commit")
    return commit_shapes.git_commit(call.hub, call.repo, await call.git.commit(call.params["sha"]))


async def _found(call: Call, kind: str) -> None:
    try:
        if await call.git.text("cat-file", "-t", call.params["sha"]) == kind:
            return
    except GitError:
        pass
    raise not_found()


@routes.add("POST", "/repos/{owner}/{repo}/git/commits", needs="contents:write")
async def create_commit(call: Call) -> Any:
    await _demand_commits(call)
    message = call.required("message")
    tree = call.required("tree")
    parents = call.strings("parents")
    await _must_exist(call, tree, "tree")
    for parent in parents:
        await _must_exist(call, parent)
    author = call.body.get("author") or {}
    env = person_env(call, "AUTHOR", author) | person_env(call, "COMMITTER", call.body.get("committer") or author)
    sha = await call.git.write_commit(tree, parents, message, env)
    if call.actor.acting_app and not author and not call.body.get("committer"):
        call.hub.world.verified.add(sha)
    return Answer(commit_shapes.git_commit(call.hub, call.repo, await call.git.commit(sha)), 201)


def person_env(call: Call, role: str, person: dict[str, Any]) -> dict[str, str]:
    """Return git's environment for an author or committer.

    By default that is the one who asks.
    """
    if person and not (person.get("name") and person.get("email")):
        raise not_supplied("name" if not person.get("name") else "email")
    user = call.user
    env = {
        f"GIT_{role}_NAME": str(person.get("name") or user.login),
        f"GIT_{role}_EMAIL": str(person.get("email") or f"{user.id}+{user.login}@users.noreply.github.com"),
    }
    return env | {f"GIT_{role}_DATE": str(person.get("date") or iso(call.hub.world.now()))}


@routes.add("GET", "/repos/{owner}/{repo}/git/trees/{sha*}", needs="contents:read")
async def get_tree(call: Call) -> Any:
    await _demand_commits(call)
    sha = await call.git.resolve(call.params["sha"], "tree")
    if sha is None:
        raise not_found()
    entries = await call.git.tree(sha, recursive="recursive" in call.query)
    return _tree(call, sha, entries[:TREE_ENTRIES], len(entries) > TREE_ENTRIES)


def _tree(call: Call, sha: str, entries: list[Any], truncated: bool = False) -> dict[str, Any]:
    base = f"{shapes.repo_url(call.hub, call.repo)}/git"
    listed = []
    for item in entries:
        row = {"path": item.path, "mode": item.mode, "type": item.type, "sha": item.sha}
        row |= {"url": f"{base}/{item.type}s/{item.sha}"} | ({} if item.size is None else {"size": item.size})
        listed.append(row)
    return {"sha": sha, "url": f"{base}/trees/{sha}", "tree": listed, "truncated": truncated}


@routes.add("POST", "/repos/{owner}/{repo}/git/trees", needs="contents:write")
async def create_tree(call: Call) -> Any:
    await _demand_commits(call)
    rows = call.body.get("tree")
    base = call.text("base_tree")
    if not isinstance(rows, list):
        raise not_supplied("tree")
    with tempfile.TemporaryDirectory() as scratch:
        env = {"GIT_INDEX_FILE": os.path.join(scratch, "index")}  # noqa: PTH118
        if base:
            try:
                await call.git.run("read-tree", base, env=env)
            except GitError:
                raise ApiError(422, "base_tree is not a valid tree oid") from None
        lines = [await _index_line(call, row) for row in rows]
        try:
            await call.git.run("update-index", "--index-info", stdin="".join(lines).encode(), env=env)
            sha = await call.git.text("write-tree", env=env)
        except GitError as error:
            raise ApiError(422, f"GitRPC::BadObjectState: {error}") from None
    return Answer(_tree(call, sha, await call.git.tree(sha)), 201)


async def _index_line(call: Call, row: Any) -> str:
    if not isinstance(row, dict) or not isinstance(row.get("path"), str) or "\n" in row["path"]:
        raise ApiError(422, "tree.path is required")
    if "sha" in row and "content" in row:
        raise ApiError(422, "Must supply either tree.sha or tree.content, but not both")
    if "sha" in row and row["sha"] is None:
        return f"0 {ZERO}\t{row['path']}\n"
    if row.get("mode") not in MODES:
        raise ApiError(422, "tree.mode must be one of 100644, 100755, 040000, 160000, 120000")
    sha = row["sha"] if "sha" in row else await call.git.write_blob(str(row.get("content", "")).encode())
    if row["mode"] == "040000":
        raise ApiError(422, "tree.sha of a sub-tree is not supported by this hub: list its files")
    await _must_exist(call, sha, "blob")
    return f"{row['mode']} {sha}\t{row['path']}\n"


@routes.add("GET", "/repos/{owner}/{repo}/git/blobs/{sha}", needs="contents:read")
async def get_blob(call: Call) -> Any:
    await _demand_commits(call)
    await _found(call, "blob")
    content = await call.git.blob(call.params["sha"])
    if "raw" in call.accept:
        return Answer(content, content_type="application/vnd.github.raw")
    sha = call.params["sha"]
    return {
        "sha": sha,
        "node_id": node_id("B", int(sha[:12], 16)),
        "size": len(content),
        "url": f"{shapes.repo_url(call.hub, call.repo)}/git/blobs/{sha}",
        "content": base64.encodebytes(content).decode(),
        "encoding": "base64",
    }


@routes.add("POST", "/repos/{owner}/{repo}/git/blobs", needs="contents:write")
async def create_blob(call: Call) -> Any:
    await _demand_commits(call)
    content = call.required("content")
    try:
        raw = base64.b64decode(content) if call.text("encoding", "utf-8") == "base64" else content.encode()
    except binascii.Error:
        raise invalid("Blob", "content", "invalid") from None
    sha = await call.git.write_blob(raw)
    return Answer({"sha": sha, "url": f"{shapes.repo_url(call.hub, call.repo)}/git/blobs/{sha}"}, 201)
