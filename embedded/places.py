"""Short, private folders for unix sockets, whose paths may not exceed about 100 bytes."""

import hashlib
import os
import stat
from pathlib import Path

from embedded.processes import StartError

SOCKET_ROOT = Path("/tmp")  # noqa: S108 - the folder made below is checked to be ours


def digest(path: Path) -> str:
    """Return eight characters that stand for a path."""
    return hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]


def socket_folder(data: Path) -> Path:
    """Return the folder for the sockets of the server with that data, made and checked to be ours."""
    folder = SOCKET_ROOT / f"tieback-{os.geteuid()}-{digest(data)}"
    folder.mkdir(mode=0o711, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise StartError(f"{folder} belongs to somebody else. Remove it, then start again.")
    folder.chmod(0o711)  # a server running under another account passes through to its own folder
    return folder
