"""No transaction is open, and so no row is locked, while the ERP is called."""

from collections.abc import Callable

import pytest
from django.db import transaction
from django.utils import timezone

from erp.delivery import outbox
from erp.models import ErpReading
from erp.posting import polling as posting
from erp.setup import stopping as connections
from erp.sync import readings
from erp.sync import syncing as sync
from tests.support.scene import Scene

CALLS: dict[str, Callable[[Scene], object]] = {
    "delivering": lambda scene: outbox.work_on(1),
    "polling": lambda scene: posting.poll(now=timezone.now()),
    "reading": lambda scene: readings.make(
        ErpReading(budget=scene.budget, asked_at=timezone.now()), now=timezone.now()
    ),
    "syncing": lambda scene: sync.sync_company(scene.connection, now=timezone.now()),
    "verifying": lambda scene: connections.verify(scene.connection, user=scene.jonas, now=timezone.now()),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_whoever_calls_the_erp_inside_a_transaction_is_stopped(scene: Scene, call: Callable[[Scene], object]):
    with pytest.raises(RuntimeError, match="never called inside a transaction"), transaction.atomic():
        call(scene)
