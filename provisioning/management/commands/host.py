"""manage.py host add | approve-key | confirm | list | show | facts | services | remove | …"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from django_typer.management import command

from audit.console_command import ConsoleCommand
from audit.console_input import from_stdin
from audit.console_output import AsJson, print_fields, print_json, print_rows
from provisioning.management.following import Follower, begin, follow
from provisioning.management.naming import host_named
from provisioning.management.ssh_address import parse_ssh
from provisioning.management.verbs import Yes, add_verbs, said_yes
from sites.models import Host
from sites.rows import EVERYTHING, host_rows
from sites.schemas import host_out

COLUMNS = ("id", "name", "connection", "address", "port", "username", "state", "state_since",
           "error")  # fmt: skip
Name = Annotated[str, typer.Argument(metavar="NAME", help="a host, or its id")]
MAX_KEY_CHARS = 20_000  # as `host.add` takes; it refuses one more


class Command(ConsoleCommand):
    """Hosts: add them, approve their keys, look at them."""

    @command("list")
    def list_hosts(self, as_json: AsJson = False) -> None:
        """All hosts and how they are reached."""
        rows = [host_out(row) for row in host_rows(EVERYTHING)]
        print_rows(rows, columns=COLUMNS, as_json=as_json, to=self.stdout)

    @command("show")
    def show(self, name: Name, as_json: AsJson = False) -> None:
        """All that is known of a host. Nothing secret is shown to anybody."""
        print_fields(host_out(host_named(name)), as_json=as_json, to=self.stdout)

    @command("facts")
    def facts(self, name: Name, as_json: AsJson = False) -> None:
        """What the host was found to be when it was last refreshed."""
        host = host_named(name)
        self._never(host, host.facts_at)
        print_fields(host.facts, as_json=as_json, to=self.stdout)

    @command("services")
    def services(self, name: Name, as_json: AsJson = False) -> None:
        """Its systemd services when it was last refreshed."""
        host = host_named(name)
        self._never(host, host.services_at)
        rows = host.services
        print_rows(rows, columns=list(rows[0]) if rows else [], as_json=as_json, to=self.stdout)

    @command("add")
    def add(
        self,
        name: Annotated[str, typer.Argument(metavar="NAME", help="a short name of your own")],
        ssh: Annotated[
            str, typer.Option("--ssh", metavar="USER@ADDR[:PORT]", help="IPv6 in [brackets]")
        ] = "",
        local: Annotated[bool, typer.Option("--local", help="this machine's own Docker")] = False,
        key_file: Annotated[
            Path | None, typer.Option(help="a private key to log in with", dir_okay=False)
        ] = None,
        generate_key: Annotated[
            bool, typer.Option("--generate-key", help="make a new ED25519 key (the default)")
        ] = False,
        password_stdin: Annotated[
            bool, typer.Option("--password-stdin", help="read the password from standard input")
        ] = False,
        passphrase_stdin: Annotated[
            bool, typer.Option("--passphrase-stdin", help="the key file's, from standard input")
        ] = False,
        docker_socket: Annotated[str, typer.Option(metavar="PATH")] = "",
        sudo: Annotated[bool, typer.Option("--sudo", help="docker and systemctl by sudo")] = False,
        via: Annotated[str, typer.Option(metavar="HOST", help="another host to jump from")] = "",
        pending: Annotated[
            bool, typer.Option("--pending", help="not watched before `host confirm`")
        ] = False,
        as_json: AsJson = False,
    ) -> None:
        """Add a host. Its key is to be approved before anything is sent to it."""
        if bool(ssh) == local:
            raise typer.BadParameter("Give either --ssh USER@ADDR[:PORT] or --local.")
        params: dict[str, Any] = {"name": name, "connection": "local" if local else "ssh"}
        params |= {"docker_socket": docker_socket} if docker_socket else {}
        params |= {"pending": True} if pending else {}
        if ssh:
            chosen = [key_file is not None, generate_key, password_stdin]
            if sum(chosen) > 1:
                raise typer.BadParameter(
                    "Give one of --key-file, --generate-key and --password-stdin."
                )
            params |= parse_ssh(ssh) | {"sudo": sudo}
            params |= {"via": host_named(via).pk} if via else {}
            params |= login(key_file, password=password_stdin, passphrase=passphrase_stdin)
        row = begin("host.add", None, params=params)
        made = host_named(str(row.result["host"]))
        if as_json:
            return print_json(host_out(made), to=self.stdout)
        self.stdout.write("\n".join(next_steps(made)))

    @command("approve-key")
    def approve_key(
        self,
        name: Name,
        fingerprint: Annotated[
            str, typer.Option(metavar="SHA256:…", help="as ssh-keygen -lf prints it on the host")
        ] = "",
        as_json: AsJson = False,
    ) -> None:
        """Trust the key a host offers, after comparing its fingerprint."""
        host = host_named(name)
        if not host.offered_key:
            host = self._offered(host)
        if not fingerprint:
            fingerprint = self._compared(host)
        row = begin("host.approve-key", host, params={"fingerprint": fingerprint})
        if as_json:
            return print_json(host_out(host_named(name)), to=self.stdout)
        self.stdout.write(f"{row.message} Next: manage.py host test {host.name}")

    @command("confirm")
    def confirm(self, name: Name, as_json: AsJson = False) -> None:
        """End the set-up of a host that was added as pending: it is watched from now on."""
        row = begin("host.confirm", host_named(name), params={})
        follow(row, no_wait=False, as_json=as_json, out=self.stdout, err=self.stderr)

    @command("tag")
    def tag(
        self,
        name: Name,
        tags: Annotated[list[str] | None, typer.Argument(help="all it is to have")] = None,
        as_json: AsJson = False,
    ) -> None:
        """Put these tags on a host and take off all others."""
        row = begin("host.tag", host_named(name), params={"tags": tags or []})
        follow(row, no_wait=False, as_json=as_json, out=self.stdout, err=self.stderr)

    @command("terminals")
    def terminals(
        self,
        name: Name,
        policy: Annotated[str, typer.Argument(help="strict, buffered or off")],
        as_json: AsJson = False,
    ) -> None:
        """Whether terminals may be opened on a host, and whether each must be recorded."""
        row = begin("host.terminals", host_named(name), params={"terminals": policy})
        follow(row, no_wait=False, as_json=as_json, out=self.stdout, err=self.stderr)

    @command("remove")
    def remove(self, name: Name, yes: Yes = False, as_json: AsJson = False) -> None:
        """Forget a host and all that was known of it. On the host nothing is touched."""
        host = host_named(name)
        if not yes:
            said_yes(f"Remove {host.name}?", otherwise="Confirm with --yes.")
        row = begin("host.remove", host, params={}, confirm_name=host.name)
        follow(row, no_wait=False, as_json=as_json, out=self.stdout, err=self.stderr)

    def _never(self, host: Host, read_at: datetime | None) -> None:
        if read_at is None:
            self.stderr.write(f"Not read yet. Try: manage.py host refresh {host.name}")

    def _offered(self, host: Host) -> Host:
        """Has the host looked at, so that it shows its key; its test is then bound to fail."""
        row = begin("host.test", host, params={})
        Follower(row, say=self.stderr.write).to_the_end()
        host.refresh_from_db()
        if not host.offered_key:
            said = row.message if host.host_key == "" else f"{host.name} shows its approved key."
            raise CannotApprove(said)
        return host

    def _compared(self, host: Host) -> str:
        shown = host.offered_fingerprint
        self.stdout.write(f"{host.name} ({host.address}) shows the host key {shown}")
        self.stdout.write("On the host: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub")
        said_yes("Is that the same?", otherwise="Give --fingerprint after comparing it.")
        return shown


add_verbs(Command, "host", host_named)


class CannotApprove(Exception):
    code = "nothing_offered"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def login(key_file: Path | None, *, password: bool, passphrase: bool) -> dict[str, Any]:
    """How to log in. Secrets come by file or standard input, never as arguments."""
    if password:
        return {"auth": "password", "password": from_stdin("password")}
    if key_file is None:
        return {"auth": "generate"}
    try:
        with key_file.open(encoding="utf-8", errors="replace") as file:
            text = file.read(MAX_KEY_CHARS + 1)  # a device may have no end
    except OSError as error:
        raise typer.BadParameter(f"{key_file}: {error.strerror}.") from error
    key: dict[str, Any] = {"auth": "key", "private_key": text}
    return key | ({"passphrase": from_stdin("passphrase")} if passphrase else {})


def next_steps(host: Host) -> list[str]:
    if host.connection == Host.Connection.LOCAL:
        return [f"{host.name} is added. Next: manage.py host test {host.name}"]
    lines = [f"{host.name} is added."]
    if host.credential and host.credential.public_key:
        lines += [
            f"Append this line to ~{host.username}/.ssh/authorized_keys on {host.address}:",
            host.credential.public_key,
        ]
    return [*lines, f"Next: manage.py host approve-key {host.name}"]
