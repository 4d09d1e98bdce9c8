"""Let runs of GitHub Actions ask, as the account that set them off."""

from __future__ import annotations

import hashlib

import aiohttp

from bot.doors.api.callers import CHALLENGE, Caller
from bot.doors.api.problems import FieldProblem, Problem
from bot.doors.oidc.issuers import Issuer, KeysUnavailable
from bot.doors.oidc.verification import Run, TokenRefused, Verifier, check_run
from bot.github.api.hosts import issuer_of
from bot.rates import Allowance, Rates
from bot.settings import Settings
from bot.store import audit, used_tokens
from bot.store.tokens import TokenRepository
from bot.work.origin import Principal
from bot.work.services import Services

_ACTION = "show a token of GitHub Actions"
_ROWS = Allowance("rows", 60)  # a minute: anybody can show a wrong token; they must not fill the database


class Runs:
    """The runs of workflows that may ask this server."""

    def __init__(self, services: Services, session: aiohttp.ClientSession) -> None:
        settings = services.settings
        self._store = services.store
        self._verifier = Verifier([Issuer(session, url) for url in trusted_issuers(settings)], settings.origin)
        self._secret = _secret_of(settings)
        self._rates = Rates()

    async def verify(self, text: str) -> Run:
        """Return the run that a token vouches for, if such a run may ask.

        Raises :class:`Problem` (401, 403; 503 where nobody can tell), after an audit row.
        """
        run = None
        try:
            run = await self._verifier.verify(text)
            check_run(run)
        except TokenRefused as refused:
            raise await self._refusal(refused, run) from None
        except KeysUnavailable as error:
            raise Problem(error.message, status=503, headers={"Retry-After": "30"}) from None
        return run

    async def identify(self, run: Run) -> Caller:
        """Return whom a run stands for, this once.

        Raises :class:`Problem` (401) where its token was used before.
        """
        until = run.good_until * 1000
        new = await self._store.run(lambda connection: used_tokens.use(connection, run.issuer, run.jti, until))
        if not new:
            raise await self._refusal(TokenRefused("jti"), run)
        return Caller(
            id=_id(run),
            secret=self._secret,
            door="action",
            principal=Principal(kind="action", actor=run.actor),
            scopes=("read", "run"),
            repositories=(TokenRepository(id=run.repository_id, full_name=run.repository),),
            expires=run.expires * 1000,
            pull=run.pull,
        )

    async def _refusal(self, refused: TokenRefused, run: Run | None) -> Problem:
        """Audit a refusal; return what to say.

        Only what is signed is told as a fact. While the database is away there is no row.
        """
        if not self._store.waiting and not self._rates.take(_ROWS):
            signed = (
                {} if run is None else {"actor": run.actor_login, "repository": run.repository, "delivery": _id(run)}
            )
            await self._store.run(
                lambda connection: audit.record(connection, _ACTION, allowed=False, reason=refused.message, **signed)
            )
        wrong = FieldProblem(where=f"token.{refused.claim}", problem=refused.message)
        headers = CHALLENGE if refused.status == 401 else {}
        return Problem(refused.message, status=refused.status, errors=[wrong], headers=headers)


def trusted_issuers(settings: Settings) -> list[str]:
    """Return the issuers that this server trusts."""
    given = settings.oidc_issuers
    return [issuer_of(settings.web_url)] if given is None else given


def _id(run: Run) -> str:
    """Return what the attempts of a run have in common."""
    return f"run-{run.repository_id}-{run.run_id}"


def _secret_of(settings: Settings) -> str:
    """Return a text that every process of this server knows, and nobody else."""
    key = settings.private_key.get_secret_value() if settings.private_key is not None else ""
    return hashlib.sha256(b"ids of tasks that runs ask for " + key.encode()).hexdigest()
