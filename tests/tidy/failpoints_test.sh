# Failpoints: each name of the table stands at exactly one place, and no other name does.
. "$(dirname "$0")/tidy.sh"

check() {
    local tree=$1
    # The comments of the table are gone here, the uses are not.
    tidy_code "$tree" | perl -ne '
        my ($path, $line, $code) = /^([^:]*):(\d+): (.*)/ or next;
        if ($path eq "engine/base/failpoint.h") {
            $table{$1}++ if $code =~ /\bX\(([a-z_]+)\)\s*\\?$/ && $1 ne "name";
        } elsif ($path =~ m{^(engine|jobs)/}) {
            push @{$used{$1}}, "$path:$line" while $code =~ /\bFAILPOINT\((\w+)\)/g;
        }
        END {
            for (sort keys %table) {
                print "failpoint $_: $table{$_} times in the table\n" if $table{$_} > 1;
                print "failpoint $_: in the table, at no place\n" unless $used{$_};
            }
            for (sort keys %used) {
                print "failpoint $_: not in the table (@{$used{$_}})\n" unless $table{$_};
                print "failpoint $_: at more than one place (@{$used{$_}})\n" if @{$used{$_}} > 1;
            }
        }'
}

tidy_main
tidy_plant jobs/planted.c 'void f(void) { FAILPOINT(unheard_of); }\n' 'unheard_of: not in the table'
tidy_plant jobs/planted.c 'void f(void) { FAILPOINT(claim_locked); }\n' 'claim_locked: at more than'
tidy_plant engine/base/failpoint.h '#define MORE(X) \\\n    X(planted_here) \\\n' \
    'planted_here: in the table, at no place'
tidy_plant engine/base/failpoint.h '#define MORE(X) \\\n    X(claim_locked) \\\n' \
    'claim_locked: 2 times in the table'
