#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 mailtls.relay contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Run a command that makes and removes the containers of one lab: alone.sh LAB COMMAND...
# Their names are those of the whole machine, whatever the checkout. A second run of one lab waits for the first.
# After a failing run the last lines tell which tests failed: Molecule itself ends with what it did afterwards.
set -euo pipefail
lab=$1
shift
file=${MAILTLS_LOCKS:-/run/lock}/mailtls-lab-$lab

exec 9>> "$file"
if ! flock --nonblock 9; then
  echo "lab $lab: process $(< "$file") on this machine uses its containers; waiting until it ends ($file)" >&2
  flock 9
fi
echo $$ > "$file"

# Written by tests/testinfra/failures.py.
MAILTLS_FAILURES=$(mktemp)
export MAILTLS_FAILURES
trap 'rm -f "$MAILTLS_FAILURES"' EXIT

# Not inherited: a container that is kept must not keep the lab.
status=0
"$@" 9>&- || status=$?
if ((status)) && test -s "$MAILTLS_FAILURES"; then
  echo "lab $lab: these tests failed"
  cat "$MAILTLS_FAILURES"
fi >&2
exit "$status"
