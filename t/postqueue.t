#!/bin/sh
# postqueue, mailq, postsuper and postcat, with the queue role down: formats
# compared with what Postfix 3.7 prints, to the blank.
# Seeds C-40 C-41 C-50..C-54 C-56 C-60 O-20..O-25 O-72.

out=${OUT:-build/debug}
case $out in /*) ;; *) out=$PWD/$out ;; esac
dir=$(mktemp -d) && mkdir "$dir/etc" "$dir/spool" || exit 1
trap 'rm -rf "$dir"' EXIT
export TZ=UTC
: >"$dir/etc/master.cf"
cat >"$dir/etc/main.cf" <<end
queue_directory = $dir/spool
relay_domains = relay.example
weir_queue_size_limit = 67108864
end

n=0
# is DESCRIPTION, with got in $dir/got and what is wanted on standard input
is() {
	n=$((n + 1))
	cat >"$dir/want"
	if cmp -s "$dir/want" "$dir/got"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		diff "$dir/want" "$dir/got" | sed 's/^/# /'
	fi
}
run() {
	name=$1
	shift
	"$out/bin/weir" "$name" -c "$dir/etc" "$@" >"$dir/got" 2>"$dir/err"
	status=$?
	grep -v 'Mail system is down --' "$dir/err" >>"$dir/got"
}

run postqueue -p
is "an empty queue" <<end
Mail queue is empty
end

"$out/t/queue.t" fill "$dir/spool/store" || echo "Bail out! fill"
run postqueue -p
is "postqueue -p (C-40, O-20, O-21, O-22, O-25)" <<'end'
-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------
1A1A6A746A2    2345 Tue Nov 14 22:13:20  s@example.org
                       (connect to 127.0.0.1[127.0.0.1]:1: Connection refused)
                                         "a b"@example.com
                                         c@example.net

173ECA746A5!    2345 Tue Nov 14 22:13:20  MAILER-DAEMON
                                         "a b"@example.com
                                         c@example.net

5FA26B3DFE     2345 Tue Nov 14 22:13:20  s@example.org
                                         "a b"@example.com
                                         c@example.net

-- 6 Kbytes in 3 Requests.
end
cp "$dir/got" "$dir/p"
run mailq
is "mailq is the same (C-41)" <"$dir/p"

run postqueue -j
head -1 "$dir/got" >"$dir/one" && mv "$dir/one" "$dir/got"
is "postqueue -j" <<'end'
{"queue_name": "deferred", "queue_id": "1A1A6A746A2", "arrival_time": 1700000000, "message_size": 2345, "forced_expire": false, "sender": "s@example.org", "recipients": [{"address": "\"a b\"@example.com", "delay_reason": "connect to 127.0.0.1[127.0.0.1]:1: Connection refused"}, {"address": "c@example.net", "delay_reason": "connect to 127.0.0.1[127.0.0.1]:1: Connection refused"}]}
end

run queue --by domain hold incoming
sed 's/ .* / /' "$dir/got" >"$dir/one" && mv "$dir/one" "$dir/got"
sort "$dir/got" >"$dir/one" && mv "$dir/one" "$dir/got"
is "queue --by domain, two of the queues" <<'end'
 all
 domain
 example.com
 example.net
end
run queue --by reason deferred
sed -n 's/^ *\([0-9][0-9]*\) .*  \([^ ].*\)$/\1 \2/p' "$dir/got" >"$dir/one"
mv "$dir/one" "$dir/got"
is "queue --by reason" <<'end'
4 all
2 (not tried)
2 connect to 127.0.0.1[127.0.0.1]:1: Connection refused
end
run queue --by size
is "queue by what there is not" <<'end'
weir queue: fatal: usage: weir queue [-c DIR] --by domain|sender|reason|age [incoming|active|deferred|hold ...]
end
run queue --by age nowhere
is "and of no queue" <<'end'
weir queue: fatal: no such queue: "nowhere"
end

run postcat -q 1A1A6A746A2
is "postcat -q (C-60)" <<'end'
*** ENVELOPE RECORDS deferred/1A1A6A746A2 ***
message_size:            2345               0               2               0            2345               0
message_arrival_time: Tue Nov 14 22:13:20 2023
create_time: Tue Nov 14 22:13:20 2023
sender: s@example.org
recipient: a b@example.com
original_recipient: alias@example.net
recipient: c@example.net
*** MESSAGE CONTENTS deferred/1A1A6A746A2 ***
Subject: hi

body
*** HEADER EXTRACTED deferred/1A1A6A746A2 ***
*** MESSAGE FILE END deferred/1A1A6A746A2 ***
end
run postcat -hq 1A1A6A746A2
is "postcat -h" <<'end'
Subject: hi
end
run postcat -bq 1A1A6A746A2
is "postcat -b" <<'end'

body
end
run postcat -q NOPE
is "postcat of nothing" <<'end'
postcat: fatal: open queue file NOPE: No such file or directory
end

run postsuper -d all
is "lower-case all is a queue id (C-51)" <<'end'
postsuper: Deleted: 0 messages
end
run postsuper -d ../x
is "an invalid queue id" <<'end'
postsuper: warning: invalid mail queue id: ../x
postsuper: Deleted: 0 messages
end
run postsuper -h 1A1A6A746A2
is "hold (C-52)" <<'end'
postsuper: 1A1A6A746A2: placed on hold
postsuper: Placed on hold: 1 message
end
run postsuper -h 1A1A6A746A2
is "hold again" <<'end'
postsuper: Placed on hold: 0 messages
end
run postsuper -H 1A1A6A746A2
is "release (C-53)" <<'end'
postsuper: 1A1A6A746A2: released from hold
postsuper: Released from hold: 1 message
end
printf '5FA26B3DFE\nNOPE\n' >"$dir/ids"
run postsuper -r - <"$dir/ids"
is "requeue, ids from standard input (C-54)" <<'end'
postsuper: 5FA26B3DFE: requeued
postsuper: Requeued: 1 message
end
run postqueue -j
sed -n '/"queue_id": "\(5FA26B3DFE\)"/p' "$dir/got" >"$dir/one"
mv "$dir/one" "$dir/got"
is "it has a new queue id (O-72)" </dev/null
run postsuper -d 173ECA746A5
is "delete (C-50)" <<'end'
postsuper: 173ECA746A5: removed
postsuper: Deleted: 1 message
end
run postsuper -d ALL hold
is "delete ALL of a queue that has none" <<'end'
postsuper: Deleted: 0 messages
end
run postsuper -d ALL
is "delete ALL (C-51)" <<'end'
postsuper: Deleted: 2 messages
end
run postqueue -p
is "nothing is left" <<end
Mail queue is empty
end

run postqueue -f
echo "$status" >>"$dir/got"
is "no flush without the mail system (C-42)" <<'end'
postqueue: fatal: Cannot flush mail queue - mail system is down
69
end
run postqueue -s other.example
is "a site that is not in fast_flush_domains (C-43)" <<'end'
postqueue: fatal: Flush service is not configured for destination "other.example"
end
run postqueue -i ../x
is "an id that is none" <<'end'
postqueue: fatal: Cannot flush queue ID - invalid name: "../x"
end
run postqueue
is "usage" <<'end'
postqueue: fatal: usage: postqueue -f | postqueue -i queueid | postqueue -j | postqueue -p | postqueue -s site
end
echo "1..$n"
