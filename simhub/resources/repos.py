"""Repositories, branches, collaborators, commits and comparisons."""

from __future__ import annotations

from typing import Any

from simhub import commit_shapes, lifecycle, pull_shapes, rules, shapes
from simhub.call import Answer, Call, routes
from simhub.errors import ApiError, not_found
from simhub.gitrepo import GitRepo
from simhub.model import Repository, Rule, iso

COMPARE_FILES = 300
COMPARE_COMMITS = 250


def asker_role(call: Call) -> str:
    if call.actor.token:
        return "write" if call.actor.token.permissions.get("contents") == "write" else "read"
    return call.repo.role_of(call.user) if call.actor.kind == "user" else "read"


@routes.add("GET", "/repos/{owner}/{repo}", needs="metadata:read")
async def get_repository(call: Call) -> Any:
    return shapes.full_repository(call.hub, call.repo, asker_role(call))


@routes.add("PATCH", "/repos/{owner}/{repo}", needs="administration:write", role="admin")
async def patch_repository(call: Call) -> Any:
    repo = call.repo
    if name := call.text("name"):
        lifecycle.move(call.hub, repo, repo.owner, name, call.user.login)
    repo.description = call.text("description", repo.description)
    if call.flag("archived", repo.archived) and not repo.archived:
        lifecycle.archive(call.hub, repo, call.user.login)
    repo.archived = call.flag("archived", repo.archived)
    repo.private = call.flag("private", repo.private)
    if branch := call.text("default_branch"):
        await call.git.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")
        repo.default_branch = branch
    return shapes.full_repository(call.hub, repo, asker_role(call))


@routes.add("GET", "/repos/{owner}/{repo}/collaborators/{login}/permission", needs="metadata:read")
async def permission(call: Call) -> Any:
    """``permission`` folds maintain into write and triage into read; ``role_name`` tells the truth."""
    account = call.hub.world.account(call.params["login"])
    if account is None:
        raise not_found()
    role = call.repo.role_of(account)
    folded = {"maintain": "write", "triage": "read"}.get(role, role)
    person = shapes.user(call.hub, account) | {"permissions": shapes.permissions_of(role), "role_name": role}
    return {"permission": folded, "role_name": role, "user": person}


@routes.add("GET", "/repos/{owner}/{repo}/collaborators", needs="metadata:read", role="write")
async def collaborators(call: Call) -> Any:
    accounts = [call.hub.world.account(login) for login, role in call.repo.roles.items() if role != "none"]
    return [
        shapes.user(call.hub, each) | _held(call.repo.role_of(each)) for each in call.page([a for a in accounts if a])
    ]


def _held(role: str) -> dict[str, Any]:
    return {"permissions": shapes.permissions_of(role), "role_name": role}


@routes.add("GET", "/repos/{owner}/{repo}/collaborators/{login}", needs="metadata:read")
async def is_collaborator(call: Call) -> Any:
    if call.repo.roles.get(call.params["login"].lower(), "none") == "none":
        raise not_found()
    return Answer(status=204)


@routes.add("PUT", "/repos/{owner}/{repo}/collaborators/{login}", needs="administration:write", role="admin")
async def add_collaborator(call: Call) -> Any:
    names = {"pull": "read", "push": "write"}
    role = call.text("permission", "push") or "push"
    call.hub.set_permission(call.repo, call.params["login"], names.get(role, role))
    return Answer(status=204)


def _is_protected(repo: Repository, branch: str) -> bool:
    return bool(rules.protecting(repo, branch) or rules.governing(repo, branch))


@routes.add("GET", "/repos/{owner}/{repo}/branches", needs="contents:read")
async def branches(call: Call) -> Any:
    found = await call.git.refs("refs/heads/")
    base = shapes.repo_url(call.hub, call.repo)
    return [
        {
            "name": ref[11:],
            "commit": {"sha": sha, "url": f"{base}/commits/{sha}"},
            "protected": _is_protected(call.repo, ref[11:]),
        }
        for ref, sha in call.page(sorted(found.items()))
    ]


@routes.add("GET", "/repos/{owner}/{repo}/branches/{branch*}", needs="contents:read")
async def branch(call: Call) -> Any:
    name = call.params["branch"]
    sha = (await call.git.refs(f"refs/heads/{name}")).get(f"refs/heads/{name}")
    if sha is None:
        raise ApiError(404, "Branch not found")
    url = shapes.repo_url(call.hub, call.repo)
    item = await call.git.commit(sha)
    protected = _is_protected(call.repo, name)
    page = f"{shapes.html_url(call.hub, call.repo)}/tree/{name}"
    return {
        "name": name,
        "commit": commit_shapes.commit(call.hub, call.repo, item),
        "_links": {"self": f"{url}/branches/{name}", "html": page},
        "protected": protected,
        "protection": {"enabled": protected, "required_status_checks": {"enforcement_level": "off", "contexts": [],
                       "checks": []}},
        "protection_url": f"{url}/branches/{name}/protection",
    }  # fmt: skip


