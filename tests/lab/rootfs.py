"""The file system of a lab host: /usr and /etc of this machine below, the host's own files above.

Nothing of the machine's own /etc, /root, /home, /srv, /var or /run is seen or changed.
"""

import os
import shutil
import stat
from pathlib import Path

from tests.lab.accounts import Login, hashed

FOLDERS = (
    "usr etc proc sys dev run root home srv opt mnt media tmp var/lib var/log var/cache var/tmp"
)
STAND_IN = Path(__file__).with_name("systemctl.sh")
# Taken away from hosts that have no Docker.
DOCKER_FILES = ("bin/docker", "sbin/dockerd", "bin/docker-proxy", "sbin/docker-proxy")
SYSTEM_USERS = (
    "daemon:x:1:1::/usr/sbin:/usr/sbin/nologin",
    "sshd:x:100:65534::/run/sshd:/usr/sbin/nologin",
    "nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin",
)
SYSTEM_GROUPS = ("daemon:x:1:", "tty:x:5:", "sudo:x:27:", "shadow:x:42:", "nogroup:x:65534:")
SUDOERS = """Defaults env_reset
Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
root ALL=(ALL:ALL) ALL
"""


def build(*, tree: Path, name: str, address: str, logins: list[Login], has_docker: bool) -> None:
    """Make the folders that init.sh mounts: `tree`/root, and the upper layers `usr` and `etc`."""
    for folder in ("root", "usr", "usr.work", "etc", "etc.work"):
        (tree / folder).mkdir(parents=True)
    _base(tree / "root")
    _usr(tree / "usr", has_docker=has_docker)
    _etc(tree / "etc", name=name, address=address)
    _users(tree / "etc", logins)
    for login in logins:
        _home(tree / "root", login)


def _base(root: Path) -> None:
    for folder in FOLDERS.split():
        (root / folder).mkdir(parents=True)
    for folder in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        machine = Path("/", folder)
        if machine.is_symlink():
            (root / folder).symlink_to(machine.readlink())
    (root / "var/run").symlink_to("../run")
    (root / "var/lock").symlink_to("../run/lock")
    for folder in ("tmp", "var/tmp"):
        (root / folder).chmod(0o1777)
    (root / "root").chmod(0o700)


def _usr(usr: Path, *, has_docker: bool) -> None:
    _own_folder(usr / "local")
    for folder in ("local/bin", "local/sbin", "bin", "sbin"):
        (usr / folder).mkdir(exist_ok=True)
    shutil.copy(STAND_IN, usr / "bin/systemctl")
    (usr / "bin/systemctl").chmod(0o755)
    if not has_docker:
        for file in DOCKER_FILES:
            os.mknod(usr / file, stat.S_IFCHR)  # overlayfs: a file taken away


def _etc(etc: Path, *, name: str, address: str) -> None:
    for folder in ("ssh", "sudoers.d", "docker", "profile.d"):
        _own_folder(etc / folder)
    _write(etc / "hostname", f"{name}\n")
    _write(etc / "hosts", f"127.0.0.1 localhost\n{address} {name}\n")
    # Nothing answers there: a name that has to be looked up fails at once, and nothing leaves.
    _write(etc / "resolv.conf", f"nameserver {address}\noptions timeout:1 attempts:1\n")
    _write(etc / "environment", "")
    _write(etc / "sudoers", SUDOERS + "@includedir /etc/sudoers.d\n", mode=0o440)


def _users(etc: Path, logins: list[Login]) -> None:
    accounts = [login.account for login in logins]
    members = ",".join(account.user for account in accounts if "docker" in account.groups)
    passwd = [f"{a.user}:x:{a.uid}:{a.uid}::{a.home}:/bin/bash" for a in accounts]
    groups = [f"{a.user}:x:{a.uid}:" for a in accounts] + [f"docker:x:999:{members}"]
    if not any(account.uid == 0 for account in accounts):
        passwd.insert(0, "root:x:0:0::/root:/bin/bash")
        groups.insert(0, "root:x:0:")
    passwd.extend(SYSTEM_USERS)
    groups.extend(SYSTEM_GROUPS)
    _write(etc / "passwd", "\n".join(passwd) + "\n")
    _write(etc / "group", "\n".join(groups) + "\n")
    _write(etc / "shadow", _shadow(passwd, logins), mode=0o600)
    _write(etc / "gshadow", "".join(f"{g.split(':')[0]}:*::\n" for g in groups), mode=0o600)
    for account in accounts:
        rules = [f"{account.user} ALL=(root) NOPASSWD: {command}\n" for command in account.sudo]
        if rules:
            _write(etc / "sudoers.d" / account.user, "".join(rules), mode=0o440)


def _shadow(passwd: list[str], logins: list[Login]) -> str:
    # "*" is no password; "!" would lock the account for keys too, as sshd does without PAM.
    hashes = {login.user: hashed(login.password) for login in logins if login.password}
    users = [line.split(":")[0] for line in passwd]
    return "".join(f"{user}:{hashes.get(user, '*')}:19000:0:99999:7:::\n" for user in users)


def _home(root: Path, login: Login) -> None:
    home = root / login.account.home.lstrip("/")
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    _write(home / ".ssh/authorized_keys", login.public_key + "\n", mode=0o600)
    for path in (home, home / ".ssh", home / ".ssh/authorized_keys"):
        os.chown(path, login.account.uid, login.account.uid)


def _own_folder(path: Path) -> None:
    """A folder whose content from the layer below is hidden (overlayfs: opaque)."""
    path.mkdir()
    os.setxattr(path, "trusted.overlay.opaque", b"y")


def _write(path: Path, text: str, *, mode: int = 0o644) -> None:
    path.write_text(text)
    path.chmod(mode)
