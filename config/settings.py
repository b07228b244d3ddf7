"""Django's settings. Every value from outside comes through config/env.py, which refuses odd ones."""

from pathlib import Path

from csp.constants import NONE, SELF

from config import env, erp_env

BASE_DIR = Path(__file__).resolve().parent.parent

# -- This installation --------------------------------------------------------------------------------
DEBUG = env.flag("DEBUG")
SECRET_KEY = env.secret_key(debug=DEBUG)
SECRET_KEY_FALLBACKS = env.old_secret_keys()
BASE_URL = env.base_url(debug=DEBUG)
ALLOWED_HOSTS = env.allowed_hosts(base_url=BASE_URL, debug=DEBUG)
CSRF_TRUSTED_ORIGINS = [BASE_URL]
REDIS_URL = env.redis_url()
DATABASES = {"default": env.database()}
TIEBACK_NUMBER_PREFIX = env.number_prefix()
CMIC_DESK_URL = erp_env.desk_url()
ERP_BACKENDS = erp_env.erp_backends(redis_url=REDIS_URL)
WEBHOOK_HOSTS = env.webhook_hosts()

# -- The house ----------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "config.apps.HouseConfig",
    "workflow",
    "projects",
    "budgets",
    "erp",
    "webhooks",
    "demo",
    "pgtrigger",
    "pghistory",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
]
MIDDLEWARE = [
    "config.middleware.address_behind_proxy",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.within_size",
    "config.middleware.without_nul",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- People -------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["projects.tries.Limited"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "projects:mine"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# -- Pages --------------------------------------------------------------------------------------------
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "/static/"
STATIC_ROOT = env.text("STATIC_ROOT", str(BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        # Hashed names need `collectstatic` first; with DEBUG on the files are served as they lie.
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
LANGUAGE_CODE = "en-us"
USE_TZ = True
TIME_ZONE = env.time_zone()

# -- Security -----------------------------------------------------------------------------------------
# TLS ends at a proxy; gunicorn takes its X-Forwarded-Proto from the addresses in --forwarded-allow-ips.
_HTTPS = BASE_URL.startswith("https://") and not DEBUG
SECURE_SSL_REDIRECT = _HTTPS  # gunicorn says https where a trusted proxy sends X-Forwarded-Proto
TRUSTED_PROXIES = env.trusted_proxies()
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^healthz/erp$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = _HTTPS
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = _HTTPS
CSRF_COOKIE_HTTPONLY = True
# An approver's form has a remark beside every line, and a budget has up to 20,000.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 25_000
# All files of a modification together are 50 MB, sent in one form; everything else is less.
LARGEST_REQUEST = 64 * 1024**2
X_FRAME_OPTIONS = "DENY"
# Joining the browsers' preload list binds a whole domain; that is its owner's choice, not this application's.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

# -- Mail ---------------------------------------------------------------------------------------------
vars().update(env.email())
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Tieback <tieback@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_TIMEOUT = 10

# -- Redis: cache, and Celery's bell --------------------------------------------------------------------
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "tieback",
        "OPTIONS": {"socket_connect_timeout": 0.2, "socket_timeout": 0.2},
    }
}
CELERY_BROKER_URL = env.broker_url(redis_url=REDIS_URL)
# Publishing never holds up a request: one try, with short time-outs. What a dead broker loses, the sweep
# finds in the database. Workers wait for a lost broker as long as it takes; that is another setting.
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 0.2, "socket_timeout": 0.2, "max_retries": 0}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"


def _every(seconds: float, task: str) -> dict[str, object]:
    """Return a beat entry whose message dies when the next one is due, so that none pile up."""
    return {"task": task, "schedule": seconds, "options": {"expires": seconds}}


SYNC_SECONDS = env.seconds("TIEBACK_SYNC_SECONDS", "3600")
ERP_HEALTH = env.erp_health(sync_seconds=SYNC_SECONDS)
CELERY_BEAT_SCHEDULE = {
    "sweep": _every(env.seconds("TIEBACK_SWEEP_SECONDS", "10"), "erp.tasks.sweep"),
    "poll-postings": _every(env.seconds("TIEBACK_POLL_SECONDS", "15"), "erp.tasks.poll_postings"),
    "remind-of-postings": _every(
        env.seconds("TIEBACK_REMINDER_SECONDS", "900"), "erp.tasks.remind_of_postings"
    ),
    "write-daily-mails": _every(
        env.seconds("TIEBACK_DAILY_MAIL_SECONDS", "300"), "erp.tasks.write_daily_mails"
    ),
    "name-who-decides": _every(300.0, "erp.tasks.name_who_decides"),
    "send-notices": _every(env.seconds("TIEBACK_NOTICES_SECONDS", "30"), "erp.tasks.send_notices"),
    "sync-reference-data": _every(SYNC_SECONDS, "erp.tasks.sync_reference_data"),
    "follow-webhooks": _every(env.seconds("TIEBACK_WEBHOOK_SECONDS", "10"), "webhooks.tasks.follow"),
    "forget-old-webhooks": _every(86400.0, "webhooks.tasks.forget_old"),
    "sweep-imports": _every(env.seconds("TIEBACK_SWEEP_SECONDS", "10"), "budgets.tasks.sweep_imports"),
    "forget-old-imports": _every(3600.0, "budgets.tasks.forget_old_imports"),
}

# -- API ----------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "projects.authentication.Token",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["workflow.strict_json.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 100,
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "workflow.api.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tieback",
    "DESCRIPTION": "Construction budgets: prepared, accepted by accounting, posted in the ERP exactly once.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "ModificationState": "budgets.models.ModificationState",
        "BatchState": "erp.models.BatchState",
        "DocumentState": "erp.models.DocumentState",
        "ReadingState": "erp.models.ReadingState",
        "ConfirmationState": "erp.models.ConfirmationState",
        "PostingState": "erp.delivery.models.ANSWERS",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# -- Logs: one line each, to stderr ---------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "config.logs.LineFormatter",
            "secrets": [SECRET_KEY, *SECRET_KEY_FALLBACKS, *erp_env.erp_passwords(ERP_BACKENDS)],
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        "httpx2": {"level": "WARNING"},  # every call to the ERP is a row in the database already
    },
}
