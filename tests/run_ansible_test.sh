#!/bin/bash
# SPDX-FileCopyrightText: 2026 mailtls.relay contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# ansible-test sanity and units, without containers: run_ansible_test.sh VENV COLLECTION_COPY
set -euo pipefail
venv=$1 copy=$2
here=$(cd "$(dirname "$0")" && pwd)
export PATH=$venv/bin:/usr/bin:/bin

# ansible-test downloads get-pip from a host of its own; a file in its cache is taken instead.
cache=$HOME/.ansible/test/cache
mkdir -p "$cache"
version=$("$venv"/bin/python -c 'import ansible_test, pathlib, re
text = (pathlib.Path(ansible_test.__file__).parent / "_internal/bootstrap.py").read_text() + "".join(
    p.read_text() for p in (pathlib.Path(ansible_test.__file__).parent / "_internal").rglob("*.py"))
print(re.search(r"get[-_]pip[-_](\d+\.\d+[\d.]*)\.py", text + " get-pip-24.2.py").group(1).replace(".", "_"))')
test -e "$cache/get_pip_$version.py" || cp "$here/get_pip_stand_in.py" "$cache/get_pip_$version.py"

python=$("$venv"/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
cd "$copy"
ansible-test sanity --python "$python"
ansible-test units --venv --requirements --python "$python"
