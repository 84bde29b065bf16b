"""A small template to change in tests."""

from __future__ import annotations

from typing import Any, Final

from provisioning.site_templates.shape import Template, manifest_of

COMPOSE: Final = """\
services:
  web:
    image: nginx:1.28
    environment: {TITLE: "${SITE_TITLE:?}", KEY: "${API_KEY}"}
    networks: [default, siteflow_proxy]
    restart: unless-stopped
    mem_limit: 64m
    logging: {driver: json-file, options: {max-size: 10m, max-file: "3"}}
networks:
  siteflow_proxy: {external: true}
"""
MANIFEST: Final[dict[str, Any]] = {
    "id": "shop",
    "name": "Shop",
    "web_service": "web",
    "web_port": 80,
    "params": {
        "properties": {
            "site_title": {"type": "string", "default": "Shop", "maxLength": 20},
            "workers": {"type": "integer", "default": 2, "minimum": 1, "maximum": 8},
            "open": {"type": "boolean", "default": True},
            "size": {"type": "string", "enum": ["small", "large"], "default": "small"},
            "contact": {"type": "string", "pattern": "^[^@ ]+@[^@ ]+$", "maxLength": 40},
        },
        "required": ["site_title"],
    },
    "secrets": [{"name": "API_KEY", "length": 40}],
}


def manifest(**changes: Any) -> dict[str, Any]:
    return {**MANIFEST, **changes}


def template(**changes: Any) -> Template:
    files = {"compose.yml": COMPOSE, "README.md": "# Shop\n", "build/Dockerfile": "FROM nginx\n"}
    return Template(manifest=manifest_of(manifest(**changes)), files=files)
