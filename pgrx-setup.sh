#!/usr/bin/env bash
# From a bare Debian to a verified load, and from a bare Debian to a passed test suite.
# ./pgrx-setup.sh help lists what it can do. Every subcommand may be run again at any time.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
private=$root/.rsl                 # everything of ours that is not a build result; ignored by git
readonly root private
readonly pgrx_version=0.18.1       # the one that Cargo.toml pins
readonly rust_minimum=1.95
readonly default_major=15          # the server that Debian 12 brings
readonly database=rsl
readonly sample=$private/sample-erp.db
readonly sample_rows=20000
readonly sample_views=(BI_ITEM_INFO_VIEW BI_ROUTING_VIEW BI_WORK_ORDER_RESULTS)
readonly sample_tables=(
    B_CURRENCY B_EMPLOYEE B_ITEM B_ITEM_GROUP B_JOB B_MATERIAL B_PARTNER B_RESOURCE B_WORK_CENTER
    P_ROUTING P_WORK_ORDER P_WORK_RESULT
)

# The release program is promised at target/release/rsl, so a target directory set elsewhere does not count here.
export CARGO_TARGET_DIR=$root/target
export PGRX_HOME=$private/pgrx     # pgrx would use ~/.pgrx
export PATH=$private/tools/bin:$PATH

usage() {
    cat <<'USAGE'
Usage: ./pgrx-setup.sh COMMAND [ARGUMENT…]

  demo     install everything, load the sample ERP into a private PostgreSQL, and verify it
  test     install everything and run every test
  install  build the extension and the program, and install the extension into the server of PG_CONFIG
  psql     open psql on the private server's database; arguments go to psql
  url      print the connection URL of the private server's database, starting the server if need be
  bench    run the benches; arguments go to the bench program
  stop     stop the private server
  clean    stop and delete the private server, the sample ERP and the downloaded tools

The extension goes into PostgreSQL 15 of the system, or into the server whose pg_config is named in the
environment variable PG_CONFIG. The program is left at target/release/rsl.
USAGE
}

# ---- saying what happens ----------------------------------------------------------------------------------------

say() { printf '==> %s\n' "$*" >&2; }

