#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 mailtls.relay contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What ansible-builder makes of meta/execution-environment.yml: create_execution_environment.sh NEW_FOLDER
# As a definition of its own, and as a part of the collection where it is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1
rm -rf "$folder"
mkdir -p "$folder"

# A collection names its files from its root, a definition from where it lies.
cp -r meta meta/execution-environment.yml "$folder"
ansible-builder create --file "$folder/execution-environment.yml" --context "$folder/context" --verbosity 3
grep cryptography "$folder/context/_build/requirements.txt"

make --no-print-directory link
ansible-builder introspect --sanitize .cache/collections | tee "$folder/introspected"
grep 'cryptography.* from collection mailtls.relay' "$folder/introspected"
