"""Sites whose image is built on their host: what a name means goes back with a release."""

from __future__ import annotations

from typing import Any, Final

import pytest

from provisioning import engine
from provisioning.plans.asking import plan_release
from provisioning.site_templates.models import SiteTemplate, TemplateVersion
from sites.models import Host, Site
from tests.lab import Lab
from tests.lab.images import BUSYBOX
from tests.provisioning.rows import COMMAND
from tests.provisioning.site_runs.acts import did, made, seen, words
from tests.provisioning.site_runs.bare import MANIFEST

pytestmark = pytest.mark.lab
IMAGE: Final = "corner-web:1"
COMPOSE: Final = """\
services:
  web:
    image: ${COMPOSE_PROJECT_NAME}-web:1
    build: {context: ./build}
    init: true
    healthcheck:
      test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/"]
      interval: 1s
      timeout: 2s
      retries: 2
    networks: [default, siteflow_proxy]
    restart: unless-stopped
    mem_limit: 64m
    logging: {driver: json-file, options: {max-size: 1m, max-file: "2"}}
networks:
  siteflow_proxy: {external: true, name: siteflow_proxy}
"""
GOOD: Final = 'CMD ["httpd", "-f", "-p", "8080", "-h", "/srv"]'
BAD: Final = 'CMD ["sh", "-c", "echo cannot start >&2; exit 7"]'


def version(text: str, command: str = GOOD, *, beside: bool = True) -> int:
    """One more version of the template, whose compose file is always the same."""
    row, _ = SiteTemplate.objects.get_or_create(slug="built")
    number = row.versions.count() + 1
    stateless = {"stateless_services": ["web"] if beside else [], "secrets": []}
    manifest: dict[str, Any] = {**MANIFEST, **stateless, "id": "built", "version": number}
    files = {
        "compose.yml": COMPOSE,
        "README.md": "# Built\n",
        "env.example": "SITE_TITLE=\n",
        "build/Dockerfile": f"FROM {BUSYBOX}\nCOPY index.html /srv/\n{command}\n",
        "build/index.html": f"{text}\n",
    }
    TemplateVersion.objects.create(template=row, number=number, manifest=manifest, files=files)
    return number


def prepared_for(site: Site, number: int) -> int:
    site.refresh_from_db()
    params = {"revision": site.revision, "template_version": number}
    return int(engine.start("site.configure", site, actor=COMMAND, params=params).result["release"])


def image(lab: Lab, name: str = IMAGE) -> str:
    return lab.web1.docker("image", "inspect", "--format", "{{.Id}}", name).strip()


def test_other_files_are_built_and_a_rollback_runs_the_old_image(place: Host, lab: Lab) -> None:
    site = made(place, template="built", template_version=version("one"))
    old = image(lab)
    number = prepared_for(site, version("two"))
    plan, _, _ = plan_release("site.release", site.releases.get(number=number))
    assert ("recreate", "corner-web-1") in [(one.action, one.name) for one in plan.changes]
    released = did(site, "site.release", number=number)
    assert released.status == "succeeded", words(released)
    assert seen(lab.web1) == (200, "two") and image(lab) != old
    back = did(site, "site.rollback")
    assert back.status == "succeeded", words(back)
    assert seen(lab.web1) == (200, "one") and image(lab) == old
    assert "Building" not in words(back)


def test_a_bad_build_leaves_the_name_to_the_good_image(place: Host, lab: Lab) -> None:
    """Its service stops for its successor, so that the old container is made anew."""
    site = made(place, template="built", template_version=version("one", beside=False))
    old = image(lab)
    released = did(
        site, "site.release", number=prepared_for(site, version("two", BAD, beside=False))
    )
    assert (released.status, released.error_code) == ("undone", "unhealthy"), words(released)
    assert seen(lab.web1) == (200, "one") and image(lab) == old
    lab.web1.run("docker", "compose", "--project-directory", "/srv/sites/corner", "up", "-d")
    assert seen(lab.web1) == (200, "one") and image(lab) == old
