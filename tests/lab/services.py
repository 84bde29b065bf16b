"""The systemd services that the hosts' stand-in for systemctl (systemctl.sh) tells of."""

UNITS = "var/lib/systemctl-stand-in/units"
EPOCH_S = 1_767_225_600  # 2026-01-01T00:00:00Z: since when the running services are active
DOCKER_SERVICES = ("docker.service", "containerd.service")
# name, active, sub, unit file state, description
SERVICES = (
    ("backup.service", "failed", "failed", "enabled", "Nightly backup"),
    ("caddy.service", "active", "running", "enabled", "Caddy"),
    ("containerd.service", "active", "running", "enabled", "containerd container runtime"),
    (
        "cron.service",
        "active",
        "running",
        "enabled",
        "Regular background program processing daemon",
    ),
    ("docker.service", "active", "running", "enabled", "Docker Application Container Engine"),
    ("fail2ban.service", "inactive", "dead", "disabled", "Fail2Ban Service"),
    ("ssh.service", "active", "running", "enabled", "OpenBSD Secure Shell server"),
    ("systemd-journald.service", "active", "running", "static", "Journal Service"),
    ("unattended-upgrades.service", "active", "running", "enabled", "Unattended Upgrades Shutdown"),
)


def units_file(*, has_docker: bool) -> str:
    """The stand-in's file of state; its format stands at the top of systemctl.sh."""
    known = [s for s in SERVICES if has_docker or s[0] not in DOCKER_SERVICES]
    lines = []
    for number, (name, active, sub, enabled, description) in enumerate(known):
        pid, since = (500 + number, EPOCH_S) if active == "active" else (0, "")
        lines.append(f"{name}|loaded|{active}|{sub}|{enabled}|{pid}|0|{since}|{description}\n")
    return "".join(lines)
