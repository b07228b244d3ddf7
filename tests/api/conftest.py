"""A client of the API that speaks for a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient


@pytest.fixture
def api() -> Callable[[Any], APIClient]:
    """A function that gives a client logged in by a session, as a page's own requests are."""

    def speaks_for(person: Any) -> APIClient:
        client = APIClient()
        client.force_login(person)
        return client

    return speaks_for
