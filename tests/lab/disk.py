"""A full disk, on one folder of one host."""

from tests.lab.machine import Machine

SOURCE = "lab-full-disk"  # what the mount is called, so that it is found again


class Disk(Machine):
    def fill_disk(self, folder: str = "/srv") -> None:
        """Hide `folder` behind a file system of 1 MiB that has no byte left; see empty_disk."""
        self.run("mount", "-t", "tmpfs", "-o", "size=1m", SOURCE, folder)
        self.run("sh", "-c", 'cat /dev/zero >"$1/full"', "sh", folder, check=False)

    def empty_disk(self) -> None:
        """Take back every fill_disk(); what the folders had is there again."""
        for line in reversed(self.read_text("/proc/1/mounts").splitlines()):
            source, folder = line.split()[:2]
            if source == SOURCE:
                self.run("umount", folder)
