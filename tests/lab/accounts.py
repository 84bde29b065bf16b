"""Who may log in on a lab host, and with what."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.command import run


@dataclass(frozen=True)
class Account:
    """One Unix user. `sudo` are the commands it may run as root without being asked."""

    user: str
    uid: int
    groups: tuple[str, ...] = ()
    sudo: tuple[str, ...] = ()
    with_password: bool = False

    @property
    def home(self) -> str:
        return "/root" if self.uid == 0 else f"/home/{self.user}"


@dataclass(frozen=True)
class Login:
    """How to log in as one account: its key, and a password if it has one."""

    account: Account
    private_key_file: Path
    password: str | None = field(default=None, repr=False)

    @property
    def user(self) -> str:
        return self.account.user

    @property
    def private_key(self) -> str:
        return self.private_key_file.read_text()

    @property
    def public_key(self) -> str:
        return self.private_key_file.with_suffix(".pub").read_text().strip()


ROOT = Account("root", 0)
# The ways a person who is not root reaches Docker: sudo, the socket's group, not at all.
DEPLOY = Account("deploy", 1000, sudo=("/usr/bin/docker", "/usr/bin/systemctl"))
# Files of sites are written by scripts for /bin/sh; who may run that as root may do anything.
STEWARD = Account("steward", 1003, sudo=("/usr/bin/docker", "/usr/bin/systemctl", "/bin/sh"))
OPS = Account("ops", 1001, groups=("docker",), with_password=True)
GUEST = Account("guest", 1002)
BACKUP = Account("backup", 1000)


def make_key(path: Path, *, comment: str) -> Path:
    """Write a new ED25519 key to `path` (mode 600) and its public half to `path`.pub."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)])
    return path


def hashed(password: str) -> str:
    """`password` as it stands in /etc/shadow (crypt(5), SHA-512)."""
    return run(["openssl", "passwd", "-6", "-stdin"], stdin=password).stdout.strip()
