"""Reads the environment variables that name the ERPs and how to reach them, as `env` reads the others."""

import ipaddress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.env import count, flag, seconds, text

CMIC_BACKEND = "cmic_adapter.backend.CmicBackend"
FILE_BACKEND = "file_adapter.backend.FileBackend"


def erp_backends(*, redis_url: str) -> dict[str, dict[str, Any]]:
    """Return alias -> backend and options of every ERP that is configured: CMIC_BASE_URL, FILE_ERP_FOLDER."""
    return {**cmic_backend(redis_url=redis_url), **file_backend()}


def erp_passwords(backends: dict[str, dict[str, Any]]) -> list[str]:
    """Return what logs must never show of the ERPs; one without a log-in has none."""
    return [found for backend in backends.values() if (found := backend["OPTIONS"].get("password"))]


def file_backend() -> dict[str, dict[str, Any]]:
    """Return the alias `file`, for accounting by files in a folder; nothing where FILE_ERP_FOLDER is unset."""
    folder = text("FILE_ERP_FOLDER")
    if not folder:
        return {}
    if not Path(folder).is_absolute():
        raise ImproperlyConfigured(
            "FILE_ERP_FOLDER must be a full path, for example /srv/tieback-accounting."
        )
    return {"file": {"BACKEND": FILE_BACKEND, "OPTIONS": {"folder": folder, "name": file_name()}}}


def file_name() -> str:
    """Return what people call the books that the files are entered into, for sentences like "In Accounting, ..."."""
    name = text("FILE_ERP_NAME", "Accounting")
    if not name.isprintable() or not 0 < len(name.strip()) <= 30:
        raise ImproperlyConfigured("FILE_ERP_NAME must be a short name, for example Accounting or Sage.")
    return name.strip()


def cmic_backend(*, redis_url: str) -> dict[str, dict[str, Any]]:
    """Return the alias `cmic` with its options; nothing where CMIC_BASE_URL is unset."""
    url = text("CMIC_BASE_URL")
    if not url:
        return {}
    options = {
        "base_url": cmic_url("CMIC_BASE_URL", url),
        "username": cmic_username(),
        "password": cmic_password(),
        "requests_per_second": seconds("CMIC_REQUESTS_PER_SECOND", "8"),
        "concurrency": count("CMIC_CONCURRENCY", 3),
        "connect_timeout": seconds("CMIC_CONNECT_TIMEOUT", "5"),
        "read_timeout": seconds("CMIC_READ_TIMEOUT", "30"),
        "write_timeout": seconds("CMIC_WRITE_TIMEOUT", "75"),
        "probe_seconds": probe_seconds(),
        "redis_url": redis_url,
    }
    return {"cmic": {"BACKEND": CMIC_BACKEND, "OPTIONS": options, "TEST": flag("CMIC_IS_TEST")}}


def cmic_url(name: str, url: str) -> str:
    """Return a CMiC address without a slash at the end: https, or plain http on this very machine."""
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ImproperlyConfigured(
            f"{name} must hold the address alone; put the login into CMIC_USERNAME and CMIC_PASSWORD."
        )
    if parts.scheme == "https" and parts.hostname and not is_link_local(parts.hostname):
        return url.rstrip("/")
    if parts.scheme == "http" and is_loopback(parts.hostname or ""):
        return url.rstrip("/")
    raise ImproperlyConfigured(
        f"{name} must be https://host/environment (http is accepted for 127.0.0.1 and localhost only)."
    )


def is_loopback(host: str) -> bool:
    """Return whether the host is this machine by its own name or address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_link_local(host: str) -> bool:
    """Return whether the host is an address where clouds keep their metadata (169.254.x.x, fe80::)."""
    try:
        return ipaddress.ip_address(host).is_link_local
    except ValueError:
        return False


def cmic_username() -> str:
    """Return CMIC_USERNAME, which CMiC wants as CLIENT||USER."""
    value = text("CMIC_USERNAME")
    client, _, user = value.partition("||")
    if not client or not user:
        raise ImproperlyConfigured(
            "CMIC_USERNAME must be CLIENT||USER, with two pipes, for example ACME||TIEBACK."
        )
    return value


def cmic_password() -> str:
    """Return the password from CMIC_PASSWORD, or from the file that CMIC_PASSWORD_FILE names."""
    value, path = text("CMIC_PASSWORD"), text("CMIC_PASSWORD_FILE")
    if value and path:
        raise ImproperlyConfigured("Set CMIC_PASSWORD or CMIC_PASSWORD_FILE, not both.")
    if path:
        try:
            value = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            raise ImproperlyConfigured(f"CMIC_PASSWORD_FILE cannot be read: {error.strerror}.") from None
    if not value:
        raise ImproperlyConfigured("CMIC_PASSWORD is not set. Set it, or name a file in CMIC_PASSWORD_FILE.")
    return value


def probe_seconds() -> tuple[int, ...]:
    """Return the waits, in seconds after an unknown outcome, at which the ERP is asked what it holds."""
    parts = [part.strip() for part in text("CMIC_PROBE_SECONDS", "0,30,60,150").split(",")]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise ImproperlyConfigured(
            "CMIC_PROBE_SECONDS must be whole seconds with commas, for example 0,30,60,150."
        )
    waits = tuple(int(part) for part in parts)
    if list(waits) != sorted(set(waits)):
        raise ImproperlyConfigured("CMIC_PROBE_SECONDS must rise, for example 0,30,60,150.")
    return waits


def desk_url() -> str:
    """Return the address of the accountant's desk to link to, or nothing."""
    value = text("CMIC_DESK_URL")
    return cmic_url("CMIC_DESK_URL", value) if value else ""
