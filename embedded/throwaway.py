"""Servers for one run of something, in a folder that goes with it."""

import atexit
import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from embedded.postgres import Postgres
from embedded.processes import PidFile
from embedded.valkey import Valkey

PREFIX = "tieback-throwaway-"


@dataclass
class Throwaway:
    """PostgreSQL and Valkey, either of which may be left out, below a new folder in `root`."""

    root: Path
    postgres: bool = True
    valkey: bool = True
    running: list[Postgres | Valkey] = field(default_factory=list)
    postgres_url: str = ""
    valkey_url: str = ""
    folder: Path | None = None

    def start(self) -> None:
        """Start the servers; what killed runs left behind is swept away first."""
        sweep(self.root)
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self.root))
        self.folder.chmod(0o711)  # PostgreSQL's own account passes through to its data
        PidFile.of(os.getpid()).write(self.folder / "owner.json")
        atexit.register(self.stop)
        if self.postgres:
            server = Postgres(self.folder / "pg", self.folder / "postgres.log", throw_away=True)
            self.running.append(server)
            server.start()
            self.postgres_url = server.url
        if self.valkey:
            bell = Valkey(self.folder / "valkey", self.folder / "valkey.log")
            self.running.append(bell)
            bell.start()
            self.valkey_url = bell.url

    def stop(self) -> None:
        """Stop the servers and delete the folder. Calling it again does nothing more."""
        atexit.unregister(self.stop)
        while self.running:
            server = self.running.pop()
            server.stop()
            server.remove()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None


def sweep(root: Path) -> None:
    """Delete the folders of runs that were killed. Their servers died with them."""
    for folder in root.glob(f"{PREFIX}*"):
        record = PidFile.read(folder / "owner.json")
        if record is None or record.runs:
            continue
        with suppress(FileNotFoundError):  # another run sweeps the same folder
            Postgres(folder / "pg", folder / "postgres.log").remove()
            Valkey(folder / "valkey", folder / "valkey.log").remove()
        shutil.rmtree(folder, ignore_errors=True)
