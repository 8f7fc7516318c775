#!/bin/sh
# What weir check advises about lists that work, but hardly as they were meant
# (R-30 ... R-58, T-33).

out=${OUT:-build/debug}
case $out in /*) ;; *) out=$PWD/$out ;; esac
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
echo '127.0.0.1:2525 inet n - n - - smtpd' >"$dir/master.cf"

n=0
# check DESCRIPTION; main.cf is on standard input, what is wanted in $want
check() {
	n=$((n + 1))
	{ echo 'mail_owner = nobody'; cat; echo 'alias_maps ='; } >"$dir/main.cf"
	"$out/bin/weir" check -c "$dir" 2>&1 >/dev/null |
	    grep -v 'is an open relay' | # t/witness.t
	    sed "s|^weir check: ||; s|$dir/||g" >"$dir/got"
	if [ "$(cat "$dir/got")" = "$want" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		sed 's/^/# /' "$dir/got"
	fi
}

want=
check 'nothing to say' <<end
smtpd_restriction_classes = lover
lover = permit
smtpd_client_restrictions = sleep 1, sleep 1,
	warn_if_reject reject_unknown_client_hostname
	reject_unknown_client_hostname
	warn_if_reject reject
	check_client_access inline:{x=lover}, permit
smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination,
	check_sender_access inline:{a@b=OK}, reject
end

want='warning: main.cf:2: smtpd_client_restrictions: "reject_unknown_client_hostname" is never reached: "permit" before it ends the list for everybody'
check 'behind permit' <<end
smtpd_client_restrictions = permit, reject_unknown_client_hostname, reject
end
check 'behind permit that is warned of, as for Postfix' <<end
smtpd_client_restrictions = warn_if_reject permit, reject_unknown_client_hostname
end

want='warning: main.cf:4: smtpd_helo_restrictions: "reject_invalid_helo_hostname" is never reached: "strict" before it ends the list for everybody
warning: main.cf:3: strict: "permit" is never reached: "reject" before it ends the list for everybody'
check 'in and behind a class' <<end
smtpd_restriction_classes = strict
strict = reject_non_fqdn_helo_hostname, reject, permit
smtpd_helo_restrictions = strict, reject_invalid_helo_hostname
end

want='warning: main.cf:2: smtpd_sender_restrictions: "reject_non_fqdn_sender" stands there twice: the second decides nothing'
check 'twice' <<end
smtpd_sender_restrictions = reject_non_fqdn_sender, permit_mynetworks, reject_non_fqdn_sender
end

want='warning: main.cf:2: smtpd_relay_restrictions: "check_sender_access inline:{z=OK}" stands before strangers are kept from relaying: "z" is OK there, which lets them'
check 'what a sender claims opens the relay' <<end
smtpd_relay_restrictions = check_client_access cidr:{{192.0.2.0/24 OK}}, check_sender_access inline:{z=OK}, reject_unauth_destination
smtpd_recipient_restrictions = check_helo_access inline:{x=OK}
end

want='warning: main.cf:2: smtpd_relay_restrictions: "if { helo_name == "x" }" permits what strangers can arrange for, before they are kept from relaying
warning: main.cf:2: smtpd_relay_restrictions: "check_sender_access inline:{z=OK}" stands before strangers are kept from relaying: "z" is OK there, which lets them'
check 'conditions that anybody can make true open it, too' <<end
smtpd_relay_restrictions = if { authenticated && helo_name == "x" } permit, if { helo_name == "x" } permit, score_if_reject 3 { check_sender_access inline:{z=OK} }, if { size > 3 } reject_unauth_pipelining, reject_unauth_destination, if { encrypted } permit
end

want='warning: main.cf:2: smtpd_data_restrictions: "permit" is never reached: "reject" before it ends the list for everybody'
check 'lists within conditions' <<end
smtpd_data_restrictions = if { size > 3 } { score 3, score 3, reject, permit }, if { size > 3 } reject
end

want='warning: main.cf:3: smtpd_recipient_restrictions: "inline:{y=OK}" stands before strangers are kept from relaying: "y" is OK there, which lets them'
check 'without a relay list, the recipient list' <<end
smtpd_relay_restrictions =
smtpd_recipient_restrictions = inline:{y=OK}, reject_unauth_destination
end

cat >"$dir/nets" <<end
192.0.2.0/25	REJECT half
192.0.2.64/26	OK
!192.0.2.0/24	DUNNO
if 198.51.100.0/24
198.51.100.0/28	OK
198.51.100.7	REJECT
endif
198.51.100.8	REJECT only within the if is it hidden
2001:db8::/32	OK
2001:db8:1::/48	REJECT
end
want='warning: nets:2: never found: line 1 has all of its addresses
warning: nets:6: never found: line 5 has all of its addresses
warning: nets:10: never found: line 9 has all of its addresses'
check 'networks within networks' <<end
smtpd_client_restrictions = check_client_access cidr:$dir/nets
end

printf 'com\tOK\n.org\tOK\n127\tOK\n10\tOK\nexample.net\tOK\n64\tOK\nunknown\tREJECT\n' >"$dir/clients"
printf 'x.example\tREJECT\ny.example\tDUNNO\n' >"$dir/bad"
want='warning: main.cf:5: mynetworks: "128.0.0.0/2" is a large part of the Internet, and may relay
warning: main.cf:5: mynetworks: "[2000::]/3" is a large part of the Internet, and may relay
warning: main.cf:2: smtpd_relay_restrictions: "check_client_access texthash:$dir/clients" lets a whole top-level domain relay: clients:1: "com" is OK there
warning: main.cf:2: smtpd_relay_restrictions: "check_client_access texthash:$dir/clients" lets a whole top-level domain relay: clients:2: ".org" is OK there
warning: main.cf:2: smtpd_relay_restrictions: "check_client_access texthash:$dir/clients" lets a whole network of 16 million addresses relay: clients:6: "64" is OK there
warning: main.cf:2: smtpd_relay_restrictions: "check_client_access cidr:$dir/wide" lets a network of 16 million addresses relay: wide:2: 4.0.0.0/8 is OK there
warning: main.cf:2: smtpd_relay_restrictions: "check_policy_service inet:127.0.0.1:1" stands before strangers are kept from relaying: an OK of that server lets them
warning: main.cf:2: smtpd_relay_restrictions: "permit_tls_all_clientcerts" lets all clients relay that have a certificate of any authority that is trusted'
want=$(echo "$want" | sed 's|$dir/||g')
printf '5.6.0.0/16 REJECT\n4.0.0.0/6 OK\n10.0.0.0/8 OK\n' >"$dir/wide"
check 'permits for very many' <<end
smtpd_relay_restrictions = check_client_access texthash:$dir/clients,
	check_client_access cidr:$dir/wide, check_sender_access texthash:$dir/bad
	check_policy_service inet:127.0.0.1:1, permit_tls_all_clientcerts, reject_unauth_destination
mynetworks = 127.0.0.0/8, 10.0.0.0/8, 128.0.0.0/2, [fe80::]/10, [2000::]/3, 192.0.2.0/24
end
want='warning: virtual_alias_maps: all mail for "@v.example" goes on to "x@far.example", at another site: strangers cannot choose where to, but their spam comes from here
warning: main.cf:4: allow_untrusted_routing: strangers can send user%elsewhere@domain to the servers behind this one, which may relay it as if it were from here'
want=$(echo "$want" | sort)
check 'what is no open relay, but next to it' <<end
virtual_alias_domains = v.example
virtual_alias_maps = inline:{{@v.example=a@v.example x@far.example}, {a@v.example=y@far.example}}
allow_untrusted_routing = yes
end

cat >"$dir/rules" <<'end'
/^friend@example\.org$/		OK
/@example\.org$/		REJECT
/bad/				REJECT
/really-bad-stuff/		REJECT
/^BAD@/				DUNNO
/Case/i				OK
/thisCase/			OK
/thisCase/i			OK
!/white/			DUNNO
!/white/			DUNNO
if /a/
/x[0-9]+y/			OK
/ax12yz/			REJECT
/x[0-9]+y$/			OK
endif
/ax12yz/			REJECT
/\bword/			OK
/\bword\b/			OK
/a word/			OK
/end$/				OK
/trend/				OK
/trend$/			OK
/(one|two) three/		OK
/twenty-two three/		OK
/^(four|five)/			OK
/^five six$/			OK
/^(seven)$|eight/		OK
/^nine eight$/			OK
if /never/
/./				REJECT
/never mind/			OK
/never ever/			OK
endif
/last/				OK
/.*/				DUNNO
/behind/			OK
/behind, too/			OK
end
want='warning: rules:4: never found: line 3 matches all that it does
warning: rules:5: never found: line 3 matches all that it does
warning: rules:8: never found: line 6 matches all that it does
warning: rules:10: never found: line 9 has the same expression
warning: rules:13: never found: line 12 matches all that it does
warning: rules:22: never found: line 20 matches all that it does
warning: rules:24: never found: line 23 matches all that it does
warning: rules:26: never found: line 25 matches all that it does
warning: rules:31: never found: line 30 matches everything, and hides all behind it
warning: rules:36: never found: line 35 matches everything, and hides all behind it'
check 'patterns behind others' <<end
smtpd_sender_restrictions = check_sender_access pcre:$dir/rules
end
want=
check 'one' <<end
end

# Beside an MTA that stays, which sees itself to who may relay.
for kind in policy milter; do
	echo "127.0.0.1:2525 inet n - n - - $kind" >"$dir/master.cf"
	want=
	check "$kind: tables that say OK" <<end
smtpd_recipient_restrictions = check_sender_access inline:{a@b=OK},
	check_recipient_access static:x, permit_tls_all_clientcerts
x = permit
smtpd_restriction_classes = x
end
	want='warning: main.cf:2: smtpd_recipient_restrictions: "check_sender_access inline:{a@b=OK}" stands before strangers are kept from relaying: "a@b" is OK there, which lets them'
	check "$kind: but it sees to that, too" <<end
smtpd_recipient_restrictions = check_sender_access inline:{a@b=OK},
	reject_unauth_destination
end
done
echo "1..$n"
