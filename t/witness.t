#!/bin/sh
# weir check finds the session by which a stranger relays, and only such: the
# script that it prints relays when weir test session plays it (hostile row 58;
# R-17, R-37, R-52, T-33, S-038, S-210, S-211, S-218).

out=${OUT:-build/debug}
case $out in /*) ;; *) out=$PWD/$out ;; esac
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
n=0

# ok DESCRIPTION: of the command before
result() {
	status=$?
	n=$((n + 1))
	[ "$status" = 0 ] || printf 'not '
	echo "ok $n - $1"
	[ "$status" = 0 ] || sed 's/^/# /' "$dir/why" "$dir/script" "$dir/replay"
}

# look: weir check of the main.cf on standard input and of $master
look() {
	{
		echo 'myhostname = mail.ours.example'
		echo 'mail_owner = nobody'
		echo 'alias_maps ='
		echo 'local_recipient_maps ='
		sed "s|DIR|$dir|g"
	} >"$dir/main.cf"
	printf '%s\n' "${master:-smtp inet n - n - - smtpd}" >"$dir/master.cf"
	: >"$dir/replay"
	"$out/bin/weir" check -c "$dir" >"$dir/script" 2>"$dir/why"
}

# none DESCRIPTION: no script, nothing said of it
none() {
	look
	[ ! -s "$dir/script" ] && ! grep -q 'open relay' "$dir/why"
	result "no witness: $1"
}

# found DESCRIPTION WHY: the exit status, the reason, and the replay
found() {
	look
	[ $? = 1 ] && [ -s "$dir/script" ] &&
	    grep 'is an open relay' "$dir/why" | grep -qF -- "$2" &&
	    grep -q '^rcpt ' "$dir/script" &&
	    "$out/bin/weir" test session -c "$dir" "$dir/script" \
		>"$dir/replay" 2>&1 </dev/null &&
	    [ "$(grep -c '^OK$' "$dir/replay")" -ge 5 ] &&
	    ! grep -q 'not as expected' "$dir/replay"
	result "found: $1"
	# It is the replay that decides, not that it was printed.
	"$out/bin/weir" test session -c "$dir" \
	    -o smtpd_client_restrictions=reject "$dir/script" \
	    >"$dir/replay" 2>&1 </dev/null
	[ $? = 1 ] || case $master in *smtpd_client_restrictions*) ;; *) false ;; esac
	result "... which another configuration refuses"
}

none 'defaults' <<end
end
none 'what is shipped' <"etc/main.cf"
sed "s|@DIR@/etc|$PWD/etc/demo|; s|@[UG]ID@|1|; s|@USER@|nobody|; s|hash:|texthash:|" \
    etc/demo/main.cf >"$dir/demo"
none 'the demonstration' <"$dir/demo"
none 'own networks, logins, certificates' <<end
mynetworks = 127.0.0.0/8, 10.0.0.0/8, 203.0.113.0/24, [2001:db8::]/32
relay_clientcerts = inline:{{00:11=x}}
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated,
	permit_tls_clientcerts, reject_unauth_destination
end
none 'an external relay, S-194' <<end
mydestination =
relay_domains = example.com, example.org, .example.net
relay_recipient_maps = inline:{{@example.com=x}}
transport_maps = inline:{{example.com=relay:[10.1.1.1]}}
mynetworks = 127.0.0.0/8 192.0.2.0/24
smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination
end
none 'Example 11-2 and classes' <<end
smtpd_restriction_classes = spamlover, spamhater
spamlover = reject_rbl_client dnsbl.example=127.0.0.2, permit
spamhater = reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname,
	reject_unknown_sender_domain, reject_rbl_client bl.example=127.0.0.2
smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination,
	check_recipient_access inline:{{abuse@=spamlover}, {ours.example=spamhater}}
end
none 'without a relay list, but with a guard' <<end
smtpd_relay_restrictions =
smtpd_recipient_restrictions = reject_unauth_destination,
	check_sender_access inline:{friend.example=OK}, check_helo_access static:OK
end
none 'a permit in the recipient list does not outdo the relay list (T-33)' <<end
smtpd_recipient_restrictions = check_sender_access static:OK, permit
end
none 'clients by name and network, a backup exchanger' <<end
smtpd_relay_restrictions = permit_mynetworks,
	check_client_access inline:{friend.example=OK, 198.51.100=OK}
	check_client_access cidr:{{192.0.2.0/24 OK}}
	permit_mx_backup, reject_unauth_destination
end
none 'a catch-all that goes elsewhere' <<end
virtual_alias_domains = v.example
virtual_alias_maps = inline:{@v.example=box@provider.example.net}
end
none 'percent and bang forms of one of our own domains' <<end
swap_bangpath = yes
allow_percent_hack = yes
mydestination = ours.example
relay_domains = inner.example
end
none 'everything refused before the guard' <<end
smtpd_client_restrictions = reject
smtpd_relay_restrictions = check_helo_access static:OK, reject_unauth_destination
end
none 'all of it goes to the trap' <<end
smtpd_relay_restrictions = check_recipient_access static:{DISCARD trap}
	permit_auth_destination, defer_if_permit, permit
end
master='submission inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_recipient_restrictions=
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject'
none 'submission, S-218' <<end
end
master=

found 'everybody is in mynetworks' 'main.cf:5: smtpd_recipient_restrictions: "permit_mynetworks" says OK, '"$dir/main.cf:7: mynetworks" <<end
smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_relay_restrictions =
mynetworks = 0.0.0.0/0
end
found 'everything is in relay_domains' 'main.cf:5: relay_domains has "elsewhere.example"' <<end
relay_domains = static:all
end
found 'a top-level domain is' 'main.cf:5: relay_domains has "weir-relay-test-one.com"' <<end
relay_domains = pcre:{{/\.com\$\$/ x}}
end
printf 'foe.example.net\tREJECT\nfriend.example.net\tOK\n' >"$dir/names"
found 'a HELO name before the guard' "says OK for \"friend.example.net\", $dir/names:2" <<end
smtpd_relay_restrictions = permit_mynetworks,
	check_helo_access texthash:DIR/names, reject_unauth_destination
end
found 'a sender' "says OK for \"friend.example.net\", $dir/names:2" <<end
smtpd_relay_restrictions = check_sender_access texthash:DIR/names,
	reject_unauth_destination
end
found 'the null sender' 'says OK for "<>"' <<end
smtpd_relay_restrictions = check_sender_access inline:{<>=OK}, reject
end
found 'a sender in our own domain (R-17)' 'says OK for "ours.example"' <<end
mydestination = ours.example
smtpd_relay_restrictions = check_sender_access inline:{ours.example=OK},
	reject_unauth_destination
end
printf '/^(foe|enemy)@/ REJECT\n/^(boss|chief)[0-9]+@[^@]*corp\\.example$/ OK\n' >"$dir/bosses"
found 'a sender that a pattern permits' "says OK for \"boss0@acorp.example\", $dir/bosses:2" <<end
smtpd_relay_restrictions = check_sender_access pcre:DIR/bosses, reject
end
found 'a user of any domain' 'says OK for "abuse@"' <<end
smtpd_relay_restrictions = check_recipient_access inline:{abuse@=OK},
	reject_unauth_destination
end
found 'a client without a name' 'says OK for "unknown"' <<end
smtpd_relay_restrictions = check_client_access inline:{unknown=OK},
	reject_unauth_destination
end
found 'a HELO name that is an address' '"permit_naked_ip_address" says OK' <<end
smtpd_relay_restrictions = permit_naked_ip_address, reject_unauth_destination
end
found 'an entry that names a class' '"permit" says OK' <<end
smtpd_restriction_classes = lover
lover = permit
smtpd_relay_restrictions = check_helo_access inline:{friend.example.net=lover},
	reject_unauth_destination
end
found 'a guard that only some meet' '"permit" says OK' <<end
smtpd_restriction_classes = strict
strict = reject_unauth_destination
smtpd_relay_restrictions = check_sender_access inline:{ours.example=strict},
	check_client_access inline:{unknown=permit}, reject
end
found 'by an alias that leaves the choice to the sender' 'main.cf:6: virtual_alias_maps' <<end
virtual_alias_domains = v.example
virtual_alias_maps = pcre:{{/^(.+)=(.+)@v\.example\$\$/ \$\$1@\$\$2}}
end
found 'two things that must come together' 'says OK for "abuse@"' <<end
smtpd_sender_restrictions = check_sender_access inline:{{boss@ours.example=DUNNO}, {ours.example=REJECT}, {stranger.example=REJECT}},
	reject_unknown_sender_domain, reject_rbl_client bl.example=127.0.0.2,
	check_helo_access inline:{magic.example=OK}, reject
smtpd_relay_restrictions = check_policy_service inet:127.0.0.1:1,
	check_recipient_access inline:{abuse@=OK}, reject
end
grep -q '^world policy inet:127.0.0.1:1 DUNNO$' "$dir/script" &&
    grep -q '^world magic.example A ' "$dir/script" &&
    grep -q '^ehlo magic.example$' "$dir/script"
result '... in a world that the script describes'

found 'if a server that cannot be asked has nothing' 'mynetworks' <<end
relay_domains = socketmap:inet:127.0.0.1:1:domains
mynetworks = 0.0.0.0/0
end
grep -q '^world table socketmap:inet:127.0.0.1:1:domains$' "$dir/script"
result '... which the script says'

perl -e 'print "host$_.example.net ", $_ % 3 ? "OK" : "REJECT $_", "\n" for 1 .. 100000' \
    >"$dir/many"
none 'a hundred thousand names behind the guard' <<end
smtpd_recipient_restrictions = check_helo_access texthash:DIR/many,
	check_sender_access texthash:DIR/many
end
found 'and before it' "$dir/many:1" <<end
smtpd_relay_restrictions = check_helo_access texthash:DIR/many,
	reject_unauth_destination
end

master='smtp inet n - n - - smtpd
2525 inet n - n - - smtpd
  -o smtpd_relay_restrictions=permit_mynetworks,reject
  -o { mynetworks = 127.0.0.0/8, 0.0.0.0/0 }
  -o smtpd_delay_reject=no -o smtpd_client_restrictions='
found 'a service with its own lists' 'master.cf:2: service 2525 is an open relay' <<end
end
! grep -q 'service smtp ' "$dir/why"
result 'and only that'
echo "1..$n"
