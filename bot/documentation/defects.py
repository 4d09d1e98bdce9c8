"""Find what the passages of one commit tell that its code does not have.

It needs no history, so a bare word is no evidence: only what can be resolved is held against the code.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cached_property

from bot.documentation.codebase import Codebase
from bot.documentation.docstrings import check_docstrings, find_missing, parameters_of
from bot.documentation.links import find_target
from bot.documentation.mentions import Mention, find_mentions, is_shell
from bot.documentation.modules import Module
from bot.documentation.passages import Passage, read_docstrings, read_passages
from bot.documentation.records import Defect

# a link that a template fills in, from a site's root, or to what a build makes
_ELSEWHERE = re.compile(r"[{}<>$*|]|\.\.\.|^/|(?:^|/)_")
# options that every argparse or click program has
_GIVEN = frozenset(("-h", "--help", "--version", "-m", "-c"))


class Facts:
    """The code of a commit, and what its passages say against it."""

    def __init__(self, code: Codebase) -> None:
        self.code = code

    def find_defects(self, paths: Iterable[str]) -> tuple[Defect, ...]:
        """Return what is false in pages, and false or missing in docstrings."""
        return tuple(defect for path in paths for defect in self._find(path))

    def judge(self, passage: Passage) -> Iterator[Defect]:
        """Yield what a passage names that is not there."""
        for mention in find_mentions(passage):
            text = self._explain(mention, passage)
            if text is not None:
                yield Defect(kind="false", path=passage.path, line=mention.line, subject=mention.text, text=text)

    def _find(self, path: str) -> Iterator[Defect]:
        text = self.code.snapshot.texts.get(path, "")
        module = self._modules.get(path)
        passages = read_docstrings(module) if module is not None else read_passages(path, text)
        for passage in passages:
            yield from self.judge(passage)
        if module is not None:
            yield from (one for one in check_docstrings(module) if "._" not in one.subject)
            yield from find_missing(module)

    @cached_property
    def _modules(self) -> dict[str, Module]:
        return {module.path: module for module in self.code.modules()}

    def _explain(self, mention: Mention, passage: Passage) -> str | None:
        text = mention.text
        match mention.kind:
            case "name":
                ours = "." in text and text.partition(".")[0] in self.code.packages
                return f"`{text}` does not exist" if ours and self.code.resolve(text) == "absent" else None
            case "link":
                leads = _ELSEWHERE.search(text) or find_target(self.code.snapshot, passage.path, text)
                return None if leads else f"the link `{text}` leads nowhere"
            case "flag":
                return self._explain_flag(text, mention, passage)
            case "variable":
                known = self.code.says(text) or self.code.defines(text)
                ours = text.partition("_")[0].lower() in self.code.packages
                return f"nothing reads the variable `{text}`" if ours and not known else None
            case "keyword":
                return self._explain_keyword(text)
            case _:
                return None

    def _explain_flag(self, flag: str, mention: Mention, passage: Passage) -> str | None:
        """Judge an option on a line that calls a program of this project."""
        line = _line(passage, mention)
        programs = "|".join(map(re.escape, self._programs))
        if not programs or not re.search(rf"(?:^|[\s`$])(?:{programs})\s[^|;&\n]*{re.escape(flag)}\b", line):
            return None
        name = flag.lstrip("-").replace("-", "_")
        known = flag in _GIVEN or self.code.says(flag) or self.code.defines(name.removeprefix("no_"))
        return None if known else f"no program here has the option `{flag}`"

    def _explain_keyword(self, text: str) -> str | None:
        """Judge a keyword where one function alone has the name."""
        called, _, keyword = text.removesuffix(")").partition("(")
        root, _, _ = called.partition(".")
        function = called.rpartition(".")[2]
        places = [(module, one) for module, one in self.code.symbols(function) if one.kind != "attribute"]
        if len(places) != 1 or root not in {function, *self.code.packages}:
            return None
        if places[0][0].name.partition(".")[0] not in self.code.packages:
            return None  # of a script, which nobody imports
        parameters = parameters_of(*places[0])
        if parameters is None or places[0][1].decorators:
            return None
        known = any(one.name == keyword or one.kind == "kwargs" for one in parameters)
        return None if known else f"`{function}` has no parameter `{keyword}`"

    @cached_property
    def _programs(self) -> tuple[str, ...]:
        """Return what the project's own programs are called by."""
        return (*read_scripts(self.code.snapshot.texts.get("pyproject.toml", "")), *self._run_as_modules)

    @cached_property
    def _run_as_modules(self) -> tuple[str, ...]:
        return tuple(f"python -m {name}" for name in sorted(self.code.packages))


def read_scripts(pyproject: str) -> tuple[str, ...]:
    """Return the commands that a project installs, as its pyproject.toml says."""
    try:
        project = tomllib.loads(pyproject).get("project", {})
    except tomllib.TOMLDecodeError:
        return ()
    scripts = project.get("scripts", {}) if isinstance(project, dict) else {}
    return tuple(scripts) if isinstance(scripts, dict) else ()


def _line(passage: Passage, mention: Mention) -> str:
    """Return the line of a mention; of shell code with those it continues."""
    if is_shell(passage):
        return passage.text.replace("\\\n", " ")
    lines = passage.text.split("\n")
    return lines[min(mention.line - passage.start, len(lines) - 1)]
