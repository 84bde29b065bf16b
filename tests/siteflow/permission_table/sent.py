"""What the table's requests carry: bodies that are accepted."""

from __future__ import annotations

from typing import Any, Final

from provisioning.things.pruning import digest_of

CONNECTION: Final = {"name": "new", "address": "192.0.2.1", "username": "a"}
NEW_HOST: Final = {**CONNECTION, "auth": "generate"}
NEW_SITE: Final = {"name": "fresh", "template": "static", "params": {"site_title": "Fresh"}}
NEW_CONTAINER: Final = {"name": "fresh", "image": "nginx:1.28", "environment": {"A": "b"}}
COMPOSE: Final = (
    "services:\n  web: {image: 'nginx:1.28', mem_limit: 64m, restart: always, "
    "logging: {driver: json-file, options: {max-size: 1m, max-file: '2'}}}\n"
)
TEMPLATE: Final[dict[str, Any]] = {
    "manifest": {"name": "Fitting", "web_service": "web", "web_port": 80},
    "files": {"compose.yml": COMPOSE},
}
NEW_CHANNEL: Final = {"name": "fresh", "url": "jsons://robot:hidden@192.0.2.1/hook"}
NAS_FOLDER: Final = "/volume1/backups"
NEW_NAS: Final = {"root": "/volume1/more", "pattern": "{site}-*"}
PASSWORD: Final = {"username": "carol", "password": "secret"}
THING: Final = {"name": "NAME", "confirm_name": "NAME"}
IMAGE: Final = {"name": "nginx:1.27"}
PRUNE: Final = {"images": [f"sha256:{'5' * 64}"], "plan_digest": digest_of([f"sha256:{'5' * 64}"])}
