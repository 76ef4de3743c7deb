# packages.sh: the one list of Debian packages, and how the missing ones are installed. Sourced by
# bash.
#
#   packages_install build        what the demo and the benchmarks need
#   packages_install build test   what the tests need
#   packages_install build bench  what ops/bench needs
#
# Nothing missing: no root, no network. Else it needs root or sudo, runs apt-get, and leaves every
# Postgres on the machine alone: a server that is there is used as it is (never upgraded), and one
# that is installed gets no cluster of its own (`create_main_cluster`, put back afterwards).

PACKAGES_build=(
    gcc libc6-dev cmake ninja-build pkg-config
    liburing-dev   # io_uring
    libpq-dev      # Postgres, client
    libssl-dev     # SHA-256, later TLS
    libjansson-dev # JSON
    libfyaml-dev   # configuration and bank profiles
    libcsv-dev     # imports
    libcurl4-openssl-dev # reconcile: the bank's list
    libmsgpack-dev # traces
    node-llhttp    # HTTP; Debian ships llhttp's C source in this package
    libjemalloc-dev
    postgresql     # the server, for private clusters
    procps         # ps, for figures and checks
    util-linux     # setpriv, setsid
)
PACKAGES_test=(
    libcmocka-dev
    binutils       # nm
    dpkg-dev       # dpkg-shlibdeps, for the package
    file           # … which cpack asks what is a program
    libseccomp-dev # io_uring blocked, as containers do
    mandoc         # the man page
    python3 python3-yaml # the Kubernetes files
    systemd        # systemd-analyze; nothing is started
)

PACKAGES_bench=(
    wrk            # what bench/poll compares with
)
PACKAGES_peer=( # only where somebody asks for `bench/payday --peer`; nothing installs them by itself
    golang-go
    golang-github-jackc-pgx-v4-dev # Postgres, client
)

packages_is_there() {
    local program
    if [ "$1" = postgresql ]; then
        for program in /usr/lib/postgresql/*/bin/initdb; do
            [ ! -x "$program" ] || return 0
        done
    fi
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

packages_missing() {
    local group package
    for group in "$@"; do
        local -n list=PACKAGES_$group
        for package in "${list[@]}"; do
            packages_is_there "$package" || echo "$package"
        done
    done
}

packages_install() {
    local missing root=()
    if ! command -v dpkg-query >/dev/null; then
        echo "packages: this is not Debian; taking for granted that what ops/lib/packages.sh" \
            "lists is installed" >&2
        return 0
    fi
    mapfile -t missing < <(packages_missing "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        root=(sudo)
        if ! sudo -n true 2>/dev/null && ! { [ -t 0 ] && command -v sudo >/dev/null; }; then
            echo "packages: some are missing, and neither root nor sudo is at hand." >&2
            echo "HINT: as root, type" >&2
            echo "    apt-get install --no-install-recommends ${missing[*]}" >&2
            case " ${missing[*]} " in *" postgresql "*)
                echo "So that postgresql starts no server of its own: install postgresql-common" \
                    "first, and put create_main_cluster = false into" \
                    "/etc/postgresql-common/createcluster.conf" >&2
                ;;
            esac
            return 1
        fi
    fi
    echo "Installing Debian packages: ${missing[*]}" >&2
    # A subshell, so that its trap puts things back whatever happens.
    (packages_apt "${missing[@]}")
}

packages_apt() {
    PACKAGES_LOG=$(mktemp)
    PACKAGES_CONF=/etc/postgresql-common/createcluster.conf
    PACKAGES_KEPT=
    trap 'packages_put_back; rm -f "$PACKAGES_LOG"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    packages_get update || echo "packages: apt-get update failed; trying without" >&2
    case " $* " in *" postgresql "*)
        packages_get install postgresql-common || return 1
        packages_no_cluster || return 1
        ;;
    esac
    packages_get install "$@"
}

# apt-get without questions; what it says is shown only when it fails.
packages_get() {
    local action=$1
    shift
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q "$action" \
        -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold \
        --no-install-recommends "$@" </dev/null >"$PACKAGES_LOG" 2>&1 && return 0
    tail -n 30 "$PACKAGES_LOG" >&2
    return 1
}

packages_no_cluster() {
    PACKAGES_KEPT=$(mktemp)
    if [ -e "$PACKAGES_CONF" ]; then
        cat "$PACKAGES_CONF" >"$PACKAGES_KEPT"
    fi
    {
        grep -v '^[[:space:]]*create_main_cluster' "$PACKAGES_KEPT" || true
        echo 'create_main_cluster = false'
    } | "${root[@]}" tee "$PACKAGES_CONF" >/dev/null
}

packages_put_back() {
    [ -n "$PACKAGES_KEPT" ] || return 0
    "${root[@]}" tee "$PACKAGES_CONF" <"$PACKAGES_KEPT" >/dev/null
    rm -f "$PACKAGES_KEPT"
    PACKAGES_KEPT=
}
