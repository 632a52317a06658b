#!/bin/sh
# Instructions a page of each engine, all from one run under callgrind; needs valgrind.
set -eu
cd "$(dirname "$0")/.."
cargo bench --bench liquid --no-run --message-format=json 2>/dev/null |
  grep -o '"executable":"[^"]*liquid-[^"]*"' | tail -1 | cut -d'"' -f4 >/tmp/liquid-bench.$$
bench=$(cat /tmp/liquid-bench.$$)
rm /tmp/liquid-bench.$$
rounds=${1:-100}
out=$(mktemp)
valgrind --tool=callgrind --callgrind-out-file="$out" "$bench" "$rounds" >/dev/null 2>&1
callgrind_annotate --inclusive=yes --threshold=100 "$out" 2>/dev/null |
  grep -E 'benches/liquid.rs:liquid::pages_[a-z]+ ' |
  awk -v rounds="$rounds" '{
    count = $1; gsub(",", "", count)
    name = $0; sub(/.*pages_/, "", name); sub(/ .*/, "", name)
    page[name] = count / rounds
  } END {
    for (name in page) printf "%-10s %8.0f instructions a page, %.2f x minijinja\n", name, page[name], page[name] / page["minijinja"]
  }'
rm "$out"
