"""Real git as an independent witness."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

from simhub.gitrepo import GitRepo
from tests.support.hub import Stage


def _play(at: Stage) -> None:
    url = f"{at.hub.url}/octo/sample.git"
    work = at.clone()

    def ok(*argv: str, cwd: Path = work) -> str:
        done = at.git(*argv, cwd=cwd)
        assert done.returncode == 0, (argv, done.stderr)
        return done.stdout.strip()

    def commit(name: str, text: str | bytes) -> None:
        (work / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        ok("add", "-A")
        ok("commit", "-q", "-m", f"Write {name}")

    for number in range(5):
        commit("src/app.py", f"version {number}\n")
    ok("push", "-q", "origin", "main")
    ok("clone", "-q", "--depth", "1", url, str(at.root / "shallow"), cwd=at.root)
    assert ok("rev-list", "--count", "HEAD", cwd=at.root / "shallow") == "1"
    ok("fetch", "-q", "--deepen", "2", cwd=at.root / "shallow")
    assert ok("rev-list", "--count", "HEAD", cwd=at.root / "shallow") == "3"
    ok("clone", "-q", "--filter=blob:none", "--no-checkout", url, str(at.root / "partial"), cwd=at.root)
    missing = ok("rev-list", "--objects", "--all", "--missing=print", cwd=at.root / "partial")
    assert missing.count("\n?") + missing.startswith("?") >= 5
    assert ok("show", "HEAD:src/app.py", cwd=at.root / "partial") == "version 4"
    ok("clone", "-q", "--mirror", url, str(at.root / "mirror"), cwd=at.root)
    wanted = ok("rev-parse", "HEAD~3")
    ok("fetch", "-q", "origin", wanted, cwd=at.root / "shallow")

    commit("large.bin", bytes(range(256)) * 12_000)
    ok("push", "-q", "origin", "HEAD:refs/heads/large")
    ok("fetch", "-q", "--prune", "origin", cwd=at.root / "mirror")
    assert ok("rev-parse", "refs/heads/large", cwd=at.root / "mirror") == ok("rev-parse", "HEAD")

    seen = ok("rev-parse", "HEAD")
    ok("commit", "-q", "--amend", "-m", "Another message")
    plain = at.git("push", "origin", "HEAD:refs/heads/large", cwd=work)
    assert "non-fast-forward" in plain.stderr
    stale = at.git("push", f"--force-with-lease=large:{wanted}", "origin", "HEAD:refs/heads/large", cwd=work)
    assert "stale info" in stale.stderr
    ok("push", "-q", f"--force-with-lease=large:{seen}", "origin", "HEAD:refs/heads/large")
    ok("tag", "v1")
    ok("push", "-q", "origin", "v1")
    ok("push", "-q", "origin", ":refs/heads/large")
    hidden = at.git("push", "origin", "HEAD:refs/pull/9/head", cwd=work)
    assert hidden.returncode != 0
    refs = ok("ls-remote", "origin")
    assert "refs/heads/large" not in refs
    assert "refs/tags/v1" in refs
    assert "ghs_" not in (work / ".git/config").read_text()


async def test_git(at: Stage) -> None:
    await asyncio.to_thread(_play, at)
    await at.hub.settled()
    pushes = [item.payload for item in at.received if item.event == "push"]
    assert [(p["ref"], p["created"], p["forced"], p["deleted"], len(p["commits"])) for p in pushes] == [
        ("refs/heads/main", False, False, False, 5),
        ("refs/heads/large", True, False, False, 1),
        ("refs/heads/large", False, True, False, 1),
        ("refs/tags/v1", True, False, False, 0),
        ("refs/heads/large", False, False, True, 0),
    ]
    assert pushes[1]["commits"][0]["added"] == ["large.bin"]
    assert pushes[0]["commits"][4]["modified"] == ["src/app.py"]
    assert pushes[0]["head_commit"]["id"] == pushes[0]["after"]


async def test_twenty_clones_and_three_hundred_requests_at_once(at: Stage) -> None:
    asked = [at.ask("GET", "/repos/octo/sample/issues", at.alice.token) for _ in range(300)]
    clones = [asyncio.to_thread(at.clone, f"clone-{number}") for number in range(20)]
    answers, folders = await asyncio.gather(asyncio.gather(*asked), asyncio.gather(*clones))
    assert {answer.status for answer in answers} == {200}
    heads = {(folder / ".git/HEAD").read_text() for folder in folders}
    assert heads == {"ref: refs/heads/main\n"}


async def test_a_shared_clone_of_a_checkout_serves_and_leaves_its_source_alone(at: Stage) -> None:
    work = await asyncio.to_thread(at.clone)
    before = subprocess.run(["git", "for-each-ref"], cwd=work, capture_output=True, text=True, check=True).stdout
    repo = at.hub.create_repository("octo/shared", source=work, shared=True)
    assert (repo.path / "objects/info/alternates").exists()
    at.hub.set_permission(repo, "alice", "write")
    url = f"{at.hub.url}/octo/shared.git"
    done = await asyncio.to_thread(at.git, "push", url, "HEAD:refs/heads/fix", cwd=work, token=at.alice.token)
    assert done.returncode == 0, done.stderr
    assert "refs/heads/fix" in await GitRepo(repo.path).refs()
    after = subprocess.run(["git", "for-each-ref"], cwd=work, capture_output=True, text=True, check=True).stdout
    assert after == before
