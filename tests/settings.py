"""The project's settings with a data folder of the run's own; DATABASE_URL and REDIS_URL count."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# Of several processes that share the tests, each has a folder and a Redis database of its own.
_worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if _worker and os.environ.get("REDIS_URL"):
    _server = os.environ["REDIS_URL"].rpartition("/")[0]
    os.environ["REDIS_URL"] = f"{_server}/{int(_worker.removeprefix('gw')) + 1}"
if _worker or "SITEFLOW_DATA_DIR" not in os.environ:
    # A process that is broken off leaves its folder; it lies in that of the one that shares out.
    _folder = os.environ["SITEFLOW_DATA_DIR"] = tempfile.mkdtemp(
        prefix="siteflow-tests-", dir=os.environ.get("SITEFLOW_DATA_DIR")
    )
    atexit.register(shutil.rmtree, _folder, ignore_errors=True)

from siteflow.settings import *  # noqa: E402, F403
from siteflow.settings import CHANNEL_LAYERS, DATA_DIR, DATABASES, REDIS_URL, STORAGES  # noqa: E402

DATABASES["default"]["TEST"] = (
    {"NAME": str(DATA_DIR / "test.sqlite3")}
    if DATABASES["default"]["ENGINE"].endswith("sqlite3")
    else {"NAME": f"test_siteflow_{os.getpid()}"}
)
# Sockets live in this process, as they do in daphne's: threads come and go with their connections.
DATABASES["default"]["CONN_MAX_AGE"] = 0
if _worker and REDIS_URL:  # what is published knows of no database numbers
    CHANNEL_LAYERS["default"]["CONFIG"] |= {"prefix": _worker}  # type: ignore[operator]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STATIC_DIR = Path(DATA_DIR / "static")
STATIC_DIR.mkdir(exist_ok=True)  # whitenoise warns about a missing folder
RATE_ANONYMOUS = RATE_USER = RATE_CHANGES = 0  # tests ask faster than anybody; one sets its own
