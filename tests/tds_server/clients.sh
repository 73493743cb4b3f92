#!/usr/bin/env bash
# Proves the test server with clients that others wrote: FreeTDS and Microsoft's ODBC driver, as Python packages in a
# virtual environment that is thrown away. Exit code 1 if a value differs.
#
#   tests/tds_server/clients.sh [TDS_SERVER]
#
# TDS_SERVER is the program; without it, it is built.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
directory=$(mktemp -d)
servers=()

finish() {
    for server in "${servers[@]}"; do
        kill "$server" 2>/dev/null || true
    done
    rm -rf "$directory"
}
trap finish EXIT

if [[ $# -gt 0 ]]; then
    program=$1
else
    cargo build --quiet --manifest-path "$here/Cargo.toml" --bin tds-server
    target=$(cargo metadata --manifest-path "$here/Cargo.toml" --no-deps --format-version 1 |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
    program=$target/debug/tds-server
fi

if ! python3 -c 'import ctypes; ctypes.CDLL("libltdl.so.7")' 2>/dev/null; then
    echo "Microsoft's ODBC driver needs libltdl: apt-get install libltdl7" >&2
    exit 2
fi
python3 -m venv "$directory/venv"
"$directory/venv/bin/pip" install --quiet --disable-pip-version-check pymssql mssql-python

TDS_PASSWORD=$(python3 -c 'import secrets; print(secrets.token_urlsafe(18))')
export TDS_PASSWORD TDS_DIRECTORY=$directory TDS_CERTIFICATES=$here/certificate
for mode in off login on required strict; do
    "$program" --every-type --login FKSM_BI:TDS_PASSWORD --listen 127.0.0.1:0 --encrypt "$mode" \
        --port-file "$directory/$mode.port" >"$directory/$mode.log" 2>&1 &
    servers+=($!)
done
for mode in off login on required strict; do
    for _ in {1..100}; do
        [[ -e $directory/$mode.port ]] && break
        sleep 0.05
    done
    if [[ ! -e $directory/$mode.port ]]; then
        cat "$directory/$mode.log" >&2
        exit 2
    fi
done

"$directory/venv/bin/python" "$here/clients.py"
