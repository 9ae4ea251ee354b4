# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine of starttls_info alone: engine.py PORT CA_FILE PROCESSES SECONDS < addresses; prints outcomes and memory.

Without addresses it only starts, which is what the other runs are net of.
"""

from __future__ import annotations

import json
import resource
import sys

from ansible_collections.mailtls.relay.plugins.module_utils._core.sighting import Aim, Limits, Wishes
from ansible_collections.mailtls.relay.plugins.module_utils._host.probe import probe_all


def main() -> None:
    port, ca_file, processes, seconds = sys.argv[1:]
    aims = [Aim(line.strip(), int(port)) for line in sys.stdin]
    limits = Limits(reply=float(seconds), target=float(seconds), processes=int(processes))
    seen, _certificates = probe_all(aims, Wishes(ca_file=ca_file), limits)
    mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # The largest of the workers; each is counted as if it were that large.
    theirs = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * max(0, int(processes) - 1)
    told = {aim.address: sighting.outcome for aim, sighting in seen.items()}
    print(json.dumps({"outcomes": told, "megabytes": (mine + theirs) // 1024}))


if __name__ == "__main__":
    main()
