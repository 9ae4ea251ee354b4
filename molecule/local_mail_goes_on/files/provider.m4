dnl # SPDX-FileCopyrightText: 2026 mailtls.relay contributors
dnl # SPDX-License-Identifier: GPL-3.0-or-later
dnl # A relay's own features, where Debian's sendmail.mc includes them.
FEATURE(`mailertable')dnl
FEATURE(`virtusertable')dnl
INPUT_MAIL_FILTER(`opendkim', `S=inet:8891@127.0.0.1, F=, T=R:1m')dnl
