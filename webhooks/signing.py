"""Secrets and signatures by the rules of Standard Webhooks.

A secret is not stored: it is worked out from the installation's SECRET_KEY and a random word of the endpoint. Who reads
the database alone cannot sign; there is nothing to encrypt, and nothing to leak into a backup.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import UTC, datetime

from django.conf import settings
from django.utils.crypto import salted_hmac
from standardwebhooks.webhooks import Webhook

from webhooks.models import Endpoint

SALT = "tieback.webhooks.secret"


def new_nonce() -> str:
    """This function will make the random word of a new secret."""
    return secrets.token_hex(32)


def secret_of(nonce: str, *, key: str | None = None) -> str:
    """This function will work out a secret, in the form people paste: whsec_ and base64."""
    made = salted_hmac(SALT, nonce, secret=key or settings.SECRET_KEY, algorithm="sha256").digest()
    return f"whsec_{base64.b64encode(made).decode()}"


def fingerprint(secret: str) -> str:
    """This function will name a secret without giving it away."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


def key_of(endpoint: Endpoint) -> str | None:
    """This function will find the key, of now or before, that the endpoint's secret was made with; None: it is gone."""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if fingerprint(secret_of(endpoint.nonce, key=key)) == endpoint.fingerprint:
            return str(key)
    return None


def secrets_of(endpoint: Endpoint, *, now: datetime) -> list[str]:
    """This function will list the secrets that sign: the endpoint's, and for a time the one before."""
    key = key_of(endpoint)
    if key is None:
        return []
    signs = [secret_of(endpoint.nonce, key=key)]
    if endpoint.old_until and endpoint.old_until > now:
        # Which key made the secret before is not kept: after a change of keys it was another one than this one's.
        keys = dict.fromkeys((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
        signs += [secret_of(endpoint.old_nonce, key=str(each)) for each in keys]
    return signs


def headers(message_id: str, body: str, *, sign_with: list[str], at: datetime) -> dict[str, str]:
    """This function will make the three headers by which a receiver knows who sent a body, and that it is whole."""
    utc = at.astimezone(UTC)  # the library takes the clock's digits as they stand
    signed = [Webhook(secret).sign(message_id, utc, body) for secret in sign_with]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(utc.timestamp())),
        "webhook-signature": " ".join(signed),
    }
