"""A scripted model server and a gateway in front of it, for every test that needs a model."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from bot.models.catalogue import Catalogue
from bot.models.client import SdkModel
from bot.models.gateway import ModelGateway, RetryPolicy
from bot.models.port import Conversation, Message, Spender
from bot.settings import MODEL_ROLES, BudgetSettings, ModelRole, ModelSettings, Settings
from bot.store import reporting
from bot.store.database import create_engine
from bot.store.store import Store
from simhub.scripted_model import ScriptedModel
from tests.support.databases import new_sqlite
from tests.support.patience import PATIENCE

KEY = "sk-scripted-0123456789"
QUICK = RetryPolicy(rounds=2, first=0.01, bound=0.3, rest=60.0)
FORMATS = ("messages", "responses", "chat")
MODEL_OF = {"messages": "claude-sonnet-5-5", "responses": "gpt-6.1-sol", "chat": "local-coder"}


def scripted_settings(server: ScriptedModel, **overrides: Any) -> Settings:
    """Settings with one model a wire format, all at ``server``: see :data:`MODEL_OF`."""
    given: dict[str, Any] = {
        "anthropic_api_key": KEY,
        "anthropic_base_url": server.anthropic_url,
        "openai_api_key": KEY,
        "models": {
            "gpt-6.1-sol": ModelSettings(base_url=server.openai_url, api="responses", key_env="OPENAI_API_KEY"),
            "local-coder": ModelSettings(base_url=server.openai_url, input_price=1.0, output_price=2.0),
        },
        "roles": {role: [MODEL_OF["messages"], MODEL_OF["responses"]] for role in MODEL_ROLES},
        "budget": BudgetSettings(task=5.0, day=50.0),
    }
    return Settings(**(given | overrides))


def new_store(folder: Path, name: str = "test.db") -> Store:
    """A migrated SQLite store in ``folder``; opened again, it holds what was there."""
    return Store(create_engine(new_sqlite(folder / name)))


def dollars(store: Store, task: str) -> float:
    """Return what the task has paid."""
    return store.run_sync(lambda connection: reporting.sum_spending(connection, task)).dollars


def new_gateway(store: Store, settings: Settings) -> ModelGateway:
    return ModelGateway(store, settings, Catalogue(settings), partial(SdkModel, idle=PATIENCE), retry=QUICK)


def spender(
    task: str = "t1", *, role: ModelRole | None = None, models: list[str] | None = None, **given: Any
) -> Spender:
    """Someone with $2 a task and $20 a day, narrowed to ``models`` for ``role`` where given."""
    narrowed = {role: models} if role and models else {}
    return Spender(
        **({"task": task, "repository": "octo/demo", "max_task": 2.0, "max_day": 20.0, "models": narrowed} | given)
    )


def talk(*turns: str | Message, system: str = "You mend bugs.") -> Conversation:
    """A conversation; a plain string is a user's turn."""
    said = (Message(role="user", text=turn) if isinstance(turn, str) else turn for turn in turns)
    return Conversation(system=system, messages=tuple(said))
