#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 mailtls.relay contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Run a command under the Python of a Debian release: in_debian.sh SUITE REQUIREMENTS COMMAND...
# In a container of Debian's packages, with a virtual environment of these requirements in front. The package index is
# asked while that is made; when the command runs, there is no network but loopback, unless MAILTLS_PODMAN_OPTIONS says so.
set -euo pipefail
suite=$1 requirements=$2
shift 2
root=$(cd "$(dirname "$0")/.." && pwd)
image=localhost/mailtls-python-$suite
venv=$root/.cache/venvs/$(basename "$requirements" .txt)
limits=(--ulimit=nofile=4096:4096 --ulimit=nproc=10000:10000)
authorities=/etc/ssl/certs/ca-certificates.crt

"$root/molecule/shared/files/build_image.sh" "$image" "$suite" \
  ca-certificates git make openssh-client openssl procps python3 python3-venv > /dev/null
runtime=$("$root/molecule/shared/files/find_runtime.sh" "$image" "${limits[@]}")

# The checkout has its own path in there too, and a venv is good for one path only.
inside() {
  podman "$runtime" run --rm --label io.mailtls.relay=lab --name "mailtls-python-$suite-$$" "${limits[@]}" \
    --volume "$root:$root" --workdir "$root" "$@" 9>&-
}

# What all runs install, known by its text: a checkout touches files without changing them.
wanted=$(cat "$root"/tests/requirements/units.txt "$root/$requirements")
mkdir -p "$(dirname "$venv")"
exec 9> "$venv.lock"
flock 9 # nobody else makes it or runs with it
if test "$(cat "$venv/.installed" 2> /dev/null)" != "$wanted"; then
  rm -rf "$venv"
  # The machine's own network and authorities: a proxy between it and the index may have an authority of its own.
  trusted=(--env "PIP_CERT=$authorities")
  test ! -e "$authorities" || trusted+=(--volume "$authorities:$authorities:ro")
  inside --network host "${trusted[@]}" "$image" sh -euc "
    python3 -m venv '$venv'
    '$venv/bin/pip' install --quiet --disable-pip-version-check --no-compile --requirement '$requirements'"
  echo "$wanted" > "$venv/.installed"
fi
flock --shared 9

read -ra options <<< "${MAILTLS_PODMAN_OPTIONS:---network=none}"
inside "${options[@]}" --env "PATH=$venv/bin:/usr/bin:/bin" --env "PYTHONPATH=${PYTHONPATH:-}" \
  --env "ANSIBLE_COLLECTIONS_PATH=$root/.cache/collections" "$image" "$@"
