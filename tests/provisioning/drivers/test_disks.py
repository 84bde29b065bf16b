from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.drivers.disks import Disk, df_argv, parse_df, parse_disks

GNU = """\
Filesystem     1024-blocks     Used Available Capacity Mounted on
udev               4010344        0   4010344       0% /dev
tmpfs               806732     1236    805496       1% /run
/dev/vda1         40501044 18322104  20411744      48% /
tmpfs              4033648        0   4033648       0% /dev/shm
/dev/vda1         40501044 18322104  20411744      48% /var/lib/bind mount
/dev/vda15          126678    11840    114839      10% /boot/efi
overlay           40501044 18322104  20411744      48% /var/lib/docker/overlay2/ab/merged
nas:/volume1    1048576000 99999999 948576001      10% /mnt/nas
"""
BUSYBOX = """\
Filesystem           1024-blocks    Used Available Capacity Mounted on
overlay               40501044  40000000  -1200000      99% /
tmpfs                    65536         0     65536       0% /dev
"""


def test_real_disks_each_once() -> None:
    assert [disk.mount for disk in parse_disks(GNU)] == ["/", "/boot/efi", "/mnt/nas"]
    root = parse_disks(GNU)[0]
    assert root == Disk("/", 40501044 * 1024, 18322104 * 1024, 20411744 * 1024)
    assert round(root.used_percent) == 47


def test_the_root_counts_whatever_it_is() -> None:
    (root,) = parse_disks(BUSYBOX)
    assert root.mount == "/"
    assert root.available_bytes == 0
    assert root.used_percent == 100


def test_everything_for_given_paths() -> None:
    assert len(parse_df(GNU)) == 8
    assert df_argv("/", "/var/lib/docker") == ("df", "-P", "-k", "/", "/var/lib/docker")


def test_an_empty_disk_is_not_full() -> None:
    assert Disk("/x", 0, 0, 0).used_percent == 0


@settings(deadline=None)
@given(
    st.text() | st.lists(st.sampled_from(["/dev/a", "9" * 30, "12", "%", "/", "x"])).map(" ".join)
)
def test_any_text(text: str) -> None:
    for disk in parse_disks(text):
        assert 0 <= disk.total_bytes < 2**63
