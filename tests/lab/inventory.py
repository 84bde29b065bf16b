"""Which hosts the lab has."""

from dataclasses import dataclass

from tests.lab.accounts import BACKUP, DEPLOY, GUEST, OPS, ROOT, STEWARD, Account


@dataclass(frozen=True)
class HostSpec:
    name: str
    number: int  # its place in the network
    accounts: tuple[Account, ...]  # the first is the one it is usually reached as
    has_docker: bool = False


HOSTS = (
    HostSpec("web1", 1, (ROOT,), has_docker=True),
    HostSpec("web2", 2, (DEPLOY, OPS, GUEST, STEWARD), has_docker=True),
    HostSpec("bare", 3, (ROOT,)),
    HostSpec("impostor", 4, (ROOT,)),
    HostSpec("nas", 5, (BACKUP,)),
)
