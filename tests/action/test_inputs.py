"""What a workflow may give the Action, and what it is told where that is wrong."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.runner import ROOT, Runner

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action" / "action.yml").read_text())
FORK = {
    "action": "opened",
    "pull_request": {"number": 4, "head": {"repo": {"id": 9}}, "base": {"repo": {"id": 7}}},
}
SERVER = "http://127.0.0.1:9"
FEDERATED = {"anthropic_federation_rule_id": "fdrl_1", "anthropic_organization_id": "5c2f"}
KEYED = {"anthropic_api_key": "sk-ant-test-12345678", "github_token": "ghs_4"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"server_url": "forgehand.example.com"}, "`server-url` is an address like"),
        ({"server_url": "http://forgehand.example.com"}, "`server-url` is an address like"),
        ({"server_url": "https://user@forgehand.example.com"}, "`server-url` is an address like"),
        ({"server_url": "https://forgehand.example.com/api"}, "`server-url` has no path"),
        ({"server_url": "https://forgehand.example.com:99999"}, "`server-url` is an address like"),
        ({"mode": "server"}, "Mode `server` needs the input `server-url`"),
        ({"mode": "both"}, "`mode` is `server` or `local`, not 'both'"),
        ({"server_url": SERVER, "task": "Fix it"}, "`task` is the name of a task"),
        ({"server_url": SERVER, "task": "../audit"}, "`task` is the name of a task"),
        ({"server_url": SERVER, "number": "0"}, "`number` is the number of an issue"),
        ({"server_url": SERVER, "repository": "octo"}, "`repository` is OWNER/NAME"),
        ({"server_url": SERVER, "fail_on": "always"}, "`fail-on` is one of never, refused, failed"),
        ({"max_dollars": "lots"}, "`max-dollars` is an amount such as 2.50"),
        ({"server_url": SERVER}, "The input `task` is missing; the event `workflow_dispatch` does not say"),
        ({"server_url": SERVER, "task": "fix"}, "Add `permissions: id-token: write` to its job"),
        ({}, "Local mode needs a model: give the input `anthropic-api-key` or `openai-api-key`"),
        ({"openai_api_key": "sk-test-12345678"}, "Local mode needs the input `github-token`"),
        ({"anthropic_federation_rule_id": "fdrl_1"}, "`anthropic-federation-rule-id` and `anthropic-organization-id`"),
        ({**FEDERATED, "github_token": "ghs_4"}, "Add `permissions: id-token: write` to its job"),
        ({**KEYED, "number": "4"}, "The input `task` is missing; the event `workflow_dispatch` does not say"),
        ({**KEYED, "task": "tests"}, "There is no task `tests`; there are: ask, "),
        ({**KEYED, "task": "fix"}, "does not say who set the run off"),
    ],
)
async def test_a_wrong_input_is_named_with_its_cure(tmp_path: Path, given: dict[str, str], said: str) -> None:
    end = await Runner(tmp_path).run(**given)
    assert (end.code, end.outputs["state"]) == (1, "denied")
    assert said in end.told("error")
    assert said in end.summary


@pytest.mark.parametrize("event", ["pull_request", "pull_request_review"])
async def test_a_pull_request_of_a_fork_without_identity_or_key_is_no_failure(tmp_path: Path, event: str) -> None:
    for given in ({"server_url": SERVER}, {"mode": "local"}, {**FEDERATED, "github_token": "ghs_4"}):
        end = await Runner(tmp_path, event, FORK).run(task="review", **given)
        assert (end.code, end.outputs["state"]) == (0, "skipped")
        assert "from a fork" in end.told("notice") or "from forks" in end.told("notice")


async def test_a_run_with_the_rights_of_the_base_lacks_nothing_but_a_permission(tmp_path: Path) -> None:
    for given in ({"server_url": SERVER, "task": "review"}, {**FEDERATED, "github_token": "ghs_4"}):
        end = await Runner(tmp_path, "pull_request_target", FORK).run(**given)
        assert (end.code, end.outputs["state"]) == (1, "denied")
        assert "Add `permissions: id-token: write` to its job" in end.told("error")


async def test_a_filled_workspace_and_the_rights_of_the_base_do_not_go_together(tmp_path: Path) -> None:
    runner = Runner(tmp_path, "pull_request_target", FORK)
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "conftest.py").write_text("")
    end = await runner.run(anthropic_api_key="sk-ant-test-12345678", github_token="ghs_test")
    assert (end.code, end.outputs["state"]) == (1, "denied")
    assert "Check nothing out before this step" in end.told("error")


def test_the_line_of_the_action_writes_nothing_into_its_folder(tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(ROOT / "action", own, ignore=shutil.ignore_patterns("__pycache__"))
    before = sorted(own.rglob("*"))
    (step,) = ACTION["runs"]["steps"]
    env = Runner(tmp_path).environment({"mode": "both"}) | {"GITHUB_ACTION_PATH": str(own)}
    done = subprocess.run(["bash", "-c", step["run"]], env=env, cwd=tmp_path, capture_output=True, text=True)
    assert "`mode` is `server` or `local`" in done.stdout, done.stderr
    assert sorted(own.rglob("*")) == before


async def test_secrets_are_masked_before_anything_else_is_said(tmp_path: Path) -> None:
    keys = {"anthropic_api_key": "sk-ant-first\nsk-ant-second", "openai_api_key": "sk-third", "github_token": "ghs_4"}
    end = await Runner(tmp_path).run(mode="both", **keys)
    masks = [each.message for each in end.commands if each.name == "add-mask"]
    assert masks == ["sk-ant-first", "sk-ant-second", "sk-third", "ghs_4"]
    said = [each.name for each in end.commands if each.name != "stop-commands"]
    assert said == ["add-mask"] * 4 + ["error"]


async def test_each_input_reaches_the_step_and_each_output_leaves_it(tmp_path: Path) -> None:
    (step,) = ACTION["runs"]["steps"]
    wired = {name.removeprefix("INPUT_").lower().replace("_", "-"): value for name, value in step["env"].items()}
    assert wired == {name: f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"]}
    end = await Runner(tmp_path, "pull_request", FORK).run(server_url=SERVER)
    assert set(end.outputs) == set(ACTION["outputs"])
    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.forgehand.outputs.{name} }}}}"
