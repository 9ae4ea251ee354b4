# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs on a host, with its Python alone: says EHLO to addresses or names, and tells what each address answered.

Arguments: port, then addresses. One JSON list on the output: address, offered (null: not known), detail.
"""

import contextlib
import json
import smtplib
import socket
import ssl
import sys

PATIENCE = 20  # Debian's GreetPause alone takes 5


def ask(address, port):
    """Whether one address offers STARTTLS, and how that is known."""
    try:
        smtp = smtplib.SMTP(address, port, timeout=PATIENCE, source_address=choose_source(address))
        try:
            return look(smtp)
        finally:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                smtp.quit()
    except (OSError, smtplib.SMTPException) as error:
        return None, f"{type(error).__name__}: {error}"


def look(smtp):
    code, reply = smtp.ehlo()
    if code != 250:
        return None, f"EHLO: {code} {reply.decode('ascii', 'replace')}"
    if not smtp.has_extn("starttls"):
        return False, "EHLO shows " + ", ".join(sorted(name.upper() for name in smtp.esmtp_features))
    return try_handshake(smtp)


def try_handshake(smtp):
    """Who answers is not asked here, only whether the offer is kept."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        smtp.starttls(context=context)
    except (OSError, smtplib.SMTPException) as error:
        return None, f"it is in the EHLO answer, but the handshake fails: {error}"
    return True, f"{smtp.sock.version()} {smtp.sock.cipher()[0]}"


def choose_source(address):
    """Asked from loopback, the host's own daemon neither pauses nor counts; None where the kernel may choose."""
    loopback = "::1" if ":" in address else "127.0.0.1"
    return (loopback, 0) if is_own(address) and is_own(loopback) else None


def is_own(address):
    """Whether the address can be bound, as only one's own can."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            probe.bind((address, 0))
            return True
    except OSError:
        return False


def answers(places, port):
    """Of each address of each place, once."""
    for place in places:
        try:
            found = socket.getaddrinfo(place, port, type=socket.SOCK_STREAM)
        except OSError as error:
            yield place, None, str(error)
            continue
        for address in dict.fromkeys(info[4][0] for info in found):
            yield (address, *ask(address, port))


print(json.dumps(list(answers(sys.argv[2:], int(sys.argv[1])))))
