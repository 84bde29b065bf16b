"""Fingerprints of public keys, as `ssh-keygen -lf` prints them."""

from __future__ import annotations

import base64
import binascii
import hashlib


def fingerprint(public_line: str) -> str:
    """``"SHA256:…"`` of an ``"ssh-ed25519 AAAA…"`` line (RFC 4253, 6.6); "" when there is none."""
    fields = public_line.split()
    if len(fields) < 2:
        return ""
    try:
        blob = base64.b64decode(fields[1], validate=True)
    except binascii.Error:
        return ""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
