"""Adapters and dry runs for the matrices, one of each for a scene and a variant."""

from collections.abc import Callable, Iterator

import pytest

from cmic_adapter.backend import CmicBackend
from tests.cmic_adapter.matrix.scenes import Scene, Variant
from tests.cmic_adapter.support import PASSWORD, USER, Diary, Tenant, company

Kept = dict[tuple[Variant, bool], CmicBackend]
Adapter = Callable[[Variant, bool], CmicBackend]
Steps = Callable[[Scene, Variant], list[str]]


@pytest.fixture(scope="session")
def kept() -> Iterator[Kept]:
    """One adapter for each variant: what it once learned of the tenant stays true."""
    backends: Kept = {}
    yield backends
    for backend in backends.values():
        backend.close()


@pytest.fixture
def adapter(tenant: Tenant, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> Adapter:
    """Gives the adapter for a variant that is switched on, patient or hurried."""
    monkeypatch.setattr("cmic_adapter.calls.THROTTLE_PAUSE", 0.05)

    def get(variant: Variant, hurried: bool) -> CmicBackend:
        if (variant, hurried) not in kept:
            kept[variant, hurried] = CmicBackend(
                base_url=tenant.base_url,
                username=USER,
                password=PASSWORD,
                requests_per_second=5000,
                read_timeout=10,
                write_timeout=0.3 if hurried else 20,
            )
            kept[variant, hurried].lease_seconds = 60
            assert kept[variant, hurried].check(company()) == []
        return kept[variant, hurried]

    return get


@pytest.fixture(scope="session")
def found_steps() -> dict[tuple[str, Variant], list[str]]:
    """The steps of the scenes that were run dry already."""
    return {}


@pytest.fixture
def steps_of(tenant: Tenant, adapter: Adapter, found_steps: dict[tuple[str, Variant], list[str]]) -> Steps:
    """Gives the steps of a scene where nothing goes wrong."""

    def get(scene: Scene, variant: Variant) -> list[str]:
        if (scene.name, variant) not in found_steps:
            document, diary = scene.start(tenant, variant), Diary()
            scene.do(adapter(variant, False), document, diary)
            found_steps[scene.name, variant] = diary.steps
        return found_steps[scene.name, variant]

    return get
