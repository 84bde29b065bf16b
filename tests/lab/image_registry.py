"""A registry of images on a lab host's own 127.0.0.1, which every Engine trusts without TLS.

It serves what lies in a folder, and only to be read: Docker Registry HTTP API V2, manifests of
schema 2. `python -m tests.lab.image_registry FOLDER PORT` runs it; `registry` does so on a host.
"""

import gzip
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.lab.command import wait_until
from tests.lab.host import Host

PORT = 5000
_DOCKER = "application/vnd.docker"
_MANIFEST = f"{_DOCKER}.distribution.manifest.v2+json"
_CONFIG = f"{_DOCKER}.container.image.v1+json"
_LAYER = f"{_DOCKER}.image.rootfs.diff.tar.gzip"
_PATH = re.compile(r"/v2/(?P<name>[a-z0-9/]+)/(?P<what>manifests|blobs)/(?P<which>[\w.:-]+)")


@dataclass(frozen=True)
class Registry:
    folder: Path
    host: str = f"127.0.0.1:{PORT}"

    def publish(self, name: str, tag: str, *, layers: Sequence[bytes]) -> str:
        """An image whose layers hold a file with this content each; returns its digest."""
        tars = [_tar(number, content) for number, content in enumerate(layers)]
        plain = [_digest(tar) for tar in tars]
        config = {
            "architecture": "amd64", "os": "linux", "config": {"Cmd": ["/none"]},
            "rootfs": {"type": "layers", "diff_ids": plain}, "history": [],
        }  # fmt: skip
        packed = [gzip.compress(tar, mtime=0) for tar in tars]
        manifest = {
            "schemaVersion": 2, "mediaType": _MANIFEST,
            "config": self._blob(_CONFIG, json.dumps(config).encode()),
            "layers": [self._blob(_LAYER, layer) for layer in packed],
        }  # fmt: skip
        text = json.dumps(manifest).encode()
        digest = str(self._blob(_MANIFEST, text)["digest"])
        tags = self.folder / "tags" / name
        tags.mkdir(parents=True, exist_ok=True)
        (tags / tag).write_text(digest)
        return digest

    def _blob(self, media_type: str, data: bytes) -> dict[str, Any]:
        digest = _digest(data)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / digest.replace(":", "-")).write_bytes(data)
        return {"mediaType": media_type, "size": len(data), "digest": digest}


@contextmanager
def registry(host: Host, folder: Path) -> Iterator[tuple[Registry, subprocess.Popen[bytes]]]:
    """On `host` until the end, or until its process is killed."""
    enter = ["nsenter", f"--target={host.init.pid}", "--net"]
    argv = [*enter, sys.executable, "-m", "tests.lab.image_registry", str(folder), str(PORT)]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: _listens(host), what=f"a registry answers on {host.name}")
        yield Registry(folder), process
    finally:
        process.kill()
        process.wait()


def _listens(host: Host) -> bool:
    """LISTEN (0A) on the port, in the tables of the host's own network."""
    table = Path(f"/proc/{host.init.pid}/net/tcp").read_text()
    return any(f":{PORT:04X} " in line and " 0A " in line for line in table.splitlines())


def _tar(number: int, content: bytes) -> bytes:
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w") as tar:
        entry = tarfile.TarInfo(f"layer-{number}")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return found.getvalue()


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class _Handler(BaseHTTPRequestHandler):
    folder: Path
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        found = _PATH.fullmatch(self.path)
        if found is None:
            return self._say(200 if self.path == "/v2/" else 404, b"{}", "application/json")
        which = found["which"]
        if not which.startswith("sha256:"):
            tag = self.folder / "tags" / found["name"] / which
            which = tag.read_text() if tag.is_file() else "missing"
        blob = self.folder / which.replace(":", "-")
        if not blob.is_file():
            words = {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}
            return self._say(404, json.dumps(words).encode(), "application/json")
        kind = _MANIFEST if found["what"] == "manifests" else "application/octet-stream"
        return self._say(200, blob.read_bytes(), kind, digest=which)

    do_HEAD = do_GET

    def _say(self, status: int, data: bytes, kind: str, *, digest: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Docker-Distribution-API-Version", "registry/2.0")
        if digest:
            self.send_header("Docker-Content-Digest", digest)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def serve(folder: Path, port: int) -> None:
    _Handler.folder = folder
    ThreadingHTTPServer(("127.0.0.1", port), _Handler).serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
