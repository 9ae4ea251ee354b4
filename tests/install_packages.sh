#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 mailtls.relay contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Install the Debian packages that the demo and the tests need, and say which.
set -euo pipefail

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "$python is $("$python" --version 2>&1), but the tools need Python 3.11 or newer: make PYTHON=/path/to/python3.11 ..." >&2
  exit 1
}

packages=()
need() { command -v "$1" > /dev/null || packages+=("${@:2}"); }
need podman podman
need runc runc
need mmdebstrap mmdebstrap
need iptables iptables
need newuidmap uidmap
test -x /usr/lib/podman/netavark || packages+=(netavark)
test -x /usr/lib/podman/aardvark-dns || packages+=(aardvark-dns)
"$python" -c 'import ensurepip, venv' 2> /dev/null || packages+=(python3-venv)

((${#packages[@]})) || exit 0
as_root=()
((EUID == 0)) || as_root=(sudo)
echo "== installing Debian packages: ${packages[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${packages[@]}" > /dev/null
