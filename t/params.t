#!/bin/sh
# Every parameter is in the manual, and the manual has no others.

rows()
{
	cat */params.def | sed -n 's/^PARAM(\([^,]*\),.*/\1/p' | LC_ALL=C sort
}

n=0
check() # what, and the lines that ought not to be there
{
	n=$((n + 1))
	[ -z "$2" ] || printf 'not '
	echo "ok $n - $1"
	[ -z "$2" ] || echo "$2" | sed 's/^/# /'
}

check "no parameter is in two tables" "$(rows | uniq -d)"

documented=$(sed -n 's/^\.It Va //p' man/main.cf.5)
missing=$(for name in $(rows); do
	echo "$documented" | grep -qx "$name" || echo "$name"
done)
check "every parameter is in main.cf.5 (make manual)" "$missing"
surplus=$(for name in $documented; do
	rows | grep -qx "$name" || echo "$name"
done)
check "main.cf.5 has no other parameters" "$surplus"

names=$(sed -n 's/^KNOWN(\(.*\))$/\1/p' base/known.def)
lost=$(for name in $names; do
	grep -q "^\(.It \)\{0,1\}\.Va $name\$\|^\.It Va $name\$" man/main.cf.5 ||
	    echo "$name"
done)
check "every name of Postfix's is in main.cf.5" "$lost"
check "the names of Postfix's are in order" "$(
    echo "$names" | LC_ALL=C sort -uc 2>&1)"
check "every parameter has a meaning" "$(
    sh man/params.sh | awk '/^\.It Va / { name = $3; getline
	if ($0 ~ /^(\.br|-?\.?)$/) print name }')"
check "main.cf.5 is up to date (make manual)" "$(
    sh man/params.sh | diff - man/main.cf.5 | head -5)"
echo "1..$n"
