#!/usr/bin/env bash
# Proves that rsl, built with the feature kerberos, logs in with a Windows account: with a domain of its own (MIT Kerberos) and the
# test server as its service. Everything is thrown away afterwards.
#
#   apt-get install krb5-kdc krb5-user libkrb5-dev libclang-dev     (without a domain: leave the questions empty)
#   tests/tds_server/kerberos.sh
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
directory=$(mktemp -d)
running=()

finish() {
    for process in "${running[@]}"; do
        kill "$process" 2>/dev/null || true
    done
    rm -rf "$directory"
}
trap finish EXIT

fail() {
    printf 'kerberos.sh: %s\n' "$1" >&2
    cat "$directory"/*.log >&2 || true
    exit 1
}

export PATH=$PATH:/usr/sbin:/sbin
for program in krb5kdc kdb5_util kadmin.local kinit; do
    command -v "$program" >/dev/null || { echo "kerberos.sh: $program is missing" >&2; exit 2; }
done

cargo build --quiet --manifest-path "$root/Cargo.toml" -p rsl_cli -p tds_server --features rsl_cli/kerberos,tds_server/kerberos
target=$(cargo metadata --manifest-path "$root/Cargo.toml" --no-deps --format-version 1 |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')

# The private server of the demo: a dry run asks it, too.
database_url=$("$root/pgrx-setup.sh" url)

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
kdc_port=$(free_port)
sql_port=$(free_port)

# A domain of one machine.
cat >"$directory/krb5.conf" <<CONF
[libdefaults]
    default_realm = RSL.TEST
    dns_lookup_kdc = false
    dns_canonicalize_hostname = false
    rdns = false
[realms]
    RSL.TEST = {
        kdc = 127.0.0.1:$kdc_port
    }
CONF
cat >"$directory/kdc.conf" <<CONF
[kdcdefaults]
    kdc_ports = $kdc_port
    kdc_tcp_ports = $kdc_port
[realms]
    RSL.TEST = {
        database_name = $directory/principal
        key_stash_file = $directory/stash
        acl_file = $directory/acl
        max_life = 1h
    }
CONF
export KRB5_CONFIG=$directory/krb5.conf KRB5_KDC_PROFILE=$directory/kdc.conf
export KRB5CCNAME=FILE:$directory/tickets KRB5_KTNAME=FILE:$directory/keytab
secret=$(python3 -c 'import secrets; print(secrets.token_urlsafe(18))')
{
    kdb5_util create -r RSL.TEST -s -P "$secret"
    kadmin.local -q "addprinc -pw $secret bi@RSL.TEST"
    kadmin.local -q "addprinc -pw $secret stranger@RSL.TEST"
    kadmin.local -q "addprinc -randkey MSSQLSvc/localhost:$sql_port@RSL.TEST"
    kadmin.local -q "ktadd -k $directory/keytab MSSQLSvc/localhost:$sql_port@RSL.TEST"
} >"$directory/domain.log" 2>&1
krb5kdc -n >"$directory/kdc.log" 2>&1 &
running+=($!)

python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript("CREATE TABLE TICKET (NUMBER varchar(20) PRIMARY KEY); INSERT INTO TICKET VALUES (1), (2)")' \
    "$directory/erp.db"
# The password of the login is one that nobody knows: only a ticket lets the account in.
NOBODY_KNOWS=$secret-$RANDOM "$target/debug/tds-server" --login bi@RSL.TEST:NOBODY_KNOWS --database KsmErp \
    --listen "127.0.0.1:$sql_port" --port-file "$directory/port" "$directory/erp.db" >"$directory/server.log" 2>&1 &
running+=($!)
for _ in {1..100}; do
    [[ -e $directory/port ]] && break
    sleep 0.05
done

# Reads the table without loading it; what it says goes into a file.
pull() {
    "$target/debug/rsl" pull TICKET --dry-run --retries 0 \
        --source "Server=localhost,$sql_port;Database=KsmErp;Integrated Security=true;TrustServerCertificate=true" \
        --database-url "$database_url" >"$directory/pull.log" 2>&1
}

pull && fail "an account without a ticket was let in"
grep -q 'kinit' "$directory/pull.log" || fail "without a ticket, nothing says how to get one"

echo "$secret" | kinit stranger@RSL.TEST >"$directory/kinit.log"
pull && fail "an account that the server does not know was let in"
grep -q '18456' "$directory/pull.log" || fail "the error of the server is not shown"

kdestroy
echo "$secret" | kinit bi@RSL.TEST >"$directory/kinit.log"
pull || fail "an account with a ticket was not let in"
grep -q 'dbo.TICKET: 2 rows' "$directory/pull.log" || fail "the table was not read"
echo "kerberos.sh: no ticket, a stranger's ticket and the right one: as it should be"
