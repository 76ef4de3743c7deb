#!/bin/sh
# embed.sh OUT_FOLDER FILE…: writes sql.c and sql.h. sql/queries/NAME.sql becomes `sql_NAME`; the
# migrations also stand, in order, in `sql_migrations`.
set -eu
out=$1
shift
mkdir -p "$out"
exec 3>"$out/sql.c.new" 4>"$out/sql.h.new"
echo '#include "sql.h"' >&3
cat >&4 <<'H'
/* Generated from sql/ at build time. */
#ifndef DAYBOOK_SQL_H
#define DAYBOOK_SQL_H
struct sql_migration {
    int version;       /* the leading number of the file's name */
    const char *name;  /* the file's name without its ending */
    const char *text;
};
extern const struct sql_migration sql_migrations[];
extern const int sql_migration_count;
H
table=
count=0
# One process a file, no more: on some machines starting them takes longer than all they do.
for file in "$@"; do
    name=${file##*/}
    name=${name%.sql}
    case $file in */migrations/*) symbol=migration_$name ;; *) symbol=$name ;; esac
    echo "extern const char sql_$symbol[];" >&4
    # As bytes, so that no length limit of a string literal and no escape can matter.
    echo "const char sql_$symbol[] = {"
    od -An -v -tu1 "$file"
    echo '0};'
    case $file in
    */migrations/*)
        number=${name%%_*}
        number=${number#"${number%%[!0]*}"}
        table="$table    {$number, \"$name\", sql_$symbol},
"
        count=$((count + 1))
        ;;
    esac
done >"$out/sql.bytes"
# Lines of od begin with a blank.
sed '/^ /s/[0-9][0-9]*/&,/g' "$out/sql.bytes" >&3
rm "$out/sql.bytes"
[ -n "$table" ] || table='    {0, 0, 0},
'
printf 'const struct sql_migration sql_migrations[] = {\n%s};\n' "$table" >&3
echo "const int sql_migration_count = $count;" >&3
echo '#endif' >&4
mv "$out/sql.c.new" "$out/sql.c"
mv "$out/sql.h.new" "$out/sql.h"
