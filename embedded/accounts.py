"""Which operating system account runs PostgreSQL, and which folders that account can reach.

PostgreSQL refuses to run as root. As root we use the account `postgres` or `nobody`, change the owner of the
server's own folder only, and go elsewhere when that account cannot reach a place.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from embedded.processes import StartError

SYSTEM_HOME = Path("/var/lib/tieback")


@dataclass(frozen=True)
class Account:
    """The account to become, by number; both empty where we stay who we are."""

    user: int | None = None
    group: int | None = None

    def can_reach(self, path: Path) -> bool:
        """Return whether the account may enter (a folder) or run (a file) that path."""
        if self.user is None:
            return os.access(path, os.X_OK)
        test = shutil.which("test") or "/usr/bin/test"
        done = subprocess.run(
            [test, "-x", str(path)], user=self.user, group=self.group, extra_groups=[], cwd="/", check=False
        )
        return done.returncode == 0

    def own(self, folder: Path) -> None:
        """Make the folder (and, the first time, nothing below it) private to the account."""
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if self.user is not None and self.group is not None:
            os.chown(folder, self.user, self.group)


def server_account() -> Account:
    """Return the account for PostgreSQL: ourselves, or as root `postgres`, else `nobody`."""
    if os.geteuid() != 0:
        return Account()
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise StartError(
        "PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`. "
        "Run this as an ordinary user, or set DATABASE_URL to a PostgreSQL of yours."
    )
