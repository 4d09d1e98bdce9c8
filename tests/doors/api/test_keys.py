"""Keys by API and command: who may manage whose, tested before they are kept, their value never told."""

from __future__ import annotations

import asyncio
import os
import sys

from tests.e2e.scenes import rows
from tests.support.api import asker
from tests.support.keyed import KEY, NEXT, SHOP
from tests.support.story import Story


async def test_a_person_manages_their_own_key(keyed: Story) -> None:
    mara = asker(keyed, keyed.maintainer)
    added = await mara.ask("POST", "/api/v1/keys", {"provider": "anthropic", "secret": KEY, "name": "mine"})
    assert added.status == 201, added.text
    key = added.data["key"]
    told = ("anthropic", "person", "mara", "works", "current", "sk-of-...cdef")
    assert tuple(key[name] for name in ("provider", "scope", "owner", "state", "use", "masked")) == told
    assert [stage["name"] for stage in added.data["stages"]] == ["address", "encryption", "key", "models"]
    again = await mara.ask("POST", "/api/v1/keys", {"provider": "anthropic", "secret": NEXT})
    assert (again.status, "has a key for anthropic already" in again.text) == (409, True)
    asked = await mara.ask("POST", f"/api/v1/keys/{key['id']}/test?ask=true")
    assert [(one["name"], one["ok"]) for one in asked.data["stages"]][4:] == [
        ("answer", True),
        ("list", True),
        ("tool", False),
        ("schema", False),
        ("context", None),
        ("usage", True),
    ]
    shown = (await mara.get(f"/api/v1/keys/{key['id']}")).data
    assert shown["stages"] == asked.data["stages"], "how the last test went is kept"
    assert (shown["month_micro_dollars"] > 0, shown["limit_micro_dollars"]) == (True, None)
    for change, kept in (({}, ("mine", False)), ({"name": "ours", "fallback": True}, ("ours", True))):
        changed = await mara.ask("PATCH", f"/api/v1/keys/{key['id']}", change)
        assert (changed.data["name"], changed.data["fallback"]) == kept
    usage = (await asker(keyed, keyed.maintainer, "admin").get("/api/v1/usage?by=key")).data["items"]
    assert [(one["key"], one["calls"]) for one in usage] == [(key["id"], len(keyed.model.requests))]
    billed = rows(keyed, "select sum(cost), sum(reserved), min(person) from fh_model_call")
    assert billed == [(usage[0]["micro_dollars"], 0, "mara")]
    assert usage[0]["micro_dollars"] > 0
    wrong = await mara.ask("POST", f"/api/v1/keys/{key['id']}/rotate", {"secret": "sk-of-nobody-0123456789"})
    assert (wrong.status, "does not accept the key" in wrong.text) == (409, True)
    rotated = await mara.ask("POST", f"/api/v1/keys/{key['id']}/rotate", {"secret": NEXT})
    assert (rotated.status, rotated.data["key"]["use"]) == (201, "current")
    listed = await mara.get("/api/v1/keys")
    assert [one["use"] for one in listed.data["items"]] == ["former", "current"]
    retired = await mara.ask("DELETE", f"/api/v1/keys/{rotated.data['key']['id']}")
    assert (retired.data["state"], retired.data["fallback"]) == ("retired", False)
    said = "".join(each.text for each in (added, again, asked, wrong, rotated, listed, retired))
    assert not [secret for secret in (KEY, NEXT, "sk-of-nobody") if secret in said]
    kept = str(rows(keyed, "select * from fh_key")) + str(rows(keyed, "select * from fh_audit"))
    assert not [secret for secret in (KEY, NEXT) if secret in kept]
    assert rows(keyed, "select count(*) from fh_key where sealed is not null") == [(0,)]
    actions = [row[0] for row in rows(keyed, "select action from fh_audit where action like '% key' order by id")]
    assert actions == ["add key", "test key", "change key", "rotate key", "retire key"]


