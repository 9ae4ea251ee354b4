#!/bin/sh
# SPDX-FileCopyrightText: 2026 mailtls.relay contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Inside a host of the lab: let a user in who may become root, and print the host's key: sh -s USER PUBLIC_KEY
set -eu
user=$1 key=$2

# The image's host keys are those of all hosts.
rm -f /etc/ssh/ssh_host_*
ssh-keygen -q -A > /dev/null

id "$user" > /dev/null 2>&1 || useradd --create-home --shell /bin/bash "$user"
install -d -o "$user" -m 0700 "/home/$user/.ssh"
echo "$key" > "/home/$user/.ssh/authorized_keys"
chown "$user" "/home/$user/.ssh/authorized_keys"
echo "$user ALL=(ALL) NOPASSWD: ALL" > "/etc/sudoers.d/$user"
chmod 0440 "/etc/sudoers.d/$user"

# As on hardened hosts. It is root's too after sudo, which takes nothing of it away.
grep -q pam_umask /etc/pam.d/sshd || echo "session optional pam_umask.so umask=0077" >> /etc/pam.d/sshd

# Where it listens already, it has the image's keys in memory.
systemctl try-restart ssh
cat /etc/ssh/ssh_host_ed25519_key.pub
