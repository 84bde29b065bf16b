"""Static files under names that hold their content's hash, so that browsers may keep them."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Also for the modules that scripts import: an old one must never run with a new one.

    Modules must not import each other in a circle: there would be no hash to begin with.
    """

    support_js_module_import_aggregation = True
