"""JSON as GitHub sends it, for accounts, apps, repositories, issues and comments. Pull requests: pull_shapes.py."""

from __future__ import annotations

from collections import Counter
from typing import Any

from simhub.address import Address
from simhub.model import (
    ROLES,
    Account,
    App,
    Comment,
    Event,
    Installation,
    Issue,
    Label,
    Reaction,
    Repository,
    iso,
    node_id,
)

Json = dict[str, Any]
REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")

_USER_URLS = {
    "followers_url": "followers",
    "following_url": "following{/other_user}",
    "gists_url": "gists{/gist_id}",
    "starred_url": "starred{/owner}{/repo}",
    "subscriptions_url": "subscriptions",
    "organizations_url": "orgs",
    "repos_url": "repos",
    "events_url": "events{/privacy}",
    "received_events_url": "received_events",
}
_REPOSITORY_URLS = {
    "forks_url": "/forks",
    "keys_url": "/keys{/key_id}",
    "collaborators_url": "/collaborators{/collaborator}",
    "teams_url": "/teams",
    "hooks_url": "/hooks",
    "issue_events_url": "/issues/events{/number}",
    "events_url": "/events",
    "assignees_url": "/assignees{/user}",
    "branches_url": "/branches{/branch}",
    "tags_url": "/tags",
    "blobs_url": "/git/blobs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "trees_url": "/git/trees{/sha}",
    "statuses_url": "/statuses/{sha}",
    "languages_url": "/languages",
    "stargazers_url": "/stargazers",
    "contributors_url": "/contributors",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "commits_url": "/commits{/sha}",
    "git_commits_url": "/git/commits{/sha}",
    "comments_url": "/comments{/number}",
    "issue_comment_url": "/issues/comments{/number}",
    "contents_url": "/contents/{+path}",
    "compare_url": "/compare/{base}...{head}",
    "merges_url": "/merges",
    "archive_url": "/{archive_format}{/ref}",
    "downloads_url": "/downloads",
    "issues_url": "/issues{/number}",
    "pulls_url": "/pulls{/number}",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "labels_url": "/labels{/name}",
    "releases_url": "/releases{/id}",
    "deployments_url": "/deployments",
}


def repo_url(hub: Address, repo: Repository) -> str:
    return f"{hub.api_url}/repos/{repo.full_name}"


def html_url(hub: Address, repo: Repository) -> str:
    return f"{hub.url}/{repo.full_name}"


def user(hub: Address, account: Account) -> Json:
    url = f"{hub.api_url}/users/{account.login}"
    path = f"apps/{account.login.removesuffix('[bot]')}" if account.type == "Bot" else account.login
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id({"User": "U", "Bot": "BOT"}.get(account.type, "O"), account.id),
        "avatar_url": f"{hub.url}/_avatars/{account.id}.svg",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{hub.url}/{path}",
        **{key: f"{url}/{tail}" for key, tail in _USER_URLS.items()},
        "type": account.type,
        "user_view_type": "public",
        "site_admin": False,
    }


def optional_user(hub: Address, account: Account | None) -> Json | None:
    return user(hub, account) if account else None


def public_user(hub: Address, account: Account) -> Json:
    epoch = "2020-01-01T00:00:00Z"
    owned = sum(1 for repo in hub.world.repositories.values() if repo.owner is account)
    empty = dict.fromkeys(("company", "location", "hireable", "bio", "twitter_username"))
    counts = {"public_repos": owned, "public_gists": 0, "followers": 0, "following": 0}
    times = {"created_at": epoch, "updated_at": epoch}
    return user(hub, account) | {"name": account.name, "email": account.email, "blog": ""} | empty | counts | times


def organization(hub: Address, account: Account) -> Json:
    url = f"{hub.api_url}/orgs/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id("O", account.id),
        "url": url,
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events",
        "hooks_url": f"{url}/hooks",
        "issues_url": f"{url}/issues",
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": f"{hub.url}/_avatars/{account.id}.svg",
        "description": None,
    }


def integration(hub: Address, app: App) -> Json:
    return {
        "id": app.id,
        "client_id": app.client_id,
        "slug": app.slug,
        "node_id": node_id("A", app.id),
        "owner": user(hub, app.owner),
        "name": app.name,
        "description": app.description,
        "external_url": app.external_url,
        "html_url": f"{hub.url}/apps/{app.slug}",
        "created_at": iso(app.created_at),
        "updated_at": iso(app.created_at),
        "permissions": {"metadata": "read", **app.permissions},
        "events": app.events,
    }


def optional_integration(hub: Address, app: App | None) -> Json | None:
    return integration(hub, app) if app else None


