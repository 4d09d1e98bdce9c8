"""The doctor's lines about models."""

from __future__ import annotations

from bot.doctor.models import check_models
from tests.models.test_catalogue import BOTH, catalogue


def test_doctor_hears_of_keys_prices_and_empty_roles() -> None:
    fine = check_models(catalogue(**BOTH))
    assert fine
    assert all(line.level == "ok" for line in fine)
    nothing = check_models(catalogue())
    assert [line.text.split(":")[0] for line in nothing] == ["fix", "review", "verify", "cheap"]
    assert all("ANTHROPIC_API_KEY" in line.text and line.level == "fail" for line in nothing)
    mixed = check_models(
        catalogue(anthropic_api_key="a", roles={"fix": ["gpt-6.1-sol", "claude-9", "claude-opus-5-5"]})
    )
    wrong = [line.text for line in mixed if line.level == "fail"]
    assert wrong[0] == "fix: gpt-6.1-sol needs OPENAI_API_KEY in the environment."
    assert "claude-9" in wrong[1]
    assert any(line.level == "ok" and "claude-opus-5-5 at https://api.anthropic.com" in line.text for line in mixed)
