# Calls that are banned, each with its replacement.
. "$(dirname "$0")/tidy.sh"

# names : paths where they are banned : paths let through (- for none) : instead
# What runs within the loop; store_load.c and pg.c also open sessions, before it.
loop='^engine/real/(lane|ring|ring_uring|ring_epoll|pipe|pool|bank|store|store_chunk|store_copy)\.c$'
banned='
strcpy strcat stpcpy strncpy strncat : . : ^tests/ : memcpy with a checked length, or text_clean
sprintf vsprintf : . : ^tests/ : snprintf
strtok strtok_r : . : - : a loop over the bytes
gets scanf sscanf fscanf : . : ^tests/ : money_parse, hex_read, a parser that sees the end
atoi atol atoll atof strtod strtof : . : ^tests/ : money_parse, or strtoll with its end checked
system popen : . : - : nothing: no shell is started from C
rand srand random srandom drand48 rand_r : . : - : base/prng.h, from a seed
sleep usleep nanosleep : ^(engine|tests|bench)/ : - : a timer; in tests time is a variable
alloca : . : - : a fixed size, or the arena
assert : . : ^tests/ : CHECK: it stays on in production
time gettimeofday clock_gettime timespec_get : ^engine/ : ^engine/real/clock\.c$ : real/clock.h
getenv secure_getenv : ^engine/ : - : jobs read the environment and hand values in
malloc calloc realloc free strdup : ^engine/core/ : - : the arena
printf puts fprintf perror : ^engine/(core|wire|mock)/ : - : a status, or a value in an event
json_real_value json_real json_number_value : . : ^(jobs|tests/unit/jobs)/bench[_.] : an amount is an integer or digits in a string
float double : ^engine/ : - : integers: minor units, ns, per mille
PQexec PQexecParams PQexecPrepared PQprepare : LOOP : - : PQsend…, PQisBusy: never block
PQconnectdb PQconnectdbParams : LOOP : - : a session opened before the loop
PQescapeString PQescapeLiteral PQescapeStringConn : . : - : constant SQL, parameters, binary COPY
'
banned=${banned//LOOP/$loop}

check() {
    tidy_code "$1" | BANNED=$banned perl -ne '
        BEGIN {
            for (split /\n/, $ENV{BANNED}) {
                my ($names, $where, $except, $instead) = split / : /, $_, 4;
                next unless defined $instead;
                for my $name (split " ", $names) {
                    my $after = $name =~ /^(float|double)$/ ? qr/\b/ : qr/\s*\(/;
                    # Not as a member (`.time(`), and not as the tail of another name.
                    push @rules, [$name, $where, $except, $instead, qr/(^|[^A-Za-z0-9_.>])$name$after/];
                    $any .= "|$name";
                }
            }
            $any = substr $any, 1;
            $any = qr/\b(?:$any)\b/; # one quick look; most lines name nothing of the kind
        }
        next unless /$any/;
        my ($path, $line, $code) = /^([^:]*):(\d+): (.*)/ or next;
        for my $rule (@rules) {
            my ($name, $where, $except, $instead, $pattern) = @$rule;
            next unless $code =~ $pattern && $path =~ $where;
            next if $except ne "-" && $path =~ $except;
            print "$path:$line: $name is banned. Instead: $instead\n";
        }'
}

tidy_main
tidy_plant jobs/planted.c 'void f(char *a) { strcpy(a, "x"); }\n' 'strcpy is banned'
tidy_plant jobs/planted.c 'int f(void)\n{\n    return system ("ls");\n}\n' 'planted.c:3: system'
tidy_plant engine/real/planted.c 'long f(void) { return time(0); }\n' 'time is banned'
tidy_plant engine/core/planted.c 'static double f;\n' 'double is banned'
tidy_plant engine/core/planted.c 'void *f(void) { return malloc(1); }\n' 'malloc is banned'
tidy_plant engine/real/lane.c 'void f(void *c) { PQexec(c, ""); }\n' 'PQexec is banned'
tidy_plant tests/unit/core/planted_test.c 'void f(void) { usleep(1000); }\n' 'usleep is banned'
tidy_plant engine/mock/planted.c 'void f(void) { puts("x"); }\n' 'puts is banned'
tidy_plant tests/io/planted.c 'void f(void) { sleep(1); }\n' 'sleep is banned'
tidy_plant jobs/planted.c 'int f(char *a) { return atoi(a); }\n' 'atoi is banned'
# Neither comments nor literals are calls.
printf '/* malloc(1)\n * time(0) */ // rand()\nconst char *f = "strcpy(a) \\" gets(";\n' \
    >"$tidy_work/tree/engine/core/planted.c"
said=$(check "$tidy_work/tree")
[ -z "$said" ] || { echo "the check sees calls in comments: $said"; exit 1; }
