"""Credentials that are made at run time, and the ways in which a log may show them.

No literal here looks like a live credential: each is put together from parts and random characters.
"""

from __future__ import annotations

import base64
import json
import random
import string
import urllib.parse
from collections.abc import Callable, Iterator
from typing import NamedTuple

_ALNUM = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
_URL = _ALNUM + "-_"

Draw = Callable[[random.Random], str]
"""Makes a value from a source of randomness."""


class Kind(NamedTuple):
    """A kind of credential: what it is called, how one is made."""

    name: str
    variable: str
    make: Draw


class Planted(NamedTuple):
    """A text of a log with a secret, and the stretches nobody may read."""

    kind: str
    way: str
    text: str
    parts: tuple[str, ...]


def _some(alphabet: str, length: int, before: str = "") -> Draw:
    return lambda source: before + "".join(source.choices(alphabet, k=length))


def _uuid(source: random.Random) -> str:
    return "-".join("".join(source.choices(_HEX, k=length)) for length in (8, 4, 4, 4, 12))


def _jwt(source: random.Random) -> str:
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": str(source.randrange(10**9)), "iat": source.randrange(10**9)}]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "".join(source.choices(_URL, k=43))])


def _address(scheme: str, host: str) -> Draw:
    return lambda source: f"{scheme}://app:{''.join(source.choices(_ALNUM, k=14))}@{host}"


def _dsn(source: random.Random) -> str:
    key = "".join(source.choices(_HEX, k=32))
    return f"https://{key}@o{source.randrange(10**5)}.ingest.sentry.io/{source.randrange(10**6)}"


def _hook(source: random.Random) -> str:
    upper = string.ascii_uppercase + string.digits
    return "https://hooks.slack.com/" + "/".join(
        [
            "services",
            "T" + "".join(source.choices(upper, k=8)),
            "B" + "".join(source.choices(upper, k=8)),
            "".join(source.choices(_ALNUM, k=24)),
        ]
    )


def _password(source: random.Random) -> str:
    words = ["tiger", "maple", "winter", "coffee", "river", "falcon"]
    return (
        source.choice(words).title() + source.choice("!#%+") + str(source.randrange(100, 9999)) + source.choice(words)
    )


