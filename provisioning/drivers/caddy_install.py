"""Caddy as a container of its own: the files it is made of. Values reach them by the .env only.

Its admin API listens for the whole of the container, or nothing outside could reach it, and the
containers of sites share a network with it. So it asks for a word that only root of the host can
read, and the port is published on the host's own loopback alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

IMAGE: Final = "caddy:2"
PROJECT: Final = "siteflow-proxy"
FOLDER: Final = "siteflow/proxy"  # below the host's folder of sites
CONFIG_FILE: Final = "caddy.json"
UPSTREAMS: Final = "upstreams"
ACME: Final = "acme"
ROOT_FILE: Final = "root.pem"  # in it, where ACME_CA_ROOT is set
# Moves connections that are waiting at a listener to the next one when a configuration is loaded
# (Linux 5.14, Documentation/networking/ip-sysctl.rst). Docker starts no container with an option
# that its kernel does not know.
MIGRATES: Final = "/proc/sys/net/ipv4/tcp_migrate_req"
_SYSCTLS: Final = """\
    sysctls:
      net.ipv4.tcp_migrate_req: "1"
"""

_COMPOSE: Final = """\
# Made by SiteFlow; works by itself: docker compose up -d
services:
  caddy:
    image: caddy:2
    container_name: ${PROXY_CONTAINER}
    # What was loaded last is loaded again at a start; the file is for the first one only.
    command: ["caddy", "run", "--resume", "--config", "/etc/caddy/siteflow.json"]
    restart: always
    ports:
      - "${PROXY_HTTP_PORT}:80"
      - "${PROXY_HTTPS_PORT}:443"
      - "${PROXY_HTTPS_PORT}:443/udp"
      - "127.0.0.1:${PROXY_ADMIN_PORT}:2019"
    environment:
      XDG_CONFIG_HOME: /config
      XDG_DATA_HOME: /data
    volumes:
      - data:/data
      - config:/config
      - ./caddy.json:/etc/caddy/siteflow.json:ro
      - ./upstreams:/etc/caddy/upstreams:ro
      - ./acme:/etc/caddy/acme:ro
      - ./logs:/var/log/caddy
    networks: [proxy]
    mem_limit: 512m
    security_opt: ["no-new-privileges:true"]
    cap_drop: [ALL]
    cap_add: [NET_BIND_SERVICE, DAC_OVERRIDE]
    logging:
      driver: json-file
      options: {max-size: 10m, max-file: "3"}
"""
_REST: Final = """\

networks:
  proxy:
    name: ${PROXY_NETWORK}

volumes:
  data:
    name: siteflow-proxy_data
  config:
    name: siteflow-proxy_config
"""


@dataclass(frozen=True, slots=True)
class Ports:
    """Of the host."""

    http: int = 80
    https: int = 443
    admin: int = 2019


def compose_text(*, migrates: bool) -> str:
    return _COMPOSE + (_SYSCTLS if migrates else "") + _REST


def env(*, container: str, network: str, ports: Ports) -> dict[str, str]:
    return {
        "PROXY_CONTAINER": container,
        "PROXY_NETWORK": network,
        "PROXY_HTTP_PORT": str(ports.http),
        "PROXY_HTTPS_PORT": str(ports.https),
        "PROXY_ADMIN_PORT": str(ports.admin),
    }


def first_config(origin: str) -> str:
    """What it begins with: no site, and an admin API that asks for the word."""
    admin = {"listen": "0.0.0.0:2019", "enforce_origin": True, "origins": [origin]}  # noqa: S104
    local = {"install_trust": False}  # of the container: nobody would trust by it
    config = {
        "admin": admin,
        "apps": {"pki": {"certificate_authorities": {"local": local}}},
        "logging": {"logs": {"default": {"exclude": ["http.log.access"]}}},
    }
    return json.dumps(config, indent=2) + "\n"


def origin_of(config_text: str | bytes) -> str:
    """The word in such a file; empty where there is none."""
    try:
        origins = json.loads(config_text)["admin"]["origins"]
        return origins[0] if isinstance(origins[0], str) else ""
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return ""
