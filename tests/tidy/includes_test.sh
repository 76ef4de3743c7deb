# The layering, by includes: who may include whom is the table of engine/README.md.
. "$(dirname "$0")/tidy.sh"

# folder: folders whose headers it may include.
table='
base: base
core: base core
wire: base wire
mock: base mock
real: base core wire real
sim: base core wire mock sim
'

# System headers of the core: values only. No clock, socket, file, thread or allocator.
core_system_headers='stdatomic|stdbool|stddef|stdint|inttypes|limits|string|stdalign'

check() {
    local tree=$1 directive='^[[:space:]]*#[[:space:]]*include[[:space:]]*'
    (
        cd "$tree"
        find engine -name '*.h' >"$tidy_work/headers"
        grep -rnE --include='*.[ch]' "$directive\"" engine | sort |
            awk -v table="$table" -v headers="$tidy_work/headers" '
            BEGIN {
                rows = split(table, row, "\n")
                for (i = 1; i <= rows; i++)
                    if (split(row[i], part, ": ") == 2)
                        may[part[1]] = part[2]
                while ((getline header < headers) > 0)
                    there[header] = 1
            }
            {
                split($0, at, ":")
                split($0, quoted, "\"")
                header = quoted[2]
                split(at[1], path, "/")
                split(header, used, "/")
                from = path[2]
                where = at[1] ":" at[2] ": includes \"" header "\""
                if (used[1] == "jobs" || used[1] == "tests" || used[1] == "bench")
                    print where "; the engine knows nothing of " used[1]
                else if (from == "real" && header == "sql.h")
                    next # generated: the text of sql/queries
                else if (index(" " may[from] " ", " " used[1] " ") == 0 || used[2] == "")
                    print where "; engine/" from " may use only: " may[from]
                else if (!(("engine/" header) in there))
                    print where ", which is not there"
            }'
        grep -rnE --include='*.[ch]' "$directive<" engine/core |
            grep -vE "<($core_system_headers)\.h>" |
            sed 's/$/   (core may include value headers only: ask for the rest through port.h)/'
    ) || true
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
