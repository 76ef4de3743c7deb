# The layering, by includes: who may include whom is the table of engine/README.md.
. "$(dirname "$0")/tidy.sh"

may_include() {
    case $1 in
    engine/base) echo base ;;
    engine/core) echo base core ;;
    engine/wire) echo base wire ;;
    engine/mock) echo base mock ;;
    engine/real) echo base core wire real ;;
    engine/sim) echo base core wire mock sim ;;
    esac
}

# System headers of the pure folders: values only. No clock, socket, file, thread or allocator.
core_system_headers='stdbool|stddef|stdint|inttypes|limits|string|stdalign'

check_folder() {
    local tree=$1 folder=$2 allowed
    allowed=$(may_include "$folder" | tr ' ' '|')
    tidy_files "$tree" "^$folder/[^/]*\.[ch]$" | while read -r file; do
        { grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$tree/$file" || true; } |
            while IFS=: read -r line text; do
                header=$(sed 's/[^"]*"\([^"]*\)".*/\1/' <<<"$text")
                case $header in
                sql.h) [ "$folder" = engine/real ] && continue ;;
                esac
                grep -qE "^($allowed)/[a-z0-9_]+\.(h|inc)$" <<<"$header" ||
                    echo "$file:$line: includes \"$header\"; $folder may use only:" \
                        "$(may_include "$folder")"
                [ -e "$tree/engine/$header" ] || [ "$header" = sql.h ] ||
                    echo "$file:$line: includes \"$header\", which is not there"
            done
    done
}

check_core_system() {
    local tree=$1
    (cd "$tree" && grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*<' engine/core/*.[ch]) |
        grep -vE "<($core_system_headers)\.h>" |
        sed 's/$/   (core may include value headers only: ask for the rest through port.h)/'
    true
}

check() {
    local folder
    for folder in engine/base engine/core engine/wire engine/mock engine/real engine/sim; do
        check_folder "$1" "$folder"
    done
    check_core_system "$1"
    # Only jobs may be included by jobs; nothing of the engine knows of jobs or tests.
    (cd "$1" && grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"(jobs|tests|bench)/' \
        engine | sed 's/$/   (the engine knows nothing of jobs)/') || true
}

tidy_main
tidy_plant engine/core/step.c '#include "wire/http.h"\n' 'includes "wire/http.h"'
tidy_plant engine/core/planted.h '#include "real/clock.h"\n' 'engine/core may use only: base core'
tidy_plant engine/core/planted.c '#include <time.h>\n' '<time.h>'
tidy_plant engine/core/planted.c '  #  include <stdlib.h>\n' '<stdlib.h>'
tidy_plant engine/real/planted.c '#include "sim/world.h"\n' 'includes "sim/world.h"'
tidy_plant engine/sim/planted.c '#include "real/clock.h"\n' 'includes "real/clock.h"'
tidy_plant engine/mock/planted.c '#include "wire/http.h"\n' 'includes "wire/http.h"'
tidy_plant engine/base/planted.c '#include "core/port.h"\n' 'includes "core/port.h"'
tidy_plant engine/real/planted.c '#include "jobs/config.h"\n' 'knows nothing of jobs'
tidy_plant engine/base/planted.c '#include "base/absent.h"\n' 'which is not there'
