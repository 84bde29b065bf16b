"""The shell scripts behind host_files.py: constants for /bin/sh, their values come as arguments.

They need what POSIX, coreutils and BusyBox have in common. All paths are absolute, so none is
taken for a flag. Words of errors are those of LC_ALL=C.
"""

from __future__ import annotations

from typing import Final

NOT_A_FILE, CUT_SHORT, IN_THE_WAY, OUTSIDE, MOUNTED = 45, 46, 47, 48, 49

_BEGIN: Final = "LC_ALL=C; export LC_ALL; umask 077\n"

# Whether the folder that $1 lies in is, by its real path, $2 or below it.
_WITHIN: Final = """
within() {
  base=$(cd -P "$2" && pwd -P) && here=$(cd -P "${1%/*}/" && pwd -P) || exit 1
  case $here/ in "${base%/}"/*) ;; *) exit 48 ;; esac
}
"""

# $1 path, $2 how many bytes at most, $3 the folder it must lie in or nothing. A pipe would block.
READ: Final = (
    _BEGIN
    + _WITHIN
    + """
[ -z "$3" ] || { ls -d "$1" >/dev/null || exit 1; [ ! -L "$1" ] || exit 48; within "$1" "$3"; }
[ ! -e "$1" ] || [ -f "$1" ] || exit 45
exec <"$1" || exit 1
head -c "$2" | base64
"""
)

# $1 path, $2 how many bytes at most. Nothing where there is no such file.
READ_END: Final = (
    _BEGIN
    + """
[ -e "$1" ] || exit 0
[ -f "$1" ] || exit 45
exec <"$1" || exit 1
tail -c "$2" | base64
"""
)

# $1 path, $2 temporary path, $3 mode, $4 size, $5 what temporary names begin with, $6 as $3 above.
# The size tells a whole file from one whose sender went away. Who is replaced keeps its owner.
WRITE: Final = (
    _BEGIN
    + _WITHIN
    + """
[ -z "$6" ] || within "$1" "$6"
[ ! -d "$1" ] || exit 45
for old in "$5"*.part; do rm -f "$old"; done
trap 'rm -f "$2"' EXIT
trap 'exit 1' HUP INT TERM PIPE
set -C
exec 3>"$2" || exit 1
if [ -f "$1" ] && [ "$(id -u)" = 0 ]; then chown "$(stat -c %u:%g "$1")" "$2" || exit 1; fi
chmod "$3" "$2" && dd bs=65536 conv=fsync status=none >&3 && exec 3>&- || exit 1
[ "$(wc -c <"$2")" -eq "$4" ] || exit 46
mv -f "$2" "$1" || exit 1
sync "${1%/*}/" 2>/dev/null || :
"""
)

# $1 path, $2 mode.
MAKE_FOLDER: Final = (
    _BEGIN
    + """
[ ! -d "$1" ] || exit 0
umask 022
mkdir -p "${1%/*}/" && mkdir -m "$2" "$1" && echo made
"""
)

# $1 folder, the others what find is to leave out. A name may hold a line's end, so a NUL ends it.
LISTING: Final = (
    _BEGIN
    + """
cd "$1" 2>/dev/null || { ls -d "$1/." >/dev/null; exit 1; }
shift
find . -xdev "$@" -type f -exec /bin/sh -c '
for file; do
  facts=$(stat -c "%a %s" "$file") && sum=$(sha256sum <"$file") || exit 1
  printf "%s %s %s\\0" "$facts" "${sum%% *}" "$file"
done' sh {} +
"""
)

# $1 path.
EXISTS: Final = _BEGIN + 'ls -d "$1" >/dev/null\n'

# $1 folder, the others paths below it. Says the number of each that a link leads out of it, by the
# deepest part of it that is there. A folder that is not there has no links.
LEADS_OUT: Final = (
    _BEGIN
    + """
base=$(readlink -f "$1") && [ -d "$base" ] || exit 0
shift
number=0
for path; do
  while [ ! -e "$path" ] && [ ! -L "$path" ]; do path=${path%/*}; done
  real=$(readlink -f "$path") || real=
  case $real/ in "${base%/}"/*) ;; *) echo "$number" ;; esac
  number=$((number + 1))
done
"""
)

# $1 from, $2 to.
MOVE: Final = (
    _BEGIN
    + """
if [ -e "$2" ] || [ -L "$2" ]; then exit 47; fi
mv "$1" "$2" || exit 1
sync "${1%/*}/" "${2%/*}/" 2>/dev/null || :
"""
)

# $1 folder, the others names. The certificates that Caddy keeps in it, in a folder for each
# authority: a line with authority, name and base64. No other file of it is opened, and none that
# a link leads to elsewhere.
CERTIFICATES: Final = (
    _BEGIN
    + """
cd -P "$1" 2>/dev/null || { ls -d "$1/." >/dev/null; exit 1; }
base=$(pwd -P) || exit 1
shift
for name; do
  for file in ./*/"$name/$name.crt"; do
    [ -f "$file" ] && [ ! -L "$file" ] || continue
    authority=${file#./}
    authority=${authority%%/*}
    real=$(cd -P "${file%/*}" && pwd -P) || exit 1
    [ "$real" = "${base%/}/$authority/$name" ] || continue
    printf "%s %s " "$authority" "$name"
    head -c 40000 <"$file" | base64 | tr -d "\\n"
    echo
  done
done
"""
)

# $1 path. That it holds something, or is not there, is no failure.
REMOVE_IF_EMPTY: Final = _BEGIN + 'rmdir "$1" 2>/dev/null || :\n'

# $1 path, $2 the folder it must lie in. Nothing that is mounted somewhere below is emptied.
REMOVE_TREE: Final = (
    _BEGIN
    + """
base=$(cd -P "$2" && pwd -P) && cd -P "${1%/*}/" && here=$(pwd -P) || exit 1
case $here/ in "${base%/}"/*) ;; *) exit 48 ;; esac
target=${here%/}/${1##*/}
if [ -r /proc/self/mountinfo ]; then
  cut -d " " -f 5 /proc/self/mountinfo | while IFS= read -r mount; do
    case $mount/ in "$target"/*) exit 49 ;; esac
  done || exit 49
fi
rm -rf "./${1##*/}"
"""
)
