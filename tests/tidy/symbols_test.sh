# The layering, by symbols: what the libraries of the release build ask the outside for. A clock, a
# socket or a malloc in the core fails by name.
. "$(dirname "$0")/tidy.sh"

build=${DAYBOOK_BUILD:?the build folder}
libraries=$tidy_work/libraries
mkdir "$libraries"
cp "$build"/lib*.a "$libraries"

# Undefined names of a library that neither it nor the further libraries define.
undefined() {
    local of=$1
    shift
    comm -23 <(nm -u "$of" 2>/dev/null | awk 'NF == 2 { print $2 }' | sort -u) \
        <(nm --defined-only "$of" "$@" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u)
}

# What a compiler puts in by itself, and its equals: pure.
compiler='strlen|memcpy|memmove|memset|memcmp|__mem(cpy|move|set)_chk|__stack_chk_fail'
compiler="$compiler|_GLOBAL_OFFSET_TABLE_"
base_asks="$compiler|strcmp|strlen|strcspn|(__)?snprintf(_chk)?|abort|(__)?fprintf(_chk)?|stderr"
base_asks="$base_asks|EVP_[A-Za-z0-9_]+|calloc|free"
# What is not theirs: clocks, chance, sockets, files by descriptor, processes, threads, environment.
impure='clock_gettime|gettimeofday|time|timespec_get|nanosleep|usleep|sleep|rand|srand|random'
impure="$impure|getrandom|getentropy|socket|connect|accept|accept4|bind|listen|send|sendmsg|sendto"
impure="$impure|recv|recvmsg|recvfrom|poll|epoll_wait|io_uring_.*|read|write|open|open64|openat"
impure="$impure|fork|execve|system|popen|getenv|secure_getenv|setenv|pthread_.*|PQ[a-zA-Z]+|signal"
impure="$impure|sigaction|kill"

check() {
    local name
    undefined "$libraries/libcore.a" "$libraries/libbase.a" | grep -vxE "$compiler" |
        sed 's/^/libcore.a asks for /; s/$/: the core decides and never acts; use port.h/' || true
    # Made at start by whoever has the memory, never by the core.
    nm -u "$libraries/libcore.a" | grep -owE 'hash_open|hash_close' |
        sed 's/^/libcore.a asks for /; s/$/: it allocates; the hash is handed in/' || true
    undefined "$libraries/libbase.a" | grep -vxE "$base_asks" |
        sed 's/^/libbase.a asks for /' || true
    for name in wire mock sim; do
        [ -e "$libraries/lib$name.a" ] || continue
        undefined "$libraries/lib$name.a" | grep -xE "$impure" |
            sed "s/^/lib$name.a asks for /; s/\$/: no clock, chance, socket, thread there/" || true
    done
    for name in base core wire mock sim; do
        [ -e "$libraries/lib$name.a" ] || continue
        objdump -t "$libraries/lib$name.a" |
            awk -v lib="lib$name.a" '
                /file format/ { object = $1 }
                ($2 ~ /^[lg]$/ || $3 == "O") && / O \.(bss|data)[\t. ]/ && !/\.rel\.ro/ {
                    print lib ": " object " " $NF ": a mutable static; only jobs and real have them"
                }'
    done
}

[ -e "$libraries/libcore.a" ] || { echo "no libcore.a in $build"; exit 1; }
tidy_main

# Planted: objects that ask for what they must not, all at once.
expected=()
symbols_plant() {
    local object=$tidy_work/planted${#expected[@]}.o
    cc -fPIC -O1 -xc -c - -o "$object" <<<"$2"
    ar q "$libraries/$1" "$object" 2>/dev/null
    expected+=("$3")
}

symbols_plant libcore.a '#include <time.h>
long planted1(void) { struct timespec t; clock_gettime(CLOCK_BOOTTIME, &t); return t.tv_sec; }' \
    'libcore.a asks for clock_gettime'
symbols_plant libcore.a '#include <stdlib.h>
void *planted2(void) { return malloc(7); }' 'libcore.a asks for malloc'
symbols_plant libcore.a '#include <sys/socket.h>
int planted3(void) { return socket(1, 1, 0); }' 'libcore.a asks for socket'
symbols_plant libcore.a 'void *hash_open(void); void *planted4(void) { return hash_open(); }' \
    'libcore.a asks for hash_open'
symbols_plant libcore.a 'static int planted_count; int planted5(void) { return ++planted_count; }' \
    'planted_count: a mutable static'
symbols_plant libbase.a '#include <unistd.h>
int planted6(void) { return (int)getpid(); }' 'libbase.a asks for getpid'
symbols_plant libwire.a '#include <stdlib.h>
int planted7(void) { return rand(); }' 'libwire.a asks for rand'

said=$(check)
for line in "${expected[@]}"; do
    grep -qF -- "$line" <<<"$said" ||
        { echo "the check is blind: what was planted did not bring '$line', but '$said'"; exit 1; }
done
