#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 mailtls.relay contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Do with the built tarball what Ansible Galaxy does when it is uploaded: import_into_galaxy.sh PYTHON
# The importer refuses little and warns of the rest; here a warning is a failure. Its settings are Galaxy's own, and the tags
# that certified collections need are asked for too. flake8 stays off, as on Galaxy: it wants no space around the colon
# of a slice, where ruff's formatter puts one; ruff checks the same rules otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
requirements=tests/requirements/galaxy_importer.txt
venv=$root/.cache/venvs/galaxy_importer
folder=$root/.cache/import

if ! test "$venv/.installed" -nt "$requirements"; then
  rm -rf "$venv"
  "$1" -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-compile --requirement "$requirements"
  touch "$venv/.installed"
fi

rm -rf "$folder"
mkdir -p "$folder"
export PATH=$venv/bin:/usr/bin:/bin GALAXY_IMPORTER_CHECK_REQUIRED_TAGS=true
# It is found where a user has it, not in the checkout.
unset ANSIBLE_COLLECTIONS_PATH
ansible-galaxy collection build --output-path "$folder" "$root"
cd "$folder"
python -m galaxy_importer.main mailtls-relay-*.tar.gz 2>&1 | tee said
if grep -E '^(WARNING|ERROR)' said; then
  echo "galaxy-importer is not content" >&2
  exit 1
fi
grep -q '^Importer processing completed successfully' said
