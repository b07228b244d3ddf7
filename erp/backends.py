"""From an alias to a backend, like Django's caches: settings name the class, one instance a process."""

from __future__ import annotations

import atexit
import os

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils.module_loading import import_string

from erp.port import ErpBackend

_made: dict[tuple[str, int], ErpBackend] = {}  # by alias and process: connections do not survive a fork


def backend(alias: str) -> ErpBackend:
    """This function will find the backend of `settings.ERP_BACKENDS[alias]`. Raises ImproperlyConfigured."""
    key = (alias, os.getpid())
    if key not in _made:
        _made[key] = _make(alias)
    return _made[key]


def _make(alias: str) -> ErpBackend:
    try:
        entry = settings.ERP_BACKENDS[alias]
    except KeyError:
        known = ", ".join(sorted(settings.ERP_BACKENDS)) or "none"
        raise ImproperlyConfigured(f"ERP_BACKENDS has no {alias!r} (known: {known}).") from None
    made: ErpBackend = import_string(entry["BACKEND"])(**entry.get("OPTIONS", {}))
    return made


def outside_transactions() -> None:
    """This function will raise RuntimeError when a transaction is open: locks are not held while the ERP thinks."""
    try:
        with transaction.atomic(
            durable=True
        ):  # the transaction a test case opens around everything is passed over
            pass
    except RuntimeError:
        raise RuntimeError("the ERP is never called inside a transaction") from None


def forget_backends() -> None:
    """This function will close and drop the instances of this process, after settings changed."""
    for key in [key for key in _made if key[1] == os.getpid()]:
        _made.pop(key).close()


atexit.register(forget_backends)
