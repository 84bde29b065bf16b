"""The one error every driver raises: what failed, as a code, in words, and what to do about it."""

from __future__ import annotations

from typing import Final

ADVICE: Final[dict[str, str]] = {
    "name_unknown": "Check the spelling of the address, or use the IP address.",
    "unreachable": "Check that the host is up and that a firewall lets this machine in.",
    "refused": "Check the port, and that sshd is running on the host.",
    "link_lost": "The connection broke; it is tried again by itself.",
    "timeout": "The host is slow or hangs; look at its load, then try again.",
    "not_ssh": "Something other than an SSH server answers on this port; check the port.",
    "incompatible": "The host offers only algorithms no longer safe; update its SSH server.",
    "host_key_unknown": "Compare the fingerprint with the host's own, then approve it.",
    "host_key_changed": "Somebody may be in between, or the host was reinstalled: "
    "compare the fingerprint on the host's console before approving the new key.",
    "setup_pending": "Finish its set-up first: test it, then confirm it.",
    "forward_refused": "Allow TCP forwarding in that host's sshd (AllowTcpForwarding).",
    "login_refused": "Check the user name and that the public key is in its authorized_keys.",
    "bad_credential": "Import the private key again, with its passphrase if it has one.",
    "no_shell": "Give the user a login shell on the host.",
    "no_sftp": "Turn on SFTP on the host (on a NAS mostly a tick in its settings of SSH or FTP).",
    "sudo_refused": "Allow the user to run docker, systemctl and, for sites, /bin/sh "
    "with sudo without a password.",
    "docker_missing": "Install Docker Engine on the host, or correct the socket's path.",
    "docker_down": "Start Docker on the host: systemctl start docker.",
    "docker_denied": "Add the user to the docker group, or turn on sudo for this host.",
    "docker_error": "Docker's own message says more; look at its log on the host.",
    "compose_missing": "Install the Compose plugin on the host (docker-compose-plugin).",
    "compose_old": "Compose v1 can be read and started, not more; install the Compose plugin.",
    "bad_compose": "Correct the compose file or its .env where the message says.",
    "image_missing": "Check the image's name and tag, and that the host reaches its registry.",
    "registry_down": "The host cannot reach the image's registry; check the registry's name, and "
    "the network and DNS of the host.",
    "registry_denied": "The registry wants a login, or has had enough requests for now; images of "
    "private registries have to be pulled on the host itself.",
    "build_failed": "Look at the build's output; the step that failed is named last.",
    "port_taken": "Another program on the host uses this port; choose another or stop that one.",
    "not_healthy": "Look at the container's log; it ended or its health check fails.",
    "port_closed": "Nothing listens there; look at the state and the log of what should.",
    "tls_failed": "The proxy has no certificate for this name yet, or something else answers; "
    "look at its log.",
    "not_found": "It may have been removed on the host; refresh the host.",
    "conflict": "Its state does not allow this now; refresh and look again.",
    "permission_denied": "Check the owner and the permissions on the host.",
    "disk_full": "Free some space on the host: remove unused images or old logs.",
    "output_too_large": "The answer was cut off; ask for less.",
    "unmounted": "Look on the NAS whether the volume is mounted, and whether the folder is still "
    "called so.",
    "folder_empty": "Put a file there and set its name as the marker: then an empty folder is "
    "known to be one without backups.",
    "no_nas": "Say on the page of the NAS, a host, whose backups lie there.",
    "garbage": "The host's answer could not be read; run the host's test and look at its output.",
    "bad_argument": "Remove the character that cannot be passed on, or shorten the value.",
    "bad_setting": "Correct the setting where SiteFlow runs, then start SiteFlow again.",
    "command_failed": "Look at the output of the command.",
    "proxy_missing": "Install the proxy on this host first.",
    "proxy_down": "Look whether the proxy runs on the host, or install the proxy.",
    "proxy_denied": "It asks for another word than its caddy.json on the host has; put the old "
    "file back, or remove the volume siteflow-proxy_config and install the proxy again.",
    "proxy_refused": "Nothing was changed, all sites are served as before; correct what it names.",
    "proxy_changed": "Try again; if it goes on, find out what else writes to the proxy.",
    "busy": "Too many requests to this host at once; try again in a moment.",
}


class DriverError(Exception):
    """Something outside did not do what was asked.

    ``code`` is one of the keys of :data:`ADVICE`; ``message`` names the host and what failed, fit
    for an operator to read; it never holds a secret.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code

    @property
    def advice(self) -> str:
        return ADVICE[self.code]
