"""Issue the tokens that runs of Actions show elsewhere (OpenID Connect): discovery, keys, the runner's endpoint.

The issuer has the place that it has on an Enterprise Server: ``/_services/token``.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import uuid
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from simhub.address import Address
from simhub.model import Repository, WorkflowRun

_ISSUER = "/_services/token"
_LIFE = 300
_BACKDATED = 600
_PULLS = ("pull_request", "pull_request_review", "pull_request_review_comment")
Json = dict[str, Any]


@dataclass(frozen=True)
class _Key:
    """A signing key: its id, the thumbprint of its certificate, what signs, and the public half as PEM."""

    id: str
    thumbprint: str
    private: Any
    public: str


@dataclass(frozen=True)
class _Job:
    """A job that may ask for tokens; ``claims`` replace those of its run."""

    run: WorkflowRun
    bearer: str
    claims: Json


class IdTokens:
    """The issuer.

    ``old_subjects``: ``sub`` has the form of repositories from before July 2026, without ids. ``down``: discovery and
    keys answer 503; ``published`` counts how often the keys were read.
    """

    def __init__(self, address: Address) -> None:
        self.old_subjects = False
        self.down = False
        self.published = 0
        self._address = address
        self._keys: list[_Key] = []
        self._jobs: dict[str, _Job] = {}

    @property
    def issuer(self) -> str:
        return f"{self._address.url}{_ISSUER}"

    @property
    def public_key(self) -> str:
        """Return the key that new tokens are signed with, as PEM."""
        return self._keys[-1].public

    def admit(self, run: WorkflowRun, **claims: Any) -> dict[str, str]:
        """Let a job with ``id-token: write`` ask for tokens; returns the variables that its steps see.

        A job of a fork's pull request gets none, whatever its permissions. ``claims`` stand in its tokens instead of
        the run's own; None leaves one out.
        """
        if run.event in _PULLS and run.head_repository is not run.repository:
            return {}
        job = _Job(run, secrets.token_urlsafe(40), claims)
        name = uuid.uuid4().hex
        self._jobs[name] = job
        url = f"{self._address.url}/_services/jobs/{name}/idtoken?api-version=2.0"
        return {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": job.bearer}

    def mint(self, run: WorkflowRun, audience: str | None = None, **claims: Any) -> str:
        """Sign a token for a run; the audience is its repository's owner where none is given."""
        import jwt  # slow to import

        if not self._keys:
            self.rotate()
        key = self._keys[-1]
        stated = {**self._claims(run, audience), **claims}
        present = {name: value for name, value in stated.items() if value is not None}
        return jwt.encode(present, key.private, "RS256", headers={"kid": key.id, "x5t": key.thumbprint})

    def rotate(self, key_pair: tuple[str, str] | None = None, *, keep: bool = False) -> None:
        """Sign with another key from now on; ``keep``: the ones before it are still published.

        ``key_pair`` is a private and a public RSA key in PEM form; a fresh one is made where none is given.
        """
        from jwt.algorithms import RSAAlgorithm  # slow to import

        from simhub import appkeys

        private, public = key_pair or appkeys.new_key_pair()
        digest = hashlib.sha1(public.encode()).digest()
        thumbprint = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        # loading a key checks its numbers, which takes longer than signing
        signer = RSAAlgorithm(RSAAlgorithm.SHA256).prepare_key(private)
        new = _Key(str(uuid.uuid5(uuid.NAMESPACE_URL, public)), thumbprint, signer, public)
        self._keys = [*(self._keys if keep else ()), new]

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get(f"{_ISSUER}/.well-known/openid-configuration", self._describe)
        app.router.add_get(f"{_ISSUER}/.well-known/jwks", self._publish)
        app.router.add_get("/_services/jobs/{job}/idtoken", self._hand_out)

    async def _describe(self, _request: web.Request) -> web.Response:
        if self.down:
            return web.Response(status=503)
        return web.json_response(
            {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/.well-known/jwks",
                "subject_types_supported": ["public", "pairwise"],
                "response_types_supported": ["id_token"],
                "claims_supported": _CLAIMS,
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid"],
            }
        )

    async def _publish(self, _request: web.Request) -> web.Response:
        from jwt.algorithms import RSAAlgorithm

        if not self._keys:
            self.rotate()
        self.published += 1
        published = []
        for key in self._keys:
            loaded = RSAAlgorithm(RSAAlgorithm.SHA256).prepare_key(key.public)
            numbers = RSAAlgorithm.to_jwk(loaded, as_dict=True)
            shown = {"kty": "RSA", "n": numbers["n"], "e": numbers["e"]}
            published.append({"alg": "RS256", "use": "sig", "kid": key.id, "x5t": key.thumbprint, **shown})
        return web.json_response({"keys": published})

    async def _hand_out(self, request: web.Request) -> web.Response:
        """Answer a runner as GitHub does: ``{"count": length, "value": token}``."""
        job = self._jobs.get(request.match_info["job"])
        kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
        if job is None or kind.lower() != "bearer" or not secrets.compare_digest(bearer, job.bearer):
            return web.json_response({"message": "Unauthorized"}, status=401)
        value = self.mint(job.run, request.query.get("audience"), **job.claims)
        return web.json_response({"count": len(value), "value": value})

    def _claims(self, run: WorkflowRun, audience: str | None) -> Json:
        repo = run.repository
        now = int(self._address.world.clock())
        pull = _pull_of(run)
        branch = run.head_branch or repo.default_branch
        ref = f"refs/pull/{pull[0]}/merge" if pull else f"refs/heads/{branch}"
        workflow = f"{repo.full_name}/{run.path}@{ref}"
        return {
            "jti": str(uuid.uuid4()),
            "sub": f"{self._subject(repo)}:{'pull_request' if pull else f'ref:{ref}'}",
            "aud": audience or f"{self._address.url}/{repo.owner.login}",
            "ref": ref,
            "sha": run.head_sha,
            "repository": repo.full_name,
            "repository_owner": repo.owner.login,
            "repository_owner_id": str(repo.owner.id),
            "run_id": str(run.id),
            "run_number": str(run.number),
            "run_attempt": str(run.attempt),
            "repository_visibility": "private" if repo.private else "public",
            "repository_id": str(repo.id),
            "actor_id": str(run.actor.id),
            "actor": run.actor.login,
            "workflow": run.name,
            "head_ref": branch if pull else "",
            "base_ref": pull[1] if pull else "",
            "event_name": run.event,
            "ref_protected": "false",
            "ref_type": "branch",
            "workflow_ref": workflow,
            "workflow_sha": run.head_sha,
            "job_workflow_ref": workflow,
            "job_workflow_sha": run.head_sha,
            "runner_environment": "github-hosted",
            "iss": self.issuer,
            "nbf": now - _BACKDATED,
            "exp": now + _LIFE,
            "iat": now,
        }

    def _subject(self, repo: Repository) -> str:
        if self.old_subjects:
            return f"repo:{repo.full_name}"
        return f"repo:{repo.owner.login}@{repo.owner.id}/{repo.name}@{repo.id}"


_CLAIMS = [
    "sub", "aud", "exp", "iat", "iss", "jti", "nbf", "ref", "sha", "repository", "repository_id", "repository_owner",
    "repository_owner_id", "enterprise", "enterprise_id", "run_id", "run_number", "run_attempt", "actor", "actor_id",
    "workflow", "workflow_ref", "workflow_sha", "head_ref", "base_ref", "event_name", "ref_type", "ref_protected",
    "environment", "environment_node_id", "job_workflow_ref", "job_workflow_sha", "repository_visibility",
    "runner_environment", "issuer_scope", "check_run_id",
]  # fmt: skip


def _pull_of(run: WorkflowRun) -> tuple[int, str] | None:
    """Return number and base of the pull request that a run is for."""
    if run.event not in _PULLS:
        return None
    pulls = (issue.pull for issue in run.repository.issues.values() if issue.pull)
    same = (each for each in pulls if each.head_sha == run.head_sha and each.head_repository is run.head_repository)
    found = next(same, None)
    return (found.number, found.base_ref) if found else None
