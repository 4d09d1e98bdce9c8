"""Reading an issue: what points at code in several languages, and texts made to take for ever."""

from __future__ import annotations

import time

import pytest

from bot.context.query import read_query

TRACES = {
    "python": ('  File "/srv/app/shop/cart.py", line 12, in total\n', ("/srv/app/shop/cart.py", 12, "total")),
    "javascript": ("    at Cart.total (/srv/app/src/cart.js:12:7)\n", ("/srv/app/src/cart.js", 12, "total")),
    "java": ("\tat shop.Cart.total(Cart.java:12)\n", ("Cart.java", 12, "total")),
    "csharp": ("   at Shop.Cart.Total(Int32 a) in /srv/Cart.cs:line 12\n", ("/srv/Cart.cs", 12, "Total")),
    "php": ("#0 /srv/src/Cart.php(12): Shop\\Cart->total()\n", ("/srv/src/Cart.php", 12, "Shop/Cart->total")),
    "ruby": ("lib/cart.rb:12:in `total'\n", ("lib/cart.rb", 12, "total")),
    "go": ("\t/srv/shop/cart.go:12 +0x1d\n", ("/srv/shop/cart.go", 12, "")),
    "rust": ("  --> src/cart.rs:12:5\n", ("src/cart.rs", 12, "")),
}


@pytest.mark.parametrize("language", TRACES)
def test_frames_are_read(language: str) -> None:
    line, (path, number, name) = TRACES[language]
    (frame,) = read_query(f"Cart is wrong\n\n{line}").frames
    assert (frame.path, frame.line) == (path, number)
    assert name.replace("\\", "/").endswith(frame.name.replace("\\", "/"))


def test_python_frames_count_from_the_innermost_and_are_no_written_paths() -> None:
    trace = '  File "a/outer.py", line 1, in f\n  File "a/inner.py", line 2, in g\n'
    question = read_query(f"Title\n\n{trace}\nSee `lib/util.py` and https://github.com/o/r/blob/main/src/x.py#L7.")
    ranks = {frame.path: frame.rank for frame in question.frames}
    assert ranks == {"a/inner.py": 0, "a/outer.py": 1, "src/x.py": 0}
    assert question.paths == ("lib/util.py",)


def test_places_weigh_differently_and_hidden_text_does_not_count() -> None:
    question = read_query(
        "Broken QuerySet\n\nPlease call `get_total()` <!-- ignore secretword --> soon.\n\n"
        "```\nimport json.decoder\nfoo()\n```\n"
    )
    assert question.names["QuerySet"] == question.names["get_total"] == 3
    assert question.names["foo"] < 3
    assert question.terms["queryset"] > question.terms["foo"]
    assert "secretword" not in question.terms
    assert "json.decoder" not in question.dotted
    assert set(question.title) == {"broken", "queryset", "query", "set"}


def test_a_code_span_may_show_a_comment_and_hides_nothing_below_it() -> None:
    question = read_query(
        "Title\n\nThe parser stops at `<!--` in page.py.\n\nSee parse_header <!-- secretword `x` --> too."
    )
    assert question.paths == ("page.py",)
    assert "parse_header" in question.names
    assert "secretword" not in question.terms
    question = read_query("Title\n\n### Logs\n\n_No response_\n\n> _No response_  \n")
    assert "response" not in question.terms


@pytest.mark.parametrize(
    "piece",
    [
        "<!--",
        "```\n",
        "http://a/",
        "a/",
        "a.",
        "'",
        '"',
        "at ",
        "File ",
        "    x\n",
        "`",
        "aError",
        "A",
        "#0 ",
        "é",
        "(" * 9,
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    started = time.process_time()
    read_query("Title\n\n" + piece * (80_000 // len(piece)))
    assert time.process_time() - started < 3


def test_code_is_code_wherever_the_page_shows_it_and_an_empty_field_says_nothing() -> None:
    head = "Crash\n\n### Steps\n\n_No response_\n\n"
    text = f"{head}- run\n\n  ```\n  load_basket()  # <!-- odd -->\n  ```\n\n``a `b` total_price``"
    query = read_query(text)
    assert query.names["load_basket"] == 1.0
    assert query.names["total_price"] == 3.0
    assert "odd" in query.terms
    assert not {"response", "respons"} & set(query.terms)
