#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 mailtls.relay contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The site of the documentation, without network, warnings being errors: build.sh COLLECTION_COPY FOLDER
# Pages are laid out in FOLDER/source and printed to FOLDER/html.
set -euo pipefail
copy=$1 folder=$2
here=$(cd "$(dirname "$0")" && pwd)

python "$here/stage.py" "$folder/source"

# A collection in a folder that itself lies in a collection has no roles for ansible-doc, so the copy goes elsewhere.
elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
mkdir -p "$elsewhere/ansible_collections/mailtls"
cp -a "$copy" "$elsewhere/ansible_collections/mailtls/relay"
(
  cd "$elsewhere"
  ANSIBLE_COLLECTIONS_PATH=$elsewhere antsibull-docs collection --use-current --squash-hierarchy --fail-on-error \
    --no-add-antsibull-docs-version --dest-dir "$folder/source/reference" mailtls.relay
)

rm -rf "$folder/html"
sphinx-build -q -c "$here" -b html -W --keep-going "$folder/source" "$folder/html"
rm -rf "$folder/html/.doctrees" "$folder/html/.buildinfo"
