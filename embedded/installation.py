"""The folder a run keeps its things in, and the environment it gives to every process."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from embedded.postgres import Postgres
from embedded.processes import PidFile, StartError
from embedded.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent
LOG_LIMIT = 5_000_000


@dataclass(frozen=True)
class Installation:
    """Everything a run stores lies in `var`."""

    var: Path

    @property
    def pid_files(self) -> Path:
        """The folder that tells who runs."""
        return self.var / "run"

    @property
    def seeding(self) -> Path:
        """A file that exists while the demo data is being made, and stays when that failed."""
        return self.var / "seeding"

    def log(self, name: str) -> Path:
        """Return the log of one part; a long one is put aside first."""
        path = self.var / "log" / f"{name}.log"
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
        return path

    def prepare(self) -> None:
        """Make the folders."""
        for folder in (self.var, self.var / "log", self.var / "mail", self.pid_files):
            folder.mkdir(parents=True, exist_ok=True)

    def postgres(self) -> Postgres:
        """Return this installation's PostgreSQL, not yet started."""
        return Postgres(self.var / "pg", self.var / "log" / "postgres.log")

    def valkey(self) -> Valkey:
        """Return this installation's Valkey, not yet started."""
        return Valkey(self.var / "valkey", self.var / "log" / "valkey.log")

    def secret_key(self) -> str:
        """Return the key that signs sessions: made once, then kept."""
        path = self.var / "secret_key"
        if not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(60))
        return path.read_text().strip()

    def environment(self, *, web_port: int) -> dict[str, str]:
        """Return the environment of every process; what the person has set himself is kept."""
        defaults = {
            "SECRET_KEY": self.secret_key(),
            "BASE_URL": f"http://127.0.0.1:{web_port}",
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "EMAIL_URL": f"filemail:///{quote(str(self.var / 'mail'))}",
            "STATIC_ROOT": str(self.var / "static"),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
        }
        return defaults | os.environ

    @contextmanager
    def only_one(self) -> Iterator[None]:
        """Hold this installation for one run; raise StartError where another run holds it."""
        with (self.pid_files / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                holder = lock.read()
                raise StartError(
                    f"Tieback already runs from {self.var} (process {holder}). "
                    f"Stop it there with Ctrl-C, or with: kill {holder}"
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def leftovers(self) -> list[PidFile]:
        """Return the processes of a run that was killed and could not take them along."""
        records = (PidFile.read(path) for path in self.pid_files.glob("*.json"))
        return [record for record in records if record and record.runs and not record.owned_by_other]

    def forget(self) -> None:
        """Delete everything that runs have stored. Nothing may run."""
        self.postgres().remove()
        self.valkey().remove()
        for name in ("log", "mail", "run", "static"):
            shutil.rmtree(self.var / name, ignore_errors=True)
        for path in (
            *self.var.glob("beat*"),
            *self.var.glob("cmic.json*"),
            self.var / "secret_key",
            self.seeding,
        ):
            path.unlink(missing_ok=True)
