"""A project that somebody started by hand, long before SiteFlow."""

from __future__ import annotations

from typing import Final

from django.utils import timezone

from provisioning import inventory
from provisioning.drivers.pool import host_driver
from provisioning.targets import target_of
from sites.models import Host, Site
from tests.lab.host import Host as LabHost
from tests.lab.images import BUSYBOX

FOLDER: Final = "/srv/sites/olden"
COMPOSE: Final = f"""\
services:
  store:
    image: {BUSYBOX}
    init: true
    command: ["sh", "-c", "test $$MOOD = good || exit 3; echo x >>/data/starts; exec sleep 100000"]
    environment: {{MOOD: "${{MOOD}}"}}
    volumes: ["store:/data"]
    restart: "no"
volumes:
  store: {{name: olden_store}}
"""


def found(place: Host, host: LabHost) -> Site:
    """With the name of its file that Compose had first, and seen by a look."""
    host.write_text(f"{FOLDER}/docker-compose.yml", COMPOSE)
    host.write_text(f"{FOLDER}/.env", "MOOD=good\n")
    host.docker("compose", "--project-directory", FOLDER, "up", "--detach")
    driver = host_driver(target_of(place))
    seen = [driver.docker.container(one.docker_id) for one in driver.docker.containers()]
    inventory.apply_all(place, seen, at=timezone.now())
    return Site.objects.get(project="olden")
