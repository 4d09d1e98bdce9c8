"""A secret is redacted everywhere and recognised; code beside it stays."""

from __future__ import annotations

import pytest

from bot.analysis.records import Analysis, NotRun, StaticFinding
from bot.pulls.placeholders import (
    find_placeholders,
    list_secrets,
    make_placeholder,
    read_values,
    redact,
    restore_values,
)

VALUE = "Xk29fj20fkQz"


def found(line: int, columns: tuple[int, int] | None, rule: str = "secret-keyword") -> StaticFinding:
    return StaticFinding(
        tool="detect-secrets",
        rule=rule,
        path="a.py",
        line=line,
        end_line=line,
        message="m",
        severity="error",
        columns=columns,
    )


BODY = "MIIEpAIBAAKCAQEA75abcdEFGH\nQzabcdEF0=\n"
KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}-----END RSA PRIVATE KEY-----\nrun(it)\n"
ONE_LINE = r'KEY = "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA75abcdEFGH\n-----END PRIVATE KEY-----"; evil(it)'


@pytest.mark.parametrize(
    ("text", "one", "shown"),
    [
        (f'evil(); pw = "{VALUE}"\n', found(1, (15, 27)), f'evil(); pw = "{make_placeholder(VALUE)}"\n'),
        (f"x\n  pw: {VALUE}\r\n", found(2, (7, 19)), f"x\n  pw: {make_placeholder(VALUE)}\r\n"),
        ("  token_without_place\n", found(1, None), f"  {make_placeholder('token_without_place')}\n"),
        (
            KEY,
            found(1, (6, 27), "private-key"),
            f"-----BEGIN RSA PRIVATE KEY-----\n{make_placeholder('MIIEpAIBAAKCAQEA75abcdEFGH')}\n"
            f"{make_placeholder('QzabcdEF0=')}\n"
            "-----END RSA PRIVATE KEY-----\nrun(it)\n",
        ),
        (ONE_LINE, found(1, (1, 9), "private-key"), ONE_LINE.replace("nMIIEpAIBAAKCAQEA75abcdEFGH", "{}")),
        ("moved\n", found(9, (1, 5)), "moved\n"),
    ],
)
def test_only_the_secret_itself_is_hidden(text: str, one: StaticFinding, shown: str) -> None:
    wanted = shown.replace("{}", make_placeholder("nMIIEpAIBAAKCAQEA75abcdEFGH"))
    assert redact(text, read_values([one], {"a.py": text})) == wanted
    assert read_values([one], {"b.py": text}) == ()


def test_a_stored_quote_finds_its_secret_again_and_no_other() -> None:
    quote = f'pw = "{make_placeholder(VALUE)}"'
    assert restore_values(quote, f'import os\n    pw = "{VALUE}"\n') == (VALUE,)
    assert restore_values(quote, 'pw = "Another0ne"\n') == ()
    assert restore_values("pw = 1", "pw = 1\n") == ()
    assert find_placeholders(quote) == (make_placeholder(VALUE),)


def test_where_nobody_looked_nothing_is_known() -> None:
    one = found(1, (1, 9))
    assert list_secrets(Analysis(new=(one,), evidence=(one.model_copy(update={"tool": "ruff"}),))) == (one,)
    assert list_secrets(Analysis()) == ()
    assert list_secrets(Analysis(not_run=(NotRun(tool="detect-secrets", reason="not installed"),))) is None
    assert list_secrets(Analysis(not_run=(NotRun(tool="static analysis", reason="it failed"),))) is None
