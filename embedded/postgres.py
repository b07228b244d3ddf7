"""A private PostgreSQL on a unix socket: made, started, reused and stopped."""

import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from embedded.accounts import SYSTEM_HOME, Account, server_account
from embedded.binaries import postgres_binaries
from embedded.places import digest, socket_folder
from embedded.processes import PidFile, StartError, spawn, stop, stop_stranger, tail, wait_until

PORT = "5432"  # only names the socket
ADMIN = "postgres"
ROLE = DATABASE = "tieback"
# Nothing of a throw-away server is worth a disk flush.
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


LAST_BACKENDS_LEAVE = 10  # seconds; they end by themselves when their server was killed


def working_in(folder: Path) -> list[int]:
    """Return the numbers of the living processes whose working directory is that folder."""
    wanted = str(folder.resolve())
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == wanted:
                found.append(process.pid)
        except psutil.Error:
            continue  # gone meanwhile, dead but not reaped, or somebody else's
    return found


@dataclass
class Postgres:
    """One server. `folder` holds its data, `log` its words; throw-away ones trade safety for speed."""

    folder: Path
    log: Path
    throw_away: bool = False
    account: Account = field(default_factory=server_account)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.sockets = socket_folder(self.folder) / "pg"
        self.pid_file = self.sockets.parent / "postgres.json"
        self.data = self.folder

    @property
    def url(self) -> str:
        """The value for DATABASE_URL."""
        return f"postgres://{ROLE}@{quote(str(self.sockets), safe='')}:{PORT}/{DATABASE}"

    def start(self) -> bool:
        """Start the server, or find it running. Return whether it was started now."""
        if self.answers():
            self.adopt()
            return False
        self.data = self.reachable_data()
        binaries = postgres_binaries(self.account)
        if not (self.data / "PG_VERSION").exists():
            self.make(binaries)
        self.drop_stale_locks()
        self.account.own(socket_folder(self.folder) / "pg")
        command: list[str | Path] = [binaries / "postgres", "-D", self.data]
        for name, value in self.options().items():
            command += ["-c", f"{name}={value}"]
        # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients to leave.
        self.process = spawn(
            command,
            log=self.log,
            cwd="/",
            user=self.account.user,
            group=self.account.group,
            death_signal=signal.SIGINT,
        )
        wait_until(self.answers, process=self.process, name="PostgreSQL", log=self.log, patience=30)
        PidFile.of(self.process.pid).write(self.pid_file)
        self.ensure_role_and_database()
        return True

    def stop(self) -> None:
        """Stop the server where it is ours to stop."""
        if self.process is not None:
            stop(self.process, patience=8, stop_signal=signal.SIGINT)
        else:
            record = PidFile.read(self.pid_file)
            if record is None or record.owned_by_other:
                return
            stop_stranger(record, patience=8, stop_signal=signal.SIGINT)
        self.process = None
        shutil.rmtree(self.sockets.parent)

    def adopt(self) -> None:
        """Take over a running server whose owner is gone, so that it ends with us."""
        record = PidFile.read(self.pid_file)
        if record is not None and record.runs and not record.owned_by_other:
            PidFile.of(record.pid).write(self.pid_file)

    def options(self) -> dict[str, str]:
        """Return the server's settings."""
        options = {
            "listen_addresses": "",
            "port": PORT,
            "unix_socket_directories": str(self.sockets),
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        return options | THROW_AWAY if self.throw_away else options

    def reachable_data(self) -> Path:
        """Return the data folder, owned by its account: `folder`, unless that is out of reach."""
        self.account.own(self.folder)
        if self.account.can_reach(self.folder):
            return self.folder
        self.folder.rmdir()
        place = self.elsewhere()
        SYSTEM_HOME.mkdir(parents=True, exist_ok=True)
        self.account.own(place)
        return place

    def elsewhere(self) -> Path:
        """Return where the data lives when the server's account cannot enter our own folder."""
        return SYSTEM_HOME / f"data-{digest(self.folder)}"

    def make(self, binaries: Path) -> None:
        """Create an empty cluster, in a scratch folder first so that half a one is never taken for whole."""
        scratch = self.data / "new"
        shutil.rmtree(scratch, ignore_errors=True)
        command = [binaries / "initdb", "--no-sync", "-D", scratch, "-U", ADMIN, "--auth=trust"]
        command += ["--encoding=UTF8", f"--locale={'C.UTF-8' if sys.platform == 'linux' else 'C'}"]
        with self.log.open("ab") as words:
            done = subprocess.run(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                cwd="/",
                user=self.account.user,
                group=self.account.group,
                extra_groups=None if self.account.user is None else [],
                check=False,
            )
        if done.returncode != 0:
            raise StartError(f"PostgreSQL's initdb failed (exit {done.returncode}).\n{tail(self.log)}")
        # PG_VERSION moves last: its presence is what makes the folder a cluster.
        for part in sorted(scratch.iterdir(), key=lambda part: part.name == "PG_VERSION"):
            part.rename(self.data / part.name)
        scratch.rmdir()

    def drop_stale_locks(self) -> None:
        """Remove the locks of a killed server.

        PostgreSQL itself takes them for valid when their number now belongs to another program, or to a dead
        process that nobody has reaped, as happens in containers. What truly uses the data works inside it.
        """
        locks = [self.data / "postmaster.pid", *self.sockets.glob(".s.PGSQL.*")]
        end = time.monotonic() + LAST_BACKENDS_LEAVE
        while any(lock.exists() for lock in locks) and (users := working_in(self.data)):
            if time.monotonic() > end:
                raise StartError(
                    f"A PostgreSQL (process {users[0]}) uses {self.data} but is silent. Stop it first."
                )
            time.sleep(0.05)
        for lock in locks:
            lock.unlink(missing_ok=True)

    def connect(self, *, database: str, user: str) -> psycopg.Connection:
        """Open a connection over the socket."""
        return psycopg.connect(
            host=str(self.sockets), port=PORT, dbname=database, user=user, autocommit=True, connect_timeout=2
        )

    def answers(self) -> bool:
        """Return whether a server accepts connections on our socket."""
        try:
            self.connect(database="postgres", user=ADMIN).close()
        except psycopg.OperationalError:
            return False
        return True

    def ensure_role_and_database(self) -> None:
        """Create the application's role, which is no superuser, and its database.

        On a throw-away server the role may mute triggers: tests delete what append-only tables hold.
        """
        with self.connect(database="postgres", user=ADMIN) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                connection.execute(f"CREATE ROLE {ROLE} LOGIN CREATEDB")
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")
            if self.throw_away:
                connection.execute(f"GRANT SET ON PARAMETER session_replication_role TO {ROLE}")

    def remove(self) -> None:
        """Delete the data and the sockets. The server must have been stopped."""
        for place in (self.folder, self.elsewhere(), self.sockets.parent):
            shutil.rmtree(place, ignore_errors=not place.exists())
