# Failpoints and sins: each name of the tables stands in the source, and no other name does; a
# failpoint at exactly one place, a sin in at most two files, and all where the program that has them
# looks for them.
. "$(dirname "$0")/tidy.sh"

# Where CMake looks for what it compiles with DAYBOOK_FAILPOINTS, and with DAYBOOK_SINS.
failing='^(engine/real|jobs)/[^/]*\.c$'
sinners='^engine/(core|sim|wire)/[^/]*\.c$'

check() {
    local tree=$1
    # The comments of the tables are gone here, the uses are not.
    tidy_code "$tree" | FAILING=$failing SINNERS=$sinners perl -ne '
        my ($path, $line, $code) = /^([^:]*):(\d+): (.*)/ or next;
        if ($path eq "engine/base/failpoint.h") {
            $table{failpoint}{$1}++ if $code =~ /\bX\(([a-z_]+)\)\s*\\?$/ && $1 ne "name";
        } elsif ($path eq "engine/base/sin.h") {
            $table{sin}{$1}++ if $code =~ /\bX\(([a-z_]+), ""\)\s*\\?$/;
        } elsif ($path =~ m{^(engine|jobs)/}) {
            while ($code =~ /\bFAILPOINT\((\w+)\)/g) {
                push @{$used{failpoint}{$1}}, "$path:$line";
                print "$path:$line: failpoint $1 is in no program there\n"
                    unless $path =~ $ENV{FAILING};
            }
            while ($code =~ /\bSIN\((\w+)\)/g) {
                push @{$used{sin}{$1}}, "$path:$line";
                $files{$1}{$path} = 1;
                print "$path:$line: sin $1 is in no program there\n" unless $path =~ $ENV{SINNERS};
            }
        }
        END {
            for my $kind ("failpoint", "sin") {
                my ($table, $used) = ($table{$kind}, $used{$kind});
                for (sort keys %$table) {
                    print "$kind $_: $table->{$_} times in the table\n" if $table->{$_} > 1;
                    print "$kind $_: in the table, at no place\n" unless $used->{$_};
                }
                for (sort keys %$used) {
                    print "$kind $_: not in the table (@{$used->{$_}})\n" unless $table->{$_};
                    print "$kind $_: at more than one place (@{$used->{$_}})\n"
                        if $kind eq "failpoint" && @{$used->{$_}} > 1;
                    print "$kind $_: in more than two files (@{$used->{$_}})\n"
                        if $kind eq "sin" && keys %{$files{$_}} > 2;
                }
            }
        }'
}

tidy_main
tidy_plant jobs/planted.c 'void f(void) { FAILPOINT(unheard_of); }\n' 'unheard_of: not in the table'
tidy_plant jobs/planted.c 'void f(void) { FAILPOINT(claim_locked); }\n' 'claim_locked: at more than'
tidy_plant engine/base/failpoint.h '#define MORE(X) \\\n    X(planted_here) \\\n' \
    'failpoint planted_here: in the table, at no place'
tidy_plant engine/base/failpoint.h '#define MORE(X) \\\n    X(claim_locked) \\\n' \
    'claim_locked: 2 times in the table'
tidy_plant engine/core/planted.c 'bool f(void) { return SIN(unheard_of); }\n' \
    'sin unheard_of: not in the table'
tidy_plant engine/core/planted.c 'bool f(void) { return SIN(intent_after_send); }\n' \
    'sin intent_after_send: in more than two files'
tidy_plant engine/real/planted.c 'bool f(void) { return SIN(floor_ignored); }\n' \
    'sin floor_ignored is in no program there'
tidy_plant engine/core/planted.h 'static bool f(void) { return SIN(floor_ignored); }\n' \
    'sin floor_ignored is in no program there'
tidy_plant engine/real/planted.h 'static void f(void) { FAILPOINT(claim_locked); }\n' \
    'failpoint claim_locked is in no program there'
tidy_plant engine/base/sin.h '#define MORE(X) \\\n    X(planted_here, "x") \\\n' \
    'sin planted_here: in the table, at no place'
tidy_plant engine/base/sin.h '#define MORE(X) \\\n    X(floor_ignored, "x") \\\n' \
    'sin floor_ignored: 2 times in the table'
