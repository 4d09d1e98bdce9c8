"""Text from GitHub on its way into a prompt: hidden parts removed, the rest fenced as data.

Nothing here decides what the bot may do; it only keeps readers, human and model, looking at the same words.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

# Whatever begins first wins: a comment may hold a fence, and code may show a comment. Inline code stays on its line.
# Where it ends is looked for apart, once for each kind: one pattern for both would begin anew at every opening.
_BEGINS = re.compile(
    r"(?P<comment><!--)|(?i:<(?P<tag>script|style|template|noscript|svg|math)\b)"
    r"|^(?:(?P<fence>```)[^`\n]*|(?P<waves>~~~)[^\n]*)\n|(?P<code>`[^`\n]{1,500}`)",
    re.MULTILINE,
)
_ATTRIBUTE = re.compile(
    r"\s(?:alt|title|aria-[\w-]+|data-[\w-]+|style|hidden)\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+)", re.IGNORECASE
)
_TAG = re.compile(r"<[a-zA-Z][^<>]*>")
# Everything below takes what it can and gives nothing back: hostile text must not buy time.
_TITLE = r"(?:\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'|\((?:[^()\\]|\\.)*+\))"
_IMAGE = re.compile(
    r"!\[(?:[^\[\]]|\[[^\[\]]{0,500}+\]){0,4000}+\]"
    r"(?:\(\s*+([^)\s]{1,2000}+)[^)]{0,2000}+\)|\[[^\[\]\n]{0,500}+\])"
)
_LINK_TITLE = re.compile(rf"(\]\((?:<[^<>\n]{{0,2000}}+>|[^()\s]{{1,2000}}+))\s++{_TITLE}\s*+\)", re.DOTALL)
_REFERENCE = re.compile(
    rf"^ {{0,3}}\[(?:[^\[\]\\]|\\.){{1,999}}+\]:(?:\s*+\S++\s++{_TITLE}[ \t]*+$|[^\n]*+)", re.MULTILINE | re.DOTALL
)
_KEEP = {"\n", "\t"}
_UNSEEN = {"Cf", "Cc", "Co", "Cn"}


def visible(text: str) -> str:
    """The text as a reader of the rendered page sees it.

    HTML comments, hidden elements, tooltip attributes, image alternatives, link titles and reference definitions go;
    so do zero-width, bidirectional and other control characters. Code, fenced or inline, is shown as it was typed.
    """
    text = text.replace("\r\n", "\n")
    shown = "".join(part if code else _rendered(part) for code, part in _parts(text))
    return "".join(char for char in shown if char in _KEEP or unicodedata.category(char) not in _UNSEEN)


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    """What is not hidden, in pieces, each with whether it is code. A fence that nothing closes is none."""
    done = at = 0
    never: set[str] = set()
    while (found := _BEGINS.search(text, at)) is not None:
        fence = found["fence"] or found["waves"]
        end = found.end() if found["code"] else None if fence in never else _end(text, found, fence)
        if end is None:
            never.add(fence)
            at = found.end()
            continue
        yield False, text[done : found.start()]
        if fence or found["code"]:
            yield True, text[found.start() : end]
        done = at = end
    yield False, text[done:]


def _end(text: str, found: re.Match[str], fence: str | None) -> int | None:
    """Behind what closes this: of what is hidden at the latest where the text ends, None for an open fence."""
    pattern = rf"^{fence}[ \t]*$" if fence else rf"</{found['tag']}\s*+>" if found["tag"] else "-->"
    closing = re.compile(pattern, re.MULTILINE | re.IGNORECASE).search(text, found.end())
    return closing.end() if closing else None if fence else len(text)


def _rendered(text: str) -> str:
    text = _TAG.sub(lambda match: _ATTRIBUTE.sub("", match.group()), text)
    text = _IMAGE.sub(lambda match: f"(image: {match[1]})" if match[1] else "(image)", _REFERENCE.sub("", text))
    text = _LINK_TITLE.sub(r"\1)", text)
    return html.unescape(text) if "&" in text else text


def fence(label: str, text: str, *, nonce: str) -> str:
    """The text as a block of data that it cannot close itself, because it cannot know the nonce."""
    return f"<untrusted-{nonce} source={label!r}>\n{text.replace(nonce, '')}\n</untrusted-{nonce}>"
