"""Choose the sandbox of a local run, and say so where it is a weak one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.local.hosting import LocalError
from bot.sandbox.tiers import choose_sandbox
from bot.settings import load_settings


async def tier_environment(say: Callable[[str], None], *, trust: bool) -> Mapping[str, str]:
    """Choose bubblewrap, or ``process`` if code is trusted, else LocalError."""
    problem = await (await choose_sandbox(load_settings(sandbox="bubblewrap"))).probe()
    if problem is None:
        return {"FORGEHAND_SANDBOX": "bubblewrap"}
    if not trust:
        raise LocalError(
            f"{problem}\nPass --trust-code to run the repository's code and the model's shell commands unprotected."
        )
    say(
        f"bubblewrap does not work here ({problem}). The code runs as an ordinary process: "
        "same commands, weaker evidence, because nothing keeps it from this machine's files and network. "
        "The pull request says so too."
    )
    return {"FORGEHAND_SANDBOX": "process", "FORGEHAND_TRUST_CODE": "true"}
