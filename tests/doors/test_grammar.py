"""Lines of a text that are commands.

Only those that a reader of the page sees as the writer's own plain words.
"""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.doors.comments.commands import Arguments
from bot.doors.comments.grammar import TypedCommand, commands_in

NAMES = frozenset({"fix", "review", "help", "status", "cancel", "ask", "explain", "ignore"})
WORDS = (
    "/fix",
    "/fix it now",
    "/review full",
    "@forgehand fix",
    "/ask why?",
    "plain words",
    "",
    "  ",
    "> ",
    "- ",
    "\t",
)


def named(text: str) -> list[str]:
    return [typed.name for typed in commands_in(text, NAMES, "forgehand")]


inside = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5)


@st.composite
def fenced(draw: st.DrawFn) -> str:
    """A fence, perhaps with smaller and other fences in it, perhaps in a list; it ends, as it must for what follows."""
    mark, length = draw(st.sampled_from("`~")), draw(st.integers(3, 6))
    other = "~" if mark == "`" else "`"
    nested = [mark * 3 + "sh", other * 9, mark * (length - 1), f"{mark * length} not the end"]
    lines = draw(st.lists(st.sampled_from([*WORDS, *nested]), max_size=6))
    pad, item = draw(st.sampled_from([("", ""), ("  ", "- "), ("   ", "1. ")]))
    info = draw(st.sampled_from(["", "sh", " python title=/fix"]))
    rows = [
        f"{item}{mark * length}{info}",
        *(pad + line for line in lines),
        pad + mark * (length + draw(st.integers(0, 2))),
    ]
    return "\n".join(rows)


@st.composite
def quoted(draw: st.DrawFn) -> str:
    lines = draw(inside)
    return "\n".join(f"{draw(st.sampled_from(['> ', '>', '>> ', ' > ']))}{line}" for line in lines)


commented = inside.map(lambda lines: "<!-- " + "\n".join(lines) + "\n-->")
# A line that begins a quote or a list would end the paragraph, and the page would show the rest.
inline_comment = inside.map(
    lambda lines: "See <!--\n" + "\n".join(line for line in lines if line.startswith(("/", "@", "p"))) + "\n--> here."
)
indented = inside.map(lambda lines: "\n".join(f"    {line}" for line in ["code", *lines]))
spanned = st.just("Say `x\n/fix now\n` or ``a ` b\n@forgehand fix`` then.")
linked = st.just('[a](b "\n/fix\n") and [c]: d\n\n[//]: # (/fix\n/review)\n\n[e]:\n  /fix\n  "\n/fix"')
listed = inside.map(
    lambda lines: "\n".join(f"{mark} {line.strip(' ->')}" for mark, line in zip("-*+-*", lines, strict=False))
)
html_quote = inside.map(lambda lines: "<blockquote>\n\n" + "\n\n".join(lines).replace("> ", "") + "\n\n</blockquote>")
html_code = inside.map(lambda lines: "<pre>\n" + "\n".join(lines) + "\n</pre>")
UNSEEN = st.one_of(
    fenced(), quoted(), commented, inline_comment, indented, spanned, linked, listed, html_quote, html_code
)