TUNED: tuple[Kind, ...] = (
    Kind("GitHub token", "GITHUB_TOKEN", _some(_ALNUM, 36, "ghp" + "_")),
    Kind("GitHub fine-grained", "GH_PAT", _some(_ALNUM + "_", 82, "github_" + "pat_")),
    Kind("GitLab token", "GITLAB_TOKEN", _some(_URL, 20, "gl" + "pat-")),
    Kind("AWS access key", "AWS_ACCESS_KEY_ID", _some(string.ascii_uppercase + string.digits, 16, "AK" + "IA")),
    Kind("AWS secret key", "AWS_SECRET_ACCESS_KEY", _some(_ALNUM + "+/", 40)),
    Kind("Anthropic key", "ANTHROPIC_API_KEY", _some(_URL, 90, "sk-" + "ant-api03-")),
    Kind("OpenAI key", "OPENAI_API_KEY", _some(_ALNUM, 48, "sk-" + "proj-")),
    Kind("Slack token", "SLACK_TOKEN", _some(string.digits, 12, "xox" + "b-")),
    Kind("Slack webhook", "SLACK_WEBHOOK", _hook),
    Kind("Stripe key", "STRIPE_SECRET_KEY", _some(_ALNUM, 24, "sk_" + "live_")),
    Kind("npm token", "NPM_TOKEN", _some(_ALNUM, 36, "npm" + "_")),
    Kind("PyPI token", "TWINE_PASSWORD", _some(_URL, 120, "pypi-" + "AgEIcHlwaS5vcmc")),
    Kind("Google key", "GOOGLE_API_KEY", _some(_URL, 35, "AI" + "za")),
    Kind("Sentry DSN", "SENTRY_DSN", _dsn),
    Kind("Sentry token", "SENTRY_AUTH_TOKEN", _some(_HEX, 64)),
    Kind("Datadog key", "DD_API_KEY", _some(_HEX, 32)),
    Kind("Database URL", "DATABASE_URL", _address("postgres", "db.internal:5432/shop")),
    Kind("git URL", "REMOTE", _address("https", "git.example.org/shop.git")),
    Kind("JWT", "SESSION_JWT", _jwt),
    Kind(
        "SendGrid key",
        "SENDGRID_API_KEY",
        lambda source: ".".join(["SG", _some(_URL, 22)(source), _some(_URL, 43)(source)]),
    ),
    Kind("Azure key", "AZURE_STORAGE_KEY", lambda source: base64.b64encode(source.randbytes(64)).decode()),
    Kind("password", "DB_PASSWORD", _password),
)
KEPT_ASIDE: tuple[Kind, ...] = (
    Kind("Heroku key", "HEROKU_API_KEY", _uuid),
    Kind("Cloudflare token", "CLOUDFLARE_API_TOKEN", _some(_URL, 40)),
    Kind("Hugging Face token", "HF_TOKEN", _some(_ALNUM, 34, "hf" + "_")),
    Kind("DigitalOcean token", "DIGITALOCEAN_ACCESS_TOKEN", _some(_HEX, 64, "dop_" + "v1_")),
    Kind("Vault token", "VAULT_TOKEN", _some(_ALNUM, 24, "hv" + "s.")),
    Kind("New Relic key", "NEW_RELIC_LICENSE_KEY", lambda source: _some(_HEX, 36)(source) + "NR" + "AL"),
    Kind("Redis URL", "REDIS_URL", _address("redis", "cache.internal:6379/0")),
    Kind("Mongo URL", "MONGO_URL", _address("mongodb+srv", "cluster0.example.net/app")),
    Kind(
        "Discord webhook",
        "DISCORD_WEBHOOK_URL",
        lambda source: (
            "https://discord.com/api/" + f"webhooks/{source.randrange(10**17, 10**18)}/{_some(_URL, 68)(source)}"
        ),
    ),
    Kind("Codecov token", "CODECOV_TOKEN", _uuid),
    Kind("PagerDuty key", "PAGERDUTY_API_KEY", _some(_ALNUM + "_-", 20)),
    Kind("signing secret", "WEBHOOK_SECRET", _some(string.ascii_lowercase + string.digits, 32)),
    Kind(
        "Telegram token",
        "TELEGRAM_BOT_TOKEN",
        lambda source: f"{source.randrange(10**9, 10**10)}:" + "AA" + _some(_URL, 33)(source),
    ),
    Kind(
        "private key",
        "DEPLOY_KEY",
        lambda source: (
            "-----BEGIN RSA PRIVATE"
            + " KEY-----\n"
            + "\n".join(_some(_ALNUM + "+/", 64)(source) for _ in range(4))
            + "\n-----END RSA PRIVATE"
            + " KEY-----"
        ),
    ),
    Kind("docker auth", "DOCKER_PASSWORD", _some(_ALNUM + "!#%+", 18)),
    Kind("TOTP seed", "MFA_SECRET", _some("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 32)),
    Kind(
        "Azure client secret",
        "AZURE_CLIENT_SECRET",
        lambda source: _some(_ALNUM, 3)(source) + "8Q~" + _some(_ALNUM + "~._-", 34)(source),
    ),
    Kind("Twilio token", "TWILIO_AUTH_TOKEN", _some(_HEX, 32)),
)

_STAMP = "2026-01-02T03:04:05.1234567Z "


def _write_json(kind: Kind, value: str) -> str:
    return "response: " + json.dumps({"id": 17, kind.variable.lower(): value, "ok": True})


def _write_nested(kind: Kind, value: str) -> str:
    return "payload=" + json.dumps(json.dumps({"config": {kind.variable: value}}))


def _wrap(kind: Kind, value: str) -> str:
    half = len(value) // 2
    return f"{_STAMP}+ export {kind.variable}={value[:half]}\n{_STAMP}{value[half:]}\n{_STAMP}done"


def _colour(kind: Kind, value: str) -> str:
    third = max(3, len(value) // 3)
    return f"\x1b[36;1m{kind.variable}\x1b[0m = \x1b[32m{value[:third]}\x1b[1m{value[third:]}\x1b[0m"


WAYS: dict[str, Callable[[Kind, str], str]] = {
    "environment": lambda kind, value: f"  {kind.variable}={value}",
    "yaml": lambda kind, value: f"env:\n  {kind.variable}: {value}\n  CI: true",
    "json": _write_json,
    "header": lambda kind, value: f"> Authorization: Bearer {value}\n> Accept: */*",
    "query": lambda kind, value: (
        f"GET https://api.example.org/v1?page=2&{kind.variable.lower()}={urllib.parse.quote(value, safe='')}&x=1 200"
    ),
    "flag": lambda kind, value: f"+ deploy --region eu --{kind.variable.lower().replace('_', '-')} '{value}' --verbose",
    "prose": lambda kind, value: f"Error: could not log in with {kind.name} {value} at the server",
    "base64": lambda kind, value: f"data: {base64.b64encode(value.encode()).decode()}",
    "two lines": _wrap,
    "colour": _colour,
    "escaped JSON": _write_nested,
    "python": lambda kind, value: f"KeyError: {{'{kind.variable}': {value!r}, 'PATH': '/usr/bin'}}",
    "exported": lambda kind, value: f'declare -x {kind.variable}="{value}"',
    "diff": lambda kind, value: f'-{kind.variable} = "old"\n+{kind.variable} = "{value}"',
    "escaped newline": lambda kind, value: (
        f'"log": "start\\n{kind.variable}={value[: len(value) // 2]}\\n{value[len(value) // 2 :]}\\nend"'
    ),
    "double base64": lambda kind, value: f"auth: {base64.b64encode(f'user:{value}'.encode()).decode()}",
}


def plant(kinds: tuple[Kind, ...], seed: int) -> Iterator[Planted]:
    """Yield each kind of credential in each way."""
    source = random.Random(seed)
    for kind in kinds:
        for way, write in WAYS.items():
            value = kind.make(source)
            yield Planted(kind.name, way, write(kind, value), _name_parts(way, value))


def still_readable(planted: Planted, shown: str) -> bool:
    """Say whether a text still shows a planted secret, or half of it."""
    return any(part in shown for part in planted.parts)


def _name_parts(way: str, value: str) -> tuple[str, ...]:
    """Return what must not be read: of an address only its password."""
    if "://" in value and "@" in value:
        value = value.split("://")[1].rpartition("@")[0].rpartition(":")[2]
    match way:
        case "base64":
            return (base64.b64encode(value.encode()).decode()[4:-4],) if "@" not in value else ()
        case "two lines" | "escaped newline" | "colour":
            return tuple(part for part in (value[: len(value) // 3], value[-len(value) // 3 :]) if len(part) > 3)
        case "query":
            return (urllib.parse.quote(value, safe=""), value)
        case _:
            return tuple(line for line in value.split("\n") if not line.startswith("-----"))
