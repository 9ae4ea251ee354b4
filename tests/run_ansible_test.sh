#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 mailtls.relay contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# ansible-test without containers: run_ansible_test.sh sanity|units VENV COLLECTION_COPY HOME_FOR_ITS_CACHES
set -euo pipefail
what=$1 venv=$2 copy=$3 home=$4
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$home/.ansible/test/cache"
export PATH=$venv/bin:/usr/bin:/bin HOME=$home

# ansible-test downloads get-pip from a host of its own, which closed networks refuse; the file in its cache is
# taken instead. Its name carries the pip release that this ansible-core asks for.
internal=$("$venv/bin/python" -c 'import ansible_test, os; print(os.path.dirname(ansible_test.__file__))')/_internal
pip=$(grep -oP "pip='\K[0-9.]+" "$internal/python_requirements.py")
cp "$here/get_pip_stand_in.py" "$home/.ansible/test/cache/get_pip_${pip//./_}.py"

python=$("$venv/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')

# The finder of ansible-test looks for the collection that galaxy.yml asks for beside the copy and nowhere else. Tests that
# need it import it: without this link they fail, they do not skip.
installed=$("$venv/bin/python" -c 'import ansible_collections; print(ansible_collections.__path__[0])')
mkdir -p "$copy/../../community"
ln -sfn "$installed/community/crypto" "$copy/../../community/crypto"

cd "$copy"
case $what in
  sanity) ansible-test sanity --python "$python" ;;
  # Roles, documentation and the lab are tested by pytest alone (make unit): they need what ansible-test does not install.
  units) ansible-test units --venv --requirements --python "$python" tests/unit/plugins/ ;;
  *) echo "run_ansible_test.sh: $what is neither sanity nor units" >&2 && exit 2 ;;
esac
