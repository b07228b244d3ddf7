"""Addresses at rest: whoever knows the address of a Slack or Teams webhook can post there, so it is kept sealed.

Sealed with a key made from the installation's SECRET_KEY, and read with it or one of the keys before; who reads the
database alone has none of them. This is the one place that reads or writes the address of an endpoint.
"""

from __future__ import annotations

import base64
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac

from webhooks.models import Endpoint

SALT = "tieback.webhooks.address"


def seal(endpoint: Endpoint, url: str) -> None:
    """This function will give an endpoint its address: sealed, with a mark to find it by and what pages show."""
    endpoint.sealed, endpoint.mark, endpoint.place = sealed(url), marks(url)[0], place_of(url)


def address_of(endpoint: Endpoint) -> str | None:
    """This function will read an endpoint's address; None: it was sealed with a key that is gone."""
    return opened(endpoint.sealed)


def sealed(url: str) -> str:
    """This function will seal an address with the key of now."""
    return _box().encrypt(url.encode()).decode()


def opened(token: str) -> str | None:
    """This function will read what was sealed with the key of now or one before."""
    try:
        return _box().decrypt(token).decode()
    except InvalidToken:
        return None


def marks(url: str) -> list[str]:
    """This function will mark an address, by the key of now and those before: the same address has the same mark."""
    return [salted_hmac(f"{SALT}.mark", url, secret=key, algorithm="sha256").hexdigest() for key in _keys()]


def place_of(url: str) -> str:
    """This function will write an address as pages and events show it: its path is a password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/…{url[-4:]}"


def _keys() -> list[str]:
    return [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _box() -> MultiFernet:
    made = (salted_hmac(SALT, "", secret=key, algorithm="sha256").digest() for key in _keys())
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in made])
