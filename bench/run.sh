#!/bin/sh
# Run the benchmarks; usage: bench/run.sh build/release [quick]

set -e
out=$1
mkdir -p "$out/bench"
cc -O2 -std=c17 -D_GNU_SOURCE -o "$out/bench/sink" bench/sink.c
# Ten thousand connections need descriptors on both ends.
ulimit -n "$(ulimit -Hn)"
OUT=$out exec perl -It/lib bench/relay.pl "${2:-}"
