"""Set up and run what is on a hub: accounts, Apps, repositories, installations, rules, clicks."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from simhub import checkevents, deploying, forge, lifecycle, rulesets, runner, seed, workflows
from simhub.actor import Actor, has_role
from simhub.model import (
    Account,
    App,
    AppCredentials,
    Artifact,
    CheckRun,
    Deployment,
    Installation,
    Issue,
    Outage,
    Protection,
    Pull,
    Repository,
    Rule,
    RuleRequest,
    Ruleset,
    WorkflowRun,
)
from simhub.state import State
from simhub.workflows import Job


class Platform(State):
    """Everything a test or a page does to a hub without HTTP."""

    def create_app(
        self,
        name: str,
        webhook_url: str | None = None,
        webhook_secret: str = "",
        permissions: Mapping[str, str] | None = None,
        events: Iterable[str] = (),
        owner: str = "apps-team",
        key_pair: tuple[str, str] | None = None,
    ) -> AppCredentials:
        """Register a GitHub App. ``webhook_url`` may be set on the result later.

        ``key_pair`` is a private and a public RSA key in PEM form; a fresh one is made where none is given.
        """
        slug = name.lower().replace(" ", "-")
        from simhub import appkeys  # cryptography is slow to import

        private, public = key_pair or appkeys.new_key_pair()
        bot = self.create_user(f"{slug}[bot]", "Bot")
        app = App(
            id=1001 + len(self.world.apps), slug=slug, name=name, owner=self.owner(owner), bot=bot,
            private_key=private, public_key=public, client_id=f"Iv23li{secrets.token_hex(7)}",
            client_secret=secrets.token_hex(20), created_at=self.world.now(), webhook_url=webhook_url,
            webhook_secret=webhook_secret, hook_id=self.world.new_id(), permissions=dict(permissions or {}),
            events=list(events),
        )  # fmt: skip
        self.world.apps[app.id] = app
        self.credentials[app.id] = AppCredentials(
            app.id, slug, private, app.client_id, app.client_secret, webhook_secret, bot.login, bot.id, app
        )
        return self.credentials[app.id]

    def revoke_authorization(self, credentials: AppCredentials, account: Account) -> None:
        """Let a person take back what they allowed an App: its tokens of theirs are dead."""
        world, app = self.world, credentials.app
        for token in [token for token, owner in world.app_tokens.items() if owner is app]:
            if world.user_tokens.get(token) is account:
                del world.user_tokens[token], world.app_tokens[token]
        self.webhooks.revoke(app, account)

    def create_repository(
        self,
        full_name: str,
        source: Path | None = None,
        private: bool = False,
        default_branch: str = "main",
        shared: bool = False,
        description: str | None = None,
    ) -> Repository:
        """Create a repository: empty, from a folder, or cloned.

        A plain folder becomes one commit.

        A clone keeps the branch its source has checked out as default; ``shared`` borrows the source's objects.
        """
        owner_name, _, name = full_name.partition("/")
        if self.world.repository(full_name):
            raise ValueError(f"{full_name} exists already")
        owner = self.owner(owner_name)
        path = self.root / owner.login / f"{name}.git"
        branch = seed.create(path, source.resolve() if source else None, default_branch, shared)
        now = self.world.now()
        repo = Repository(self.world.new_id(), owner, name, path, branch, now, now, private, description)
        repo.labels = seed.default_labels(self.world)
        self.world.repositories[repo.full_name.lower()] = repo
        return repo

    def install(
        self,
        credentials: AppCredentials,
        owner: str,
        repositories: Iterable[Repository | str] | None = None,
        permissions: Mapping[str, str] | None = None,
        sender: str | None = None,
    ) -> Installation:
        """Install an App on an account; None means all its repositories. Sends ``installation.created``."""
        app = credentials.app
        now = self.world.now()
        account = self.owner(owner)
        installation = Installation(
            self.world.new_id(), app, account, dict(permissions or app.permissions), list(app.events), now, now,
            repositories is None, [self.repository(each) for each in repositories or ()],
        )  # fmt: skip
        self.world.installations[installation.id] = installation
        lifecycle.created(self, installation, sender)
        return installation

    def uninstall(self, installation: Installation, sender: str | None = None) -> None:
        """Remove an installation; its tokens end at once. Sends ``installation.deleted``."""
        lifecycle.uninstall(self, installation, sender)

    def suspend(self, installation: Installation, sender: str | None = None) -> None:
        """No token works and no webhook goes out until ``unsuspend``. Sends ``installation.suspend``."""
        lifecycle.suspend(self, installation, sender)

    def unsuspend(self, installation: Installation, sender: str | None = None) -> None:
        lifecycle.unsuspend(self, installation, sender)

    def accept_permissions(
        self, installation: Installation, permissions: Mapping[str, str], sender: str | None = None
    ) -> None:
        """Let the owner accept other permissions.

        Sends ``installation.new_permissions_accepted``.
        """
        lifecycle.accept_permissions(self, installation, permissions, sender)

    def change_repositories(
        self,
        installation: Installation,
        add: Iterable[Repository] = (),
        remove: Iterable[Repository] = (),
        sender: str | None = None,
    ) -> None:
        """Change what a selected installation covers. Sends ``installation_repositories.added`` and ``.removed``."""
        lifecycle.change_repositories(self, installation, add, remove, sender)

    def rename(self, repository: Repository, name: str, sender: str | None = None) -> None:
        """Give a repository another name; the old one answers 301. Sends ``repository.renamed``."""
        lifecycle.move(self, repository, repository.owner, name, sender)

    def transfer(self, repository: Repository, owner: str, sender: str | None = None) -> None:
        """Give a repository another owner; the old name answers 301. Sends ``repository.transferred``."""
        lifecycle.move(self, repository, self.owner(owner), repository.name, sender)

    def fork(self, repository: Repository, owner: str, name: str | None = None) -> Repository:
        """Fork a repository into an account. Sends ``fork``."""
        return lifecycle.fork(self, repository, self.owner(owner), name or repository.name)

    def job_token(self, repository: Repository, permissions: Mapping[str, str]) -> str:
        """Return the token of a workflow's job, with the permissions that the workflow gives it."""
        return workflows.job_token(self, repository, permissions)

    async def start_workflow(
        self,
        repository: Repository,
        head_sha: str,
        branch: str | None = None,
        event: str = "push",
        name: str = "CI",
        path: str = ".github/workflows/ci.yml",
        head_repository: Repository | None = None,
        actor: str | None = None,
    ) -> WorkflowRun:
        """Start a workflow run. Sends ``workflow_run.requested``."""
        account = (self.world.account(actor) if actor else None) or repository.owner
        run = workflows.new_run(self, repository, head_sha, branch, event, name, path, head_repository, account)
        await workflows.emit_run(self, run, "requested", account)
        return run

    async def finish_workflow(self, run: WorkflowRun, jobs: Sequence[Job], conclusion: str | None = None) -> None:
        """End a run with these jobs and their logs. Sends ``workflow_job.completed``, ``workflow_run.completed``.

        ``conclusion`` is for what no job shows, such as ``startup_failure``.
        """
        await workflows.finish_run(self, run, jobs, conclusion)

    def run_workflows(self, repository: Repository) -> None:
        """Really run the repository's workflow files from now on, after each push and for each pull request."""
        runner.enable(self, repository)

    def break_runner(self, repository: Repository, outage: Outage) -> None:
        """Let the machine fail under the next jobs of a name, whatever their commands do."""
        repository.outages.append(outage)

    async def deploy(
        self, repository: Repository, sha: str, environment: str = "production", run: WorkflowRun | None = None
    ) -> Deployment:
        """Make a deployment as a workflow does, and let it succeed or fail by ``report``. Sends ``deployment``."""
        made = Deployment(
            self.world.new_id(), repository, sha, sha, "deploy", environment, None, {}, repository.owner,
            self.world.now(), production=environment == "production", run=run,
        )  # fmt: skip
        await deploying.announce(self, made, repository.owner)
        return made

    async def queue_group(self, pull: Pull) -> str:
        """Put a pull request into the merge queue; return its commit. Sends ``merge_group.checks_requested``."""
        return await forge.queue_group(self, pull)

    async def report(self, deployment: Deployment, state: str) -> None:
        """Add a status to a deployment. Sends ``deployment_status``."""
        await deploying.add_status(self, deployment, state, Actor("user", deployment.repository.owner))

    async def ask_rule(self, credentials: AppCredentials, run: WorkflowRun, environment: str) -> RuleRequest:
        """Let a job wait for an App's protection rule. Sends ``deployment_protection_rule.requested`` to it."""
        return await deploying.ask_rule(self, credentials.app, run, environment)

    def upload_artifact(self, run: WorkflowRun, name: str, files: Mapping[str, bytes]) -> Artifact:
        """Keep files of a run as ``actions/upload-artifact`` does; a later attempt's takes the place of its name."""
        return workflows.upload(self, run, name, files)

    def protect(
        self,
        repository: Repository,
        pattern: str,
        allow: Iterable[str] = (),
        required_reviews: int = 0,
    ) -> Protection:
        """Protect branches by pattern: nobody but ``allow`` (logins, App slugs) writes them directly."""
        rule = Protection(pattern, frozenset(allow), required_reviews)
        repository.protections.append(rule)
        return rule

    def add_ruleset(
        self, repository: Repository, pattern: str, *given: Rule, allow: Iterable[str] = (), name: str = "Rules"
    ) -> Ruleset:
        """Add rules for branches by pattern (``~ALL``: every one); without any, changes need a pull request."""
        unknown = {rule.kind for rule in given} - rulesets.known_kinds()
        if unknown:
            raise ValueError(f"the hub does not model rules of kind {', '.join(sorted(unknown))}")
        made = given or (Rule("pull_request", dict(rulesets.PULL_REQUEST)),)
        ruleset = Ruleset(self.world.new_id(), name, pattern, made, frozenset(allow), self.world.now())
        repository.rulesets.append(ruleset)
        return ruleset

    def transfer_issue(self, issue: Issue, repository: Repository, sender: str | None = None) -> Issue:
        """Move an issue to another repository; its old address redirects. Sends ``issues.transferred``."""
        return lifecycle.transfer_issue(self, issue, repository, sender)

    def delete_issue(self, issue: Issue, sender: str | None = None) -> None:
        """Delete an issue; its address answers 410. Sends ``issues.deleted``."""
        lifecycle.delete_issue(self, issue, sender)

    def archive(self, repository: Repository, sender: str | None = None) -> None:
        """Make a repository read-only. Sends ``repository.archived``."""
        lifecycle.archive(self, repository, sender)

    def delete_repository(self, repository: Repository, sender: str | None = None) -> None:
        """Delete a repository with everything in it. Sends ``repository.deleted``."""
        lifecycle.delete_repository(self, repository, sender)

    async def rename_branch(self, repository: Repository, old: str, new: str, sender: str | None = None) -> None:
        """Rename a branch; open pull requests follow it. Sends ``create``, ``delete`` and ``push``."""
        await lifecycle.rename_branch(self, repository, old, new, sender)

    async def press_button(self, repository: Repository, run_id: int, identifier: str, login: str) -> None:
        """Click an action of a completed check run. Sends ``check_run.requested_action`` to its App."""
        run, account = self._clicked(repository, run_id, login)
        shown = [action["identifier"] for action in run.actions] if run.status == "completed" else []
        if identifier not in shown:
            raise ValueError(f"check run {run_id} shows no button {identifier}")
        await checkevents.emit(self, run, "requested_action", account, requested_action={"identifier": identifier})

    async def rerequest(self, repository: Repository, run_id: int, login: str) -> None:
        """Click "Re-run" of a check run. Sends ``check_run.rerequested`` to its App."""
        run, account = self._clicked(repository, run_id, login)
        await checkevents.emit(self, run, "rerequested", account)

    def _clicked(self, repository: Repository, run_id: int, login: str) -> tuple[CheckRun, Account]:
        run = next((run for suite in repository.suites for run in suite.runs if run.id == run_id), None)
        account = self.world.account(login)
        if run is None or account is None or not has_role(repository, account, "write"):
            raise ValueError(f"{login} cannot press the buttons of check run {run_id}")
        return run, account

    def describe(self) -> dict[str, Any]:
        """Describe what exists, for the control API and the index page."""
        repositories = [repo.full_name for repo in self.world.repositories.values()]
        return {"url": self.url, "repositories": repositories, "apps": [app.slug for app in self.world.apps.values()]}
