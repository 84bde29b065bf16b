"""A site made of one busybox: it starts in a second, and fails in whatever way it is asked to."""

from __future__ import annotations

import json
from typing import Any, Final

from provisioning.site_templates.models import SiteTemplate, TemplateVersion
from tests.lab.images import BUSYBOX

# The first word is what kind of release this is to be; all but "good" fail in their own way.
SERVE: Final = """\
echo well >/var/www/health
case "$$SITE_MOOD" in
  crash) echo 'cannot read its configuration' >&2; exit 7;;
  sick) rm /var/www/health;;
esac
test "$$SITE_MOOD" = missing || echo "$$SITE_TITLE" >/var/www/index.html
exec httpd -f -p 8080 -h /var/www
"""
COMPOSE: Final = f"""\
services:
  web:
    image: ${{SITE_IMAGE:-{BUSYBOX}}}
    init: true
    command: ["sh", "-c", {json.dumps(SERVE)}]
    environment: {{SITE_TITLE: "${{SITE_TITLE}}", SITE_MOOD: "${{SITE_MOOD}}"}}
    healthcheck:
      test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/health"]
      interval: 1s
      timeout: 2s
      retries: 2
    networks: [default, siteflow_proxy]
    restart: unless-stopped
    mem_limit: 64m
    logging: {{driver: json-file, options: {{max-size: 1m, max-file: "2"}}}}
  store:
    image: {BUSYBOX}
    init: true
    command: ["sh", "-c", "echo $$STORE_PASSWORD >>/data/starts; exec sleep 1000000"]
    environment: {{STORE_PASSWORD: "${{STORE_PASSWORD}}"}}
    volumes: ["store:/data"]
    restart: unless-stopped
    mem_limit: 64m
    logging: {{driver: json-file, options: {{max-size: 1m, max-file: "2"}}}}
volumes:
  store: {{name: "${{COMPOSE_PROJECT_NAME}}_store"}}
networks:
  siteflow_proxy: {{external: true, name: siteflow_proxy}}
"""
MANIFEST: Final[dict[str, Any]] = {
    "name": "Bare",
    "description": "One busybox.",
    "web_service": "web",
    "web_port": 8080,
    "probe_path": "/",
    "stateless_services": ["web"],
    "memory_bytes": 64_000_000,
    "disk_bytes": 1_000_000,
    "secrets": [{"name": "STORE_PASSWORD", "length": 24}],
    "params": {
        "type": "object",
        "properties": {
            "site_title": {"type": "string", "default": "hello"},
            "site_mood": {"type": "string", "default": "good"},
            "site_image": {"type": "string", "default": BUSYBOX},
        },
    },
}


def make_template(slug: str = "bare", *, compose: str = COMPOSE) -> SiteTemplate:
    row, _ = SiteTemplate.objects.get_or_create(slug=slug)
    number = row.versions.count() + 1
    manifest = {**MANIFEST, "id": slug, "version": number}
    files = {"compose.yml": compose, "README.md": "# Bare\n", "env.example": "SITE_TITLE=\n"}
    TemplateVersion.objects.create(template=row, number=number, manifest=manifest, files=files)
    return row
