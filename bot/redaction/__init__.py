"""Take secrets out of text.

``redact`` is for what logs, signals and other programs say: it also removes what only looks like a secret.
``redact_code`` removes only what has the unmistakable shape of a credential, so that code in a prompt or a comment
stays as it is. ``find_secrets`` names those shapes.
"""

from bot.redaction.redactor import find_secrets, redact, redact_code

__all__ = ["find_secrets", "redact", "redact_code"]
