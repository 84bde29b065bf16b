"""The lab as a whole: `with Lab.start() as lab: lab.web1 …`."""

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType

from tests.lab import images
from tests.lab.build import make_tree, start_holder, start_host
from tests.lab.containers import restore_containers
from tests.lab.description import write_description
from tests.lab.host import Host
from tests.lab.inventory import HOSTS
from tests.lab.keeper import start_keeper
from tests.lab.namespaces import start_switch
from tests.lab.process import Process
from tests.lab.registry import Record, locked, register, take_down
from tests.lab.requirements import check_requirements

DEFAULT_PARENT = Path("/var/tmp")


@dataclass
class Lab:
    """Every host also by its name in `hosts`."""

    record: Record
    keeper: subprocess.Popen[bytes]
    hosts: dict[str, Host]

    @classmethod
    def start(cls, tmpdir: Path | None = None) -> "Lab":
        """Start a lab below `tmpdir` (default: /var/tmp) and return when all its daemons answer.

        Several labs run side by side. Raises LabError, with nothing left behind, if it cannot.
        """
        check_requirements()
        record = register(parent=tmpdir or DEFAULT_PARENT)
        keeper = start_keeper(record)
        lab = cls(record, keeper, {})
        try:
            record.keeper = Process.of(keeper.pid)
            record.save()
            lab.hosts.update(_start_hosts(record))
            write_description(lab.hosts, record=record)
        except BaseException:
            lab.stop()
            raise
        return lab

    def stop(self) -> None:
        """End and remove everything the lab started or made; may be called again."""
        with locked():
            if self.record.file.exists():
                take_down(self.record)
        self.keeper.kill()  # on record only once it runs: also ended here, and waited for
        self.keeper.wait(timeout=20)

    def __enter__(self) -> "Lab":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def web1(self) -> Host:
        """A Docker host, reached as root."""
        return self.hosts["web1"]

    @property
    def web2(self) -> Host:
        """A Docker host, reached as `deploy` (sudo), `ops` (socket's group), `guest` (neither),
        `steward` (sudo, for /bin/sh, too)."""
        return self.hosts["web2"]

    @property
    def bare(self) -> Host:
        """A host without Docker."""
        return self.hosts["bare"]

    @property
    def impostor(self) -> Host:
        """An sshd that nobody should log in to; see Host.auth_attempts."""
        return self.hosts["impostor"]

    @property
    def nas(self) -> Host:
        """A host without Docker that keeps backups; see nas.BACKUP_PATH."""
        return self.hosts["nas"]

    def heal(self) -> None:
        """Take back every fault on every host."""
        for host in self.hosts.values():
            host.reset()

    def seed_containers(self) -> None:
        """Back to the containers that the Docker hosts had at the start; all others are removed."""
        for host in self.hosts.values():
            if host.has_docker:
                restore_containers(host)

    def debian_image(self, host: Host) -> str:
        """Put a Debian 12 image on `host` and return its name; made once per machine (minutes)."""
        return images.import_debian(host)


def _start_hosts(record: Record) -> dict[str, Host]:
    switch = _hold(record, start_switch)
    record.network.connect_machine(switch)
    with ThreadPoolExecutor(len(HOSTS)) as pool:
        logins = list(pool.map(partial(make_tree, record=record), HOSTS))
        holders = [_hold(record, partial(start_holder, spec, record=record)) for spec in HOSTS]
        start = partial(start_host, record=record, switch=switch)
        hosts = pool.map(start, HOSTS, holders, logins)
        return {host.name: host for host in hosts}


def _hold(record: Record, start: Callable[[], Process]) -> Process:
    """Start a holder and put it on record at once."""
    holder = start()
    record.holders.append(holder)
    record.save()
    return holder
