# peer.sh: the peers of bench/payday: what they need, how they are built and started. Sourced by bash,
# after packages.sh.
#
#   peer_build FOLDER   builds the Go peer into FOLDER; 1, and what to install, where Go or pgx is missing
#   peer_command NAME   sets PEER_COMMAND, an array, to the peer NAME (go-http, go-conn) without its
#                       arguments; 1: there is none of that name

PEER_GOPATH=/usr/share/gocode # where Debian's packages put Go source
PEER_PROGRAM=

peer_build() {
    if ! command -v go >/dev/null || [ ! -d "$PEER_GOPATH/src/github.com/jackc/pgx/v4" ]; then
        echo "peer: the Go peer needs Go and the Postgres driver pgx, and one of them is missing." >&2
        echo "HINT: as root, type" >&2
        echo "    apt-get install --no-install-recommends ${PACKAGES_peer[*]}" >&2
        return 1
    fi
    mkdir -p "$1"
    echo "Building in $1" >&2
    # From Debian's packages alone: nothing is fetched, and nothing is written elsewhere.
    (
        cd "$BUILD_SOURCE/bench/peers/go"
        export GO111MODULE=off GOPATH=$PEER_GOPATH GOFLAGS='' GOPROXY=off GOCACHE=$1/cache CGO_ENABLED=0
        go build -o "$1/peer" .
    ) || return 1
    PEER_PROGRAM=$1/peer
}

peer_command() {
    case $1 in
    go-http) PEER_COMMAND=("$PEER_PROGRAM" -client transport) ;;
    go-conn) PEER_COMMAND=("$PEER_PROGRAM" -client connection) ;;
    *) return 1 ;;
    esac
}
