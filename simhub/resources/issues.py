"""Issues: list, open, edit, close, assign, lock, timeline."""

from __future__ import annotations

from typing import Any

from simhub import forge, pull_shapes, shapes
from simhub.actor import Actor, has_role
from simhub.call import BODY_LIMIT, Answer, Call, routes
from simhub.errors import ApiError, invalid, not_found
from simhub.gitrepo import GitRepo
from simhub.model import Account, Issue, Label, Pull, Repository, iso
from simhub.state import State

TITLE_LIMIT = 256
NEEDS_READ = "issues:read|pull_requests:read"
NEEDS_WRITE = "issues:write|pull_requests:write"


async def emit_either(hub: State, issue: Issue, action: str, sender: Account, **extra: Any) -> None:
    """Events of an issue go out as ``issues``, those of a pull request as ``pull_request``."""
    if issue.pull:
        await forge.pull_event(hub, issue.pull, action, sender, **extra)
    else:
        forge.issue_event(hub, issue, action, sender, **extra)


def checked_body(text: str | None, resource: str = "Issue") -> str | None:
    if text is not None and len(text) > BODY_LIMIT:
        raise invalid(resource, "body", "custom", f"body is too long (maximum is {BODY_LIMIT} characters)")
    return text


def _checked_title(title: str) -> str:
    if not title.strip():
        raise invalid("Issue", "title", "missing_field")
    if len(title) > TITLE_LIMIT:
        raise invalid("Issue", "title", "custom", f"title is too long (maximum is {TITLE_LIMIT} characters)")
    return title


def new_issue(hub: State, repo: Repository, actor: Actor, title: str, body: str | None) -> Issue:
    now = hub.world.now()
    number = repo.next_number()
    issue = Issue(
        hub.world.new_id(), number, repo, actor.user, _checked_title(title), checked_body(body), now, now,
        app=actor.acting_app,
    )  # fmt: skip
    repo.issues[number] = issue
    return issue


def label_named(hub: State, repo: Repository, name: str) -> Label:
    """Return the repository's label of that name.

    It is made where it is missing, as GitHub does.
    """
    found = next((label for label in repo.labels if label.name.lower() == name.lower()), None)
    if found is None:
        found = Label(hub.world.new_id(), name)
        repo.labels.append(found)
    return found


def may_triage(call: Call) -> bool:
    return call.actor.kind == "installation" or has_role(call.repo, call.user, "triage")


@routes.add("GET", "/repos/{owner}/{repo}/issues", needs="issues:read")
async def list_issues(call: Call) -> Any:
    query = call.query
    items = list(call.repo.issues.values())
    if (state := query.get("state", "open")) != "all":
        items = [issue for issue in items if issue.state == state]
    if names := query.get("labels"):
        wanted = {name.strip().lower() for name in names.split(",")}
        items = [issue for issue in items if wanted <= {label.name.lower() for label in issue.labels}]
    if creator := query.get("creator"):
        items = [issue for issue in items if issue.user.login.lower() == creator.lower()]
    if since := query.get("since"):
        items = [issue for issue in items if (iso(issue.updated_at) or "") >= since]
    key = {"updated": "updated_at", "comments": "comments"}.get(query.get("sort", ""), "created_at")
    items.sort(
        key=lambda i: (len(i.comments) if key == "comments" else getattr(i, key), i.number),
        reverse=query.get("direction", "desc") == "desc",
    )
    return [shapes.issue(call.hub, issue) for issue in call.page(items)]


@routes.add("POST", "/repos/{owner}/{repo}/issues", needs="issues:write", role="read")
async def create_issue(call: Call) -> Any:
    issue = new_issue(call.hub, call.repo, call.actor, call.required("title"), call.text("body"))
    if may_triage(call):
        issue.labels = [label_named(call.hub, call.repo, name) for name in _label_names(call)]
        issue.assignees = _assignees(call)
    forge.issue_event(call.hub, issue, "opened", call.user)
    for label in issue.labels:
        add_label_event(call.hub, issue, label, call.actor)
        forge.issue_event(call.hub, issue, "labeled", call.user, label=shapes.label(call.hub, call.repo, label))
    return Answer(shapes.issue(call.hub, issue), 201)


def add_label_event(hub: State, issue: Issue, label: Label, actor: Actor, event: str = "labeled") -> None:
    forge.note(hub, issue, actor, event, label={"name": label.name, "color": label.color})


def _label_names(call: Call) -> list[str]:
    value = call.body.get("labels") or []
    if not isinstance(value, list):
        raise ApiError(422, "Invalid request.\n\nFor 'properties/labels', value is not an array.")
    return [item["name"] if isinstance(item, dict) else str(item) for item in value]


def _assignees(call: Call) -> list[Account]:
    found = [call.hub.world.account(login) for login in call.strings("assignees")]
    return [account for account in found if account]


@routes.add("GET", "/repos/{owner}/{repo}/issues/{number}", needs=NEEDS_READ)
async def get_issue(call: Call) -> Any:
    return shapes.issue(call.hub, call.issue())


@routes.add("PATCH", "/repos/{owner}/{repo}/issues/{number}", needs=NEEDS_WRITE, role="read")
async def patch_issue(call: Call) -> Any:
    issue = call.issue()
    if not may_triage(call) and issue.user is not call.user:
        raise ApiError(403, "Must have admin rights to Repository.")
    await edit(call, issue)
    if "labels" in call.body and may_triage(call):
        await set_labels(call, issue, _label_names(call))
    if "assignees" in call.body and may_triage(call):
        issue.assignees = _assignees(call)
    if state := call.text("state"):
        await change_state(call, issue, state, call.text("state_reason"))
    return shapes.issue(call.hub, issue)


