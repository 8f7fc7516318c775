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
	    sed "s|^weir check: ||; s|$dir/||" >"$dir/got"
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

want='warning: main.cf:2: smtpd_relay_restrictions: "check_sender_access inline:{z=OK}" stands before strangers are kept from relaying: an OK in that table lets them'
check 'what a sender claims opens the relay' <<end
smtpd_relay_restrictions = check_client_access cidr:{{192.0.2.0/24 OK}}, check_sender_access inline:{z=OK}, reject_unauth_destination
smtpd_recipient_restrictions = check_helo_access inline:{x=OK}
end

want='warning: main.cf:3: smtpd_recipient_restrictions: "inline:{y=OK}" stands before strangers are kept from relaying: an OK in that table lets them'
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
echo "1..$n"
