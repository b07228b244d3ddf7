"""Whether this process lives, whether it can do its work, and how the way into the ERP does."""

import logging

from django.core.cache import cache
from django.db import Error as DatabaseUnreachable
from django.db import connection, transaction
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from erp.health import checks as erp_checks

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


@require_safe
@never_cache
def healthz_erp(request: HttpRequest) -> JsonResponse:
    """Answer how the way into the ERP does: 200 while ok or degraded, 503 when failing. Says no names; asks no ERP."""
    parts = {"database": database_answers(), "cache": cache_answers()}
    said = {name: {"status": erp_checks.OK if well else erp_checks.FAILING} for name, well in parts.items()}
    state = erp_checks.OK if all(parts.values()) else erp_checks.FAILING
    if parts["database"]:
        checks = [*erp_checks.of_installation(), *erp_checks.of_connections(now=timezone.now())]
        said |= {check.name: check.told() for check in checks}
        state = max(state, erp_checks.worst(checks), key=erp_checks.ORDER.index)
    return JsonResponse({"status": state, "checks": said}, status=503 if state == erp_checks.FAILING else 200)


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
