# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The least that a module can do with many peers at once: STARTTLS by smtplib in threads, and nothing is checked."""

from __future__ import annotations

import concurrent.futures
import smtplib
import ssl

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    module = AnsibleModule({"targets": {"type": "list", "elements": "str"}, "port": {"type": "int"}})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE

    def ask(address: str) -> str:
        with smtplib.SMTP(address, module.params["port"], local_hostname="localhost", timeout=5) as peer:
            peer.starttls(context=context)
            return str(peer.sock.version())

    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        module.exit_json(changed=False, protocols=list(pool.map(ask, module.params["targets"])))


if __name__ == "__main__":
    main()
