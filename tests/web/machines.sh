#!/usr/bin/env bash
# Checks what built sites say to machines with other people's readers: the Nu HTML checker (npm vnu-jar, needs Java) over
# all pages; the sitemap's schema, feed readers and a reader of RFC 5545 (PyPI, needs Python) over everything else;
# webhooks, both ways, by the library of Standard Webhooks (PyPI). What is missing on this machine is skipped loudly. Run it
# from anywhere, after `cargo build`; AITHER names another program.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
program=${AITHER:-$root/target/debug/aither}
cache=${CARGO_TARGET_DIR:-$root/target}/web-readers
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
skip() { echo "WARNING: $1: $2 IS SKIPPED" >&2; }

# The sample site, the one in several languages, the hostile one, and a catalogue as the benchmark has it.
mkdir -p "$work/sample" "$work/bench"
for part in aither.toml content data static templates; do
    if [ -e "$root/$part" ]; then cp -r "$root/$part" "$work/sample/"; fi
done
cp -r "$root/tests/sites/multilingual" "$root/tests/sites/hostile" "$work/"
if command -v python3 >/dev/null; then
    python3 "$root/benches/catalogue/gen.py" 300 "$work/bench" >/dev/null
    printf 'source = "file"\n[site]\ntitle = "Bench"\nbase_url = "https://bench.example/site"\n[file]\npath = "courses.json"\n' \
        >"$work/bench/aither.toml"
else
    rm -r "$work/bench"
fi
sites=()
for site in "$work"/*/; do
    "$program" build --quiet --root "$site"
    sites+=("${site%/}")
done

wrong=0
jar="$cache/node_modules/vnu-jar/build/dist/vnu.jar"
if [ ! -f "$jar" ] && command -v npm >/dev/null; then
    npm install --silent --no-save --no-audit --no-fund --prefix "$cache" vnu-jar@26.9.27 >/dev/null || true
fi
if command -v java >/dev/null && [ -f "$jar" ]; then
    for site in "${sites[@]}"; do
        # There the owner's own texts hold HTML that is broken on purpose.
        [ "$(basename "$site")" != hostile ] || continue
        echo "Nu HTML checker: $(basename "$site")"
        java -jar "$jar" --errors-only --skip-non-html "$site/output" || wrong=1
    done
else
    skip "no Java, or no vnu-jar" "THE CHECK OF HTML"
fi

if command -v python3 >/dev/null && ! "$cache/python/bin/python3" -c "import standardwebhooks, jsonschema" 2>/dev/null; then
    { python3 -m venv "$cache/python" && "$cache/python/bin/pip" install --quiet \
        icalendar feedparser lxml "jsonschema[format-nongpl]" standardwebhooks; } \
        || rm -rf "$cache/python"
fi
if [ -x "$cache/python/bin/python3" ]; then
    for site in "${sites[@]}"; do
        address=$(sed -n 's/^base_url *= *"\([^"]*\)".*/\1/p' "$site/aither.toml" | head -1)
        "$cache/python/bin/python3" "$here/validate.py" "$site/output" "${address:-http://localhost:8080}" || wrong=1
    done
    "$cache/python/bin/python3" "$here/webhooks.py" "$program" "$work/sample" || wrong=1
else
    skip "no Python, or no icalendar, feedparser, lxml, jsonschema and standardwebhooks" \
        "THE CHECK OF FEEDS, CALENDARS, SITEMAPS, EXPORTS AND WEBHOOKS"
fi
exit $wrong
