"""The program that reads what a host and its containers use: a constant for /bin/sh and awk.

It runs for as long as its stdin is open and answers each line of it with one block of lines, so
whoever asks sets the pace, a slow reader never piles anything up, and nothing outlives the channel.
Nothing is started per container or file: one awk reads them all. POSIX, mawk, gawk and BusyBox.

A block, numbers as the kernel gives them and ``-`` for what cannot be read::

    t <cgroup version> <seconds since boot>
    l <load 1> <load 5> <load 15>
    p <cpus> <user> <nice> <system> <idle> <iowait> <irq> <softirq> <steal>     in clock ticks
    m <total> <available> <swap total> <swap free>                              in KiB
    n <received> <sent>                                                         bytes
    c <id> <pid> <cpu> <memory> <inactive file> <limit> <received> <sent> <read> <written> <pids>
    . <exit code of awk>

``cpu`` is in microseconds for cgroup v2 (cpu.stat) and nanoseconds for v1 (cpuacct.usage).
"""

from __future__ import annotations

from typing import Final

TICK, LOOK = b"tick\n", b"look\n"  # the second looks for containers before it answers

# Docker's names of a container's cgroup, wherever a --cgroup-parent puts it: <id> (cgroupfs) and
# docker-<id>.scope (systemd).
_FIND: Final = """
find_groups() {
  groups=$(find "$base/" -type d 2>/dev/null | awk -F/ '{
    id = $NF
    if (id ~ /^docker-.*[.]scope$/) id = substr(id, 8, length(id) - 13)
    if (length(id) == 64 && id !~ /[^0-9a-f]/) print
  }')
}
"""

# Interfaces are summed without those whose traffic another one carries as well: bridges, tunnels,
# VLANs, bonds. A container with the very interfaces of the host is in the host's network.
_READ: Final = """
function first(file,   line, got) {
  got = (getline line < file); close(file)
  return got > 0 && line != "" ? line : "-"
}
function field(file, name,   line, word, found) {
  found = "-"
  while ((getline line < file) > 0) {
    split(line, word, " ")
    if (word[1] == name) { found = word[2]; break }
  }
  close(file)
  return found
}
function network(file, inner,   line, word, name) {
  names = ""; received = sent = 0
  while ((getline line < file) > 0) {
    if (!sub(/:/, " ", line)) continue
    split(line, word, " "); name = word[1]; names = names " " name
    if (name == "lo") continue
    if (!inner && name ~ /^(veth|docker|br-|virbr|cni|flannel|cali|tun|tap|wg|bond|dummy|ifb)/)
      continue
    if (!inner && name ~ /[.]/) continue
    received += word[2]; sent += word[10]
  }
  close(file)
}
function blocks_v1(file,   line, word, any) {
  while ((getline line < file) > 0) {
    any = 1; split(line, word, " ")
    if (word[2] == "Read") bytes_read += word[3]
    if (word[2] == "Write") bytes_written += word[3]
  }
  close(file)
  return any
}
function blocks_v2(file,   line, word, count, i, got) {
  got = (getline line < file)
  if (got < 0) return 0
  while (got > 0) {
    count = split(line, word, " ")
    for (i = 2; i <= count; i++) {
      if (word[i] ~ /^rbytes=/) bytes_read += substr(word[i], 8)
      if (word[i] ~ /^wbytes=/) bytes_written += substr(word[i], 8)
    }
    got = (getline line < file)
  }
  close(file)
  return 1
}
function host(   line, word, cpus, all, i) {
  split(first(proc "/uptime"), word, " "); print "t", version, word[1]
  split(first(proc "/loadavg"), word, " "); print "l", word[1], word[2], word[3]
  while ((getline line < (proc "/stat")) > 0 && line ~ /^cpu/) {
    if (line !~ /^cpu /) { cpus++; continue }
    split(line, word, " ")
    for (i = 2; i <= 9; i++) all = all " " (word[i] == "" ? 0 : word[i])
  }
  close(proc "/stat"); print "p", cpus + 0 all
  while ((getline line < (proc "/meminfo")) > 0) {
    split(line, word, " "); memory[word[1]] = word[2]
    if (word[1] == "SwapFree:") break
  }
  close(proc "/meminfo")
  print "m", memory["MemTotal:"] + 0, memory["MemAvailable:"] + 0, \\
    memory["SwapTotal:"] + 0, memory["SwapFree:"] + 0
  network(proc "/net/dev", 0); printf "n %.0f %.0f\\n", received, sent
  outside = names
}
function container(path,   part, id, below, pid, traffic, disk) {
  id = part[split(path, part, "/")]
  if (length(id) > 64) id = substr(id, 8, 64)
  below = substr(path, length(base) + 1)
  traffic = disk = "- -"; bytes_read = bytes_written = 0
  pid = first(path "/cgroup.procs")
  if (pid > 0) {
    network(proc "/" pid "/net/dev", 1)
    if (names != "" && names != outside) traffic = sprintf("%.0f %.0f", received, sent)
  }
  if (version == 2) {
    got = blocks_v2(path "/io.stat")
    if (got) disk = sprintf("%.0f %.0f", bytes_read, bytes_written)
    print "c", id, pid, field(path "/cpu.stat", "usage_usec"), first(path "/memory.current"), \\
      field(path "/memory.stat", "inactive_file"), first(path "/memory.max"), \\
      traffic, disk, first(path "/pids.current")
    return
  }
  got = blocks_v1(top "/blkio" below "/blkio.throttle.io_service_bytes_recursive")
  if (!got) got = blocks_v1(top "/blkio" below "/blkio.throttle.io_service_bytes")
  if (got) disk = sprintf("%.0f %.0f", bytes_read, bytes_written)
  print "c", id, pid, first(top "/cpuacct" below "/cpuacct.usage"), \\
    first(path "/memory.usage_in_bytes"), field(path "/memory.stat", "total_inactive_file"), \\
    first(path "/memory.limit_in_bytes"), traffic, disk, first(top "/pids" below "/pids.current")
}
BEGIN {
  version = ARGV[1]; top = ARGV[2]; base = ARGV[3]; proc = ARGV[4]
  host()
  for (number = 5; number < ARGC; number++) container(ARGV[number])
  exit 0
}
"""

# $1 is the folder that sys and proc lie in: nothing on a host, another one in tests.
SAMPLER: Final = f"""
LC_ALL=C; export LC_ALL; set -f
IFS='
'
top=$1/sys/fs/cgroup
if [ -e "$top/cgroup.controllers" ]; then version=2 base=$top; else version=1 base=$top/memory; fi
{_FIND}
find_groups
while read -r word; do
  [ "$word" != look ] || find_groups
  awk '{_READ}' "$version" "$top" "$base" "$1/proc" $groups 2>/dev/null
  echo ". $?"
done
"""


def sampler_argv(root: str = "") -> tuple[str, ...]:
    return ("/bin/sh", "-c", SAMPLER, "sh", root)
