"""What the columns of the Budget tool's tables have in common, and the history that is kept of some."""

from __future__ import annotations

from typing import Any

import pghistory
import pgtrigger
from django.db import models

# Signed, company currency, up to 9,999,999,999,999.99.
AMOUNT: dict[str, Any] = {"max_digits": 15, "decimal_places": 2}
QUANTITY: dict[str, Any] = {"max_digits": 18, "decimal_places": 4}


def history(model: type[models.Model]) -> type[models.Model]:
    """This decorator will keep old and new values of a model's rows by triggers, so that bulk work is seen too."""
    trackers = (pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
    return pghistory.track(*trackers, append_only=True, level=pgtrigger.Statement)(model)
