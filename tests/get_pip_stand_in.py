# SPDX-FileCopyrightText: 2026 mailtls.relay contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stand-in for get-pip.py where its download address cannot be reached.

ansible-test runs this file to equip its virtual environments. The pip that Python brings along fetches the wanted
release from the package index.
"""

from __future__ import annotations

import os
import subprocess
import sys

wanted = [argument for argument in sys.argv[1:] if not argument.startswith("--no-")]
environment = {name: value for name, value in os.environ.items() if name != "GET_PIP"}
subprocess.check_call([sys.executable, "-m", "ensurepip", "--default-pip"], env=environment, stdout=subprocess.DEVNULL)
subprocess.check_call([sys.executable, "-m", "pip", "install", *wanted], env=environment)