async def edit(call: Call, issue: Issue) -> None:
    """Title and body; one ``edited`` event names what they were."""
    changes: dict[str, Any] = {}
    title = call.text("title", issue.title)
    body = call.text("body", issue.body)
    if title is not None and title != issue.title:
        changes["title"] = {"from": issue.title}
        forge.note(call.hub, issue, call.actor, "renamed", rename={"from": issue.title, "to": title})
        issue.title = _checked_title(title)
    if body != issue.body:
        changes["body"] = {"from": issue.body or ""}
        issue.body = checked_body(body)
    if changes:
        issue.updated_at = call.hub.world.now()
        await emit_either(call.hub, issue, "edited", call.user, changes=changes)


async def change_state(call: Call, issue: Issue, state: str, reason: str | None) -> None:
    if state not in ("open", "closed"):
        raise invalid("Issue", "state", "invalid")
    if state == issue.state:
        return
    if issue.pull and state == "closed":
        await forge.close_pull(call.hub, issue.pull, call.actor)
    elif issue.pull:
        await _reopen_pull(call, issue.pull)
    else:
        forge.set_state(call.hub, issue, state, reason, call.actor)


async def _reopen_pull(call: Call, pull: Pull) -> None:
    if pull.merged_at:
        raise invalid("PullRequest", "state", "invalid", "state cannot be changed. The pull request was merged.")
    issue, head = pull.issue, pull.head_repository
    ref = f"refs/heads/{pull.head_ref}"
    now = (await GitRepo(head.path).refs(ref)).get(ref) if head else None
    if now != pull.head_sha:
        words = "was force-pushed or recreated" if now else "has been deleted"
        words = f"state cannot be changed. The {pull.head_ref} branch {words}."
        raise invalid("PullRequest", "state", "invalid", words)
    issue.state, issue.closed_at, issue.closed_by = "open", None, None
    forge.note(call.hub, issue, call.actor, "reopened")
    await forge.pull_event(call.hub, pull, "reopened", call.user)


async def set_labels(call: Call, issue: Issue, names: list[str]) -> None:
    wanted = [label_named(call.hub, call.repo, name) for name in names]
    for label in [label for label in issue.labels if label not in wanted]:
        await drop_label(call, issue, label)
    await add_labels(call, issue, wanted)


async def add_labels(call: Call, issue: Issue, labels: list[Label]) -> None:
    for label in labels:
        if label not in issue.labels:
            issue.labels.append(label)
            add_label_event(call.hub, issue, label, call.actor)
            shape = shapes.label(call.hub, call.repo, label)
            await emit_either(call.hub, issue, "labeled", call.user, label=shape)


async def drop_label(call: Call, issue: Issue, label: Label) -> None:
    issue.labels.remove(label)
    add_label_event(call.hub, issue, label, call.actor, "unlabeled")
    shape = shapes.label(call.hub, call.repo, label)
    await emit_either(call.hub, issue, "unlabeled", call.user, label=shape)


@routes.add("POST DELETE", "/repos/{owner}/{repo}/issues/{number}/assignees", needs=NEEDS_WRITE, role="triage")
async def assign(call: Call) -> Any:
    issue = call.issue()
    for account in _assignees(call):
        adding = call.method == "POST"
        if adding == (account not in issue.assignees):
            (issue.assignees.append if adding else issue.assignees.remove)(account)
            shape = shapes.user(call.hub, account)
            word = "assigned" if adding else "unassigned"
            forge.note(call.hub, issue, call.actor, word, assignee=shape)
            await emit_either(call.hub, issue, word, call.user, assignee=shape)
    return Answer(shapes.issue(call.hub, issue), 201 if call.method == "POST" else 200)


@routes.add("PUT DELETE", "/repos/{owner}/{repo}/issues/{number}/lock", needs=NEEDS_WRITE, role="triage")
async def lock(call: Call) -> Any:
    issue = call.issue()
    issue.locked = call.method == "PUT"
    word = "locked" if issue.locked else "unlocked"
    forge.note(call.hub, issue, call.actor, word)
    await emit_either(call.hub, issue, word, call.user)
    return Answer(status=204)


@routes.add("GET", "/repos/{owner}/{repo}/issues/{number}/events", needs=NEEDS_READ)
async def events(call: Call) -> Any:
    return [shapes.event(call.hub, call.repo, item) for item in call.page(call.issue().events)]


@routes.add("GET", "/repos/{owner}/{repo}/issues/events/{id}", needs="issues:read")
async def one_event(call: Call) -> Any:
    for issue in call.repo.issues.values():
        for item in issue.events:
            if str(item.id) == call.params["id"]:
                return shapes.event(call.hub, call.repo, item) | {"issue": shapes.issue(call.hub, issue)}
    raise not_found()


@routes.add("GET", "/repos/{owner}/{repo}/issues/{number}/timeline", needs=NEEDS_READ)
async def timeline(call: Call) -> Any:
    issue = call.issue()
    lines = [(item.created_at, item.id, shapes.event(call.hub, call.repo, item)) for item in issue.events]
    for comment in issue.comments:
        shape = shapes.comment(call.hub, comment)
        commented = shape | {"event": "commented", "actor": shape["user"]}
        lines.append((comment.created_at, comment.id, commented))
    for review in issue.pull.reviews if issue.pull else []:
        if review.submitted_at:
            shape = pull_shapes.review(call.hub, review) | {"event": "reviewed"}
            lines.append((review.submitted_at, review.id, shape))
    lines.sort(key=lambda line: line[:2])
    return [shape for _, _, shape in call.page(lines)]
