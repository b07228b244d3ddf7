"""Whether this process lives, and whether it can do its work."""

import logging

from django.core.cache import cache
from django.db import Error as DatabaseUnreachable
from django.db import connection, transaction
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 while the process can answer at all."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 where database and cache answer, else 503 that names which does not."""
    parts = {"database": database_answers(), "cache": cache_answers()}
    ready = all(parts.values())
    states = {name: "ok" if well else "unreachable" for name, well in parts.items()}
    return JsonResponse({"status": "ok" if ready else "unready", **states}, status=200 if ready else 503)


def database_answers() -> bool:
    """Return whether a trivial query succeeds within two seconds."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '2s'")
            cursor.execute("SELECT 1")
    except DatabaseUnreachable:
        logger.warning("readyz: the database does not answer", exc_info=True)
        return False
    return True


def cache_answers() -> bool:
    """Return whether the cache takes a key; its socket time-outs bound the wait."""
    try:
        cache.set("readyz", 1, timeout=5)
    except RedisError:
        logger.warning("readyz: the cache does not answer", exc_info=True)
        return False
    return True
