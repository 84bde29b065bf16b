"""Faults of a host's link. They act in the host's own network namespace and nowhere else."""

from tests.lab.machine import Machine

# (table, rule) by fault. REJECT exists only in the filter table. A host's RSTs must get out, so
# that the other side learns at once that its connection has ended.
RST_OUT = "-o eth0 -p tcp --tcp-flags RST RST"
RULES: dict[str, tuple[tuple[str, str], ...]] = {
    "black-hole": (
        ("mangle", "PREROUTING -i eth0 -j DROP"),
        ("mangle", "POSTROUTING -o eth0 -j DROP"),
    ),
    "cut": (
        ("filter", "INPUT -i eth0 -p tcp -j REJECT --reject-with tcp-reset"),
        ("filter", "FORWARD -i eth0 -p tcp -j REJECT --reject-with tcp-reset"),
        ("filter", "OUTPUT -o eth0 -p tcp -j REJECT --reject-with tcp-reset"),
        ("filter", f"OUTPUT {RST_OUT} -j ACCEPT"),
    ),
}
ALL = [rule for rules in RULES.values() for rule in rules]


class Link(Machine):
    def black_hole(self) -> None:
        """Every packet from and to the host vanishes; connections stay open and get no answer."""
        self._insert("black-hole")

    def cut(self) -> None:
        """Every connection ends now with a reset, and every new one is refused with one."""
        self._insert("cut")
        # ss answers with failure when it found nothing to end.
        self.run("ss", "-K", "src", self.address, check=False)
        self.run("ss", "-K", "src", self.inner_address, check=False)

    def heal(self) -> None:
        """Take away what black_hole() and cut() did; nothing to do if neither is in force."""
        deletes = [f"while iptables -w -t {table} -D {rule}; do :; done" for table, rule in ALL]
        self.run("sh", "-c", "\n".join(deletes), check=False)

    def _insert(self, fault: str) -> None:
        self.heal()
        commands = [f"iptables -w -t {table} -I {rule}" for table, rule in RULES[fault]]
        self.run("sh", "-ec", "\n".join(commands))
