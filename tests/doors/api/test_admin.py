"""Tokens from the command line: made for an account that GitHub knows, listed, revoked, shown once."""

from __future__ import annotations

from bot.doors.api.tokens import read_token
from tests.e2e.scenes import rows
from tests.support.api import Asker
from tests.support.story import Story
from tests.support.terminal import Said, typed


async def run(story: Story, *arguments: str, group: str = "tokens") -> Said:
    """The command of a group, on the server of the story."""
    key = story.root / "key.pem"
    key.write_text(story.app.private_key)
    settings = {
        "FORGEHAND_APP_ID": str(story.app.app_id),
        "FORGEHAND_PRIVATE_KEY": str(key),
        "FORGEHAND_API_URL": story.hub.api_url,
        "FORGEHAND_DATA_DIR": str(story.root / "data"),
    }
    return await typed(group, *arguments, **settings)


async def test_a_token_is_made_used_listed_and_revoked(story: Story) -> None:
    assert "no tokens" in (await run(story, "list")).out
    made = await run(story, "add", "--account", "mara", "--name", "ci", "--repository", "octo/sample", "--days", "7")
    assert made.code == 0, made.err
    text = made.out.splitlines()[0]
    assert read_token(text) is not None
    number = await story.file("A", "B", label=None)
    program = Asker(story, text)
    assert (await program.start("fix", number)).status == 202
    listed = (await run(story, "list")).out
    assert "'ci' of @mara: read, run; octo/sample; expires" in listed
    assert text not in listed
    token = listed.split()[0]
    assert (await run(story, "revoke", token)).out == f"Revoked {token}.\n"
    assert (await program.get("/api/v1/task-types")).status == 401
    assert "revoked" in (await run(story, "list")).out
    again = await run(story, "revoke", token)
    assert (again.code, "no token" in again.err) == (1, True)
    assert text not in str(rows(story, "select * from fh_api_token"))


async def test_what_github_does_not_know_gets_no_token(story: Story) -> None:
    story.hub.create_repository("octo/hidden")
    for arguments, said in (
        (("--account", "nobody-here", "--name", "x"), "GitHub knows no account nobody-here."),
        (("--account", "octo", "--name", "x"), "octo is not a person's account."),
        (("--account", "forgehand[bot]", "--name", "x"), "is not a person's account."),
        (("--account", "mara", "--name", "x", "--repository", "octo/hidden"), "not installed on a repository octo/h"),
    ):
        refused = await run(story, "add", *arguments)
        assert (refused.code, said in refused.err) == (1, True), refused.err
    for wrong in (("--days", "0"), ("--days", "9999"), ("--scope", "everything")):
        assert (await run(story, "add", "--account", "mara", "--name", "x", *wrong)).code == 2
    assert not rows(story, "select 1 from fh_api_token")
