# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask sslyze about servers: ask_sslyze.py ROOT, with the Python that has it.

Reads a JSON list of questions (name, address, port, connect, expected) and prints name -> what it found, as JSON:
either ``error``, or ``protocol``, ``cipher`` and ``problem`` (of the certificate for the expected name; empty: none).
"""

from __future__ import annotations

import json
import pathlib
import sys
import typing as t

import sslyze

Answer = dict[str, str]


def wish(question: dict[str, t.Any], root: pathlib.Path) -> sslyze.ServerScanRequest:
    smtp = None if question["connect"] else sslyze.ProtocolWithOpportunisticTlsEnum.SMTP
    return sslyze.ServerScanRequest(
        server_location=sslyze.ServerNetworkLocation(question["expected"], question["port"], question["address"]),
        network_configuration=sslyze.ServerNetworkConfiguration(
            question["expected"], tls_opportunistic_encryption=smtp
        ),
        scan_commands={sslyze.ScanCommand.CERTIFICATE_INFO},
        scan_commands_extra_arguments=sslyze.ScanCommandsExtraArguments(
            certificate_info=sslyze.CertificateInfoExtraArgument(custom_ca_file=root)
        ),
    )


def answer(result: sslyze.ServerScanResult, root: pathlib.Path) -> Answer:
    seen, found = result.connectivity_result, result.scan_result
    if seen is None or found is None:
        return {"error": "".join(result.connectivity_error_trace.format_exception_only()).strip()}
    certificates = found.certificate_info.result
    if certificates is None:
        return {"error": "".join(found.certificate_info.error_trace.format_exception_only()).strip()}
    (ours,) = (
        one for one in certificates.certificate_deployments[0].path_validation_results if one.trust_store.path == root
    )
    return {
        "protocol": seen.highest_tls_version_supported.name,
        "cipher": seen.cipher_suite_supported,
        "problem": "" if ours.was_validation_successful else str(ours.validation_error),
    }


def main(root: pathlib.Path) -> None:
    questions = json.load(sys.stdin)
    scanner = sslyze.Scanner()
    scanner.queue_scans([wish(question, root) for question in questions])
    places = {(question["address"], question["port"]): question["name"] for question in questions}
    answers = {}
    for result in scanner.get_results():
        location = result.server_location
        answers[places[location.ip_address, location.port]] = answer(result, root)
    print(json.dumps(answers))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
