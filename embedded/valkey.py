"""A private Valkey on a unix socket. It keeps nothing on disk: Redis is only the bell."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from embedded.binaries import valkey_binary
from embedded.places import socket_folder
from embedded.processes import PidFile, spawn, stop, stop_stranger, wait_until

NO_RETRY = Retry(NoBackoff(), 0)


@dataclass
class Valkey:
    """One server. `folder` names it (nothing is stored there), `log` takes its words."""

    folder: Path
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.sockets = socket_folder(self.folder) / "valkey"
        self.socket = self.sockets / "valkey.sock"
        self.pid_file = self.sockets / "valkey.json"

    @property
    def url(self) -> str:
        """The value for REDIS_URL."""
        return f"unix://{self.socket}?db=0"

    def start(self) -> bool:
        """Start the server, or find it running. Return whether it was started now."""
        (socket_folder(self.folder) / "valkey").mkdir(mode=0o700, exist_ok=True)
        if self.answers():
            record = PidFile.read(self.pid_file)
            if record is not None and record.runs and not record.owned_by_other:
                PidFile.of(record.pid).write(self.pid_file)
            return False
        command: list[str | Path] = [
            valkey_binary(),
            "--port",
            "0",
            "--unixsocket",
            self.socket,
            "--unixsocketperm",
            "700",
        ]
        command += ["--save", "", "--appendonly", "no", "--dir", self.sockets]
        self.process = spawn(command, log=self.log, cwd="/")
        wait_until(self.answers, process=self.process, name="Valkey", log=self.log, patience=10)
        PidFile.of(self.process.pid).write(self.pid_file)
        return True

    def stop(self) -> None:
        """Stop the server where it is ours to stop."""
        if self.process is not None:
            stop(self.process, patience=5)
        else:
            record = PidFile.read(self.pid_file)
            if record is None or record.owned_by_other:
                return
            stop_stranger(record, patience=5)
        self.process = None
        shutil.rmtree(self.sockets.parent)

    def answers(self) -> bool:
        """Return whether a server answers on our socket."""
        client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=1, retry=NO_RETRY)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def remove(self) -> None:
        """Delete the socket's folder. The server must have been stopped."""
        shutil.rmtree(self.sockets.parent, ignore_errors=True)