async def _demand_commits(call: Call) -> None:
    if not await call.git.refs("refs/heads/"):
        raise ApiError(409, "Git Repository is empty.")


@routes.add("GET", "/repos/{owner}/{repo}/commits", needs="contents:read")
async def commits(call: Call) -> Any:
    start = call.query.get("sha") or call.repo.default_branch
    sha = await call.git.resolve(start)
    if sha is None:
        await _demand_commits(call)
        raise not_found()
    found = await call.git.commits(sha, limit=1000)
    return [commit_shapes.commit(call.hub, call.repo, item) for item in call.page(found)]


@routes.add("GET", "/repos/{owner}/{repo}/commits/{sha}/pulls", needs="pull_requests:read")
async def commit_pulls(call: Call) -> Any:
    sha = await call.git.resolve(call.params["sha"])
    if sha is None:
        await _demand_commits(call)
        raise ApiError(422, f"No commit found for SHA: {call.params['sha']}")
    found = [p for p in call.repo.pulls if p.head_sha == sha or p.merge_commit_sha == sha]
    for pull in call.repo.pulls:
        if pull not in found and await call.git.is_ancestor(sha, pull.head_sha):
            base = await call.git.resolve(pull.base_ref) or pull.base_sha
            if not await call.git.is_ancestor(sha, base):
                found.append(pull)
    return [pull_shapes.pull_simple(call.hub, pull) for pull in call.page(found)]


@routes.add("GET", "/repos/{owner}/{repo}/commits/{ref*}", needs="contents:read")
async def commit(call: Call) -> Any:
    sha = await call.git.resolve(call.params["ref"])
    if sha is None:
        await _demand_commits(call)
        raise ApiError(422, f"No commit found for SHA: {call.params['ref']}")
    item = await call.git.commit(sha)
    parent = item.parents[0] if item.parents else await empty_tree(call.git)
    if "diff" in call.accept or "patch" in call.accept:
        return Answer((await call.git.diff(parent, sha)).encode(), content_type="application/vnd.github.diff")
    if call.accept.endswith("sha"):
        return Answer(sha.encode(), content_type="application/vnd.github.sha")
    changed = await call.git.changes(parent, sha)
    added = sum(c.additions for c in changed)
    deleted = sum(c.deletions for c in changed)
    files = [commit_shapes.file(call.hub, call.repo, sha, each) for each in changed[:COMPARE_FILES]]
    stats = {"additions": added, "deletions": deleted, "total": added + deleted}
    return commit_shapes.commit(call.hub, call.repo, item) | {"stats": stats, "files": files}


async def empty_tree(git: GitRepo) -> str:
    return await git.text("hash-object", "-t", "tree", "-w", "--stdin")


async def _bound(call: Call, name: str) -> str:
    owner, colon, ref = name.rpartition(":")
    repo = call.repo
    if colon and owner.lower() != repo.owner.login.lower():
        repo = _fork_of(call, owner)
    sha = await GitRepo(repo.path).resolve(ref)
    if sha is None:
        raise not_found()
    if repo is not call.repo:
        await call.git.run("fetch", "--quiet", str(repo.path), f"refs/heads/{ref}")
    return sha


def _fork_of(call: Call, owner: str) -> Repository:
    for other in call.hub.world.repositories.values():
        if other.owner.login.lower() == owner.lower() and call.repo in (other, other.parent):
            return other
    raise not_found()


