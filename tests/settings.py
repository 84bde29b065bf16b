"""The project's settings with a data folder of the run's own; DATABASE_URL and REDIS_URL count."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault("SITEFLOW_DATA_DIR", tempfile.mkdtemp(prefix="siteflow-tests-"))

from siteflow.settings import *  # noqa: E402, F403
from siteflow.settings import DATA_DIR, DATABASES, STORAGES  # noqa: E402

DATABASES["default"]["TEST"] = (
    {"NAME": str(DATA_DIR / "test.sqlite3")}
    if DATABASES["default"]["ENGINE"].endswith("sqlite3")
    else {"NAME": f"test_siteflow_{os.getpid()}"}
)
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STATIC_DIR = Path(DATA_DIR / "static")
STATIC_DIR.mkdir(exist_ok=True)  # whitenoise warns about a missing folder
