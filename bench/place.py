"""Where a benchmark runs: servers of its own that write to disk as in production, and a CMiC simulator.

Nothing of the machine's own databases is touched, and everything is gone when the benchmark ends.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MIGRATED = "tieback"  # the database every figure's own one is copied from


@contextmanager
def servers() -> Iterator[None]:
    """This function will start PostgreSQL (with its disk flushes) and Valkey, and set Django up on them."""
    from embedded.postgres import Postgres
    from embedded.valkey import Valkey

    with tempfile.TemporaryDirectory(prefix="tieback-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL's own account passes through to its data
        postgres = Postgres(folder / "pg", folder / "postgres.log")
        valkey = Valkey(folder / "valkey", folder / "valkey.log")
        started: list[Postgres | Valkey] = []
        try:
            for server in (postgres, valkey):
                server.start()
                started.append(server)
            _set_up_django(postgres.url, valkey.url)
            yield
        finally:
            from django.db import connections

            connections.close_all()
            for server in reversed(started):
                server.stop()
                server.remove()


def _set_up_django(database: str, redis: str) -> None:
    for foreign in [key for key in os.environ if key.startswith(("CMIC_", "TIEBACK_", "FILE_ERP_"))]:
        del os.environ[foreign]  # above all, the address of a real ERP
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": database,
        "REDIS_URL": redis,
        "SECRET_KEY": secrets.token_urlsafe(60),
        "BASE_URL": "http://testserver",
        "EMAIL_URL": "dummymail://",
    }
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


@contextmanager
def own_database(name: str) -> Iterator[None]:
    """This function will give the block a fresh copy of the migrated database, and drop it afterwards."""
    from django.db import connection

    from erp.backends import forget_backends

    def admin(sql: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)

    def use(database: str) -> None:
        connection.close()
        connection.settings_dict["NAME"] = database

    own = f"bench_{name.lower()}"
    use("postgres")
    admin(f"DROP DATABASE IF EXISTS {own} WITH (FORCE)")
    admin(f"CREATE DATABASE {own} TEMPLATE {MIGRATED}")
    use(own)
    try:
        yield
    finally:
        forget_backends()
        use("postgres")
        admin(f"DROP DATABASE {own} WITH (FORCE)")
        use(MIGRATED)


@contextmanager
def simulator_address(*, token: str) -> Iterator[str]:
    """This function will start the CMiC simulator on a free port, unthrottled, and give its base address."""
    command = [sys.executable, "-m", "cmic_simulator", "--port", "0", "--token", token]
    command += ["--no-throttle", "--quiet"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            if process.stdout is None:
                raise RuntimeError("the simulator's first line says where it listens")
            yield process.stdout.readline().strip().removeprefix("listening on ")
        finally:
            process.terminate()


@contextmanager
def worker(environment: Mapping[str, str], *, number: int, concurrency: int = 1) -> Iterator[None]:
    """This function will run one Celery worker on the figure's own database, without a beat."""
    from django.db import connection

    host = str(connection.settings_dict["HOST"]).replace("/", "%2F")
    user, name = connection.settings_dict["USER"], connection.settings_dict["NAME"]
    port = connection.settings_dict["PORT"]
    variables = os.environ | dict(environment) | {"DATABASE_URL": f"postgres://{user}@{host}:{port}/{name}"}
    command = [sys.executable, "-m", "celery", "--app=config.celery", "worker", "--loglevel=INFO"]
    command += [f"--concurrency={concurrency}", f"--hostname=bench-{number}@bench"]
    command += ["--without-gossip", "--without-mingle"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            if process.stderr is None:
                raise RuntimeError("a worker tells on stderr when it is ready")
            for line in process.stderr:
                if " ready." in line:
                    break
            else:
                raise RuntimeError("the worker ended before it was ready")
            _drain(process)
            yield
        finally:
            process.terminate()


def _drain(process: subprocess.Popen[str]) -> None:
    """Read on what the worker logs, so that it never waits for somebody to read."""
    import threading

    threading.Thread(target=lambda: [None for _ in process.stderr or ()], daemon=True).start()
