dnl # A relay's own features, where Debian's sendmail.mc includes them.
FEATURE(`mailertable')dnl
FEATURE(`virtusertable')dnl
INPUT_MAIL_FILTER(`opendkim', `S=inet:8891@127.0.0.1, F=, T=R:1m')dnl
