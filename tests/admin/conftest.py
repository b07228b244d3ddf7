"""Windows of the admin, one for each person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client


@pytest.fixture
def desk() -> Callable[[Any], Client]:
    """A function that gives a person's window."""

    def of(person: Any) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return of
