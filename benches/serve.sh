#!/usr/bin/env bash
# Requests a second on a 4 KiB page, `aither serve` beside nginx in one run, and the processor time that each request
# costs, which a busy machine falsifies less. Needs wrk and nginx.
#   benches/serve.sh [SECONDS a measurement] [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-5} rounds=${2:-3}
aither=${AITHER:-target/release/aither}
[ -x "$aither" ] || { echo "cargo build --release first" >&2; exit 1; }
aither=$(realpath "$aither")
folder=$(mktemp -d /dev/shm/aither-serve.XXXXXX)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT

# One page of 4,096 bytes, at the same address of both.
mkdir -p "$folder/content" "$folder/templates/layouts" "$folder/www"
printf 'source = "sample"\n[serve]\nconnections_per_address = 4096\n' > "$folder/aither.toml"
head -c 4096 < <(yes '<p>Ruhig reden, klar denken.</p>') > "$folder/templates/layouts/page.liquid"
printf '+++\ntitle = "Seite"\n+++\n' > "$folder/content/bench.md"
"$aither" --root "$folder" build --quiet
cp -r "$folder/output/." "$folder/www/"
[ "$(stat -c %s "$folder/www/bench/index.html")" = 4096 ] || { echo "the page has another size" >&2; exit 1; }

cat > "$folder/nginx.conf" <<CONF
worker_processes 1;
daemon off;
pid $folder/nginx.pid;
error_log $folder/nginx.log;
events { worker_connections 4096; }
http {
    include /etc/nginx/mime.types;
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    ${NGINX_EXTRA:-}
    client_body_temp_path $folder/body; proxy_temp_path $folder/proxy; fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi; scgi_temp_path $folder/scgi;
    server { listen 127.0.0.1:18081; root $folder/www; }
}
CONF
# Workers that are started as root change the user, who could not read a temporary folder.
[ "$(id -u)" != 0 ] || sed -i '1i user root;' "$folder/nginx.conf"
nginx -c "$folder/nginx.conf" &
(cd "$folder" && AITHER_ADMIN_TOKEN=bench exec "$aither" serve --port 18080 --quiet > /dev/null) &
server=$!
for port in 18080 18081; do
    until curl -sf "http://127.0.0.1:$port/bench/" > /dev/null; do :; done
done

worker=$(pgrep -P "$(cat "$folder/nginx.pid")")
ticks() { awk '{sub(/^.*\) /, ""); print $12 + $13}' "/proc/$1/stat"; }
# Prints requests a second and microseconds of processor time a request.
measure() {
    local before after
    before=$(ticks "$2")
    wrk -t1 -c"$3" -d"${seconds}s" "http://127.0.0.1:$1/bench/" > "$folder/wrk.txt"
    after=$(ticks "$2")
    if grep -E 'Non-2xx|Socket errors' "$folder/wrk.txt" >&2; then exit 1; fi
    awk -v ticks=$((after - before)) -v hertz="$(getconf CLK_TCK)" \
        '/requests in/ {n = $1} /Requests\/sec/ {printf "%s %.2f\n", $2, ticks / hertz * 1e6 / n}' "$folder/wrk.txt"
}
middle() { cut -d" " -f"$1" | sort -n | awk '{v[NR]=$1} END {print v[int((NR+1)/2)]}'; }
printf '%12s %12s %12s %8s %12s %12s %8s\n' connections aither/s nginx/s ratio 'aither µs' 'nginx µs' ratio
for connections in 1 32 256; do
    : > "$folder/ours"; : > "$folder/theirs"
    for _ in $(seq "$rounds"); do
        measure 18080 "$server" "$connections" >> "$folder/ours"
        measure 18081 "$worker" "$connections" >> "$folder/theirs"
    done
    a=$(middle 1 < "$folder/ours") n=$(middle 1 < "$folder/theirs") b=$(middle 2 < "$folder/ours") m=$(middle 2 < "$folder/theirs")
    printf '%12s %12s %12s %8s %11s %11s %8s\n' "$connections" "$a" "$n" "$(awk "BEGIN {printf \"%.2f\", $a / $n}")" \
        "$b" "$m" "$(awk "BEGIN {printf \"%.2f\", $b / $m}")"
done
