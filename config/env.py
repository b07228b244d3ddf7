"""Reads every environment variable Tieback knows, once, and refuses odd values; those of the ERPs are in `erp_env`.

Each refusal is a sentence that names the variable and the fix; secrets never appear in it.
"""

from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import available_timezones

import environ
from django.core.exceptions import ImproperlyConfigured

reader = environ.Env()

DEBUG_ONLY_KEY = "debug-only-key-never-used-when-debug-is-off"


def text(name: str, default: str = "") -> str:
    """Return the variable as it stands, or `default` where it is unset."""
    return str(reader.str(name, default=default))


def flag(name: str) -> bool:
    """Return whether the variable says yes; unset means no."""
    value = text(name).lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"", "0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def seconds(name: str, default: str) -> float:
    """Return a positive number, for example of seconds."""
    try:
        value = Decimal(text(name, default))
    except InvalidOperation:
        value = Decimal(0)
    if not value.is_finite() or value <= 0:
        raise ImproperlyConfigured(f"{name} must be a number above 0, for example {default}.")
    return float(value)


def count(name: str, default: int) -> int:
    """Return a whole number of at least 1."""
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least 1, for example {default}.")
    return int(value)


def limits(name: str, default: str) -> tuple[float, float | None]:
    """Return seconds after which something is degraded and failing: two rising numbers, or one for never failing."""
    value = text(name, default)
    try:
        parts = [float(part) for part in value.split(",")]
    except ValueError:
        parts = []
    rising = (
        len(parts) in (1, 2) and parts == sorted(set(parts)) and 0 < parts[0] and parts[-1] < float("inf")
    )
    if not rising:
        raise ImproperlyConfigured(
            f"{name} must be two rising numbers of seconds, degraded and failing, for example {default}; "
            "or one alone, which never counts as failing."
        )
    return parts[0], parts[1] if len(parts) == 2 else None


def erp_health(*, sync_seconds: float) -> dict[str, tuple[float, float | None]]:
    """Return the limits of the health page and /healthz/erp, by what they are about."""
    sync = f"{max(3 * sync_seconds, 600):g},{max(26 * sync_seconds, 26 * 3600):g}"
    return {
        "worker": limits("TIEBACK_HEALTH_WORKER", "60,300"),
        "beat": limits("TIEBACK_HEALTH_BEAT", "60,300"),
        "silent": limits("TIEBACK_HEALTH_SILENT", "1,3600"),
        "sync": limits("TIEBACK_HEALTH_SYNC", sync),
        "waiting": limits("TIEBACK_HEALTH_WAITING", "300,1800"),
        "unconfirmed": limits("TIEBACK_HEALTH_UNCONFIRMED", "900,7200"),
        "refused": limits("TIEBACK_HEALTH_REFUSED", "86400"),
        "mail": limits("TIEBACK_HEALTH_MAIL", "900,14400"),
    }


def secret_key(*, debug: bool) -> str:
    """Return SECRET_KEY, which may be missing only while DEBUG is on."""
    value = text("SECRET_KEY")
    if value:
        return value
    if debug:
        return DEBUG_ONLY_KEY
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Set it to at least 50 random characters, "
        'for example from: python -c "import secrets; print(secrets.token_urlsafe(60))"'
    )


def old_secret_keys() -> list[str]:
    """Return the keys before SECRET_KEY: with them what is of before is still read and checked."""
    return [key.strip() for key in text("SECRET_KEY_FALLBACKS").split(",") if key.strip()]


def trusted_proxies() -> frozenset[str]:
    """Return the proxies whose word on a visitor's address is taken: by gunicorn's own variable, with its default."""
    listed = filter(None, (part.strip() for part in text("FORWARDED_ALLOW_IPS", "127.0.0.1,::1").split(",")))
    return frozenset(listed)


def webhook_hosts() -> frozenset[str]:
    """Return the tools of the house that webhooks may call, as scheme://host:port each."""
    found = set()
    for entry in filter(None, (part.strip().lower() for part in text("WEBHOOK_HOSTS").split(","))):
        parts = urlsplit(entry if "://" in entry else f"https://{entry}")
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            port = 0
        plain = not (parts.path or parts.query or parts.fragment or parts.username)
        if not (port and parts.hostname and plain and parts.scheme in {"http", "https"}):
            raise ImproperlyConfigured(
                "WEBHOOK_HOSTS must name hosts with commas, for example chat.example.internal, "
                f"tools.example.internal:9443 or http://127.0.0.1:9000, not {entry!r}."
            )
        found.add(f"{parts.scheme}://{parts.hostname}:{port}")
    return frozenset(found)


