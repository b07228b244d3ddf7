"""The folder on disk, the only room that writes: files and folders as a whole by rename, and what a failure means."""

from __future__ import annotations

import errno
import os
import stat
import uuid
from collections.abc import Callable
from pathlib import Path

from erp.port import ErpMisconfigured, ErpUnavailable, ErpUnconfirmed, Journal

LARGEST = 25 * 1024 * 1024  # bytes of a file that is read
FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


class Disk:
    """Writes that are there whole or not at all, also after a power cut."""

    def put(self, path: Path, data: bytes) -> None:
        """This function will write a file beside its place and rename it there. Raises OSError, ErpUnavailable."""
        beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as problem:
            beside.unlink(missing_ok=True)
            if problem.errno in FORBIDDEN:
                raise
            raise ErpUnavailable(f"{path.name} could not be written: {problem.strerror}.") from None
        self.rename(beside, path)

    def rename(self, source: Path, target: Path) -> None:
        """This function will move a file or a folder in one step. Raises OSError."""
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, target)
        for folder in {source.parent, target.parent}:
            _sync(folder)


def _sync(folder: Path) -> None:
    """Make a rename in it last; systems that cannot open a folder do that by themselves."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as problem:
        if problem.errno not in (
            errno.EINVAL,
            errno.ENOTSUP,
        ):  # some network shares know no fsync of a folder
            raise
    finally:
        os.close(handle)


def journaled(
    journal: Journal, *, step: str, method: str, target: str, body: str, act: Callable[[], None]
) -> None:
    """This function will do one write with the journal around it. Raises the failures; FileNotFoundError goes through.

    A rename that fails is unconfirmed: a network share may have done it and lost the answer.
    """
    request_id = uuid.uuid4().hex
    journal.before(step=step, request_id=request_id, method=method, target=target, body=body)

    def answered(outcome: str, answer: str = "") -> None:
        journal.after(request_id=request_id, status=None, answer=answer, outcome=outcome)

    try:
        act()
    except ErpUnavailable as problem:
        answered("unavailable", problem.reason)
        raise
    except FileNotFoundError as problem:
        answered("refused", str(problem))
        raise
    except OSError as problem:
        if problem.errno in FORBIDDEN:
            answered("misconfigured", str(problem))
            raise ErpMisconfigured(f"Tieback may not write {target}: {problem.strerror}.") from None
        answered("unconfirmed", str(problem))
        raise ErpUnconfirmed(f"{target}: {problem.strerror}.", step=step) from None
    answered("done")


def content(path: Path) -> bytes | None:
    """This function will read an ordinary file; None where there is none. Raises ErpUnavailable, ErpMisconfigured.

    Of one larger than `LARGEST` one byte more than that is read, so that whoever looks sees that it is too large.
    """
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as problem:
        raise _unreadable(path, problem) from None


def names_in(folder: Path) -> list[str]:
    """This function will list a folder in order; nothing where it is not there. Raises as `content`."""
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as problem:
        raise _unreadable(folder, problem) from None


def _unreadable(path: Path, problem: OSError) -> Exception:
    if problem.errno in FORBIDDEN:
        return ErpMisconfigured(f"Tieback may not read {path}: {problem.strerror}.")
    return ErpUnavailable(f"{path} could not be read: {problem.strerror}.")
