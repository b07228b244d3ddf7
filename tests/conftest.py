"""What every test can ask for. The fixtures themselves live in tests/support/."""

import os
from collections.abc import Iterator

import pytest
import redis
from django.conf import settings
from django.test import override_settings
from hypothesis import HealthCheck
from hypothesis import settings as generated

# How long an example takes to make or to run is the machine's affair: a busy one fails no test.
generated.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
generated.load_profile("any machine")


pytest.register_assert_rewrite("erp.testing")

pytest_plugins = [
    "tests.support.browser",
    "tests.support.cells",
    "tests.support.emptying",
    "tests.support.mail_server",
    "tests.support.receiver",
    "tests.support.scene",
    "tests.support.simulator",
    "tests.support.soak",
    "tests.support.worker",
    "tests.support.nursery",
    "tests.support.delivery",  # after the ones above: it imports them
    "tests.support.valve",
]

MARKED_BY = {
    "browser": {
        "browser",
        "open_page",
        "browser_page",
        "page_without_javascript",
        "narrow_page",
        "dark_page",
    },
    "worker": {"celery_worker_process", "nursery"},
}
_not_run: list[int] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by what they use, and with BROWSER=no leave out those that need a browser.

    Those that start programs of their own come first: of two processes none waits long for the other at the end.
    """
    for item in items:
        for marker, fixtures in MARKED_BY.items():
            if fixtures & set(getattr(item, "fixturenames", ())):
                item.add_marker(marker)
    items.sort(key=_starts_no_program)
    if os.environ.get("BROWSER") == "no":
        left_out = [item for item in items if item.get_closest_marker("browser")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
        _not_run[:] = [len(left_out)]
        if hasattr(config, "workeroutput"):
            config.workeroutput["not_run"] = len(left_out)


def _starts_no_program(item: pytest.Item) -> bool:
    marks = {mark.name for mark in item.iter_markers()}
    return marks.isdisjoint(MARKED_BY) and "embedded" not in item.path.parts


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Learn from a parallel process, all of which collect the same, how many tests it left out."""
    _not_run[:] = [getattr(node, "workeroutput", {}).get("not_run", 0)]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests did not run."""
    if os.environ.get("BROWSER") == "no":
        terminalreporter.write_line(f"BROWSER=no: {sum(_not_run)} browser tests did NOT run.", yellow=True)


@pytest.fixture(scope="session", autouse=True)
def static_files_as_they_lie(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Serve static files without `collectstatic`, and none that an installation has collected here."""
    storages = {
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    with override_settings(STORAGES=storages, STATIC_ROOT=tmp_path_factory.mktemp("static")):
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hash passwords fast: a slow hash protects people, and costs a test with seven of them two seconds."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session")
def valkey() -> Iterator[redis.Redis]:
    """The Redis of this test process."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client


@pytest.fixture(autouse=True)
def empty_valkey(valkey: redis.Redis) -> None:
    """Start every test with an empty cache, empty limits and no message left by the test before."""
    valkey.flushdb()
