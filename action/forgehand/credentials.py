"""Find what the job gives to ask models with: keys, or federation.

An input goes before the job's own variable of the same name.
"""

from __future__ import annotations

from collections.abc import Mapping

KEYS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY")
FEDERATION = ("ANTHROPIC_FEDERATION_RULE_ID", "ANTHROPIC_ORGANIZATION_ID")
MODELS = (*KEYS, *FEDERATION, "ANTHROPIC_SERVICE_ACCOUNT_ID", "ANTHROPIC_WORKSPACE_ID")


def given(env: Mapping[str, str], name: str) -> str:
    """Return what the input of this name says, else the job's own variable."""
    return env.get(f"INPUT_{name}") or env.get(name) or ""


def is_federated(env: Mapping[str, str]) -> bool:
    """Return True if Anthropic gives tokens for the run's identity; a key goes before."""
    return all(given(env, name) for name in FEDERATION) and not given(env, "ANTHROPIC_API_KEY")
