"""Text on its way out, checked against a Markdown parser of its own and against odd input."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.github.text.markers import MAX_BODY, Marker, carries, markers_in, with_marker
from bot.github.text.outgoing import cap, outgoing, outgoing_line
from bot.redaction import find_secrets

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
TOKEN = "ghs_1001_" + "a" * 40 + "." + "b" * 200 + "." + "c" * 60


def prose(text: str) -> tuple[str, list[str]]:
    """Return the text in which GitHub finds mentions, links and keywords.

    Without code, but with the targets of links.
    """
    found, targets = [], []
    for token in MARKDOWN.parse(text):
        for child in token.children or []:
            found.append(child.content if child.type in {"text", "html_inline"} else "\n")
            targets += [str(value) for name, value in child.attrs.items() if name in {"href", "src"}]
        if token.type == "html_block":
            found.append(token.content)
    return "".join(found), targets


PIECES = st.sampled_from(
    ["`", "``", "```", "~~~", "\n", "\n\n", " ", "  ", "    ", "- ", "> ", "1. ", "|", "|-|-|\n", "\\", "\u2028", "\r",
     "@victim", "fixes #13", "<b>", "<details>", "<!--", "-->", "&#64;victim", "x", "# ", "[a](//evil.example/)",
     "http://evil.example/", "[l]: http:\\/\\/evil.example\n", "other/repo#7"]
)  # fmt: skip


@settings(max_examples=600)
@given(st.lists(PIECES, max_size=24).map("".join))
def test_no_arrangement_of_code_lets_a_mention_or_a_link_through(text: str) -> None:
    shown, targets = prose(outgoing(text, closes=12))
    assert not re.search(r"@victim", shown)
    assert not re.search(r"fixes #13", shown)
    assert "http:" not in shown
    assert not [target for target in targets if re.match(r"//|https?:", target)]
    assert not re.search(r"repo#7", shown)


def test_what_we_write_ourselves_keeps_its_effect() -> None:
    text = (
        "Fixes #12.\n\n**Cause.** See `@property` and `http://x` (src/a.py:41).\n\n"
        "| check | before |\n| --- | --- |\n| `pytest -q` | 214 pass |\n\n"
        "<details><summary>More</summary>\n\n```python\n@cache\ndef f(): ...  # fixes #13\n```\n\n</details>\n"
        "https://github.com/octo/x/pull/3"
    )
    assert outgoing(text, closes=12, links=["https://github.com/octo/x/"]) == text
    assert "hxxps://github.com/octo/x/" in outgoing(text, closes=12, links=["https://github.com/octo/y/"])


def test_what_a_model_writes_loses_it() -> None:
    text = (
        "Thanks @ann! This closes #13 and resolves: GH-14, see https://evil.example/x "
        "<img src=x> other/repo#1 www.evil.example"
    )
    shown = outgoing(text, closes=12)
    for live in ("@ann", "closes #13", "GH-14", "https://", "<img", "repo#1", "www.evil"):
        assert live not in shown, live
    assert "evil.example/x" in shown
    assert outgoing_line("Fix\n`@ann`\x1b[0m fixes #13") == "Fix `@\u200bann` [0m fixes #\u200b13"
    assert len(outgoing_line("x" * 500)) == 200


@pytest.mark.parametrize(
    "secret",
    [TOKEN, "ghp_" + "x" * 36, "github_pat_" + "y" * 60, "AKIA" + "ABCDEFGHIJKLMNOP", "sk-ant-api03-" + "z" * 40,
     "sk-proj-" + "aB3" * 15,
     "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----", "hunter2-hunter2"],
)  # fmt: skip
def test_secrets_never_leave(secret: str) -> None:
    shown = outgoing(f"see `{secret}` here", secrets=["hunter2-hunter2", "short"])
    assert secret not in shown
    assert "removed]" in shown
    assert find_secrets(secret, ["hunter2-hunter2"])
    assert find_secrets(".sk-estimator-doc-link-with-a-very-long-name-indeed {} def ghost(): return 'sk-1'") == ()


def test_long_texts_are_cut_with_a_note_and_fit_with_their_marker() -> None:
    text = "start\n\n```\n" + "x = '@a'\n" * 20_000
    body = with_marker(outgoing(text), Marker(task="t" * 32, part="status"))
    assert len(body) <= MAX_BODY
    assert "longer than GitHub accepts" in MARKDOWN.render(body).rsplit("</code>", 1)[1]
    assert cap("short") == "short"


def test_a_marker_counts_only_from_our_own_hand() -> None:
    marker = Marker(task="abc --> <!--", part="status")
    body = with_marker("Working.", marker)
    assert markers_in(body) == (marker,)
    assert carries(body, marker, author_id=5, bot_id=5)
    assert not carries(body, marker, author_id=6, bot_id=5)
    assert not carries(body, marker, author_id=None, bot_id=5)
    assert markers_in(outgoing(body)) == ()
    assert markers_in('<!-- forgehand {"task": 1} --><!-- forgehand {broken} -->') == ()
