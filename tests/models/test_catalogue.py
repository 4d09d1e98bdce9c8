"""Models, prices and roles; and what importing us costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.models.catalogue import Catalogue, UnknownModel
from bot.models.port import ModelRefused, Usage
from bot.settings import ModelSettings, Settings


def catalogue(**given: Any) -> Catalogue:
    """A catalogue of an environment without keys, but for what is given."""
    empty: dict[str, Any] = {"anthropic_api_key": None, "openai_api_key": None}
    return Catalogue(Settings(**(empty | {"anthropic_base_url": None, "openai_base_url": None} | given)))


BOTH = {"anthropic_api_key": "a", "openai_api_key": "b"}


def test_every_packaged_model_can_be_asked_and_paid() -> None:
    known = catalogue(**BOTH)
    for name in known._known:
        spec = known.spec(name)
        assert spec.packaged
        assert spec.price is not None
        assert 0 < spec.price.cached <= spec.price.input <= spec.price.cache_write < spec.price.output
        assert spec.max_output < spec.context
    for role, names in known.roles().items():
        assert len(names) == 2, role
        assert len({known.spec(name).provider for name in names}) == 2, f"{role} should survive one provider's outage"
    assert known.roles()["fix"][0] != known.roles()["verify"][0]


@pytest.mark.parametrize(
    ("given", "first"),
    [
        ({"anthropic_api_key": "a"}, "claude-"),
        ({"openai_api_key": "b"}, "gpt-"),
        ({"openai_base_url": "http://x/v1"}, "gpt-"),
    ],
)
def test_default_roles_follow_the_keys(given: dict[str, str], first: str) -> None:
    roles = catalogue(**given).roles()
    assert {name.startswith(first) for names in roles.values() for name in names} == {True}


@pytest.mark.parametrize(
    ("name", "given", "api", "base_url"),
    [
        ("claude-opus-5-5", {}, "messages", "https://api.anthropic.com"),
        ("claude-opus-5-5", {"anthropic_base_url": "http://x"}, "messages", "http://x"),
        ("gpt-6.1-sol", {}, "responses", "https://api.openai.com/v1"),
        ("gpt-6.1-sol", {"openai_base_url": "http://x/v1/"}, "chat", "http://x/v1"),
        ("mine", {"models": {"mine": ModelSettings(base_url="http://y/v1", token_limit=9)}}, "chat", "http://y/v1"),
        ("gpt-6.1-sol", {"models": {"gpt-6.1-sol": ModelSettings(api="chat")}}, "chat", "https://api.openai.com/v1"),
    ],
)
def test_a_custom_address_means_chat(name: str, given: dict[str, Any], api: str, base_url: str) -> None:
    spec = catalogue(**given).spec(name)
    assert (spec.api, spec.base_url) == (api, base_url)


def test_settings_lie_over_the_table() -> None:
    said = ModelSettings(input_price=1.0, output_price=2.0, context=5000, max_output=900)
    spec = catalogue(models={"claude-opus-5-5": said}).spec("claude-opus-5-5")
    assert (spec.context, spec.max_output) == (5000, 900)
    assert spec.cost(Usage(input=1_000_000, output=1_000_000, cached=500_000)) == 3.0


def test_what_is_written_to_a_cache_costs_more_at_prices_of_ones_own_too() -> None:
    """Anthropic's models write at 1.25 prices at every provider, OpenAI's since GPT-5.6; others for nothing more."""
    own = {"input_price": 4.4, "output_price": 22.0}
    models = {
        "anthropic.claude-opus-5-5": ModelSettings(**own),
        "gpt-6.1-sol": ModelSettings(provider="azure", **own),
        "qwen3-coder": ModelSettings(base_url="http://127.0.0.1:9/v1", **own),
    }
    places = {"bedrock": {"region": "eu-central-1"}, "azure": {"resource": "acme"}}
    known = Catalogue(Settings(models=models, providers=places))
    prices = [known.spec(name).price for name in models]
    assert [price.cache_write for price in prices if price is not None] == [5.5, 5.5, 4.4]


def test_long_prompts_cost_more() -> None:
    haiku = catalogue().spec("claude-haiku-5-5")
    assert haiku.cost(Usage(input=100_000, output=1000)) == pytest.approx(0.0105)
    assert haiku.cost(Usage(input=100_001, output=1000)) == pytest.approx(0.0525, rel=1e-4)
    own = {"claude-haiku-5-5": ModelSettings(input_price=0.11, output_price=0.55)}
    dearer = catalogue(models=own).spec("claude-haiku-5-5")
    assert dearer.cost(Usage(input=100_001, output=1000)) == pytest.approx(0.05775, rel=1e-4)


def test_an_unknown_model_says_what_to_set() -> None:
    with pytest.raises(UnknownModel, match=r"models\.claude-9\.input_price .* models\.claude-9\.token_limit"):
        catalogue().spec("claude-9")
    with pytest.raises(UnknownModel, match=r"set models\.mystery\.provider or models\.mystery\.base_url"):
        catalogue().spec("mystery")
    assert catalogue(models={"claude-9": ModelSettings(token_limit=5)}).spec("claude-9").price is None


def test_no_model_at_all_says_what_to_give() -> None:
    with pytest.raises(ModelRefused, match="set ANTHROPIC_API_KEY or OPENAI_API_KEY"):
        catalogue().names("fix")


def test_a_key_may_come_from_a_variable_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_KEY", "s3cret")
    said = ModelSettings(base_url="http://y/v1", token_limit=9, key_env="LOCAL_KEY")
    known = catalogue(models={"mine": said, "open": ModelSettings(base_url="http://y/v1", token_limit=9)}, **BOTH)
    assert known.key(known.spec("mine")) == "s3cret"
    assert known.key(known.spec("open")) is None, "the provider's key must not go to another address"
    monkeypatch.delenv("LOCAL_KEY")
    assert known.needs_key(known.spec("mine"))


def test_a_server_imports_nothing_that_only_work_needs() -> None:
    """Each takes megabytes and time: SDKs, migrations, signing in, the grammar of comments, the index, languages."""
    late = ("anthropic", "openai", "httpx", "httpx2", "alembic", "authlib", "markdown_it", "ast_grep_py", "awscrt")
    late += ("bot.toolchains.languages",)
    program = f"import sys, bot.serving\nprint([name for name in {late} if name in sys.modules])"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
