"""Static files under names that hold their content's hash, so that browsers may keep them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Also for the modules that scripts import: an old one must never run with a new one.

    Modules must not import each other in a circle: there would be no hash to begin with.
    """

    support_js_module_import_aggregation = True


# What draws graph and charts comes from npm, and is fetched rather than kept: see assets/get.py.
_FETCHED: Final = Path(__file__).resolve().parent / "static" / "vendor" / ".made"


def lacking() -> str:
    """Why the pages would lack scripts; empty when all is there."""
    if _FETCHED.is_file():
        return ""
    return "The files that draw the graph and the charts are not here yet: run `make assets`."
