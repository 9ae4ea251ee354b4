#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 mailtls.relay contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Prints the password of the vault. In your own repository let it ask your password manager, or read a masked CI variable as here.
set -euo pipefail
echo "${INFRA_VAULT_PASSWORD:?is not set: the password of this repository\'s vault}"