@settings(max_examples=300)
@given(blocks=st.lists(UNSEEN, min_size=1, max_size=4), end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_no_command_comes_out_of_what_is_not_plain_text(blocks: list[str], end: str) -> None:
    assert named("\n\n".join(blocks).replace("\n", end)) == []


@settings(max_examples=300)
@given(
    parts=st.lists(
        st.one_of(UNSEEN, st.sampled_from(["/fix", "/review full", "/ask why?", "@forgehand help"])), max_size=6
    ),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_every_command_in_plain_sight_is_found_in_order_whatever_stands_between(parts: list[str], end: str) -> None:
    meant = {"/fix": "fix", "/review full": "review", "/ask why?": "ask", "@forgehand help": "help"}
    # A paragraph of its own between two blocks ends lists, which would otherwise swallow what is indented.
    text = "\n\nWords between.\n\n".join(parts).replace("\n", end)
    assert named(text) == [meant[part] for part in parts if part in meant]


@settings(max_examples=200)
@given(st.text(alphabet=st.sampled_from("`~<!->/fix\n\r \t@\u200b[](){}*_\\&;a")))
def test_whatever_is_typed_is_read_without_error(text: str) -> None:
    for typed in commands_in(text, NAMES, "forgehand"):
        assert any(line.lstrip(" \t").lower().startswith(f"/{typed.name}") for line in text.splitlines())


@settings(max_examples=100)
@given(inside, st.sampled_from(["```", "~~~~", "<!--", "- ```"]))
def test_what_is_never_closed_hides_all_that_follows(lines: list[str], opening: str) -> None:
    pad = "  " if opening.startswith("-") else ""
    assert named("\n".join([opening, *(pad + line for line in lines)])) == []


def test_several_commands_with_their_text() -> None:
    text = "/Fix\r\n/ask  why is it\r\nso slow?\r\n\r\n```py\r\n/review\r\n```\r\n  /review full\r\nThanks"
    assert commands_in(text, NAMES, "forgehand") == (
        TypedCommand("fix", "", "", True, "fix"),
        TypedCommand("ask", "why is it", "so slow?\n\n```py\n/review\n```", True, "ask"),
        TypedCommand("review", "full", "Thanks", True, "review"),
    )
    assert named("/review\n---\nSent from my phone") == ["review"]


def test_unknown_names_count_where_we_are_addressed() -> None:
    text = "/fiix that\n/etc/passwd\n/etc is a folder\n/fix/it\n/home\n@forgehand xyz /fix\n@Forgehand[bot]: /cancle"
    text += "\n@forgehand"
    found = [(typed.name, typed.known, typed.nearest) for typed in commands_in(text, NAMES, "forgehand")]
    assert found == [
        ("fiix", False, "fix"),
        ("xyz", False, "fix"),
        ("cancle", False, "cancel"),
        ("", False, None),
    ]
    for nobody in (
        "@forgehands fix",
        "@forgehand-2 fix",
        "@forgehand.dev fix",
        "Ask @forgehand fix",
        "@octo/forgehand fix",
    ):
        assert named(nobody) == []


@pytest.mark.parametrize(
    ("text", "name", "rest"),
    [
        ("/status.", "status", ""),
        ("/ask: why is it slow?", "ask", "why is it slow?"),
        ("/Cancel!\nIt is wrong.", "cancel", ""),
        ("@forgehand please fix this", "fix", "this"),
        ("@forgehand, Please /cancel.", "cancel", ""),
        ("@forgehand cancel!", "cancel", ""),
    ],
)
def test_commands_are_typed_as_people_write(text: str, name: str, rest: str) -> None:
    (typed,) = commands_in(text, NAMES, "forgehand")
    assert (typed.name, typed.text, typed.known) == (name, rest, True)


@pytest.mark.parametrize(
    "text",
    [
        "\u200b/fix",
        "/fi\u200bx",
        "\u2060/fix",
        "\ufeff/fix",
        "/fix\u2028it",
        "\\/fix",
        "／fix",
        "x\x0b/fix",
        "/fix..",
        "/fix?",
    ],
)
def test_look_alikes_are_no_commands(text: str) -> None:
    assert named(text) == []


@pytest.mark.parametrize(
    "text", ["[" * 60_000, "[a](" * 16_000, "![[]()" * 9_000, "`\n" * 30_000, "/fix\n" * 13_000, "> " * 30_000]
)
def test_hostile_texts_are_read_in_a_few_seconds_at_most(text: str) -> None:
    started = time.process_time()
    assert named(f"/fix\n{text}")[0] == "fix"
    assert time.process_time() - started < 10


def test_arguments_are_a_closed_grammar() -> None:
    def read(arguments: Arguments, text: str) -> str | None:
        (typed,) = commands_in(text, NAMES, "forgehand")
        return arguments.read(typed)

    nothing, choice = Arguments(), Arguments("[full]", words=("full",))
    question = Arguments("<question>", text=True, required=True)
    assert [read(nothing, text) for text in ("/fix", "/fix\nwords below", "/fix --force")] == ["", "", None]
    assert [read(choice, text) for text in ("/review", "/review FULL", "/review model=x")] == ["", "full", None]
    assert [read(question, text) for text in ("/ask", "/ask Why?\nReally", "/ask\nWhy?")] == [
        None,
        "Why?\nReally",
        "Why?",
    ]
    assert len(read(question, "/ask " + "x" * 50_000) or "") == 8_000
