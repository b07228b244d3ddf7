"""What the tests of the ERP Integrations tool share."""

import pytest
from django.conf import LazySettings

from erp.backends import forget_backends
from tests.erp import office as office_of_the_erp
from tests.support import paper
from tests.support.scene import Scene


@pytest.fixture
def office(scene: Scene, settings: LazySettings) -> office_of_the_erp.Office:
    """The scene, with an ERP whose jobs and codes its own people change."""
    settings.ERP_BACKENDS = office_of_the_erp.BACKENDS
    forget_backends()
    return office_of_the_erp.open_office()


@pytest.fixture
def two_erps(scene: Scene, settings: LazySettings) -> Scene:
    """The scene, where the settings name a second ERP that people call Ledger."""
    settings.ERP_BACKENDS = {**paper.BACKENDS, "other": {"BACKEND": "tests.erp.test_erp_is_named.Ledger"}}
    forget_backends()
    return scene
