"""Key rotation on real hosts: no moment without a key that logs in, every other byte kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone

from audit.models import Entry
from audit.record import Actor
from provisioning import engine
from provisioning.drivers import authorized_keys, pool
from provisioning.drivers.errors import DriverError
from provisioning.drivers.keys import generate_ed25519
from provisioning.drivers.ssh import SshHost
from provisioning.models import Operation
from provisioning.operations import host_keys
from provisioning.targets import target_of
from provisioning.wizards import moves
from sites.models import Credential, Grant, Host
from tests.lab import Lab
from tests.lab.disk import SOURCE
from tests.provisioning.rows import COMMAND, make_host

pytestmark = pytest.mark.django_db
FILE = "/home/deploy/.ssh/authorized_keys"
STEPS = ("Make a key", "Install it", "Log in with it", "Change over", "Remove the old key")


def add(lab: Lab, user: str = "deploy", **login: Any) -> Host:
    """A host of the lab whose key somebody has approved."""
    key = lab.web2.logins[user].private_key
    params = {
        "name": "it",
        "address": lab.web2.address,
        "port": lab.web2.port,
        "username": user,
        "connect_timeout_s": 5,
        **(login or {"auth": "key", "private_key": key}),
    }
    row = engine.start("host.add", actor=COMMAND, params=params)
    Host.objects.update(host_key=lab.web2.host_public_key, state="reachable")
    return Host.objects.get(pk=row.result["host"])


@pytest.fixture
def deployed(lab: Lab) -> Iterator[bytes]:
    """The file of the user deploy as it was, and is again after the test."""
    path = lab.web2.path(FILE)
    before, mode = path.read_bytes(), path.stat().st_mode
    yield before
    lab.web2.empty_disk()
    path.write_bytes(before)
    path.chmod(mode)
    lab.web2.run("chown", "deploy:deploy", FILE)
    pool.close_all()


def rotate(host: Host, **params: Any) -> Operation:
    row = engine.start("host.rotate-key", host, actor=COMMAND, params=params)
    engine.run(row.pk)
    row.refresh_from_db()
    return row


def logs_in(host: Host) -> bool:
    """With what our row says, on a new connection."""
    driver = SshHost(target_of(Host.objects.get(pk=host.pk)))  # type: ignore[arg-type]
    try:
        driver.connect()
    except DriverError as error:
        assert error.code == "login_refused"
        return False
    finally:
        driver.close()
    return True


def public_key(host: Host) -> bytes:
    credential = Host.objects.get(pk=host.pk).credential
    assert credential is not None
    return credential.public_key.encode()


def in_place(lab: Lab) -> bytes:
    return lab.web2.path(FILE).read_bytes()


def test_a_local_host_has_no_key() -> None:
    row = rotate(make_host())
    assert (row.status, row.error_code) == ("failed", "conflict")


@pytest.mark.lab
def test_the_new_key_takes_the_place_of_the_old_one(lab: Lab, deployed: bytes) -> None:
    other = generate_ed25519("charlie").public_line.encode()
    text = b"# by hand\r\n\r\n" + other + b"\r\n" + deployed.strip() + b"\r\n"
    lab.web2.path(FILE).write_bytes(text)
    host = add(lab)
    row = rotate(host)
    assert (row.status, row.message) == ("succeeded", "it has a new key; the old one is gone.")
    assert [step.name for step in row.steps.all()] == list(STEPS)
    assert in_place(lab) == b"# by hand\r\n\r\n" + other + b"\r\n" + public_key(host) + b"\r\n"
    file = lab.web2.path(FILE).stat()
    assert (file.st_mode & 0o777, file.st_uid) == (0o600, 1000)
    assert logs_in(host)
    assert Credential.objects.count() == 1
    outcome = Entry.objects.get(operation_id=row.pk, phase="outcome")
    assert outcome.before != outcome.after
    assert row.result["public_key"].encode() == public_key(host)


@pytest.mark.lab
def test_the_old_key_may_stay(lab: Lab, deployed: bytes) -> None:
    host = add(lab)
    row = rotate(host, keep_old=True)
    assert row.message == "it has a new key; the old one still lets in on the host."
    assert in_place(lab) == deployed + public_key(host) + b"\n"
    assert Credential.objects.count() == 1


@pytest.mark.lab
def test_from_a_password_to_a_key(lab: Lab) -> None:
    host = add(lab, "ops", auth="password", password=lab.web2.password)
    file = lab.web2.path("/home/ops/.ssh/authorized_keys")
    before = file.read_bytes()
    row = rotate(host)
    assert row.status == "succeeded", row.message
    assert "by key from now on" in row.message
    assert Credential.objects.get().kind == "key"
    assert logs_in(host)
    file.write_bytes(before)


@pytest.mark.lab
def test_a_user_without_any_file_gets_one(lab: Lab) -> None:
    folder = lab.web2.path("/home/ops/.ssh")
    aside = folder.rename(folder.with_name("aside"))
    try:
        host = add(lab, "ops", auth="password", password=lab.web2.password)
        assert rotate(host).status == "succeeded"
        made = folder / "authorized_keys"
        assert made.read_bytes() == public_key(host) + b"\n"
        assert [path.stat().st_mode & 0o777 for path in (folder, made)] == [0o700, 0o600]
    finally:
        lab.web2.run("rm", "-rf", "/home/ops/.ssh")
        aside.rename(folder)


Fault = Callable[[Lab, Host], None]


def read_only(lab: Lab, host: Host) -> None:
    lab.web2.path(FILE).chmod(0o444)


def not_its_own(lab: Lab, host: Host) -> None:
    lab.web2.run("chown", "root:root", FILE)
    lab.web2.path(FILE).chmod(0o644)


def full_disk(lab: Lab, host: Host) -> None:
    folder = FILE.rpartition("/")[0]
    lab.web2.run("cp", "-a", FILE, "/tmp/kept")
    lab.web2.run("mount", "-t", "tmpfs", "-o", "size=16k,mode=700,uid=1000", SOURCE, folder)
    lab.web2.run("cp", "-a", "/tmp/kept", FILE)
    lab.web2.run("sh", "-c", 'cat /dev/zero >"$1/full"', "sh", folder, check=False)


def another_file(lab: Lab, host: Host) -> None:
    lab.web2.run("cp", "-a", FILE, "/etc/ssh/keys-of-deploy")
    lab.web2.configure_sshd(AuthorizedKeysFile="/etc/ssh/keys-of-%u")


@pytest.mark.lab
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (read_only, "permission_denied"),
        (not_its_own, "permission_denied"),
        (full_disk, "disk_full"),
        (another_file, "login_refused"),
    ],
)
def test_a_fault_leaves_all_as_it_was(lab: Lab, deployed: bytes, fault: Fault, code: str) -> None:
    host = add(lab)
    before = public_key(host)
    fault(lab, host)
    row = rotate(host)
    assert (row.status, row.error_code) == ("undone", code), row.message
    assert row.message.endswith("The old key is in use as before.")
    assert lab.web2.run("cat", FILE).stdout.encode() == deployed
    assert lab.web2.run("ls", "-A", FILE.rpartition("/")[0]).stdout.split()[0] == "authorized_keys"
    assert public_key(host) == before and logs_in(host)
    assert Credential.objects.count() == 1


@pytest.mark.lab
def test_a_host_that_goes_silent_after_the_install_keeps_its_old_key(
    lab: Lab, deployed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = add(lab)

    def silent(target: Any) -> None:
        lab.web2.stop_sshd()
        refused()

    monkeypatch.setattr(host_keys, "_prove", silent)
    row = rotate(host)
    assert (row.status, row.error_code) == ("failed", "refused")
    lab.web2.restart_sshd()
    left = in_place(lab)[len(deployed) :].decode().strip()
    assert left in row.output.last().text  # type: ignore[union-attr]
    assert logs_in(host)
    assert Credential.objects.count() == 1  # nobody has the key of the line that is left


def refused(target: Any = None) -> None:
    raise DriverError("it: connection refused", "refused")


@pytest.mark.lab
def test_a_host_changed_meanwhile_is_not_overruled(
    lab: Lab, deployed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = add(lab)
    key = {"auth": "key", "private_key": lab.web2.logins["deploy"].private_key}
    change: Any = lambda target: engine.start("host.change", host, actor=COMMAND, params=key)  # noqa: E731
    monkeypatch.setattr(host_keys, "_prove", change)
    row = rotate(host)
    assert (row.status, row.error_code) == ("undone", "conflict")
    assert in_place(lab) == deployed and logs_in(host)


class Killed(BaseException):
    """As SIGKILL: nothing of the verb runs any more."""


def dies(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    def hit(kind: str, step: str, when: str) -> None:
        if f"{step}/{when}" == place:
            raise Killed

    monkeypatch.setattr("provisioning.engine.running.failpoints.hit", hit)
    monkeypatch.setattr("provisioning.engine.worker.finish", lambda *args, **values: None)


def taken_over(row: Operation) -> None:
    past = timezone.now() - timedelta(seconds=30)
    Operation.objects.filter(pk=row.pk).update(lease_until=past, rung_at=past)
    engine.run(row.pk)
    row.refresh_from_db()


@pytest.mark.lab
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_it_is_finished_and_a_key_logs_in_all_the_while(
    lab: Lab, deployed: bytes, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    host = add(lab)
    row = engine.start("host.rotate-key", host, actor=COMMAND)
    with monkeypatch.context() as patch:
        dies(patch, f"{step}/{when}")
        with pytest.raises(Killed):
            engine.run(row.pk)
    assert logs_in(host)
    taken_over(row)
    assert row.status == "succeeded", row.message
    assert in_place(lab) == public_key(host) + b"\n"
    assert logs_in(host)
    assert Credential.objects.count() == 1
    assert Entry.objects.filter(operation_id=row.pk, phase="outcome").count() == 1


@pytest.mark.lab
def test_killed_while_it_undoes_it_is_undone_by_the_next(
    lab: Lab, deployed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = add(lab)
    row = engine.start("host.rotate-key", host, actor=COMMAND)
    with monkeypatch.context() as patch:
        patch.setattr("provisioning.engine.worker.finish", lambda *args, **values: None)
        patch.setattr(host_keys, "_prove", refused)
        patch.setattr(authorized_keys, "without_key", killing)
        with pytest.raises(Killed):
            engine.run(row.pk)
    assert in_place(lab) != deployed and logs_in(host)
    taken_over(row)
    assert (row.status, row.error_code) == ("undone", "interrupted")
    assert "connection refused" in row.message
    assert in_place(lab) == deployed and logs_in(host)
    assert Credential.objects.count() == 1


def killing(*args: Any) -> bytes:
    raise Killed


@pytest.mark.lab
def test_an_old_line_that_cannot_be_removed_is_told_and_locks_nobody_out(
    lab: Lab, deployed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = add(lab)
    monkeypatch.setattr(host_keys, "_change_over", _then(host_keys._change_over, lab))
    row = rotate(host)
    assert (row.status, row.error_code) == ("failed", "permission_denied")
    assert row.message.startswith("it has its new key, but the old one was not removed")
    assert in_place(lab) == deployed + public_key(host) + b"\n"
    assert logs_in(host)


def _then(change_over: Any, lab: Lab) -> Any:
    def both(*args: Any) -> None:
        change_over(*args)
        lab.web2.path(FILE).chmod(0o444)

    return both


def test_the_right_to_manage_one_host_is_enough_for_this_host(charlie: User) -> None:
    mine, other = make_host("mine"), make_host("other")
    role = Group.objects.get(name="admin")
    Grant.objects.create(role=role, user=charlie, host=mine)
    actor = Actor(user_id=charlie.pk, name=charlie.username, source="api")
    assert engine.start("host.rotate-key", mine, actor=actor).status == "queued"
    with pytest.raises(engine.Refused):
        engine.start("host.rotate-key", other, actor=actor)
    with pytest.raises(engine.Refused):
        moves.start("ssh_host", actor=actor)
