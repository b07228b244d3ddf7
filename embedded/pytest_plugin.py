"""Throw-away PostgreSQL and Valkey for a test run: `-p embedded.pytest_plugin`.

pytest-django reads Django's settings before any conftest, so the addresses must stand in the environment
earlier than that. Every run has servers of its own, so that two runs never share a database.
TEST_DATABASE_URL and TEST_REDIS_URL choose servers instead.
"""

import os
import secrets
from collections.abc import Generator
from pathlib import Path

import pytest

from embedded.throwaway import Throwaway

# What a developer's shell may hold and a test must never see: above all, the address of a real ERP.
FOREIGN = (
    "ALLOWED_HOSTS",
    "CMIC_",
    "DEBUG",
    "DEFAULT_FROM_EMAIL",
    "EMAIL_URL",
    "FORWARDED_ALLOW_IPS",
    "TIEBACK_",
    "TIME_ZONE",
)
_servers: list[Throwaway] = []


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None, object, object]:
    """Set the environment of the tests before anything reads it."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        prepare()
    else:
        # Each worker has its own database (pytest-django names it) and so needs its own corner of Valkey.
        os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'].partition('?')[0]}?db={int(worker[2:]) + 1}"
    return (yield)


def prepare() -> None:
    """Start what was not given, and describe the installation that the tests run."""
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        del os.environ[name]
    given = os.environ.get("TEST_DATABASE_URL"), os.environ.get("TEST_REDIS_URL")
    started = Throwaway(root=Path("/tmp"), postgres=not given[0], valkey=not given[1])  # noqa: S108
    _servers.append(started)
    started.start()
    os.environ["DATABASE_URL"] = given[0] or started.postgres_url
    os.environ["REDIS_URL"] = given[1] or started.valkey_url
    os.environ["SECRET_KEY"] = secrets.token_urlsafe(60)
    os.environ["BASE_URL"] = "http://testserver"


def pytest_unconfigure() -> None:
    """Stop the servers and delete what they wrote."""
    while _servers:
        _servers.pop().stop()
