"""Text from GitHub on its way into a prompt: hidden parts removed, the rest fenced as data.

Nothing here decides what the bot may do; it only keeps readers, human and model, looking at the same words.
"""

from __future__ import annotations

import html
import re
import unicodedata

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HIDDEN_TAG = re.compile(r"<(script|style|template|noscript|svg|math)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"\s(?:alt|title|aria-[\w-]+|data-[\w-]+|style|hidden)\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+)", re.IGNORECASE
)
_TAG = re.compile(r"<[a-zA-Z][^<>]*>")
_IMAGE = re.compile(r"!\[[^\]\n]{0,500}\]\(([^)\s]{1,2000})[^)\n]{0,500}\)")
_LINK_TITLE = re.compile(r"(\]\([^()\s]{1,2000})\s{1,20}(?:\"[^\"]*\"|'[^']*')\)")
_REFERENCE = re.compile(r"^\s{0,3}\[[^\]]+\]:\s.*$", re.MULTILINE)
_KEEP = {"\n", "\t"}


def visible(text: str) -> str:
    """The text as a reader of the rendered page sees it.

    HTML comments, hidden elements, tooltip attributes, image alternatives, link titles and reference definitions go;
    so do zero-width, bidirectional and other control characters. Code keeps its layout.
    """
    text = _HIDDEN_TAG.sub("", _COMMENT.sub("", text.replace("\r\n", "\n")))
    text = _TAG.sub(lambda match: _ATTRIBUTE.sub("", match.group()), text)
    text = _LINK_TITLE.sub(r"\1)", _IMAGE.sub(r"(image: \1)", _REFERENCE.sub("", text)))
    text = html.unescape(text) if "&" in text else text
    return "".join(char for char in text if char in _KEEP or unicodedata.category(char) not in {"Cf", "Cc", "Co", "Cn"})


def fence(label: str, text: str, *, nonce: str) -> str:
    """The text as a block of data that it cannot close itself, because it cannot know the nonce."""
    return f"<untrusted-{nonce} source={label!r}>\n{text.replace(nonce, '')}\n</untrusted-{nonce}>"
