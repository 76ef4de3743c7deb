# build.sh: configures and builds with CMake, quietly where all is well. Sourced by bash.
#
#   build FOLDER [-DOPTION=VALUE…]   builds into FOLDER; on failure shows why
#
# BUILD_SOURCE is the top of the clone. BUILD_TARGETS, an array, builds only these.

build() {
    local folder=$1 log targets=()
    shift
    [ -z "${BUILD_TARGETS+x}" ] || targets=(--target "${BUILD_TARGETS[@]}")
    # A clone that was moved: CMake would go on with the old place.
    if [ -e "$folder/CMakeCache.txt" ] &&
        ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$BUILD_SOURCE" "$folder/CMakeCache.txt"; then
        rm -rf "$folder"
    fi
    mkdir -p "$folder"
    log=$folder/build.log
    echo "Building in $folder" >&2
    if cmake -S "$BUILD_SOURCE" -B "$folder" -G Ninja "$@" </dev/null >"$log" 2>&1 &&
        cmake --build "$folder" -j "$(nproc)" "${targets[@]}" </dev/null >>"$log" 2>&1; then
        return 0
    fi
    # What was wrong stands near the first failure, not at the end.
    if ! grep -A 30 -m 1 -E '^FAILED:|CMake Error' "$log" >&2; then
        tail -n 30 "$log" >&2
    fi
    echo "The build failed; all of it is in $log" >&2
    return 1
}
