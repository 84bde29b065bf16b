"""Every setting, read from the environment (or `.env`). `docs/settings.md` explains each.

Defaults run everything on one machine with SQLite. DATABASE_URL and REDIS_URL scale it out.
Values that are wrong are reported by `siteflow/checks.py`, not by a traceback here.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

import environ
from csp.constants import NONE, SELF

from siteflow.secrets import from_environment, secret

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")


def whole_number(name: str, default: int) -> int:
    """The variable as a number; other text is kept as it is for `checks.py` to complain about."""
    raw = env.str(name, str(default))
    return int(raw) if raw.isdigit() else cast(int, raw)


DATA_DIR = Path(env.str("SITEFLOW_DATA_DIR", str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
HOST = env.str("SITEFLOW_HOST", "127.0.0.1")
PORT = whole_number("SITEFLOW_PORT", 8000)
HTTPS = env.bool("SITEFLOW_HTTPS", False)

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = secret("SECRET_KEY", kept_in=DATA_DIR / "secret_key")
# Newest first: the first key encrypts, all of them decrypt.
ENCRYPTION_KEYS = (
    secret("SITEFLOW_ENCRYPTION_KEYS", kept_in=DATA_DIR / "encryption_keys")
    .replace(",", " ")
    .split()
)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
CORS_ORIGINS = CORS_ALLOWED_ORIGINS = env.list("CORS_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/"
# Other origins show a token; a cookie of ours is never theirs to use.
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_HEADERS = ("authorization", "content-type", "idempotency-key", "x-request-id")
CORS_EXPOSE_HEADERS = ("x-request-id", "retry-after", "ratelimit-remaining", "ratelimit-reset")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# Who gives public certificates to the sites; empty: who Caddy asks by itself.
ACME_DIRECTORY = env.str("ACME_DIRECTORY", "")
ACME_CA_ROOT = env.str("ACME_CA_ROOT", "")

QUARANTINE_DAYS = whole_number("QUARANTINE_DAYS", 14)
LOG_ARCHIVE_DAYS = whole_number("LOG_ARCHIVE_DAYS", 30)
QUARANTINE_PURGE = env.bool("QUARANTINE_PURGE", False)
AUDIT_RETENTION_DAYS = whole_number("AUDIT_RETENTION_DAYS", 90)
AUDIT_MAX_OUTPUT_LENGTH = whole_number("AUDIT_MAX_OUTPUT_LENGTH", 10000)
TERMINAL_IDLE_S = whole_number("TERMINAL_IDLE_S", 1_800)
TERMINAL_MAX_S = whole_number("TERMINAL_MAX_S", 28_800)
TERMINALS_PER_ACCOUNT = whole_number("TERMINALS_PER_ACCOUNT", 10)
RECORDING_MAX_MB = whole_number("RECORDING_MAX_MB", 20)  # of one session
RECORDINGS_MAX_MB = whole_number("RECORDINGS_MAX_MB", 2_000)  # of all
RECORDING_RETENTION_DAYS = whole_number("RECORDING_RETENTION_DAYS", 90)
NAS_STALE_THRESHOLD_HOURS = whole_number("NAS_STALE_THRESHOLD_HOURS", 48)
MONITOR_INTERVAL_S = whole_number("MONITOR_INTERVAL_S", 10)
WORKERS = whole_number("SITEFLOW_WORKERS", 4)
# Requests a minute; 0 is without limit.
RATE_ANONYMOUS = whole_number("SITEFLOW_RATE_ANONYMOUS", 60)
RATE_USER = whole_number("SITEFLOW_RATE_USER", 1200)
RATE_CHANGES = whole_number("SITEFLOW_RATE_CHANGES", 300)

INSTALLED_APPS = [
    "siteflow.apps.SiteflowConfig",  # before the admin: its templates come first
    "siteflow.apps.ConsoleConfig",
    "corsheaders",
    "siteflow.accounts",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "channels",
    "csp",
    "django_filters",
    "django_q",
    "django_typer",
    "ninja",  # its page of the API uses its static files
    "audit",
    "sites",
    "provisioning",
    "monitoring",
]

# Each answer passes them from the last to the first.
MIDDLEWARE = [
    "siteflow.middleware.request_identity",
    "siteflow.compression.Compressed",
    "siteflow.headers.on_every_answer",
    "csp.middleware.CSPMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "siteflow.refusals.one_shape",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "siteflow.limits.rate_limited",
    "allauth.account.middleware.AccountMiddleware",
    "siteflow.accounts.middleware.WaysIn",
]

ROOT_URLCONF = "siteflow.urls"
ASGI_APPLICATION = "siteflow.asgi.application"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
SECOND_FACTOR_ROLES = [
    role.strip() for role in env.list("SITEFLOW_SECOND_FACTOR_ROLES", default=[])
]

# One decides on who logs in, the other on what they may.
AUTHENTICATION_BACKENDS = ["siteflow.accounts.backend.Backend", "sites.roles.RoleBackend"]
ACCOUNT_ADAPTER = "siteflow.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {"login": "siteflow.accounts.forms.LoginForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_AUTHENTICATED_LOGIN_REDIRECTS = False
ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False  # our own count what every process saw
MFA_ADAPTER = "siteflow.accounts.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1  # steps of 30 s; no step counts twice
MFA_FORMS = {
    "activate_totp": "siteflow.accounts.forms.AppForm",
    "authenticate": "siteflow.accounts.forms.CodeForm",
    "reauthenticate": "siteflow.accounts.forms.CodeAgainForm",
    "login_webauthn": "siteflow.accounts.passkeys.PasskeyForm",
}

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
                "siteflow.accounts.frame.frame",
            ],
        },
    }
]

_SQLITE_OPTIONS = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
}
DATABASES = {
    "default": env.db_url_config(
        from_environment("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'siteflow.sqlite3'}"
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = _SQLITE_OPTIONS
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Worker and monitor keep their connections; under ASGI, threads come and go with theirs.
    DATABASES["default"]["CONN_MAX_AGE"] = 0 if {"daphne", "uvicorn"} & sys.modules.keys() else 60
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = from_environment("REDIS_URL")
if REDIS_URL:
    CACHES: dict[str, dict[str, Any]] = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "siteflow",
        }
    }
    # Requests wait for it: one that does not answer must not hold them up.
    CACHES["limits"] = {
        **CACHES["default"],
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "siteflow.redis_feed.RedisFeedLayer",
            # without socket_timeout None, idle subscriptions are closed after five seconds
            "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": None}]},
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "siteflow_cache",
        }
    }
    # Without Redis there is one web process, and a table would be written for each request.
    CACHES["limits"] = {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "limits",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "siteflow.feed.FeedLayer",
            "CONFIG": {"path": DATA_DIR / "feed.sqlite3", "bus": DATA_DIR / "bus"},
        }
    }

CACHES["nowhere"] = {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}

Q_CLUSTER = {
    "name": "siteflow",
    "broker_class": "siteflow.broker.DoorbellBroker",
    "orm": "default",
    "workers": WORKERS,
    # An operation's own deadline is far below the time-out, the time-out below the redelivery.
    "timeout": 3600,
    "retry": 4 * 3600,
    "ack_failures": True,
    "max_attempts": 1,
    "bulk": 1,
    "queue_limit": 1,
    "catch_up": False,
    # Its statistics, written twice a second, are read by nobody: the canary tells more.
    "guard_cycle": 1,
    "cache": "nowhere",
    "save_limit": -1,
    "label": "Queue",
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
] + [{"NAME": "siteflow.accounts.passwords.EndsOldLogins"}]
SESSION_ENGINE = "siteflow.accounts.session_store"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "siteflow.refusals.on_foreign_form"
# A console on 127.0.0.1 has to work without TLS. Over https, cookies are secure in any case.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000  # sent over https only
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
# `siteflow/gate.py` takes the header out unless one of them sent it.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = FILE_UPLOAD_MAX_MEMORY_SIZE = 1_000_000  # as `siteflow/gate.py`
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
FORMAT_MODULE_PATH = ["siteflow.formats"]

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "siteflow.static_files.HashedFiles"},
}
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_USE_FINDERS = DEBUG

DT_RICH_TRACEBACK_CONFIG = {"no_install": True}  # a traceback in the log is plain text

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "siteflow.logs.formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        "django_q": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
        "django-q": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
        "daphne": {"level": "WARNING"},
        "paramiko": {"level": "CRITICAL"},  # our own errors say it better, and without host input
        "httpx": {"level": "WARNING"},
    },
}
