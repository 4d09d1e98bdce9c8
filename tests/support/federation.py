"""Models that are asked with tokens of an exchange, in place of a key."""

from __future__ import annotations

import json

from tests.support.story import Story

RULE = "fdrl_01testtesttesttesttest"
ORGANIZATION = "5c2f8b1e-0000-4000-8000-000000000000"


def by_federation(story: Story) -> dict[str, str]:
    """The settings under which the models of a story are Anthropic's, at its own address."""
    models = json.loads(story.model_settings["FORGEHAND_MODELS"])
    for model in models.values():
        del model["base_url"]
    return {"FORGEHAND_MODELS": json.dumps(models), "ANTHROPIC_BASE_URL": story.model.anthropic_url}
