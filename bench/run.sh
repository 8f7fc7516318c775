#!/bin/sh
# Run the benchmarks; usage: bench/run.sh build/release [relay|cut|rcpt|rules|queue|policyd] [quick]

set -e
out=$1
shift
which='relay cut rcpt rules queue policyd'
how=
for word; do
	case $word in
	quick) how=quick ;;
	relay | cut | rcpt | rules | queue | policyd) which=$word ;;
	*) echo "no such benchmark: $word" >&2; exit 64 ;;
	esac
done
mkdir -p "$out/bench"
for program in sink rcpts policy ask; do
	cc -O2 -std=c17 -D_GNU_SOURCE -o "$out/bench/$program" \
	    "bench/$program.c"
done
# Ten thousand connections need descriptors on both ends.
ulimit -n "$(ulimit -Hn)"
for name in $which; do
	OUT=$out perl -It/lib -Ibench "bench/$name.pl" $how
done
