#!/bin/sh
# Start the demonstration gateway on 127.0.0.1:2525, show it at work, and keep
# it running in the foreground; usage: etc/demo/run.sh build/debug

set -e
out=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
dir=$out/demo
user=$(id -un) uid=$(id -u) gid=$(id -g)

rm -rf "$dir"
mkdir -p "$dir"
if [ "$uid" = 0 ]; then
	# Roles give up root, and must reach their files afterwards.
	user=nobody uid=$(id -u nobody) gid=$(id -g nobody)
	if ! setpriv --reuid="$uid" --regid="$gid" --clear-groups \
	    test -x "$dir"; then
		rmdir "$dir"
		real=$(mktemp -d /tmp/weir-demo-XXXXXX)
		chmod 755 "$real"
		ln -s "$real" "$dir"
		dir=$real
	fi
fi
mkdir "$dir/etc" "$dir/mail"
chown "$uid:$gid" "$dir/mail"
for file in main.cf master.cf users per_user senders header_checks; do
	sed -e "s|@DIR@|$dir|g" -e "s|@USER@|$user|g" -e "s|@UID@|$uid|g" \
	    -e "s|@GID@|$gid|g" "$here/$file" >"$dir/etc/$file"
done
for table in users per_user senders; do
	"$out/bin/weir" postmap -c "$dir/etc" "hash:$dir/etc/$table"
done

"$out/bin/weir" run -c "$dir/etc" &
pid=$!
trap 'kill -TERM $pid 2>/dev/null' TERM INT
n=0
until grep -q 'generation 1 serves' "$dir/log" 2>/dev/null; do
	kill -0 $pid 2>/dev/null && [ $n -lt 300 ] || {
		echo "the gateway does not start" >&2
		exit 1
	}
	n=$((n + 1))
	sleep 0.1
done

perl "$here/samples.pl" 2525 "$out/bin/weir" "$dir/etc"

cat <<EOT

The gateway runs on 127.0.0.1:2525; interrupt it to stop it.  Try, meanwhile:

  swaks --server 127.0.0.1:2525 --to anna@example.org
  swaks --server 127.0.0.1:2525 --to anna@example.org --from spammer@example.net
  tail -f $dir/log
  ls $dir/mail/*/new
  $out/bin/weir explain -c $dir/etc someone@example.com
  $out/bin/weir mailq -c $dir/etc
  edit $dir/etc/main.cf, then: $out/bin/weir reload -c $dir/etc
EOT
status=0
wait $pid || status=$?
# A signal to this script ends the wait; the gateway finishes its sessions.
if kill -0 $pid 2>/dev/null; then
	status=0
	wait $pid || status=$?
fi
exit $status
