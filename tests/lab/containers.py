"""The containers a Docker host of the lab has from the start."""

from tests.lab.engine import Engine
from tests.lab.images import BUSYBOX

PROJECT_FOLDER = "/srv/shop"
# A shell as process 1 ignores SIGTERM unless it traps it; with the trap a stop takes no time.
STAY = "trap 'exit 0' TERM; while :; do sleep 3600 & wait $$!; done"
SERVE = "echo shop >/var/www/index.html; exec httpd -f -v -p 80 -h /var/www"
COMPOSE = f"""\
name: shop
services:
  web:
    image: {BUSYBOX}
    command: ["sh", "-c", "{SERVE}"]
    init: true
    ports: ["8080:80"]
    restart: always
    healthcheck:
      test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1/"]
      interval: 5s
      timeout: 3s
      start_period: 2s
  db:
    image: {BUSYBOX}
    command: ["sh", "-c", "{STAY}"]
    restart: always
    volumes: ["data:/var/lib/data"]
  migrate:
    image: {BUSYBOX}
    command: ["sh", "-c", "echo cannot reach the database >&2; exit 3"]
volumes:
  data: {{}}
"""


def seed_containers(host: Engine) -> None:
    """Start a compose project (web with a health check, db, and a job that failed) and one
    container that belongs to no project. Publishes the ports 8080 and 8081 of the host."""
    host.write_text(f"{PROJECT_FOLDER}/docker-compose.yml", COMPOSE)
    host.docker("compose", "--project-directory", PROJECT_FOLDER, "up", "--detach")
    loop = STAY.replace("$$", "$")
    alone = ("--name=legacy", "--label=owner=alice", "--publish=8081:80", "--restart=always")
    host.docker("run", "--detach", *alone, BUSYBOX, "sh", "-c", loop)


def restore_containers(host: Engine) -> None:
    """Remove every container that `host` has now, then seed_containers()."""
    present = host.docker("ps", "--all", "--quiet").split()
    if present:
        host.docker("rm", "--force", *present)
    seed_containers(host)
