"""What every step of a task is given, whatever the task does: the services, what was asked and the rules that hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Literal, TypeVar

from bot import metrics
from bot.engine.port import TaskWaits
from bot.git.errors import ObjectMissing
from bot.git.mirrors import Mirror
from bot.github.api.scopes import READ_CODE
from bot.models.port import BudgetExceeded, Conversation, Hear, ModelQuota, ModelRefused, Reply, Spender, Tool
from bot.policy import OPEN, Governed, Policy
from bot.settings import ModelRole
from bot.store import audit, reporting, tasks
from bot.work.environments import FOLDER, Shelf
from bot.work.origin import Request
from bot.work.records import Cost, ModelCost
from bot.work.services import Services
from bot.work.workshop import Workshop

StageState = Literal["started", "done", "failed"]


RequestT = TypeVar("RequestT", bound=Request[Any])


@dataclass(frozen=True)
class Assignment(Generic[RequestT]):
    """One task at work, built again on every replay: it remembers nothing."""

    services: Services
    task_id: str
    task: RequestT
    policy: Policy
    max_dollars: float  # that it may spend on models

    async def stage(self, name: str, state: StageState, text: str = "") -> None:
        """Tell the status comment, inside a step; repeated it says the same."""
        data = {"stage": name, "state": state, "text": text}
        seconds = await self.services.store.run(tasks.add_stage, self.task_id, data)
        if seconds is not None:
            metrics.STAGE_SECONDS.labels(name).observe(seconds)

    async def audit(self, action: str, *, allowed: bool, reason: str) -> None:
        """Record a permission decision or a write."""
        where = {"task": self.task_id, "repository": self.task.repository.full_name, "actor": self.task.actor.login}
        await self.services.store.run(audit.record, action, allowed=allowed, reason=reason, **where)

    async def ask(
        self,
        step: str,
        role: ModelRole,
        conversation: Conversation,
        *,
        tools: Sequence[Tool] = (),
        schema: dict[str, Any] | None = None,
        max_output: int = 8192,
        failed: int | None = None,
        hear: Hear | None = None,
    ) -> Reply:
        """Ask a model for this task, or the ledger where it was paid already.

        ``failed`` counts the tries before this one that did not pass; ``hear`` is told of what is written. Raises
        TaskWaits where the key that has to pay is missing, refused or out of credit.
        """
        left = await self.services.policies.owners.govern(self.task.repository)
        if left.stopped:  # since it was started
            raise ModelRefused(left.stopped, reason="policy")
        spender, models = self._spender(left), self.services.models
        try:
            return await models.ask(
                spender,
                step,
                role,
                conversation,
                tools=tools,
                schema=schema,
                max_output=max_output,
                failed=failed,
                hear=hear,
            )
        except (ModelRefused, ModelQuota) as error:
            names = error.detail("models")
            if not names or self.services.settings.github_token is not None:  # where one event is handled nobody waits
                raise
            raise TaskWaits(error.message, models=names, until=error.detail("until")) from None

    async def find_shortfall(self, role: ModelRole) -> str:
        """Say why not even a short question may be asked now, or "".

        So nothing is installed and run for work that cannot be done.
        """
        left = await self.services.policies.owners.govern(self.task.repository)
        try:
            await self.services.models.check_budget(self._spender(left), role)
        except BudgetExceeded as error:
            return error.message
        return ""

    def choose_model(self, role: ModelRole, failed: int) -> str:
        """Name the model that is asked after so many tries that did not pass."""
        spender = self._spender(self.policy.organisation or OPEN)
        return self.services.models.models_for(role, spender, failed)[0]

    def _spender(self, left: Governed) -> Spender:
        repository, person = self.task.repository.full_name, self.task.actor.login
        return Spender(
            task=self.task_id,
            repository=repository,
            max_task=self.max_dollars,
            max_day=self.policy.limits.dollars_per_day,
            models={role: list(names) for role, names in self.policy.models.items()},
            permitted=left.permitted,
            strategies=self.policy.strategies,
            person=person,
            person_id=self.task.actor.id,
            repository_id=self.task.repository.id,
            installation=self.task.repository.installation,
            limits=left.budget.list_limits(repository, person),
        )

    async def cost(self) -> Cost:
        """Return what this task has used by now."""
        spent = await self.services.store.run(reporting.sum_by_model, self.task_id)
        models = tuple(ModelCost(model=model, **one._asdict()) for model, one in spent.items())
        total = sum(one.dollars for one in models)
        return Cost(dollars=total, calls=sum(one.calls for one in models), models=models)

    async def mirror(self, sha: str) -> Mirror:
        """Return the repository's mirror with ``sha``, fetched where missing."""
        mirror = await self.services.mirrors.of(self.task.repository)
        try:
            await mirror.resolve(sha)
        except ObjectMissing:
            await self.fetch(sha)
        return mirror

    async def fetch(self, *refs: str) -> Mirror:
        """Fetch refs into the repository's mirror, with a token that only reads."""
        mirror = await self.services.mirrors.of(self.task.repository)
        await mirror.fetch(refs, await self.services.github.token(self.task.repository, READ_CODE))
        return mirror

    async def fetch_pull(self, base_branch: str) -> Mirror:
        """Fetch both ends of the task's pull request; forks have the ref too."""
        return await self.fetch(base_branch, f"refs/pull/{self.task.number}/head")

    def workshop(self, base_sha: str) -> Workshop:
        """Return the task's directory at a base; each base has its own."""
        services = self.services
        return Workshop(
            services.settings.data_dir / "work" / self.task_id / base_sha[:12],
            partial(self.mirror, base_sha),
            base_sha,
            services.sandbox,
            lambda tree: services.make_toolchain(self.policy.checks, tree),
            self._shelf(),
        )

    def _shelf(self) -> Shelf | None:
        """Return the repository's shelf, if environments are kept here.

        Without a sandbox an environment knows its own folder, and any code could write to it.
        """
        settings = self.services.settings
        if not settings.environments_gb or self.services.sandbox.tier not in ("bubblewrap", "gvisor", "container"):
            return None
        repository = self.task.repository
        return Shelf(settings.data_dir / FOLDER / str(repository.id), repository.default_branch)
