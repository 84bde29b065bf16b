"""Secrets of this installation: from the environment, a file, or made once in the data folder."""

from __future__ import annotations

import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path


def from_environment(name: str) -> str | None:
    """``NAME``, else the content of the file that ``NAME_FILE`` names; None when neither is set."""
    if value := os.environ.get(name):
        return value
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text(encoding="utf-8").strip()
    return None


def made_once(path: Path) -> str:
    """The secret kept in ``path`` (0600); made on the first call, even with several at once."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    if not path.exists():
        fresh.touch(mode=0o600)
        fresh.write_text(urlsafe_b64encode(secrets.token_bytes(32)).decode(), encoding="ascii")
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass  # another process was first: its secret counts
        finally:
            fresh.unlink()
    return path.read_text(encoding="ascii").strip()


def secret(name: str, *, kept_in: Path) -> str:
    """A secret from the environment if it is set there, else the one made for this folder."""
    return from_environment(name) or made_once(kept_in)