def base_url(*, debug: bool) -> str:
    """Return the address people use to reach Tieback, without a slash at the end."""
    value = text("BASE_URL", "http://127.0.0.1:8000" if debug else "")
    if not value:
        raise ImproperlyConfigured(
            "BASE_URL is not set. Set it to the address people open, for example https://tieback.example.com."
        )
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ImproperlyConfigured(f"BASE_URL must be http(s)://host[:port] without a path, not {value!r}.")
    return value.rstrip("/")


def allowed_hosts(*, base_url: str, debug: bool) -> list[str]:
    """Return the host names this site answers to: ALLOWED_HOSTS, or the host of BASE_URL."""
    hosts = [host.strip() for host in text("ALLOWED_HOSTS").split(",") if host.strip()]
    if "*" in hosts and not debug:
        raise ImproperlyConfigured("ALLOWED_HOSTS must name hosts, separated by commas; * is for DEBUG only.")
    return hosts or [str(urlsplit(base_url).hostname)]


def database() -> dict[str, Any]:
    """Return Django's settings for the one PostgreSQL database in DATABASE_URL."""
    url = text("DATABASE_URL")
    if urlsplit(url).scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            "DATABASE_URL must be a PostgreSQL address, "
            "for example postgres://user:password@host:5432/tieback. "
            "`python -m embedded services` starts a PostgreSQL and prints its address."
        )
    config: dict[str, Any] = dict(reader.db_url_config(url))
    config["HOST"] = unquote(
        config["HOST"]
    )  # a socket's folder: postgres://user@%2Fvar%2Frun%2Fpostgresql/tieback
    config["ENGINE"] = "django.db.backends.postgresql"
    config["CONN_MAX_AGE"] = 60
    config["CONN_HEALTH_CHECKS"] = True
    config["ATOMIC_REQUESTS"] = False
    config["OPTIONS"] = {"connect_timeout": 5, **config.get("OPTIONS", {})}
    return config


def redis_url() -> str:
    """Return REDIS_URL in redis-py's words: redis://, rediss:// or unix:///path?db=0."""
    url = text("REDIS_URL")
    parts = urlsplit(url)
    if parts.scheme in {"redis", "rediss"} and parts.hostname:
        return url
    if parts.scheme in {"unix", "redis+socket"} and parts.path.startswith("/"):
        query = parse_qs(parts.query)
        number = (query.get("db") or query.get("virtual_host") or ["0"])[0]
        return f"unix://{parts.path}?db={number}"
    raise ImproperlyConfigured(
        "REDIS_URL must be redis://host:6379/0, rediss://host:6379/0 or unix:///path/to/socket?db=0. "
        "`python -m embedded services` starts a Valkey and prints its address."
    )


def broker_url(*, redis_url: str) -> str:
    """Return the same server in Celery's words, which spell a unix socket redis+socket://."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    return f"redis+socket://{parts.path}?virtual_host={parse_qs(parts.query)['db'][0]}"


def email() -> dict[str, Any]:
    """Return Django's mail settings from EMAIL_URL, for example smtp+tls://user:password@host:587."""
    url = text("EMAIL_URL", "consolemail://")
    if urlsplit(url).scheme not in environ.Env.EMAIL_SCHEMES:
        known = ", ".join(sorted(environ.Env.EMAIL_SCHEMES))
        raise ImproperlyConfigured(f"EMAIL_URL must begin with one of: {known}.")
    config = dict(environ.Env.email_url_config(url))
    return {key: value for key, value in config.items() if key.startswith("EMAIL_") and value is not None}


def time_zone() -> str:
    """Return TIME_ZONE, a name of the IANA database."""
    value = text("TIME_ZONE", "UTC")
    if value not in available_timezones():
        raise ImproperlyConfigured(f"TIME_ZONE must be a name like Europe/Berlin or UTC, not {value!r}.")
    return value


def number_prefix() -> str:
    """Return the three characters that every document number of this installation begins with."""
    value = text("TIEBACK_NUMBER_PREFIX", "TB-")
    if len(value) != 3 or not value.isascii() or not value.isprintable():
        raise ImproperlyConfigured(
            "TIEBACK_NUMBER_PREFIX must be exactly 3 plain characters, for example TB-."
        )
    return value
