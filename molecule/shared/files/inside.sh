#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 mailtls.relay contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Run a command in a container of the lab, as root: inside.sh CONTAINER COMMAND...
# "podman exec" does the same in a hundred times the time, and a scenario looks at its hosts a thousand times. Other than
# there the command has all of root's capabilities, as on a host that is no container.
set -euo pipefail
container=$1
shift

# podman wrote the number down, but the container may have gone since and the number be another's: then podman is asked.
pid=$(cat "${MAILTLS_PIDS:-/run/mailtls}/$container.pid" 2> /dev/null || true)
if ! grep --quiet --null-data --line-regexp --fixed-strings "MAILTLS_CONTAINER=$container" "/proc/${pid:-none}/environ" 2> /dev/null \
  || test "/proc/$pid/ns/pid" -ef /proc/self/ns/pid; then
  exec podman exec --interactive "$container" "$@"
fi

# systemd in there must not count the command, and a daemon that it starts, to a unit of the machine.
while IFS=: read -r _ hierarchy group; do
  case $hierarchy in
    name=systemd) top=/sys/fs/cgroup/systemd ;;
    "") top=/sys/fs/cgroup/unified && test -d "$top" || top=/sys/fs/cgroup ;;
    *) continue ;;
  esac
  # The group of the container; one that shares out resources takes no processes of its own, only process 1's does.
  echo $$ 2> /dev/null > "$top${group%/init.scope}/cgroup.procs" || echo $$ > "$top$group/cgroup.procs"
done < "/proc/$pid/cgroup"

exec prlimit --nofile=4096 --nproc=10000 --core=0 \
  nsenter --target "$pid" --mount --uts --ipc --net --pid --cgroup --root --wd \
  env --ignore-environment TERM=xterm container=podman HOME=/root \
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
