"""Windows of the admin, one for each person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from erp.backends import forget_backends
from tests.erp import office as office_of_the_erp
from tests.support.scene import Scene


@pytest.fixture
def desk() -> Callable[[Any], Client]:
    """A function that gives a person's window."""

    def of(person: Any) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return of


@pytest.fixture
def office(scene: Scene, settings: LazySettings) -> office_of_the_erp.Office:
    """The scene, with an ERP whose jobs and codes its own people change."""
    settings.ERP_BACKENDS = office_of_the_erp.BACKENDS
    forget_backends()
    return office_of_the_erp.open_office()
