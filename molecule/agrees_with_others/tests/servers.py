# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the servers' files: servers.py FOLDER SERVER=ADDRESS...

FOLDER/root.crt is what the clients trust. FOLDER/SERVER holds a script ``start``, which runs that server in the
foreground, its configuration, and PORT.crt, PORT.key, PORT.above (what is sent besides), PORT.chain (certificate and
what is sent besides), and PORT.pem (key and chain).
"""

from __future__ import annotations

import pathlib
import shutil
import sys
import typing as t

from certificates import Files, Hierarchy
from configurations import CONFIGURATIONS, KIND, Configuration

# Its own copy, whose owner and modes every server finds as it wants them.
HOME = "/etc/lab"
COPY = f"""\
#!/bin/sh
set -e
rm -rf {HOME}
cp -r /lab/state/{{server}} {HOME}
chown -R {{owner}} {HOME}
chmod 0600 {HOME}/*.key {HOME}/*.pem
"""


def postfix(listeners: list[Configuration]) -> dict[str, str]:
    """One Postfix; every listener is a service of its own."""
    main = """\
compatibility_level = 3.6
maillog_file = /dev/stdout
myhostname = postfix.example.test
mydestination =
inet_protocols = ipv4
smtpd_peername_lookup = no
smtpd_tls_security_level = may
smtpd_tls_session_cache_database =
smtpd_client_connection_count_limit = 0
"""
    services = []
    for one in listeners:
        options = {"smtpd_tls_chain_files": f"{HOME}/{one.port}.pem"}
        if one.protocols:
            options["smtpd_tls_protocols"] = f">={one.protocols},<={one.protocols}"
        if one.mode == "connect":
            options["smtpd_tls_wrappermode"] = "yes"
        if one.mode == "off":
            options["smtpd_tls_security_level"] = "none"
        services.append(f"{one.port} inet n - n - - smtpd")
        services += [f"  -o {key}={value}" for key, value in options.items()]
    start = f"""\
cp {HOME}/main.cf /etc/postfix/
cat /usr/share/postfix/master.cf.dist {HOME}/listeners.cf > /etc/postfix/master.cf
exec postfix start-fg
"""
    return {"main.cf": main, "listeners.cf": "\n".join([*services, ""]), "start": start}


def exim(listeners: list[Configuration]) -> dict[str, str]:
    """One Exim, which Debian links with GnuTLS; what it shows depends on the port."""

    def ports(chosen: t.Callable[[Configuration], bool]) -> str:
        return " : ".join(str(one.port) for one in listeners if chosen(one))

    text = f"""\
primary_hostname = exim.example.test
local_interfaces = 0.0.0.0
daemon_smtp_ports = {ports(lambda one: True)}
tls_on_connect_ports = {ports(lambda one: one.mode == "connect")}
tls_advertise_hosts = ${{if inlist{{$received_port}}{{{ports(lambda one: one.mode == "off")}}}{{}}{{*}}}}
tls_certificate = {HOME}/$received_port.chain
tls_privatekey = {HOME}/$received_port.key
tls_require_ciphers = ${{lookup{{$received_port}}lsearch{{{HOME}/priorities}}{{$value}}{{NORMAL}}}}
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_max = 0
log_file_path = /var/log/exim4/%slog
"""
    only = [
        f"{one.port}: NORMAL:-VERS-ALL:+VERS-{one.protocols.replace('TLSv', 'TLS')}"
        for one in listeners
        if one.protocols
    ]
    start = f"cp {HOME}/exim4.conf /etc/exim4/exim4.conf\nexec exim4 -bdf\n"
    return {"exim4.conf": text, "priorities": "\n".join([*only, ""]), "start": start}


def opensmtpd(listeners: list[Configuration]) -> dict[str, str]:
    """One OpenSMTPD; every listener has its own certificate."""
    lines = []
    for one in listeners:
        lines += [f'pki p{one.port} cert "{HOME}/{one.port}.chain"', f'pki p{one.port} key "{HOME}/{one.port}.key"']
    for one in listeners:
        words = ["listen on 0.0.0.0 port", str(one.port), {"connect": "smtps", "off": ""}.get(one.mode, "tls")]
        words += [] if one.mode == "off" else ["pki", f"p{one.port}"]
        words += ["protocols", f'"{one.protocols.lower()}"'] if one.protocols else []
        lines.append(" ".join([*filter(None, words), "hostname opensmtpd.example.test"]))
    lines += ['action "nowhere" maildir "/tmp/nowhere"', 'match for local action "nowhere"', ""]
    return {"smtpd.conf": "\n".join(lines), "start": f"exec smtpd -d -f {HOME}/smtpd.conf\n"}


def sendmail(listeners: list[Configuration]) -> dict[str, str]:
    """One sendmail for each listener: it knows one certificate for all its ports."""
    mc = """\
define(`_USE_ETC_MAIL_')dnl
include(`/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(`debian')dnl
DOMAIN(`debian-mta')dnl
define(`confHOST_STATUS_DIRECTORY', `')dnl
define(`confDOMAIN_NAME', `sendmail.example.test')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`nocanonify')dnl
MAILER(`local')dnl
MAILER(`smtp')dnl
"""
    start = [f"m4 {HOME}/sendmail.mc > {HOME}/sendmail.cf"]
    for one in listeners:
        modifier = {"connect": "s", "off": "S"}.get(one.mode, "")
        options = {
            "DaemonPortOptions": f"Port={one.port}{f',Modifiers={modifier}' if modifier else ''}",
            "ServerCertFile": f"{HOME}/{one.port}.crt",
            "ServerKeyFile": f"{HOME}/{one.port}.key",
            # What is sent besides is taken from here.
            "CACertFile": f"{HOME}/{one.port}.above",
            "CACertPath": HOME,
            "PidFile": f"/run/sendmail.{one.port}",
            "TLSSrvOptions": "V",
            "ConnectionRateThrottle": "0",
        }
        others = {"TLSv1.2": "+SSL_OP_NO_TLSv1_3", "TLSv1.3": "+SSL_OP_NO_TLSv1_2"}
        if one.protocols:
            options["ServerSSLOptions"] = others[one.protocols]
        typed = " ".join(f"'-O{key}={value}'" for key, value in options.items())
        start.append(f"sendmail -bd -C{HOME}/sendmail.cf {typed}")
    start += ["exec sleep infinity", ""]
    return {"sendmail.mc": mc, "start": "\n".join(start)}


class Server(t.NamedTuple):
    """How a server's files are written, and to whom they belong."""

    write: t.Callable[[list[Configuration]], dict[str, str]]
    owner: str = "root:root"


SERVERS = {
    "postfix": Server(postfix),
    # It reads the key for each session, when it is no longer root.
    "exim": Server(exim, "Debian-exim:Debian-exim"),
    "opensmtpd": Server(opensmtpd),
    "sendmail": Server(sendmail),
}


def main(folder: pathlib.Path, addresses: dict[str, str]) -> None:
    hierarchy = Hierarchy()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "root.crt").write_text(hierarchy.root.text, encoding="utf-8")
    for name, server in SERVERS.items():
        home = folder / name
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        listeners = [one for one in CONFIGURATIONS if one.server == name]
        texts = server.write(listeners)
        texts["ports"] = "".join(f"{one.port}\n" for one in listeners)
        texts["start"] = COPY.format(server=name, owner=server.owner) + texts["start"]
        for one in listeners:
            texts.update(_certificate_files(one.port, hierarchy.files(KIND[one.kind], addresses[name]), hierarchy))
        for file, text in texts.items():
            (home / file).write_text(text, encoding="utf-8")


def _certificate_files(port: int, files: Files, hierarchy: Hierarchy) -> dict[str, str]:
    return {
        f"{port}.crt": files.certificate,
        f"{port}.key": files.key,
        # sendmail offers no STARTTLS without anything to trust.
        f"{port}.above": files.above or hierarchy.root.text,
        f"{port}.chain": files.certificate + files.above,
        f"{port}.pem": files.key + files.certificate + files.above,
    }


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), dict(argument.split("=") for argument in sys.argv[2:]))
