"""Text from GitHub on its way into a prompt: hidden parts removed, the rest fenced as data.

Nothing here decides what the bot may do; it only keeps readers, human and model, looking at the same words.
"""

from __future__ import annotations

import html
import re
import unicodedata

# Whatever begins first wins: a comment may hold a fence, and code may show a comment. Inline code stays on its line.
_HIDDEN_OR_CODE = re.compile(
    r"(?P<hidden><!--(?s:.*?)(?:-->|\Z)"
    r"|(?i:<(?P<tag>script|style|template|noscript|svg|math)\b)(?s:.*?)(?:(?i:</(?P=tag)\s*>)|\Z))"
    r"|(?P<code>^```[^`\n]*\n(?:.*\n)*?```[ \t]*$|^~~~[^\n]*\n(?:.*\n)*?~~~[ \t]*$|`[^`\n]{1,500}`)",
    re.MULTILINE,
)
_ATTRIBUTE = re.compile(
    r"\s(?:alt|title|aria-[\w-]+|data-[\w-]+|style|hidden)\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+)", re.IGNORECASE
)
_TAG = re.compile(r"<[a-zA-Z][^<>]*>")
_IMAGE = re.compile(r"!\[[^\]\n]{0,500}\]\(([^)\s]{1,2000})[^)\n]{0,500}\)")
_LINK_TITLE = re.compile(r"(\]\([^()\s]{1,2000})\s{1,20}(?:\"[^\"]*\"|'[^']*')\)")
_REFERENCE = re.compile(r"^\s{0,3}\[[^\]]+\]:\s.*$", re.MULTILINE)
_KEEP = {"\n", "\t"}
_UNSEEN = {"Cf", "Cc", "Co", "Cn"}


def visible(text: str) -> str:
    """The text as a reader of the rendered page sees it.

    HTML comments, hidden elements, tooltip attributes, image alternatives, link titles and reference definitions go;
    so do zero-width, bidirectional and other control characters. Code, fenced or inline, is shown as it was typed.
    """
    shown, done = "", 0
    text = text.replace("\r\n", "\n")
    for found in _HIDDEN_OR_CODE.finditer(text):
        shown += _rendered(text[done : found.start()]) + (found["code"] or "")
        done = found.end()
    shown += _rendered(text[done:])
    return "".join(char for char in shown if char in _KEEP or unicodedata.category(char) not in _UNSEEN)


def _rendered(text: str) -> str:
    text = _TAG.sub(lambda match: _ATTRIBUTE.sub("", match.group()), text)
    text = _LINK_TITLE.sub(r"\1)", _IMAGE.sub(r"(image: \1)", _REFERENCE.sub("", text)))
    return html.unescape(text) if "&" in text else text


def fence(label: str, text: str, *, nonce: str) -> str:
    """The text as a block of data that it cannot close itself, because it cannot know the nonce."""
    return f"<untrusted-{nonce} source={label!r}>\n{text.replace(nonce, '')}\n</untrusted-{nonce}>"
