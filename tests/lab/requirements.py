"""What a machine must have for the lab, and what to say when it has not."""

import os
import shutil
from pathlib import Path

from tests.lab.command import LabError

INSTALL = Path(__file__).with_name("install")
COMMANDS = (
    "dockerd containerd runc docker sshd ssh ssh-keygen openssl iptables sudo busybox ip ss "
    "nsenter unshare debootstrap"
)
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def missing() -> list[str]:
    """What keeps the lab from running here, in words; empty if nothing does."""
    reasons = [] if os.geteuid() == 0 else ["the lab runs as root only"]
    if not Path("/etc/debian_version").exists():
        reasons.append("the lab runs on Debian only")
    commands = [c for c in COMMANDS.split() if not shutil.which(c, path=SEARCH_PATH)]
    if commands:
        reasons.append(f"not installed: {', '.join(commands)}; run {INSTALL}")
    return reasons


def check_requirements() -> None:
    if reasons := missing():
        raise LabError("; ".join(reasons))
