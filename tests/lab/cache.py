"""Where what takes long to make is kept between runs."""

import os
from pathlib import Path


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base, "siteflow-lab")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
