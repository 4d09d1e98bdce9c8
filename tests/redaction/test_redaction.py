"""Secrets of many kinds, in many ways, are taken out of what logs say; logs and code stay as they are."""

from __future__ import annotations

import base64
import random
import string

import pytest

from bench.planted_secrets import KEPT_ASIDE, TUNED, Kind, plant, still_readable
from bot.redaction import find_secrets, redact, redact_code

PASSWORD = "Tr0ub4dor" + "&3x"


@pytest.mark.parametrize("kinds", [TUNED, KEPT_ASIDE], ids=["tuned", "kept aside"])
def test_hardly_any_planted_secret_stays_readable(kinds: tuple[Kind, ...]) -> None:
    planted = list(plant(kinds, seed=20))
    left = [(one.kind, one.way) for one in planted if still_readable(one, redact(one.text))]
    assert len(left) * 200 <= 5 * len(planted), left


@pytest.mark.parametrize(
    "line",
    [
        "mysql -h db -u root -p{}",
        "machine api.example.org login bot password {}",
        "<password>{}</password>",
        '<add key="DbPassword" value="{}"/>',
        "- name: DB_PASSWORD\n  value: {}",
        "Server=db;Uid=app;Pwd={};Timeout=3",
        "postgres://app:{}@db/shop",
        "| admin password | {} |",
        "the password is {}, keep it",
        "curl -u bot:{} https://example.org/",
        "Set-Cookie: session={}; Path=/",
        '\\"password\\":\\"{}\\"',
        "//registry.example.org/:_authToken={}",
        "P\x1b[1mASSWORD\x1b[0m=\x1b[31m{}\x1b[0m",
    ],
)
def test_a_password_is_known_by_where_it_stands(line: str) -> None:
    shown = redact(line.format(PASSWORD))
    assert PASSWORD not in shown
    assert "removed]" in shown
    assert redact(shown) == shown


def test_what_is_encoded_is_looked_at_in_clear() -> None:
    assert PASSWORD not in redact(f"x {PASSWORD.encode().hex()} y password={PASSWORD}")
    basic = base64.b64encode(f"bot:{PASSWORD}".encode()).decode()
    assert redact(f"Authorization: Basic {basic}") == "Authorization: Basic [credential removed]"
    hidden = base64.b64encode(f"user is bot\npassword: {PASSWORD}\n".encode()).decode()
    assert redact(f"data: {hidden}.") == "data: [token removed]."
    short = base64.b64encode(f"{PASSWORD}".encode()).decode()
    assert redact(f"data: {short}") == "data: [encoded secret removed]"


@pytest.mark.parametrize(
    "line",
    [
        "2026-01-02T03:04:05.1234567Z ##[group]Run actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683",
        "2026-01-02T03:04:05.1234567Z   token: ***",
        "Cache restored from key: Linux-node-0b5ac9fc6e2d4d19f0a5f7b35b8d9b3a8f1d2c3e4f5061728394a5b6c7d8e9f0",
        "HEAD is now at 2012e16 signals: add the record that every source is read into",
        "SyntaxError: Unexpected token '}' in JSON at position 17",
        "E       AssertionError: assert 'password' in {'token_type': 'bearer'}",
        "Using cached tornado-6.1-cp37-cp37m-manylinux2010_x86_64.whl (428 kB)",
        "  integrity: sha512-x6qk0FZcTXNKZa8NU+T1sBPv+wkB3rj1ngOTmdPwHZIBA+NiaIOEzJLlIo+YvTdrf1GHrkkCCAfs2QwPqDZn0Q==",
        "tests/auth/test_tokens.py::test_secret_is_kept[password-None] FAILED",
        "    at com.example.auth.TokenServiceTest.rejectsExpiredToken(TokenServiceTest.java:57)",
        "Invalid password: must have at least 8 characters",
        "git fetch https://git.example.org:8443/shop.git main",
        "::set-output name=key::pip-Linux-3.11",
        "password = get_password(settings.user)",
        "tokens: 1024, max_tokens: 4096",
        "$ export TOKEN=$SECRET_TOKEN && echo ${{ secrets.API_KEY }}",
    ],
)
def test_lines_of_ordinary_logs_stay(line: str) -> None:
    assert redact(line) == line


def test_the_lines_round_a_broken_secret_stay() -> None:
    first, second = "ghp" + "_" + "a1B2c3D4e5F6g7H8i9", "J0k1L2m3N4o5P6q7R8"
    shown = redact(f"start\n+ login {first}\n{second}\ndone well\n")
    assert shown == "start\n+ login [GitHub token removed]\ndone well\n"


def test_code_loses_only_what_is_surely_a_credential() -> None:
    code = f'PASSWORD = "{PASSWORD}"\nURL = "postgres://user:{PASSWORD}@localhost/test"\n'
    assert redact_code(code) == code
    assert find_secrets(code) == ()
    token = "glpat" + "-" + "a1B2c3D4e5F6g7H8i9J0"
    assert redact_code(f"{code}{token}\n") == f"{code}[GitLab token removed]\n"
    assert find_secrets(token) == ("GitLab token",)


def test_values_that_are_known_are_removed_whatever_they_look_like() -> None:
    assert redact("say correct horse", ["correct horse"]) == "say [secret removed]"
    assert redact_code("say correct horse", ["correct horse", "say"]) == "say [secret removed]"


def test_a_long_column_of_secrets_is_read_in_one_go() -> None:
    """Each line may be the rest of the one before; that was looked at again for every line."""
    dice = random.Random(1)
    lines = ["".join(dice.choices(string.ascii_letters + string.digits, k=30)) for _ in range(3_000)]
    redacted = redact("\n".join(lines))
    assert not any(line in redacted for line in lines)
