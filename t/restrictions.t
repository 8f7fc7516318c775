#!/bin/sh
# Each restriction and fact of the registries stands in the manual, and the
# reverse.

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
facts=$(sed -n 's/^{ "\([a-z0-9_]*\)",.*/\1/p' checks/fact.c | sort)
manual=$(sed -n '/^\.Ss Conditions/,/^\.Ss Scores/s/^\.It Va //p' "$page" | sort)
[ "$facts" = "$manual" ] && [ -n "$facts" ] || printf 'not '
echo "ok $((n + 2)) - each fact is in the manual, and no other"
echo "1..$((n + 2))"
