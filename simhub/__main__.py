"""Run the hub by itself (``python -m simhub``), for trying bots by hand."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import secrets
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path

from simhub import AppCredentials, Hub
from simhub.model import Account

_PERMISSIONS = dict.fromkeys(
    ("contents", "issues", "pull_requests", "checks", "statuses", "actions", "workflows"), "write"
)
_EVENTS = (
    "issues",
    "issue_comment",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "push",
    "check_run",
    "check_suite",
    "workflow_run",
)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port: 0 to 65535")
    return int(text)


def _repository(text: str) -> tuple[str, Path | None]:
    name, _, source = text.partition("=")
    owner, _, own = name.partition("/")
    if not owner or not own or "/" in own:
        raise argparse.ArgumentTypeError(f"{text} must look like octo/sample or octo/sample=./checkout")
    if source and not Path(source).is_dir():
        raise argparse.ArgumentTypeError(f"{source} is no folder")
    return name, Path(source) if source else None


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="A GitHub that fits in a process: REST, git over HTTP, webhooks and pages.",
        epilog=f"Example: {prog} --port 8901 --repository octo/sample=./checkout "
        "--app mybot --webhook-url http://127.0.0.1:8080/webhook",
    )
    parser.add_argument("--port", type=_port, default=8901, help="0 picks a free one (default: %(default)s)")
    parser.add_argument("--root", type=Path, help="folder for the bare repositories (default: a new temporary one)")
    parser.add_argument(
        "--repository",
        action="append",
        type=_repository,
        default=[],
        metavar="OWNER/NAME[=PATH]",
        help="a repository, empty or from a folder or git checkout; may be repeated",
    )
    parser.add_argument("--user", default="you", help="a person who administers every repository (default: you)")
    parser.add_argument("--app", metavar="NAME", help="register and install a GitHub App")
    parser.add_argument("--webhook-url", help="where the App's webhooks go")
    parser.add_argument("--webhook-secret", default=None, help="default: a random one, printed")
    parser.add_argument("--key-file", type=Path, help="where the App's private key is written (default: below --root)")
    return parser


def main(argv: Sequence[str] | None = None, *, prog: str = "python -m simhub") -> int:
    """Serve until interrupted. Returns the exit code; ``prog`` is how the help calls this program."""
    parser = _parser(prog)
    options = parser.parse_args(argv)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(run(options))
    except (OSError, ValueError) as error:
        parser.exit(1, f"{prog}: {error}\n")
    return 0


async def run(options: argparse.Namespace) -> None:
    root = options.root or Path(tempfile.mkdtemp(prefix="simhub-"))
    async with Hub.start(root, options.port) as hub:
        user = hub.create_user(options.user)
        for name, source in options.repository:
            hub.create_repository(name, source=source)
            hub.set_permission(name, options.user, "admin")
        credentials = _register(hub, options) if options.app else None
        _announce(hub, user, credentials, options.key_file or root / "app.pem")
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await stopped.wait()


def _register(hub: Hub, options: argparse.Namespace) -> AppCredentials:
    secret = options.webhook_secret or secrets.token_hex(16)
    app = hub.create_app(options.app, options.webhook_url, secret, _PERMISSIONS, _EVENTS)
    for owner in {repo.owner.login for repo in hub.world.repositories.values()}:
        hub.install(app, owner)
    return app


def _announce(hub: Hub, user: Account, app: AppCredentials | None, key_file: Path) -> None:
    lines = [f"pages and git   {hub.url}", f"REST            {hub.api_url}", f"GraphQL         {hub.graphql_url}"]
    lines += [f"repository      {hub.url}/{repo.full_name}.git" for repo in hub.world.repositories.values()]
    lines.append(f"person          {user.login}, token {user.token}")
    if app:
        key_file.touch(mode=0o600)
        key_file.write_text(app.private_key)
        lines += [f"App             {app.slug}, id {app.app_id}, key in {key_file}"]
        lines += [f"webhook secret  {app.webhook_secret}"]
    print("\n".join([*lines, "Stop with Ctrl-C."]), flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
