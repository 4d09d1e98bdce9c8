"""Verify the tokens that runs of GitHub Actions show (OpenID Connect).

``issuers`` fetches the keys and keeps them, ``verification`` makes a :class:`~bot.doors.oidc.verification.Run` of a
token or says which claim is wrong.
"""
