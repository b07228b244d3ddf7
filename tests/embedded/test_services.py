"""PostgreSQL and Valkey beside the work: started, reused, kept, and never left behind."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from embedded.installation import Installation
from tests.support.supervisor import ROOT, Supervisor, all_gone, clean_environment, start, wait_until

LAST_WORDS = "Ctrl-C stops both."


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Callable[[], Supervisor]]:
    """A function that runs `python -m embedded services` on one folder and waits until it is ready."""
    started: list[Supervisor] = []

    def run() -> Supervisor:
        supervisor = start(tmp_path / "var", "services")
        started.append(supervisor)
        supervisor.wait_for(LAST_WORDS)
        return supervisor

    yield run
    for supervisor in started:
        if supervisor.process.poll() is None:
            supervisor.end()
    Installation(tmp_path / "var").forget()


def answering(supervisor: Supervisor) -> bool:
    """Return whether both printed addresses answer."""
    try:
        psycopg.connect(supervisor.value_of("DATABASE_URL"), connect_timeout=2).close()
        with redis.Redis.from_url(supervisor.value_of("REDIS_URL"), retry=None) as client:
            return bool(client.ping())
    except (psycopg.OperationalError, redis.RedisError):
        return False


def test_both_servers_answer_at_the_printed_addresses(services):
    assert answering(services())


def test_the_application_is_no_superuser_of_its_database(services):
    with psycopg.connect(services().value_of("DATABASE_URL")) as connection:
        assert connection.execute(
            "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        ).fetchone() == (False,)


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_whoever_stops_it_finds_no_process_left(services, asked):
    supervisor = services()
    family = supervisor.family()
    supervisor.process.send_signal(asked)
    assert supervisor.process.wait(15) == 0
    assert len(family) >= 2
    assert all_gone(family)
    assert not answering(supervisor)


def test_a_killed_supervisor_takes_its_servers_along(services):
    supervisor = services()
    family = supervisor.family()
    supervisor.process.kill()
    supervisor.process.wait()
    wait_until(lambda: all_gone(family))


def test_data_is_still_there_after_a_restart(services):
    first = services()
    with psycopg.connect(first.value_of("DATABASE_URL")) as connection:
        connection.execute("CREATE TABLE kept (word text)")
    first.end()
    with psycopg.connect(services().value_of("DATABASE_URL")) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_data_is_still_there_after_a_power_cut(services):
    first = services()
    with psycopg.connect(first.value_of("DATABASE_URL")) as connection:
        connection.execute("CREATE TABLE kept (word text)")
    family = first.family()
    for process in [*family, psutil.Process(first.process.pid)]:
        with suppress(psutil.NoSuchProcess):  # PostgreSQL's children go with the first of them
            process.kill()
    first.process.wait()
    wait_until(lambda: all_gone(family))
    with psycopg.connect(services().value_of("DATABASE_URL")) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_a_second_one_uses_the_running_servers_and_leaves_them_running(services):
    first = services()
    second = services()
    assert second.value_of("DATABASE_URL") == first.value_of("DATABASE_URL")
    assert second.family() == []
    assert second.end() == 0
    assert answering(first)


def test_reset_deletes_the_data_and_only_that(services, tmp_path):
    first = services()
    with psycopg.connect(first.value_of("DATABASE_URL")) as connection:
        connection.execute("CREATE TABLE kept (word text)")
    first.end()
    (tmp_path / "var" / "mine.txt").write_text("not of the demo")
    assert start(tmp_path / "var", "reset").process.wait(20) == 0
    assert (tmp_path / "var" / "mine.txt").exists()
    with psycopg.connect(services().value_of("DATABASE_URL")) as connection:
        assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)


def test_reset_refuses_while_the_servers_are_in_use(services, tmp_path):
    first = services()
    reset = start(tmp_path / "var", "reset")
    assert reset.process.wait(20) == 1
    assert "in use" in reset.said()
    assert answering(first)


def test_a_command_beside_throw_away_servers_gets_their_addresses_and_keeps_its_exit_code():
    words = [sys.executable, "-c", "import os, sys; sys.exit(40 + ('@' in os.environ['DATABASE_URL']) * 2)"]
    done = subprocess.run(
        [sys.executable, "-m", "embedded", "exec", "--", *words],
        cwd=ROOT,
        env=clean_environment(),
        check=False,
    )
    assert done.returncode == 42


def verify(*words: str, file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "verify_evidence", str(file)]
    return subprocess.run(
        [*words, *command], cwd=ROOT, env=clean_environment(), check=False, capture_output=True, text=True
    )


def test_a_pack_is_verified_with_nothing_set_up_and_what_is_missing_is_a_sentence(tmp_path):
    file = tmp_path / "pack.json"
    file.write_text("{}")
    beside = verify(sys.executable, "-m", "embedded", "exec", "--", file=file)
    assert (beside.returncode, "Traceback" in beside.stderr) == (2, False), beside.stderr
    assert "evidence" in beside.stderr
    alone = verify(file=file)
    assert (alone.returncode, "Traceback" in alone.stderr) == (2, False), alone.stderr
    assert alone.stderr.startswith("SECRET_KEY is not set.")


def test_a_command_here_has_the_settings_of_a_run_and_leaves_its_servers_running(services, tmp_path):
    asks = "import os; print(*(os.environ[name] for name in ('DATABASE_URL', 'SECRET_KEY', 'CMIC_BASE_URL')))"
    command = [sys.executable, "-m", "embedded", "--var", str(tmp_path / "var"), "here", "--"]

    def said() -> list[str]:
        words = [*command, sys.executable, "-c", asks]
        done = subprocess.run(
            words, cwd=ROOT, env=clean_environment(), check=True, capture_output=True, text=True
        )
        return done.stdout.splitlines()[-1].split()

    alone = said()
    first = services()
    assert said() == alone == [first.value_of("DATABASE_URL"), *alone[1:]]
    assert alone[1] == (tmp_path / "var" / "secret_key").read_text()
    assert alone[2] == "http://127.0.0.1:8090/cmictest"
    assert answering(first)


def test_a_killed_throw_away_run_is_swept_away_by_the_next(tmp_path):
    script = (
        "import sys, time, pathlib; from embedded.throwaway import Throwaway\n"
        f"one = Throwaway(root=pathlib.Path({str(tmp_path)!r})); one.start()\n"
        "print(one.folder, flush=True); {then}"
    )
    killed = subprocess.Popen(
        [sys.executable, "-c", script.format(then="time.sleep(600)")],
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert killed.stdout is not None
    folder = Path(killed.stdout.readline().strip())
    family = psutil.Process(killed.pid).children(recursive=True)
    killed.kill()
    killed.communicate()
    wait_until(lambda: all_gone(family))
    assert folder.exists()
    subprocess.run(
        [sys.executable, "-c", script.format(then="one.stop()")],
        cwd=ROOT,
        env=clean_environment(),
        check=True,
    )
    assert not folder.exists()
