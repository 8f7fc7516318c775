#!/bin/sh
# Each restriction of the registry stands in the manual, and the reverse.

page=man/weir_restrictions.5
code=$(sed -n 's/^{ "\([a-z_]*\)",.*/\1/p' checks/check.c | sort)
manual=$(sed -n '/^\.Sh RESTRICTIONS/,/^\.Sh EXAMPLES/s/^\.It Ic \([a-z_]*\).*/\1/p' \
    "$page" | sort)
for name in $code; do
	n=$((n + 1))
	echo "$manual" | grep -qx "$name" || printf 'not '
	echo "ok $n - $name is in the manual"
done
[ "$code" = "$manual" ] && [ "$n" -gt 70 ] || printf 'not '
echo "ok $((n + 1)) - and nothing else"
echo "1..$((n + 1))"
