# Statements are constant text with parameters: what a function sends to Postgres is a query of
# sql/, a literal, or a constant; never text that was put together at run time.
. "$(dirname "$0")/tidy.sh"

# function : which of its arguments is the statement, from 0
senders='
PQexec PQsendQuery PQexecParams PQsendQueryParams : 1
PQprepare PQsendPrepare : 2
db_query db_query_binary db_execute db_script db_copy_begin db_stream_begin : 1
pg_run pg_run_as_login run_plain tell_rows : 1
'
# file : argument : why it may
let_through='
jobs/db.c : sql : hands on what it is given
jobs/verify_guards.c : sql : hands on what it is given
engine/real/pg.c : sql : hands on what it is given
engine/real/claim.c : sql : hands on what it is given
jobs/schema.c : sql : a GRANT takes no parameter; the name is quoted by PQescapeIdentifier
jobs/schema.c : migration->text : a migration of sql/
engine/real/store_chunk.c : statement : COPY takes no parameters; numbers and hex of our own making
engine/real/store_load.c : statement.sql : of a table of queries of sql/
'

check() {
    tidy_code "$1" | SENDERS=$senders LET=$let_through perl -e '
        for (split /\n/, $ENV{SENDERS}) {
            my ($names, $at) = split / : /;
            next unless defined $at;
            $at{$_} = $at for split " ", $names;
        }
        for (split /\n/, $ENV{LET}) {
            my ($file, $argument) = split / : /;
            $let{"$file $argument"} = 1 if defined $argument;
        }
        my $any = join "|", keys %at;
        my (%code, @order);
        while (<STDIN>) {
            my ($path, $line, $text) = /^([^:]*):(\d+): (.*)/ or next;
            next unless $path =~ m{^(jobs|engine/real)/.*\.c$};
            push @order, $path unless exists $code{$path};
            $code{$path} .= "$text\n";
        }
        for my $path (@order) {
            my $code = $code{$path};
            while ($code =~ /\b($any)(?=\()/g) {
                my ($name, $from) = ($1, pos $code);
                my $line = 1 + (substr($code, 0, $from) =~ tr/\n//);
                # A definition or a declaration, not a call.
                next if substr($code, 0, $from) =~ /[\w*]\s+\**$name$/
                    && substr($code, 0, $from) !~ /\breturn\s+$name$/;
                my ($depth, @arguments) = (0, "");
                for my $c (split //, substr $code, $from) {
                    $depth++, next if $c eq "(" && $depth == 0;
                    last if $c eq ")" && $depth == 1;
                    $depth += $c eq "(" ? 1 : $c eq ")" ? -1 : 0;
                    if ($c eq "," && $depth == 1) { push @arguments, "" }
                    else { $arguments[-1] .= $c }
                }
                my $sql = $arguments[$at{$name}] // "";
                $sql =~ s/^\s+|\s+$//g;
                $sql =~ s/\s+/ /g;
                my $constant = qr/(?:sql_\w+|(?:""\s*)+|[A-Z]\w*_SQL|\w*settings_sql)/;
                next if $sql =~ /^$constant$/ || $sql =~ /^\w+ \? $constant : $constant$/;
                next if $let{"$path $sql"};
                print "$path:$line: $name sends `$sql`; a statement is a query of sql/, ",
                    "what varies is a parameter\n";
            }
        }'
}

tidy_main
tidy_plant jobs/planted.c 'int f(void *d, char *s) { return db_script(d, s); }\n' \
    'db_script sends `s`'
tidy_plant jobs/planted.c 'int f(void *d, char *s) { return db_query(d,\n  make(s, 1), 0, 0); }\n' \
    'planted.c:1: db_query sends `make(s, 1)`'
tidy_plant engine/real/planted.c 'void f(void *d, char *sql) { PQsendQuery(d, sql); }\n' \
    'PQsendQuery sends `sql`'
tidy_plant engine/real/planted.c 'void f(void *d, char *s) { PQprepare(d, "x", s, 0, 0); }\n' \
    'PQprepare sends `s`'
# A constant is let through.
printf 'int f(void *d) { return db_script(d, sql_show_runs) + db_script(d, "BEGIN"); }\n' \
    >"$tidy_work/tree/jobs/planted.c"
said=$(check "$tidy_work/tree")
[ -z "$said" ] || { echo "the check refuses constants: $said"; exit 1; }
