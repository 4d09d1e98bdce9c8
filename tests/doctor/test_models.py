"""The doctor's lines about models."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from bot.doctor.models import check_models, check_prices, check_strategies
from bot.settings import ModelSettings
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


def test_doctor_says_where_there_is_nobody_to_escalate_to() -> None:
    weak_first = catalogue(**BOTH, roles={"fix": ["claude-haiku-5-5", "claude-opus-5-5"]})
    (line,) = check_strategies(weak_first, {"fix": "escalate", "review": "cheapest"})
    assert line.level == "warn"
    assert "no model of its list is cheaper than the first, claude-haiku-5-5" in line.text
    assert check_strategies(catalogue(**BOTH), {"fix": "escalate"}) == []


def test_doctor_names_prices_that_nobody_has_looked_at_for_long() -> None:
    known = catalogue(**BOTH)
    price = known.spec("claude-opus-5-5").price
    assert price is not None
    day = price.checked
    assert day is not None
    assert price.version == day.isoformat()
    (fresh,) = check_prices(known, day + timedelta(days=90))
    assert (fresh.level, fresh.subject) == ("ok", "Prices")
    assert str(day) in fresh.text
    (stale,) = check_prices(known, day + timedelta(days=91))
    assert stale.level == "warn"
    assert "claude-opus-5-5" in stale.text
    assert "91 days old" in stale.text
    assert "genai-prices" in stale.text
    own = catalogue(
        roles={"fix": ["mine"]}, models={"mine": ModelSettings(base_url="http://x/v1", input_price=1, output_price=2)}
    )
    spec = own.spec("mine")
    assert spec.price is not None
    assert spec.price.version == "settings"
    assert check_prices(own, date(2100, 1, 1)) == []