die() {
    printf 'pgrx-setup.sh: %s\n' "$1" >&2
    shift
    (($# == 0)) || printf '    %s\n' "$@" >&2
    exit 2
}

# Runs a command with its own standard output on standard error, where everything but data belongs.
show() { "$@" >&2; }

# ---- who does what ----------------------------------------------------------------------------------------------

is_root() { [[ $EUID -eq 0 ]]; }

as_root() {
    if is_root; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        die "root is needed for: $*" "sudo is not installed: run that command as root, then run this script again"
    fi
}

# PostgreSQL refuses to run as root, so root hands over to the user postgres. Anyone else runs it as oneself.
# The working directory must be one that the server's user may enter.
as_server() {
    if is_root; then
        (cd / && exec setpriv --reuid=postgres --regid=postgres --init-groups -- \
            env -u XDG_RUNTIME_DIR HOME=/ USER=postgres LOGNAME=postgres "$@")
    else
        (cd / && exec "$@")
    fi
}

need_server_user() {
    is_root || return 0
    getent passwd postgres >/dev/null ||
        die "there is no user postgres, and PostgreSQL refuses to run as root" \
            "add one with: useradd --system --shell /usr/sbin/nologin postgres" \
            "or run this script as an ordinary user"
}

# ---- the tools --------------------------------------------------------------------------------------------------

need_rust() {
    command -v cargo >/dev/null || PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
    local version
    if ! command -v cargo >/dev/null || ! version=$(rustc --version); then
        die "Rust $rust_minimum or later is needed and was not found" "install it as told on https://rustup.rs"
    fi
    version=${version#rustc }
    version=${version%% *}
    [[ $(printf '%s\n' "$rust_minimum" "${version%%-*}" | sort -V | head -n 1) == "$rust_minimum" ]] ||
        die "Rust $rust_minimum or later is needed, found $version" "update it with: rustup update stable"
}

# Formatter and linter come with most Rust installations, but not with rustup's minimal profile.
need_lint_tools() {
    cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 && return
    say "adding rustfmt and clippy to Rust"
    if ! command -v rustup >/dev/null || ! show rustup component add rustfmt clippy; then
        die "cargo fmt and cargo clippy are needed" "install them with: rustup component add rustfmt clippy"
    fi
}

is_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# Installs those of the named Debian packages that are missing.
need_packages() {
    local missing=() name
    for name; do is_installed "$name" || missing+=("$name"); done
    ((${#missing[@]})) || return 0
    say "installing Debian packages: ${missing[*]}"
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0)
    # Debian starts a server of its own with the package. While ours is installed, it does not.
    local no_cluster=/etc/postgresql-common/createcluster.d/rsl-setup.conf complete=yes
    as_root mkdir -p "${no_cluster%/*}"
    as_root tee "$no_cluster" >/dev/null <<<'create_main_cluster = false'
    show as_root "${apt[@]}" update -qq || say "the package lists could not be brought up to date; trying with the old ones"
    show as_root "${apt[@]}" install -y -qq --no-install-recommends "${missing[@]}" || complete=no
    as_root rm -f "$no_cluster"
    [[ $complete == yes ]] ||
        die "these packages could not be installed: ${missing[*]}" \
            "this script knows the package names of Debian 12; elsewhere, install a PostgreSQL server with its headers" \
            "and set PG_CONFIG to its pg_config"
}

# Sets pg_config, bindir and major for the server to install into. With "install", a missing one is installed.
find_server() {
    pg_config=${PG_CONFIG:-}
    if [[ -z $pg_config ]]; then
        pg_config=/usr/lib/postgresql/$default_major/bin/pg_config
        if [[ ${1:-} == install ]]; then
            command -v apt-get >/dev/null ||
                die "PostgreSQL $default_major can be installed on Debian only" \
                    "set PG_CONFIG to the pg_config of a PostgreSQL server that has its headers"
            need_packages "postgresql-$default_major" "postgresql-server-dev-$default_major"
        elif [[ ! -x $pg_config ]]; then
            die "PostgreSQL $default_major is not installed" "run ./pgrx-setup.sh install, or set PG_CONFIG"
        fi
    elif [[ $pg_config != */* ]]; then
        pg_config=$(command -v "$pg_config") || die "PG_CONFIG=$PG_CONFIG is not on PATH"
    fi
    [[ -f $pg_config && -x $pg_config ]] || die "PG_CONFIG=$pg_config is not a program"
    pg_config=$(realpath -s "$pg_config")
    local version
    version=$("$pg_config" --version) || die "$pg_config does not run"
    [[ $version =~ ^PostgreSQL\ ([0-9]+) ]] || die "$pg_config is not a pg_config: it says $version"
    major=${BASH_REMATCH[1]}
    ((major >= 13 && major <= 18)) || die "PostgreSQL 13 to 18 is needed, $pg_config is of $major"
    bindir=$("$pg_config" --bindir)
    local program
    for program in postgres initdb pg_ctl psql; do
        [[ -x $bindir/$program ]] || die "$bindir has no $program" "PG_CONFIG must be that of a whole PostgreSQL server"
    done
    # pgrx takes the server from here and needs no configuration file of its own.
    export PG_CONFIG=$pg_config PGRX_PG_CONFIG_PATH=$pg_config
}

need_build_tools() {
    need_rust
    if command -v dpkg-query >/dev/null; then
        local packages=()
        command -v cc >/dev/null || packages+=(gcc libc6-dev)
        # bindgen reads PostgreSQL's headers with libclang.
        [[ -n ${LIBCLANG_PATH:-} ]] || packages+=(libclang-dev)
        ((${#packages[@]} == 0)) || need_packages "${packages[@]}"
    fi
    local header
    header=$("$pg_config" --includedir-server)/postgres.h
    [[ -f $header ]] ||
        die "the server's headers are missing: there is no $header" "on Debian they are in postgresql-server-dev-$major"
    need_pgrx
}

need_pgrx() {
    mkdir -p "$PGRX_HOME"
    # pgrx is told its server by the environment, but builds itself anew each time if it misses this file.
    [[ -e $PGRX_HOME/config.toml ]] || echo '[configs]' >"$PGRX_HOME/config.toml"
    [[ $(cargo pgrx --version 2>/dev/null) == "cargo-pgrx $pgrx_version" ]] && return
    if command -v dpkg-query >/dev/null && ! { pkg-config --exists openssl; } 2>/dev/null; then
        need_packages libssl-dev pkg-config
    fi
    say "building cargo-pgrx $pgrx_version (about two minutes)"
    # It is a build tool: compiling it without optimisation is a matter of minutes and costs nothing later.
    CARGO_TARGET_DIR=$root/target/cargo-pgrx show cargo install cargo-pgrx --version "$pgrx_version" \
        --locked --debug --root "$private/tools"
    rm -rf "$root/target/cargo-pgrx"
}

# ---- building and installing ------------------------------------------------------------------------------------

build_and_install() {
    find_server install
    need_build_tools
    cd "$root"
    build_extension
    install_extension
    say "building the program: target/release/rsl"
    show cargo build --release -p rsl_cli -p rsl_tests -p tds_server --bin rsl --bin sample-erp --bin tds-server
}

build_extension() {
    package=$root/target/package-pg$major
    say "building the extension for $("$pg_config" --version)"
    rm -rf "$package"
    show cargo pgrx package -p rsl_ext --pg-config "$pg_config" --out-dir "$package"
}

# Copies what differs into the server's folders.
install_extension() {
    local file target differing=()
    while IFS= read -r -d '' file; do
        target=${file#"$package"}
        cmp -s "$file" "$target" || differing+=("$target")
    done < <(find "$package" -type f -print0)
    if ((${#differing[@]} == 0)); then
        say "the extension is installed and up to date"
        return
    fi
    # A server that goes on with the old library and the new SQL would be neither of the two.
    stop_cluster
    local with
    if ! is_root && ! command -v sudo >/dev/null && [[ ! -w $("$pg_config" --pkglibdir) ]]; then
        die "the server's folders belong to somebody else, and sudo is not installed" \
            "as root, run: cp -r --remove-destination '$package/.' /" "then run this script again"
    fi
    for target in "${differing[@]}"; do
        say "installing $target"
        if [[ -w ${target%/*} ]]; then with=(); else with=(as_root); fi
        # Renaming leaves the old file to any server that still has it open: writing into it would crash that server.
        "${with[@]}" install -D -m 644 "$package$target" "$target.new"
        "${with[@]}" mv -f "$target.new" "$target"
    done
}

# ---- the private server -----------------------------------------------------------------------------------------

# Where the private server may live, the preferred place first: inside the checkout, or else, for a checkout that the
# server's user cannot reach, in a folder named after the checkout's path.
cluster_places() {
    printf '%s\n' "$private"
    if is_root; then
        printf '%s\n' "/var/lib/postgresql/rsl-$(path_hash)"
    else
        printf '%s\n' "${XDG_STATE_HOME:-$HOME/.local/state}/rsl-$(path_hash)"
    fi
}

path_hash() { printf '%s' "$root" | sha256sum | cut -c 1-12; }

# Sets cluster to the folder of the private server of this major version, making an empty one if there is none.
find_cluster() {
    need_server_user
    as_server "$bindir/postgres" --version >/dev/null ||
        die "the user who runs the private server cannot run $bindir/postgres"
    local places place
    mapfile -t places < <(cluster_places)
    for place in "${places[@]}"; do
        cluster=$place/pg$major
        if [[ -d $cluster/data ]]; then return; fi
    done
    for place in "${places[@]}"; do
        cluster=$place/pg$major
        if prepare_place "$place"; then return; fi
    done
    die "no place for the private server" "tried: ${places[*]}" "each must be one that $(server_user) can write to"
}

server_user() { if is_root; then echo postgres; else id -un; fi; }

# True if a server can work in $cluster, a folder below $1.
prepare_place() {
    # pg_ctl hands the path to a shell, in double quotes.
    [[ $cluster != *[\"\`\$\\]* ]] || return 1
    # A socket's path has room for 107 bytes.
    local LC_ALL=C
    ((${#cluster} + 25 <= 107)) || return 1
    mkdir -p "$cluster" 2>/dev/null || return 1
    if is_root; then
        chmod 755 "$1"
        chown postgres: "$cluster" 2>/dev/null || return 1
    fi
    chmod 700 "$cluster" 2>/dev/null || return 1
    as_server test -w "$cluster" 2>/dev/null && return
    rmdir "$cluster"
    return 1
}

create_cluster() {
    say "creating a private PostgreSQL $major server in $cluster"
    as_server rm -rf "$cluster/data.new"
    as_server mkdir -p "$cluster/socket"
    # Trust is for the machine's own users only: the server listens on a unix socket and on the loopback address.
    as_server "$bindir/initdb" --pgdata="$cluster/data.new" --username=postgres --auth=trust \
        --encoding=UTF8 --locale=C.UTF-8 >/dev/null
    as_server tee -a "$cluster/data.new/postgresql.conf" >/dev/null <<CONF

listen_addresses = '127.0.0.1'
unix_socket_directories = '"${cluster//\'/\'\'}/socket"'
CONF
    as_server mv "$cluster/data.new" "$cluster/data"
}

# The process id of the server that runs on data folder $1, if one does.
server_process() {
    local process
    process=$(head -n 1 "$1/postmaster.pid" 2>/dev/null) || return 1
    # A file left by a crash may name a process that is somebody else's by now.
    [[ /proc/$process/cwd -ef $1 ]] && echo "$process"
}

start_cluster() {
    find_server
    find_cluster
    [[ -d $cluster/data ]] || create_cluster
    if server_process "$cluster/data" >/dev/null; then
        port=$(sed -n 4p "$cluster/data/postmaster.pid")
        return
    fi
    # The last port if it is still free, so that a URL stays valid; below the ports given to outgoing connections.
    port=$(cat "$cluster/port" 2>/dev/null) || port=$((20000 + 16#$(path_hash | cut -c 1-6) % 10000))
    for _ in {1..20}; do
        if port_is_free "$port"; then
            if start_server; then
                as_server tee "$cluster/port" >/dev/null <<<"$port"
                return
            fi
            # Somebody may have taken the port in between. Any other reason will not go away.
            tail -n 5 "$cluster/log" | grep -q 'Address already in use' || break
        fi
        port=$((20000 + (port - 20000 + 1) % 10000))
    done
    tail -n 20 "$cluster/log" >&2 || true
    die "the private server does not start" "its log is $cluster/log"
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

start_server() {
    say "starting the private server on port $port"
    show as_server "$bindir/pg_ctl" start --pgdata="$cluster/data" --log="$cluster/log" --wait --silent --options="-p $port"
}

# Stops the private servers of this checkout, of whatever version.
stop_cluster() {
    local place data process
    while IFS= read -r place; do
        for data in "$place"/pg*/data; do
            process=$(server_process "$data") || continue
            say "stopping the private server in ${data%/data}"
            # SIGINT asks for a fast shutdown: sessions are disconnected, everything is written.
            kill -INT "$process"
            for _ in {1..600}; do
                server_process "$data" >/dev/null || continue 2
                sleep 0.1
            done
            die "process $process, the private server in ${data%/data}, does not stop"
        done
    done < <(cluster_places)
}

private_url() { printf 'postgresql://postgres@127.0.0.1:%s/%s\n' "$port" "${1:-$database}"; }

query() { "$bindir/psql" -X -q -A -t -v ON_ERROR_STOP=1 -d "$(private_url "$1")" -c "$2"; }

has_database() { [[ $(query postgres "SELECT count(*) FROM pg_database WHERE datname = '$database'") == 1 ]]; }

has_extension() {
    has_database && [[ $(query "$database" "SELECT count(*) FROM pg_extension WHERE extname = 'rsl'") == 1 ]]
}

# Builds of one version differ while it is being developed, and CREATE EXTENSION knows only the version. So a file beside
# the database keeps the checksum of the SQL that made its extension.
remember_build() { installed_build | as_server tee "$cluster/$database.sha256" >/dev/null; }

installed_build() { cat "$("$pg_config" --sharedir)"/extension/rsl--*.sql | sha256sum; }

is_outdated() { has_extension && [[ $(cat "$cluster/$database.sha256" 2>/dev/null) != "$(installed_build)" ]]; }

# For those who come by without having run the demo. The demo leaves all this to `rsl init`.
ensure_database() {
    if ! has_database; then
        say "creating the database $database"
        query postgres "CREATE DATABASE $database"
    fi
    if [[ ! -e $("$pg_config" --sharedir)/extension/rsl.control ]]; then
        say "the extension rsl is not installed yet: ./pgrx-setup.sh install"
    elif ! has_extension; then
        say "creating the extension rsl"
        query "$database" "CREATE EXTENSION rsl"
        remember_build
    elif is_outdated; then
        say "the extension in database $database was made by another build: ./pgrx-setup.sh demo makes it anew"
    fi
}

# ---- the commands -----------------------------------------------------------------------------------------------

demo() {
    build_and_install
    start_cluster
    local rsl=$root/target/release/rsl
    RSL_DATABASE_URL=$(private_url)
    export RSL_DATABASE_URL
    say "writing the sample ERP: ${sample#"$root"/}"
    "$root/target/release/sample-erp" --rows "$sample_rows" "$sample"
    if is_outdated; then
        local aside
        aside=${database}_until_$(date +%Y%m%d_%H%M%S)
        say "the extension in database $database was made by another build: renaming that database to $aside"
        query postgres "ALTER DATABASE $database RENAME TO $aside"
    fi
    say "rsl init"
    "$rsl" init
    remember_build
    start_sql_server
    say "rsl check ${sample_views[*]}"
    "$rsl" check "${sample_views[@]}"
    say "rsl pull --mode replace ${sample_views[*]}"
    "$rsl" pull --mode replace "${sample_views[@]}"
    stop_sql_server
    RSL_SOURCE_URL=sqlite://$(url_path "$sample")
    export RSL_SOURCE_URL
    say "the tables from SQLite: rsl pull --mode replace ${sample_tables[*]}"
    "$rsl" pull --mode replace "${sample_tables[@]}"
    say "SELECT * FROM rsl.verify()"
    "$bindir/psql" -X -d "$RSL_DATABASE_URL" -P pager=off -c 'SELECT * FROM rsl.verify()'
    [[ $(query "$database" "SELECT count(*) FROM rsl.verify() WHERE status = 'fail'") == 0 ]] ||
        die "rsl.verify() has findings: the lines with status fail above"
    cat >&2 <<NEXT

The sample ERP is loaded and verified. What to try next:

    export RSL_DATABASE_URL=$RSL_DATABASE_URL
    export RSL_SOURCE_URL='$RSL_SOURCE_URL'
    target/release/rsl loads                                              what was loaded, and its verdict
    target/release/rsl pull --dry-run --all                               what a load of everything would do
    target/release/rsl pull B_ITEM --mode upsert --undoable               load one table again, audited from now on
    target/release/rsl report --last --output report.html                 the last pull, proven, to print and to sign
    target/release/rsl undo --last                                        take that load back
    ./pgrx-setup.sh psql -c 'SELECT * FROM erp.bi_routing_view LIMIT 5'   the rows
    ./pgrx-setup.sh stop                                                  stop the private server
NEXT
}

# Serves the sample ERP the way SQL Server would, to the login FKSM_BI, which may only read. Sets RSL_SOURCE_URL.
start_sql_server() {
    local port_file=$private/tds-server.port
    rm -f "$port_file"
    MSSQL_PASSWORD=$(head -c 18 /dev/urandom | base64)
    export MSSQL_PASSWORD
    "$root/target/release/tds-server" --listen 127.0.0.1:0 --login FKSM_BI:MSSQL_PASSWORD --database KsmErp --port-file "$port_file" \
        "$sample" >"$private/tds-server.log" 2>&1 &
    sql_server=$!
    trap stop_sql_server EXIT
    for _ in {1..200}; do
        if [[ -s $port_file ]]; then
            # Its certificate is of an authority that was made for the tests.
            RSL_SOURCE_URL="mssql://FKSM_BI@localhost:$(cat "$port_file")/KsmErp?ca=$(url_path "$root/tests/tds_server/certificate/test-ca.pem")"
            export RSL_SOURCE_URL
            say "a server that speaks SQL Server's protocol serves the sample ERP: ${RSL_SOURCE_URL%%\?*}"
            return
        fi
        kill -0 "$sql_server" 2>/dev/null || break
        sleep 0.05
    done
    cat "$private/tds-server.log" >&2
    die "the server of the sample ERP does not start"
}

stop_sql_server() {
    trap - EXIT
    kill "$sql_server" 2>/dev/null || true
    wait "$sql_server" 2>/dev/null || true
}

# A path as it stands in a URL.
url_path() {
    local path=${1//%/%25}
    path=${path// /%20}
    path=${path//\#/%23}
    printf '%s' "${path//\?/%3F}"
}

run_tests() {
    build_and_install
    need_lint_tools
    # The reports are looked at in a browser, and printed.
    ! command -v dpkg-query >/dev/null || need_packages shellcheck chromium poppler-utils
    say "checking the form of the code"
    cargo fmt --all --check
    shellcheck pgrx-setup.sh .ci/run tests/tds_server/clients.sh
    cargo clippy --workspace --exclude rsl_ext --all-targets -- -D warnings
    cargo clippy -p rsl_ext --no-default-features --features "pg$major" --all-targets -- -D warnings
    say "running the tests"
    RSL_TEST_CLI=$root/target/release/rsl cargo test --no-fail-fast -p rsl_core -p rsl_cli -p tds_server -p rsl_tests "$@"
    if (($# == 0)); then
        run_tests_with_server
    fi
    say "all tests passed"
}

# The unit tests of the program that ask PostgreSQL itself, in a database of the private server.
run_tests_with_server() {
    find_server
    find_cluster
    local was_running
    was_running=$(server_process "$cluster/data") || was_running=
    start_cluster
    query postgres "DROP DATABASE IF EXISTS rsl_cli_tests"
    query postgres "CREATE DATABASE rsl_cli_tests"
    RSL_TEST_DATABASE_URL=$(private_url rsl_cli_tests) cargo test -p rsl_cli -- --ignored
    query postgres "DROP DATABASE rsl_cli_tests"
    if [[ -z $was_running ]]; then
        show as_server "$bindir/pg_ctl" stop --pgdata="$cluster/data" --mode=fast --silent
    fi
}

bench() {
    build_and_install
    say "running the benches"
    RSL_TEST_CLI=$root/target/release/rsl cargo run --release -p rsl_tests --bin bench -- "$@"
}

clean() {
    stop_cluster
    local place
    while IFS= read -r place; do
        if [[ -e $place ]]; then
            say "deleting $place"
            rm -rf "$place"
        fi
    done < <(cluster_places)
    say "left as they are: the build results in target/, the extension in the server, Debian's packages"
}

command=${1:-help}
(($# == 0)) || shift
case $command in
    demo) demo ;;
    test) run_tests "$@" ;;
    install) build_and_install ;;
    psql)
        start_cluster
        ensure_database
        exec "$bindir/psql" -d "$(private_url)" "$@"
        ;;
    url)
        start_cluster
        ensure_database
        printf '%s\n' "$(private_url)"
        ;;
    bench) bench "$@" ;;
    stop) stop_cluster ;;
    clean) clean ;;
    help | -h | --help) usage ;;
    *)
        usage >&2
        die "unknown command: $command"
        ;;
esac
