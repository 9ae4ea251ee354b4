#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 mailtls.relay contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Make one image of the lab: build_image.sh IMAGE SUITE PACKAGE...
# An image that is there is kept. Otherwise it is built on a registry's base image where one answers within a minute,
# and from Debian packages where none does. MAILTLS_MIRROR names another Debian mirror,
# MAILTLS_UBUNTU_MIRROR one of Ubuntu, MAILTLS_BASE_IMAGE another base.
set -euo pipefail
image=$1 suite=$2
shift 2
label=io.mailtls.relay=lab
case $suite in
  jammy | noble) system=ubuntu ;;
  *) system=debian ;;
esac
base=${MAILTLS_BASE_IMAGE:-docker.io/library/$system:$suite}

# Scenarios and hosts that want the same image at the same time wait for the first of them.
exec 9> "${TMPDIR:-/tmp}/${image//\//-}.lock"
flock 9
podman image exists "$image" && exit 0
echo made # the caller reports this as a change

from_registry() {
  local runtime fetched=
  podman image exists "$base" || fetched=yes
  timeout 60 podman pull --quiet "$base" > /dev/null 2>&1 || return 1
  for runtime in "" --runtime=runc --runtime=crun; do
    podman ${runtime:+"$runtime"} build --quiet --label "$label" --ulimit nofile=4096:4096 --tag "$image" - << CONTAINERFILE || continue
FROM $base
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $* \
 && rm -rf /var/lib/apt/lists/*
CONTAINERFILE
    # Without a name of its own, a base that was fetched for this goes when the image made of it goes.
    test -z "$fetched" || podman untag "$base" "$base"
    return 0
  done
  return 1
}

from_packages() {
  local mirror packages keys=()
  # A release past its support has moved from the mirrors to the archive.
  local mirrors=("${MAILTLS_MIRROR:-}" "deb http://archive.debian.org/debian $suite main")
  packages=$(IFS=,; echo "$*")
  if test "$system" = ubuntu; then
    mirrors=("${MAILTLS_UBUNTU_MIRROR:-deb http://archive.ubuntu.com/ubuntu $suite main universe}")
    # Ubuntu's keys, from Debian, whose own keys are here. apt reads them as a user of its own.
    chmod 755 "$work"
    mmdebstrap --quiet --variant=extract --include=ubuntu-archive-keyring trixie "$work/keys" || return 1
    keys=(--keyring="$work/keys/usr/share/keyrings")
  fi
  for mirror in "${mirrors[@]}"; do
    if mmdebstrap --quiet --variant=apt "${keys[@]}" --include="$packages" "$suite" "$work/root.tar" ${mirror:+"$mirror"}; then
      podman import --quiet --change "LABEL $label" "$work/root.tar" "$image" > /dev/null
      return 0
    fi
  done
  return 1
}

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
from_registry "$@" || from_packages "$@" || {
  echo "$image cannot be made: no base image $base from a registry, and no mirror of ${system^} with $suite" >&2
  exit 1
}
