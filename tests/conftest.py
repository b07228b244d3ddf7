"""What every test can ask for. The fixtures themselves live in tests/support/."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

pytest_plugins: list[str] = []


@pytest.fixture(scope="session", autouse=True)
def static_files_as_they_lie() -> Iterator[None]:
    """Serve static files without `collectstatic`, which only an installation needs."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    default = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    with override_settings(STORAGES={"default": default, "staticfiles": plain}):
        yield
