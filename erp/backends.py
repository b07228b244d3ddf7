"""From an alias to a backend, like Django's caches: settings name the class, one instance a process."""

from __future__ import annotations

import os
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from erp.port import ErpBackend


def backend(alias: str) -> ErpBackend:
    """This function will find the backend of `settings.ERP_BACKENDS[alias]`. Raises ImproperlyConfigured."""
    return _made_after_fork(alias, os.getpid())


@lru_cache(maxsize=16)
def _made_after_fork(alias: str, pid: int) -> ErpBackend:
    try:
        entry = settings.ERP_BACKENDS[alias]
    except KeyError:
        known = ", ".join(sorted(settings.ERP_BACKENDS)) or "none"
        raise ImproperlyConfigured(f"ERP_BACKENDS has no {alias!r} (known: {known}).") from None
    made: ErpBackend = import_string(entry["BACKEND"])(**entry.get("OPTIONS", {}))
    return made


def forget_backends() -> None:
    """This function will drop the instances of this process, after settings changed."""
    _made_after_fork.cache_clear()
