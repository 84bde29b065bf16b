"""What can be wrong with a real host, each with its own code, words and advice."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning import engine
from provisioning.drivers import keys, pool
from provisioning.drivers.errors import ADVICE
from provisioning.models import Operation
from sites.models import Container, Host
from tests.lab import Lab
from tests.provisioning.rows import COMMAND

pytestmark = [pytest.mark.lab, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def _no_connection_is_kept() -> Any:
    yield
    pool.close_all()


def known(lab_host: Any, *, approved: str | None = None, **values: Any) -> Host:
    """A host of the lab whose key somebody has approved."""
    given = {
        "name": "it",
        "address": lab_host.address,
        "port": lab_host.port,
        "username": lab_host.user,
        "auth": "key",
        "private_key": lab_host.private_key,
        "connect_timeout_s": 3,
        **values,
    }
    row = engine.start("host.add", actor=COMMAND, params=given)
    assert row.host is not None
    Host.objects.filter(pk=row.host.pk).update(host_key=approved or lab_host.host_public_key)
    row.host.refresh_from_db()
    return row.host


def tried(host: Host) -> Operation:
    row = engine.start("host.test", host, actor=COMMAND)
    engine.run(row.pk)
    row.refresh_from_db()
    host.refresh_from_db()
    return row


def check(row: Operation, host: Host, *, code: str, state: str) -> None:
    assert (row.status, row.error_code) == ("failed", code)
    assert row.advice == ADVICE[code]
    assert host.name in row.message
    assert host.state == state
    assert not Container.objects.exists()


def test_a_good_host_passes_every_step(lab: Lab) -> None:
    host = known(lab.web1)
    row = tried(host)
    assert row.status == "succeeded", row.message
    assert [step["name"] for step in host.preflight] == [
        "reach", "key", "login", "shell", "docker", "compose", "disk",
    ]  # fmt: skip
    assert {step["verdict"] for step in host.preflight} <= {"ok", "warning"}


def test_sudo_has_a_step_of_its_own(lab: Lab) -> None:
    host = known(lab.web2, sudo=True)
    assert tried(host).status == "succeeded"
    assert "sudo" in [step["name"] for step in host.preflight]


def test_a_host_behind_another(lab: Lab) -> None:
    jump = known(lab.web1, name="jump")
    behind = known(lab.web2, address=lab.web2.inner_address, sudo=True, via=jump.pk)
    assert tried(behind).status == "succeeded", behind.error


def test_an_unknown_name(lab: Lab) -> None:
    host = known(lab.web1, address="no-such-host.invalid")
    check(tried(host), host, code="name_unknown", state="unreachable")


def test_a_wrong_port(lab: Lab) -> None:
    host = known(lab.web1, port=2222)
    check(tried(host), host, code="refused", state="unreachable")


def test_a_host_that_is_gone(lab: Lab) -> None:
    host = known(lab.web1)
    lab.web1.black_hole()
    check(tried(host), host, code="unreachable", state="unreachable")


def test_a_key_the_host_does_not_take(lab: Lab) -> None:
    host = known(lab.web1, private_key=keys.generate_ed25519("other").private_text)
    check(tried(host), host, code="login_refused", state="unreachable")


def test_a_password(lab: Lab) -> None:
    user, password = lab.web2.password_user, lab.web2.password
    login = {"username": user, "auth": "password", "password": password, "private_key": None}
    assert tried(known(lab.web2, **login)).status == "succeeded"


def test_a_wrong_password(lab: Lab) -> None:
    login = {"auth": "password", "password": "wrong", "private_key": None}
    host = known(lab.web2, username=lab.web2.password_user, **login)
    check(tried(host), host, code="login_refused", state="unreachable")


def test_a_host_without_docker(lab: Lab) -> None:
    host = known(lab.bare)
    check(tried(host), host, code="docker_missing", state="no_docker")


def test_a_docker_that_is_down(lab: Lab) -> None:
    host = known(lab.web1)
    lab.web1.stop_dockerd()
    row = tried(host)
    assert (row.status, row.error_code, host.state) == ("failed", "docker_down", "no_docker")


def test_a_user_whom_docker_does_not_let_in(lab: Lab) -> None:
    guest = lab.web2.logins["guest"]
    host = known(lab.web2, username="guest", private_key=guest.private_key)
    check(tried(host), host, code="docker_denied", state="no_docker")


def test_a_user_who_may_not_sudo(lab: Lab) -> None:
    guest = lab.web2.logins["guest"]
    host = known(lab.web2, username="guest", private_key=guest.private_key, sudo=True)
    check(tried(host), host, code="sudo_refused", state="no_docker")


def test_a_full_disk(lab: Lab) -> None:
    host = known(lab.web1)
    lab.web1.fill_disk("/var/lib/docker")
    row = tried(host)
    assert (row.status, row.error_code, host.state) == ("failed", "disk_full", "reachable")


def test_a_host_that_shows_another_key_gets_no_login(lab: Lab) -> None:
    before = lab.impostor.auth_attempts()
    host = known(lab.impostor, approved=lab.web1.host_public_key)
    row = tried(host)
    assert (row.error_code, host.state) == ("host_key_changed", "key_changed")
    assert host.offered_fingerprint == lab.impostor.fingerprint
    assert lab.impostor.fingerprint in host.error
    refreshed = engine.start("host.refresh", host, actor=COMMAND)
    engine.run(refreshed.pk)
    assert lab.impostor.auth_attempts() == before


def test_first_contact_sends_nothing_but_a_key_exchange(lab: Lab) -> None:
    before = lab.impostor.auth_attempts()
    host = known(lab.impostor)
    Host.objects.filter(pk=host.pk).update(host_key="")
    row = tried(host)
    assert (row.error_code, host.state) == ("host_key_unknown", "key_unapproved")
    assert host.offered_fingerprint == lab.impostor.fingerprint
    assert lab.impostor.auth_attempts() == before


def test_a_service_is_restarted_through_sudo(lab: Lab) -> None:
    host = known(lab.web2, sudo=True)
    params = {"service": "caddy.service"}
    row = engine.start("host.restart-service", host, actor=COMMAND, params=params)
    engine.run(row.pk)
    row.refresh_from_db()
    assert row.status == "succeeded", row.message


def test_a_service_that_is_not_there(lab: Lab) -> None:
    host = known(lab.web1)
    params = {"service": "nothing.service"}
    row = engine.start("host.restart-service", host, actor=COMMAND, params=params)
    engine.run(row.pk)
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("failed", "not_found")
