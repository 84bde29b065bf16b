"""Why a NAS says nothing, in two tellings: for who sees it as a host, and for all others."""

from __future__ import annotations

from typing import Final

from provisioning.backups.models import BackupSource
from provisioning.drivers.errors import ADVICE

# Without addresses and paths: for who sees a site, but not the host on which its backups lie.
_REASONS: Final = {
    "unmounted": "its volume is not mounted",
    "folder_empty": "its folder is empty, or its volume is not mounted",
    "host_key_changed": "it shows another host key than the approved one",
    "host_key_unknown": "its host key is not approved yet",
    "login_refused": "it does not let SiteFlow in",
    "bad_credential": "it does not let SiteFlow in",
    "permission_denied": "SiteFlow’s login may not read its folder",
    "timeout": "it is too slow, or hangs",
    "no_sftp": "it offers no SFTP",
    "garbage": "its answers cannot be understood",
    "internal_error": "SiteFlow itself failed while it looked",
}


def advice(source: BackupSource) -> str:
    return ADVICE.get(source.error_code, "")


def reason(source: BackupSource) -> str:
    """A few words; empty when the last look worked."""
    code = source.error_code
    return _REASONS.get(code, "it is not reached") if code else ""