def installation_node(installation: Installation) -> str:
    return node_id("MDIzOk", installation.id)


def installation(hub: Address, item: Installation) -> Json:
    url = f"{hub.api_url}/app/installations/{item.id}"
    return {
        "id": item.id,
        "account": user(hub, item.account),
        "repository_selection": "all" if item.all_repositories else "selected",
        "access_tokens_url": f"{url}/access_tokens",
        "repositories_url": f"{hub.api_url}/installation/repositories",
        "html_url": f"{hub.url}/settings/installations/{item.id}",
        "app_id": item.app.id,
        "client_id": item.app.client_id,
        "app_slug": item.app.slug,
        "target_id": item.account.id,
        "target_type": item.account.type,
        "permissions": {"metadata": "read", **item.permissions},
        "events": item.events,
        "created_at": iso(item.created_at),
        "updated_at": iso(item.updated_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": optional_user(hub, item.suspended_by),
        "suspended_at": iso(item.suspended_at),
    }


def hook_config(app: App) -> Json:
    config = {"content_type": "json", "insecure_ssl": "0", "url": app.webhook_url or ""}
    return config | ({"secret": "********"} if app.webhook_secret else {})


def repository_brief(repo: Repository) -> Json:
    """Render a repository as installation events list it."""
    names = {"id": repo.id, "node_id": node_id("R", repo.id), "name": repo.name, "full_name": repo.full_name}
    return {**names, "private": repo.private}


def repository(hub: Address, repo: Repository, role: str | None = None) -> Json:
    """Render a repository.

    With ``role`` it has the ``permissions`` of the one who asks.
    """
    forks = sum(1 for other in hub.world.repositories.values() if other.parent is repo)
    open_issues = sum(1 for issue in repo.issues.values() if issue.state == "open")
    body = {
        **repository_brief(repo),
        "owner": user(hub, repo.owner),
        "html_url": html_url(hub, repo),
        "description": repo.description,
        "fork": repo.parent is not None,
        "url": repo_url(hub, repo),
        **{key: repo_url(hub, repo) + tail for key, tail in _REPOSITORY_URLS.items()},
        "created_at": iso(repo.created_at),
        "updated_at": iso(repo.pushed_at),
        "pushed_at": iso(repo.pushed_at),
        **_clone_urls(hub, repo),
        "forks_count": forks,
        "forks": forks,
        "open_issues_count": open_issues,
        "open_issues": open_issues,
        "visibility": "private" if repo.private else "public",
        "default_branch": repo.default_branch,
        "archived": repo.archived,
        **_CONSTANT,
    }
    return body | ({"permissions": permissions_of(role)} if role else {})


_CONSTANT: Json = {
    "homepage": None,
    "size": 1,
    "stargazers_count": 0,
    "watchers_count": 0,
    "watchers": 0,
    "language": None,
    "has_issues": True,
    "has_projects": False,
    "has_downloads": True,
    "has_wiki": False,
    "has_pages": False,
    "has_discussions": False,
    "mirror_url": None,
    "disabled": False,
    "license": None,
    "allow_forking": True,
    "is_template": False,
    "web_commit_signoff_required": False,
    "topics": [],
    "custom_properties": {},
}


def _clone_urls(hub: Address, repo: Repository) -> Json:
    host = hub.url.partition("://")[2]
    clone = f"{html_url(hub, repo)}.git"
    urls = {"git_url": f"git://{host}/{repo.full_name}.git", "ssh_url": f"git@{host}:{repo.full_name}.git"}
    return urls | {"clone_url": clone, "svn_url": html_url(hub, repo)}


def full_repository(hub: Address, repo: Repository, role: str) -> Json:
    body = repository(hub, repo, role)
    body |= {"network_count": body["forks"], "subscribers_count": 0, "temp_clone_token": None}
    body |= {
        "allow_squash_merge": True,
        "allow_merge_commit": True,
        "allow_rebase_merge": True,
        "allow_auto_merge": False,
        "delete_branch_on_merge": False,
        "allow_update_branch": False,
    }
    if repo.owner.type == "Organization":
        body["organization"] = user(hub, repo.owner)
    if repo.parent:
        body |= {"parent": repository(hub, repo.parent), "source": repository(hub, repo.parent)}
    return body


def permissions_of(role: str) -> dict[str, bool]:
    rank = ROLES.index(role)
    names = {"admin": "admin", "maintain": "maintain", "push": "write", "triage": "triage", "pull": "read"}
    return {name: rank >= ROLES.index(wanted) for name, wanted in names.items()}


def association(repo: Repository, account: Account) -> str:
    if account is repo.owner:
        return "OWNER"
    role = repo.roles.get(account.login.lower(), "none")
    if ROLES.index(role) >= ROLES.index("triage"):
        return "MEMBER" if repo.owner.type == "Organization" else "COLLABORATOR"
    return "NONE"


def label(hub: Address, repo: Repository, item: Label) -> Json:
    return {
        "id": item.id,
        "node_id": node_id("LA", item.id),
        "url": f"{repo_url(hub, repo)}/labels/{item.name.replace(' ', '%20')}",
        "name": item.name,
        "color": item.color,
        "default": item.default,
        "description": item.description,
    }


def rollup(url: str, reactions: list[Reaction]) -> Json:
    counts = Counter(reaction.content for reaction in reactions)
    return {"url": f"{url}/reactions", "total_count": len(reactions), **{name: counts[name] for name in REACTIONS}}


def reaction(hub: Address, item: Reaction) -> Json:
    return {
        "id": item.id,
        "node_id": node_id("REA", item.id),
        "user": user(hub, item.user),
        "content": item.content,
        "created_at": iso(item.created_at),
    }


def issue_url(hub: Address, item: Issue) -> str:
    return f"{repo_url(hub, item.repository)}/issues/{item.number}"


def issue_html_url(hub: Address, item: Issue) -> str:
    kind = "pull" if item.pull else "issues"
    return f"{html_url(hub, item.repository)}/{kind}/{item.number}"


def issue(hub: Address, item: Issue) -> Json:
    url = issue_url(hub, item)
    repo = item.repository
    body = {
        "url": url,
        "repository_url": repo_url(hub, repo),
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": issue_html_url(hub, item),
        "id": item.id,
        "node_id": node_id("PR" if item.pull else "I", item.id),
        "number": item.number,
        "title": item.title,
        "user": user(hub, item.user),
        "labels": [label(hub, repo, each) for each in item.labels],
        "state": item.state,
        "locked": item.locked,
        "assignee": optional_user(hub, item.assignees[0] if item.assignees else None),
        "assignees": [user(hub, each) for each in item.assignees],
        "comments": len(item.comments),
        "created_at": iso(item.created_at),
        "updated_at": iso(item.updated_at),
        "closed_at": iso(item.closed_at),
        "author_association": association(repo, item.user),
        "body": item.body,
        "closed_by": optional_user(hub, item.closed_by),
        "reactions": rollup(url, item.reactions),
        "timeline_url": f"{url}/timeline",
        "performed_via_github_app": optional_integration(hub, item.app),
        "state_reason": item.state_reason,
        "sub_issues_summary": _summarise(item.sub_issues),
        **_ISSUE_CONSTANT,
    }
    return body | (_pull_links(hub, item) if item.pull else {})


_ISSUE_CONSTANT: Json = {
    "milestone": None,
    "active_lock_reason": None,
    "type": None,
    "draft": False,
}


def _summarise(issues: list[Issue]) -> Json:
    completed = sum(one.state == "closed" for one in issues)
    percent = 100 * completed // len(issues) if issues else 0
    return {"total": len(issues), "completed": completed, "percent_completed": percent}


def _pull_links(hub: Address, item: Issue) -> Json:
    assert item.pull is not None
    page = issue_html_url(hub, item)
    api = f"{repo_url(hub, item.repository)}/pulls/{item.number}"
    links = {"url": api, "html_url": page, "diff_url": f"{page}.diff", "patch_url": f"{page}.patch"}
    return {"draft": item.pull.draft, "pull_request": {**links, "merged_at": iso(item.pull.merged_at)}}


def comment(hub: Address, item: Comment) -> Json:
    url = f"{repo_url(hub, item.issue.repository)}/issues/comments/{item.id}"
    return {
        "url": url,
        "html_url": f"{issue_html_url(hub, item.issue)}#issuecomment-{item.id}",
        "issue_url": issue_url(hub, item.issue),
        "id": item.id,
        "node_id": node_id("IC", item.id),
        "user": user(hub, item.user),
        "created_at": iso(item.created_at),
        "updated_at": iso(item.updated_at),
        "body": item.body,
        "author_association": association(item.issue.repository, item.user),
        "reactions": rollup(url, item.reactions),
        "performed_via_github_app": optional_integration(hub, item.app),
    }


def event(hub: Address, repo: Repository, item: Event) -> Json:
    return {
        "id": item.id,
        "node_id": node_id("EV", item.id),
        "url": f"{repo_url(hub, repo)}/issues/events/{item.id}",
        "actor": user(hub, item.actor),
        "event": item.event,
        "commit_id": None,
        "commit_url": None,
        "created_at": iso(item.created_at),
        "performed_via_github_app": optional_integration(hub, item.app),
        **item.data,
    }
