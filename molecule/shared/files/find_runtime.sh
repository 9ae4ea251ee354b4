#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 mailtls.relay contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Print the podman option with which containers start on this host (crun refuses hosts with hybrid cgroups):
# find_runtime.sh IMAGE LIMIT...
set -euo pipefail
image=$1
shift
for runtime in --log-level=warn --runtime=runc --runtime=crun; do
  if podman "$runtime" run --rm --network=none "$@" "$image" true > /dev/null 2>&1; then
    echo "$runtime"
    exit
  fi
done
echo "podman starts no container here; its own words:" >&2
podman run --rm --network=none "$@" "$image" true
