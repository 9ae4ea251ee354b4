#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 mailtls.relay contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The steps of this repository's pipeline, for the hands too: pipeline.sh install|lint|check|apply|test [OPTION...]
set -euo pipefail
cd "$(dirname "$0")"
step=${1:?which step? install|lint|check|apply|test}
shift

case $step in
  install) ansible-galaxy collection install --requirements-file requirements.yml "$@" ;;
  lint) ansible-lint --offline --strict "$@" ;;
  # Changes nothing, and shows what would change.
  check) ansible-playbook site.yml --check --diff "$@" ;;
  apply) ansible-playbook site.yml "$@" ;;
  test) pytest tests --hosts=ansible://relays --ansible-inventory=inventory/hosts.yml --sudo "$@" ;;
  *) echo "pipeline.sh install|lint|check|apply|test, not $step" >&2 && exit 2 ;;
esac