@routes.add("GET", "/repos/{owner}/{repo}/compare/{basehead*}", needs="contents:read")
async def compare(call: Call) -> Any:
    base_name, dots, head_name = call.params["basehead"].partition("...")
    if not dots:
        raise not_found()
    git = call.git
    base = await _bound(call, base_name)
    head = await _bound(call, head_name)
    start = await git.merge_base(base, head)
    if start is None:
        raise ApiError(404, f"No common ancestor between {base_name} and {head_name}.")
    if "diff" in call.accept or "patch" in call.accept:
        return Answer((await git.diff(start, head)).encode(), content_type="application/vnd.github.diff")
    ahead = await git.count(base, head)
    behind = await git.count(head, base)
    status = {(False, False): "identical", (True, False): "ahead", (False, True): "behind"}
    listed = (await git.commits(f"{base}..{head}", limit=COMPARE_COMMITS))[::-1]
    page = f"{shapes.html_url(call.hub, call.repo)}/compare/{base_name}...{head_name}"
    changed = (await git.changes(start, head))[:COMPARE_FILES]
    return {
        "url": f"{call.hub.api_url}{call.path}",
        "html_url": page,
        "permalink_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "base_commit": commit_shapes.commit(call.hub, call.repo, await git.commit(base)),
        "merge_base_commit": commit_shapes.commit(call.hub, call.repo, await git.commit(start)),
        "status": status.get((ahead > 0, behind > 0), "diverged"),
        "ahead_by": ahead,
        "behind_by": behind,
        "total_commits": ahead,
        "commits": [commit_shapes.commit(call.hub, call.repo, item) for item in listed],
        "files": [commit_shapes.file(call.hub, call.repo, head, each) for each in changed],
    }


@routes.add("GET", "/repos/{owner}/{repo}/forks", needs="metadata:read")
async def list_forks(call: Call) -> Any:
    forks = [repo for repo in call.hub.world.repositories.values() if repo.parent is call.repo]
    return [shapes.repository(call.hub, repo) for repo in call.page(forks)]


@routes.add("POST", "/repos/{owner}/{repo}/forks", needs="administration:write", role="read")
async def fork(call: Call) -> Any:
    owner = call.text("organization") or call.user.login
    name = call.text("name") or call.repo.name
    known = call.hub.world.repository(f"{owner}/{name}")
    made = known or lifecycle.fork(call.hub, call.repo, call.hub.owner(owner), name)
    return Answer(shapes.full_repository(call.hub, made, "admin"), 202)


@routes.add("POST", "/repos/{owner}/{repo}/transfer", needs="administration:write", role="admin")
async def transfer(call: Call) -> Any:
    lifecycle.move(call.hub, call.repo, call.hub.owner(call.required("new_owner")), call.repo.name, call.user.login)
    return Answer(shapes.repository(call.hub, call.repo), 202)


@routes.add("GET", "/repos/{owner}/{repo}/rules/branches/{branch*}", needs="metadata:read")
async def branch_rules(call: Call) -> Any:
    """List the rules of rulesets that apply to a branch, even one that does not exist yet, whoever may bypass them."""
    source = {"ruleset_source_type": "Repository", "ruleset_source": call.repo.full_name}
    found = [
        _rule(rule) | {"ruleset_id": ruleset.id, **source}
        for ruleset in rules.governing(call.repo, call.params["branch"])
        for rule in ruleset.rules
    ]
    return list(call.page(found))


def _rule(rule: Rule) -> dict[str, Any]:
    return {"type": rule.kind} | ({"parameters": rule.parameters} if rule.parameters else {})


@routes.add("GET", "/repos/{owner}/{repo}/rulesets/{id}", needs="metadata:read")
async def one_ruleset(call: Call) -> Any:
    """Return a ruleset, and whether who asks may bypass it."""
    found = next((each for each in call.repo.rulesets if str(each.id) == call.params["id"]), None)
    if found is None:
        raise not_found()
    exempt = call.actor.kind != "anonymous" and rules.is_exempt(found.allow, call.actor)
    made = iso(found.created_at)
    return {
        "id": found.id,
        "name": found.name,
        "target": "branch",
        "source_type": "Repository",
        "source": call.repo.full_name,
        "enforcement": "active",
        "conditions": {"ref_name": {"include": [f"refs/heads/{found.pattern}"], "exclude": []}},
        "rules": [_rule(rule) for rule in found.rules],
        "current_user_can_bypass": "always" if exempt else "never",
        "created_at": made,
        "updated_at": made,
    }


@routes.add("GET", "/repos/{owner}/{repo}/branches/{branch}/protection", needs="administration:read", role="admin")
async def branch_protection(call: Call) -> Any:
    """Classic protection only: rulesets do not appear here."""
    found = rules.protecting(call.repo, call.params["branch"])
    if not found:
        raise ApiError(404, "Branch not protected")
    url = f"{call.hub.api_url}{call.path}"
    reviews = {
        "url": f"{url}/required_pull_request_reviews",
        "dismiss_stale_reviews": False,
        "require_code_owner_reviews": False,
        "required_approving_review_count": found[0].required_reviews,
        "require_last_push_approval": False,
    }
    off = {"enabled": False}
    return {
        "url": url,
        "required_pull_request_reviews": reviews,
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": True},
        **dict.fromkeys(("required_linear_history", "allow_force_pushes", "allow_deletions", "block_creations"), off),
    }
