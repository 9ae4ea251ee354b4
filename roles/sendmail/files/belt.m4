dnl # SPDX-FileCopyrightText: 2026 mailtls.relay contributors
dnl # SPDX-License-Identifier: GPL-3.0-or-later
dnl #
dnl # The belt: what holds when the access map does not speak. It stands after MAILER(), else m4 warns.
dnl # sendmail calls it before its own look-up, with the result of the TLS session as the argument.
dnl # Columns are separated by real TABs. Class {Tls} holds VERIFY and ENCR; sendmail defines it itself.
dnl #
dnl # A name that reads like an address, or ends in a number: no host is really called so.
LOCAL_CONFIG
Kmailtls_address regex -a@ADDRESS (:.*|(^|\.)[0-9]+\.?)$
Kmailtls_local regex -a@LOCAL (^|\.)local\.?$
LOCAL_TLS_SERVER
dnl # What a certificate's CN is compared with: sendmail sets it only behind these rules, and until then it is the client's name.
R$*	$: $(macro {TLS_Name} $@ $&{server_name} $) $1
dnl # LMTP to a program or a socket of this host has "local" for an address, and so the map's exception for it is TLS_Srv:local.
dnl # By the rules of the map that key would speak for every host below .local, too: those must meet the map's default here.
R$*	$: $1 $| < $&{server_addr} > < $&{server_name} >
R$* $| < local > $*	$: $1
R$* $| < $* > < $* >	$: $1 $| < $(mailtls_local $3 $: OTHER $) >
R$* $| < $* @LOCAL >	$: $1 $| $>"TLS_connection" $1 $| < $(access TLS_Srv: $: ABSENT $) >
R$* $| $# $*	$# $2
dnl # An exception by address is for a next hop that is written as this address, in brackets: $h is the next hop as the configuration
dnl # has it. To the same address DNS can lead mail for any other, by an A record, or by an MX record called "[10.1.2.3]": that
dnl # must meet the map's default, unless the map knows the name. Loopback, and "local", are this host itself.
R$* $| $*	$: $1
R$*	$: $1 $| < $&{server_addr} > $| $&h
R$* $| < local > $| $*	$: $1
R$* $| < 127.$+ > $| $*	$: $1
R$* $| < IPv6:0:0:0:0:0:0:0:1 > $| $*	$: $1
R$* $| < $* > $| $* $&{server_name} $*	$: $1 $| < $&{server_name} >
R$* $| < [ $* ] >	$: $1
R$* $| < $* > $| $*	$: $1 $| < NOT WRITTEN >
R$* $| < $* >	$: $1 $| $>D < $&{server_name} > < ? > < ! "TLS_Srv" > < >
R$* $| < ? > $*	$: $1 $| $>"TLS_connection" $1 $| < $(access TLS_Srv: $: ABSENT $) >
R$* $| $# $*	$# $2
R$* $| $*	$: $1
dnl # sendmail looks up the name of the next hop before its address. A forged MX record "10.1.2.3", or "evil.10", would
dnl # meet an exception that is meant for the address or network. Real addresses stand in brackets.
R$*	$: < $&{server_name} >
R< [ $* ] >	$: < NAME >
R< $* >	$: < $(mailtls_address $1 $: NAME $) >
R< $* @ADDRESS >	$#error $@ 4.7.0 $: "403 the next hop " $&{server_name} " has an address for a name"
dnl # Ask the map for its default, the empty key. <TMPF> is a map that failed, ABSENT a map without the key
dnl # (a stock or foreign map, or one that makemap did not finish).
R$*	$: < $(access TLS_Srv: $: ABSENT $) >
dnl # A prefix says how to refuse, not what to demand.
R< TEMP + $={Tls} $* >	$: < $1 $2 >
R< PERM + $={Tls} $* >	$: < $1 $2 >
dnl # VERIFY, with or without extensions, is a demand: leave the decision, and its text, to the map.
R< VERIFY >	$@ OK
R< VERIFY + $+ >	$@ OK
dnl # ENCR:n and VERIFY:n are demands if n is at least 1: ENCR:0 and ENCR:high mean nothing to sendmail.
R< $={Tls} : $- >	$: $| $(arith l $@ 0 $@ $2 $)
R< $={Tls} : $- + $+ >	$: $| $(arith l $@ 0 $@ $2 $)
R$| TRUE	$@ OK
dnl # No demand in the map: this session must have at least 128 bits. An unset macro counts as 0.
R$*	$: $| < $&{cipher_bits} >
R$| < >	$: $| < 0 >
R$| < $- >	$: $| < $1 > $(arith l $@ $1 $@ 128 $)
dnl # sendmail's own words, so that a queue reads the same whichever layer held the message.
R$| < $- > TRUE	$#error $@ 4.7.0 $: "403 encryption too weak " $1 " less than 128"
R$| < $- > FALSE	$@ OK
dnl # Whatever was not understood is not fine.
R$*	$#error $@ 4.7.0 $: "403 encryption too weak 0 less than 128"
