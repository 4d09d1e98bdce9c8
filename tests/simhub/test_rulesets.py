"""Rules of every kind refuse the same over git, REST and GraphQL, and let pass what fits them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from simhub.model import Rule
from tests.support.hub import Stage

REPO = "/repos/octo/sample"


def pattern(kind: str, operator: str, text: str, **more: Any) -> Rule:
    return Rule(kind, {"operator": operator, "pattern": text, **more})


async def push(at: Stage, branch: str, message: str = "Change", path: str = "x.txt", text: str = "x\n") -> str:
    """Commit one file with real git and push it; what git said."""

    def run() -> str:
        work = at.clone(f"work-{branch.replace('/', '-')}-{len(list(at.root.iterdir()))}")
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_text(text)
        at.git("add", "-A", cwd=work)
        at.git("commit", "-q", "-m", message, cwd=work)
        return at.git("push", "origin", f"HEAD:refs/heads/{branch}", cwd=work).stderr

    return await asyncio.to_thread(run)


@pytest.mark.parametrize(
    ("rule", "sentence", "fitting"),
    [
        (Rule("creation"), "Cannot create ref due to creations being restricted.", None),
        (Rule("required_signatures"), "Commits must have verified signatures.\nremote:   Found 1 violation:", None),
        (pattern("branch_name_pattern", "regex", "^feature/"), "Branch name must match", {"branch": "feature/a"}),
        (
            pattern("commit_message_pattern", "contains", "Signed-off-by: "),
            "Commit message must contain a given pattern: Signed-off-by:",
            {"message": "Fix\n\nSigned-off-by: A <a@example.org>"},
        ),
        (pattern("commit_author_email_pattern", "ends_with", "@corp.example"), "Author email must end with", None),
        (pattern("committer_email_pattern", "contains", "noreply", negate=True), "Committer email must not", None),
        (Rule("file_path_restriction", {"restricted_file_paths": ["x*"]}), "path is restricted", {"path": "y.txt"}),
        (
            Rule("file_extension_restriction", {"restricted_file_extensions": ["*.txt"]}),
            "extension is restricted",
            {"path": "y.md"},
        ),
        (Rule("max_file_size", {"max_file_size": 1}), "File is too large.", {"text": "small"}),
    ],
)
async def test_git_is_refused_by_kind(at: Stage, rule: Rule, sentence: str, fitting: dict[str, str] | None) -> None:
    at.hub.add_ruleset(at.repo, "**/*", rule)
    said = await push(at, "fix/a", text="x" * (1024 * 1024 + 1) if rule.kind == "max_file_size" else "x\n")
    plain = "\n".join(line.rstrip() for line in said.splitlines())
    assert sentence in plain
    assert "GH013: Repository rule violations found for refs/heads/fix/a." in plain
    assert f"{at.hub.url}/octo/sample/rules?ref=refs%2Fheads%2Ffix%2Fa" in plain
    assert "(push declined due to repository rule violations)" in plain
    assert "refs/heads/fix/a" not in await at.hub.git(at.repo).refs("refs/heads/")
    if fitting is not None:
        branch = fitting.pop("branch", "fix/b")
        await push(at, branch, **fitting)
        assert f"refs/heads/{branch}" in await at.hub.git(at.repo).refs("refs/heads/")


async def test_what_the_app_commits_through_the_api_is_signed(at: Stage) -> None:
    at.hub.add_ruleset(at.repo, "~ALL", Rule("required_signatures"))
    base = (await at.ask("GET", f"{REPO}/git/ref/heads/main")).body["object"]["sha"]
    entry = {"path": "x.txt", "mode": "100644", "type": "blob", "content": "x\n"}
    tree = (await at.ask("POST", f"{REPO}/git/trees", body={"base_tree": base, "tree": [entry]})).body["sha"]
    commit = {"message": "m", "tree": tree, "parents": [base]}
    signed = (await at.ask("POST", f"{REPO}/git/commits", body=commit)).body
    assert signed["verification"]["verified"] is True
    made = await at.ask("POST", f"{REPO}/git/refs", body={"ref": "refs/heads/signed", "sha": signed["sha"]})
    assert made.status == 201
    shown = (await at.ask("GET", f"{REPO}/commits/signed")).body
    assert shown["commit"]["verification"]["verified"] is True
    posing = commit | {"author": {"name": "A", "email": "a@example.org"}}
    unsigned = (await at.ask("POST", f"{REPO}/git/commits", body=posing)).body["sha"]
    refused = await at.ask("POST", f"{REPO}/git/refs", body={"ref": "refs/heads/unsigned", "sha": unsigned})
    assert refused.status == 422
    assert refused.body["message"].startswith("Repository rule violations found\n\nCommits must have verified")
    by_contents = {"message": "m", "content": "eA==", "branch": "signed"}
    assert (await at.ask("PUT", f"{REPO}/contents/y.txt", body=by_contents)).status == 201
    foreign = by_contents | {"author": {"name": "A", "email": "a@example.org"}}
    assert (await at.ask("PUT", f"{REPO}/contents/z.txt", body=foreign)).status == 409


async def test_rules_are_listed_for_branches_that_do_not_exist_with_who_may_bypass_them(at: Stage) -> None:
    named = pattern("branch_name_pattern", "starts_with", "feature/")
    first = at.hub.add_ruleset(at.repo, "fix/*", named, Rule("required_signatures"))
    second = at.hub.add_ruleset(at.repo, "~ALL", Rule("non_fast_forward"), allow=["forgehand"])
    listed = (await at.ask("GET", f"{REPO}/rules/branches/fix/a")).body
    assert [(rule["type"], rule["ruleset_id"]) for rule in listed] == [
        ("branch_name_pattern", first.id), ("required_signatures", first.id), ("non_fast_forward", second.id),
    ]  # fmt: skip
    assert listed[0]["parameters"] == named.parameters
    assert [rule["type"] for rule in (await at.ask("GET", f"{REPO}/rules/branches/fix/a/b")).body] == [
        "non_fast_forward"
    ]
    mine = [(await at.ask("GET", f"{REPO}/rulesets/{each.id}")).body for each in (first, second)]
    assert [each["current_user_can_bypass"] for each in mine] == ["never", "always"]
    theirs = await at.ask("GET", f"{REPO}/rulesets/{second.id}", at.alice.token)
    assert theirs.body["current_user_can_bypass"] == "never"
    with pytest.raises(ValueError, match="no_such_kind"):
        at.hub.add_ruleset(at.repo, "main", Rule("no_such_kind"))
