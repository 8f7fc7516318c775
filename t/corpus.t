#!/bin/sh
# Every input that a fuzz target ever choked on, and its seeds, once more.

out=${OUT:-build/debug}
for target in "$out"/t/fuzz/*.replay; do
	[ -x "$target" ] || continue
	n=$((n + 1)) name=$(basename "$target" .replay)
	files=$(find "t/fuzz/corpus/$name" -type f 2>/dev/null)
	# shellcheck disable=SC2086 # one word per file
	said=$("$target" $files 2>&1) || printf 'not '
	echo "ok $n - $name: $(echo "$files" | grep -c .) inputs"
	[ -z "$said" ] || echo "$said" | sed 's/^/# /'
done
echo "1..${n:-0}"
