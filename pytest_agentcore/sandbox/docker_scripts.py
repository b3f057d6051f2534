"""What a container without a server runs for each request; exit statuses are those of errno."""

READ = """
[ -d "$1" ] && exit 21; [ -e "$1" ] || exit 2; [ -f "$1" ] || exit 22; [ -r "$1" ] || exit 13
wc -c <"$1"; tail -c "+$2" "$1" | head -c "$3"
"""
WRITE = """
[ -d "$1" ] && exit 21; if [ -e "$1" ] && [ ! -f "$1" ]; then exit 22; fi
case "$1" in */) exit 21;; */*) mkdir -p -- "${1%/*}" || exit 20;; esac
cat >"$1"
"""
LIST = r"""
[ -e "$1" ] || exit 2; [ -d "$1" ] || exit 20; cd -- "$1" || exit 13
for f in * .[!.]* ..?*; do
  if [ -e "$f" ] || [ -L "$f" ]; then
    printf '%s\0%s\0%s\0' "$f" "$(stat -c '%f %s' -- "$f")" "$(readlink -- "$f")"
  fi
done
"""
CREATED = r"find . \( -type f -o -type l \) -exec stat -c '%Z %n' {} +"
COUNTS = """
echo "workspace free $(stat -f -c %f /workspace)"
own=
while IFS= read -r line; do case $line in 0::*) own=${line#0::};; esac; done </proc/self/cgroup
[ -e "/sys/fs/cgroup$own/cgroup.procs" ] || own=
cd "/sys/fs/cgroup$own" || exit 0
for f in memory/memory.oom_control memory.events pids/pids.events pids.events cpu/cpu.stat cpu.stat; do
  [ -r $f ] && while IFS= read -r line; do echo "$f $line"; done <$f
done
for f in memory/memory.max_usage_in_bytes memory.peak cpuacct/cpuacct.usage; do
  [ -r $f ] && echo "$f value $(cat $f)"
done
true
"""
