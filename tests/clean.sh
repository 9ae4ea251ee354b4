#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 mailtls.relay contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Remove every container, network and image that the demo and the scenarios made: those with their label, nothing else.
set -euo pipefail
label=io.mailtls.relay=lab
command -v podman > /dev/null || exit 0

for lock in "${MAILTLS_LOCKS:-/run/lock}"/mailtls-lab-*; do
  test ! -e "$lock" || flock --nonblock "$lock" true || {
    echo "clean: process $(< "$lock") uses the lab ${lock##*/mailtls-lab-}; nothing was removed" >&2
    exit 1
  }
done

# A container in another one's network goes before that one.
for name in "name=-capture\$" "name=mailtls-"; do
  podman ps --all --quiet --filter "label=$label" --filter "$name" | xargs --no-run-if-empty podman rm --force --time 0 > /dev/null
done
podman network ls --quiet --filter "label=$label" | xargs --no-run-if-empty podman network rm > /dev/null
podman images --quiet --filter "label=$label" | sort --unique | xargs --no-run-if-empty podman rmi > /dev/null
rm -rf "$HOME/.mailtls/lab"
echo "clean: no container, network or image with the label $label is left"
