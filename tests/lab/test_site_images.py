"""Each template comes up on a host of the lab by `docker compose up -d` alone, and answers.

Building what they run takes minutes on a new machine, so `make templates` runs these apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from provisioning.site_templates.library import shipped
from provisioning.site_templates.shape import Template
from tests.lab import Host, Lab, LabError
from tests.lab.command import wait_until
from tests.lab.site_images import built_tags, site_images, write_site

pytestmark = [pytest.mark.lab, pytest.mark.software]
ALL = list(shipped().values())
PROXY = "siteflow_proxy"


@pytest.fixture(scope="module")
def host(lab: Lab) -> Iterator[Host]:
    lab.web1.docker("network", "create", PROXY)
    yield lab.web1
    lab.web1.docker("network", "rm", PROXY)


@pytest.fixture
def site(host: Host, template: Template) -> Iterator[str]:
    """The project, up; afterwards nothing of it is left."""
    project, folder = f"{template.id}-1", f"/srv/{template.id}-1"
    site_images(host, template, project=project)
    write_site(host, template, project=project, domain="www.example.org", folder=folder)
    compose = ("compose", "--project-directory", folder)
    try:
        host.docker(*compose, "up", "--detach", timeout_s=300)
        yield project
    finally:
        host.docker(*compose, "down", "--volumes", "--timeout", "2", timeout_s=120)
        host.docker("rmi", "--force", *built_tags(template, project=project))
        host.run("rm", "-rf", folder)


@pytest.mark.parametrize("template", ALL, ids=[template.id for template in ALL])
def test_it_comes_up_alone_and_answers(host: Host, template: Template, site: str) -> None:
    web = f"{site}-{template.manifest.web_service}-1"
    wait_until(lambda: _states(host, site) == {"healthy"}, what="all is healthy", timeout_s=180)
    _get(host, web, template, template.manifest.probe_path)
    assert "My site" in _get(host, web, template, "/")
    # The proxy's network has the web service only.
    containers = json.loads(host.docker("network", "inspect", PROXY))[0]["Containers"].values()
    assert [one["Name"] for one in containers] == [web]


def _states(host: Host, project: str) -> set[str]:
    ours = f"--filter=label=com.docker.compose.project={project}"
    names = host.docker("ps", "--all", "--quiet", ours).split()
    return set(host.docker("inspect", "--format={{.State.Health.Status}}", *names).split())


def _get(host: Host, container: str, template: Template, path: str) -> str:
    """As the proxy asks; raises LabError unless it is answered by 200."""
    found = json.loads(host.docker("inspect", container))[0]["NetworkSettings"]["Networks"]
    address = f"http://{found[PROXY]['IPAddress']}:{template.manifest.web_port}{path}"
    headers = ("--header=Host: www.example.org", "--header=X-Forwarded-Proto: https")
    try:
        return host.run("busybox", "wget", "-q", "-O", "-", *headers, address).stdout
    except LabError as error:
        raise LabError(f"{error}: {host.docker('logs', '--tail=30', container)}") from error