async def test_nobody_manages_anothers_key(keyed: Story) -> None:
    writer = keyed.hub.create_user("wim")
    keyed.hub.set_permission(keyed.repository, "wim", "write")
    mara, wim = asker(keyed, keyed.maintainer), asker(keyed, writer)
    mine = (await mara.ask("POST", "/api/v1/keys", {"provider": "anthropic", "secret": KEY})).data["key"]["id"]
    new = {"provider": "anthropic", "secret": SHOP, "scope": "repository", "repository": "octo/sample"}
    shop = (await mara.ask("POST", "/api/v1/keys", new)).data["key"]["id"]
    for key in (mine, shop, "key-000000000000"):
        for method, path, body in (
            ("GET", "", None),
            ("POST", "/test", None),
            ("POST", "/rotate", {"secret": NEXT}),
            ("DELETE", "", None),
            ("PATCH", "", {"name": "mine"}),
        ):
            refused = await wim.ask(method, f"/api/v1/keys/{key}{path}", body)
            assert (refused.status, "not yours to manage" in refused.text) == (404, True), (method, path)
    assert (await wim.get("/api/v1/keys")).data["items"] == []
    assert (await wim.get("/api/v1/keys?repository=octo/sample")).status == 403
    assert (await wim.ask("POST", "/api/v1/keys", new)).status == 403
    for scope in ("organisation", "instance"):
        given = {"provider": "anthropic", "secret": SHOP, "scope": scope, "repository": "octo/sample"}
        assert (await mara.ask("POST", "/api/v1/keys", given)).status == 403, "that is for who runs the server"
    bound = asker(keyed, keyed.maintainer, "read", "run", repositories=[keyed.repository])
    assert (await bound.get(f"/api/v1/keys/{mine}")).status == 404, "a token for one repository holds no person's key"
    assert (await bound.get(f"/api/v1/keys/{shop}")).status == 200
    assert [one["id"] for one in (await mara.get("/api/v1/keys?repository=octo/sample")).data["items"]] == [shop]
    root = asker(keyed, keyed.maintainer, "admin", "run")
    assert {one["id"] for one in (await root.get("/api/v1/keys")).data["items"]} == {mine, shop}
    whole = await root.ask(
        "POST",
        "/api/v1/keys",
        {"provider": "anthropic", "secret": SHOP, "scope": "organisation", "repository": "octo/sample"},
    )
    assert (whole.status, whole.data["key"]["owner"]) == (201, "octo")
    await check_owners(keyed, whole.data["key"]["id"])
    unknown = await mara.ask("POST", "/api/v1/keys", {"provider": "nobody", "secret": SHOP})
    assert (unknown.status, "Keys are kept for anthropic" in unknown.text) == (409, True)


async def check_owners(story: Story, theirs: str) -> None:
    """An organisation's owners manage its key, once the App may know them; who administers a repository does not."""
    olga = story.hub.create_user("olga")
    owner, mara = asker(story, olga), asker(story, story.maintainer)
    story.hub.set_permission(story.repository, "olga", "admin")
    octo = story.repository.owner
    octo.owners.add(olga.id)
    assert (await owner.get(f"/api/v1/keys/{theirs}")).status == 404, "the App may not know"
    given = {"provider": "anthropic", "secret": SHOP, "scope": "organisation", "repository": "octo/sample"}
    told = await owner.ask("POST", "/api/v1/keys", given)
    assert (told.status, "it needs the permission Members: read" in told.text) == (403, True)
    (installation,) = story.hub.world.installations.values()
    for holder in (installation, *story.hub.world.apps.values()):
        holder.permissions["members"] = "read"
    assert (await owner.get(f"/api/v1/keys/{theirs}")).data["owner"] == "octo"
    listed = (await owner.get("/api/v1/keys?repository=octo/sample")).data["items"]
    assert theirs in {one["id"] for one in listed}
    refused = await mara.ask("POST", "/api/v1/keys", given)
    assert (refused.status, "Only owners of octo" in refused.text) == (403, True)
    assert (await owner.ask("POST", f"/api/v1/keys/{theirs}/rotate", {"secret": NEXT})).status == 201


async def test_the_command_reads_a_key_from_its_input(keyed: Story) -> None:
    (keyed.root / "key.pem").write_text(keyed.app.private_key)
    environment = os.environ | {
        "FORGEHAND_APP_ID": str(keyed.app.app_id),
        "FORGEHAND_PRIVATE_KEY": str(keyed.root / "key.pem"),
        "FORGEHAND_API_URL": keyed.hub.api_url,
        "FORGEHAND_DATA_DIR": str(keyed.root / "data"),
        "ANTHROPIC_BASE_URL": keyed.model.anthropic_url,
    }

    async def run(*arguments: str, given: str = "") -> tuple[int | None, str]:
        pipe = asyncio.subprocess.PIPE
        command = [sys.executable, "-m", "bot.cli", "keys", *arguments]
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT
        )
        out, _ = await process.communicate(given.encode())
        return process.returncode, out.decode()

    code, said = await run("add", "anthropic", "--organisation", "octo", given=f"{KEY}\n")
    assert (code, "ok   key: Accepted." in said, KEY in said) == (0, True, False), said
    key = rows(keyed, "select id from fh_key")[0][0]
    assert f"{key}  anthropic 'anthropic' sk-of-...cdef of the organisation octo: works, current, added " in said
    code, said = await run("add", "anthropic", "--person", "mara", given="sk-mistyped-0123456789\n")
    assert (code, "The key is not kept: The provider does not accept the key." in said) == (1, True), said
    code, said = await run("test", key, "--ask")
    assert (code, ": was given a tool and told to call it, and did not, in plain text" in said) == (0, True), said
    assert ("answers; 4 questions cost $0.0" in said, "model_answered" in said) == (True, False)
    assert rows(keyed, "select key, count(*), sum(reserved) from fh_model_call where cost > 0 group by key") == [
        (key, 4, 0)
    ]
    code, said = await run("list")
    assert (code, said.count("key-")) == (0, 1)
