"""An endpoint of Northgate Builders that a receiver listens at."""

from __future__ import annotations

import pytest
from django.utils import timezone

from tests.support.receiver import Receiver
from tests.support.scene import Scene
from webhooks import services
from webhooks.kinds import TYPES
from webhooks.models import Endpoint
from webhooks.services import Values


def values(receiver: Receiver, **other: object) -> Values:
    """The form, well filled in."""
    typed = {"url": receiver.url, "description": "Our tool", "format": "standard", "kinds": list(TYPES)}
    return Values(**{**typed, **other})  # type: ignore[arg-type]


@pytest.fixture
def endpoint(scene: Scene, receiver: Receiver) -> Endpoint:
    """Jonas added it before anything happened."""
    return services.create(scene.company, user=scene.jonas, now=timezone.now(), values=values(receiver))
