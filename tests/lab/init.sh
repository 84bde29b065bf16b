#!/bin/sh
# Process 1 of a lab host. Started in new mount, network, UTS, IPC and PID namespaces, it gives the
# host a file system of its own and then reaps orphans. When it is killed the kernel ends every
# process of the host, containers included, and takes mounts and interfaces away with them.
# Arguments: the host's tree (made by rootfs.py), its name, the lower layers of /usr.
set -eu
tree=$1 name=$2 usr_layers=$3
root=$tree/root

mount --bind "$root" "$root"
mount -t overlay -o "lowerdir=$usr_layers,upperdir=$tree/usr,workdir=$tree/usr.work" overlay "$root/usr"
mount -t overlay -o "lowerdir=/etc,upperdir=$tree/etc,workdir=$tree/etc.work" overlay "$root/etc"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir -p "$root/run/sshd" "$root/run/lock"
echo "$name" >/proc/sys/kernel/hostname

cd "$root"
mkdir .old
pivot_root . .old
cd /
umount -l /.old
rmdir /.old
: >/run/lab-ready
# shellcheck disable=SC2016
exec /bin/sh -c 'while :; do sleep 86400 & wait $!; done'
