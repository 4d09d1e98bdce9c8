"""The doctor's lines about models."""

from __future__ import annotations

from pathlib import Path

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


def test_doctor_names_federation_and_an_identity_that_is_not_there(tmp_path: Path) -> None:
    identity = tmp_path / "identity"
    given = {
        "anthropic_federation_rule_id": "fdrl_01test",
        "anthropic_organization_id": "an-organization",
        "anthropic_identity_token_file": identity,
    }
    lines = check_models(catalogue(**given))
    assert {line.level for line in lines} == {"fail"}
    assert all("identity token in ANTHROPIC_IDENTITY_TOKEN_FILE, which cannot be read" in line.text for line in lines)
    identity.write_text("a token")
    lines = check_models(catalogue(**given))
    assert {line.level for line in lines} == {"ok"}
    assert all("; federation in place of a key)" in line.text for line in lines)
    assert not any("federation" in line.text for line in check_models(catalogue(**BOTH, **given)))
