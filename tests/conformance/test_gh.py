"""GitHub's own command line, ``gh``, as an independent witness: mostly of GraphQL. It insists on TLS."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import json
import os
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from simhub import Hub


def _certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "cert.pem"
    form = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return path, context


def _runner(hub: Hub, token: str, certificate: Path, home: Path) -> Callable[..., str]:
    host = hub.url.removeprefix("https://127.0.0.1")
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "GH_HOST": f"localhost{host}", "NO_COLOR": "1",
           "GH_ENTERPRISE_TOKEN": token, "SSL_CERT_FILE": str(certificate), "GH_NO_UPDATE_NOTIFIER": "1"}  # fmt: skip

    def run(*argv: str) -> str:
        where = ["-R", f"localhost{host}/octo/sample"] if argv[0] != "api" else []
        done = subprocess.run(["gh", *argv, *where], env=env, cwd=home, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (argv, done.stdout, done.stderr)
        return done.stdout

    return run


@pytest.mark.needs("gh")
async def test_gh(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/a.txt").write_text("one\n")
    certificate, context = _certificate(tmp_path)
    async with Hub.start(tmp_path / "hub", tls=context) as hub:
        alice = hub.create_user("alice")
        repo = hub.create_repository("octo/sample", source=tmp_path / "source")
        hub.set_permission(repo, "alice", "admin")
        await asyncio.to_thread(_play, _runner(hub, alice.token, certificate, tmp_path))
        assert not [r for r in hub.requests if r.status >= 500]


def _play(run: Callable[..., str]) -> None:
    base = json.loads(run("api", "repos/octo/sample/git/ref/heads/main"))["object"]["sha"]
    run("api", "repos/octo/sample/git/refs", "-f", "ref=refs/heads/work", "-f", f"sha={base}")
    fields = ["-f", "message=Two", "-f", "content=dHdvCg==", "-f", "branch=work", "-f"]
    old = json.loads(run("api", "repos/octo/sample/contents/a.txt?ref=work"))["sha"]
    run("api", "-X", "PUT", "repos/octo/sample/contents/a.txt", *fields, f"sha={old}")
    made = run("pr", "create", "--title", "Say two", "--body", "Body of it", "--head", "work", "--base", "main")
    assert made.strip().endswith("/octo/sample/pull/1")
    assert "Say two" in run("pr", "list")
    shown = json.loads(run("pr", "view", "1", "--json", "title,state,body,author,files,commits,additions,mergeable"))
    assert (shown["title"], shown["state"], shown["author"]["login"]) == ("Say two", "OPEN", "alice")
    assert (shown["files"][0]["path"], shown["additions"], len(shown["commits"])) == ("a.txt", 1, 1)
    assert "+two" in run("pr", "diff", "1")
    run("pr", "comment", "1", "--body", "A comment")
    run("pr", "review", "1", "--comment", "--body", "A review")
    whole = run("pr", "view", "1", "--comments")
    assert "A comment" in whole
    assert "A review" in whole
    run("issue", "create", "--title", "An issue", "--body", "Its body", "--label", "bug")
    assert "An issue" in run("issue", "list")
    assert "Its body" in run("issue", "view", "2")
    run("issue", "close", "2")
    run("pr", "merge", "1", "--squash")
    assert json.loads(run("pr", "view", "1", "--json", "state"))["state"] == "MERGED"
    query = 'query=query { repository(owner: "octo", name: "sample") { issue(number: 2) { state } } }'
    answer = json.loads(run("api", "graphql", "-f", query))
    assert answer["data"]["repository"]["issue"]["state"] == "CLOSED"
