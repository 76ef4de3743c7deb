# How the program is built: position independent, nothing writable that need not be, no executable
# stack, checked buffers and stacks. Asked of the finished program, whatever the flags say.
. "$(dirname "$0")/tidy.sh"

program=${DAYBOOK_BUILD:?the build folder}/daybook

# One line for what is missing.
examine() {
    local file=$1 headers dynamic symbols code
    headers=$(readelf -hlW "$file")
    dynamic=$(readelf -dW "$file")
    symbols=$(nm -D --undefined-only "$file")
    code=$(objdump -d --no-show-raw-insn "$file" | grep -A 1 -E '<main>:$' || true)
    grep -qE 'Type: +DYN' <<<"$headers" || echo "not position independent (-fPIE -pie)"
    grep -qE '^ *GNU_RELRO ' <<<"$headers" || echo "no RELRO (-Wl,-z,relro)"
    grep -qE 'BIND_NOW|FLAGS_1.*NOW' <<<"$dynamic" || echo "RELRO is not full (-Wl,-z,now)"
    grep -E '^ *GNU_STACK ' <<<"$headers" | grep -qE ' RW +0x' || echo "the stack is executable"
    ! grep -qE '^ *LOAD .* RWE ' <<<"$headers" || echo "a part is writable and executable"
    ! grep -q TEXTREL <<<"$dynamic" || echo "its code is relocated (TEXTREL)"
    ! grep -qE 'RPATH|RUNPATH' <<<"$dynamic" || echo "it looks for libraries where it was built"
    grep -q '__stack_chk_fail' <<<"$symbols" || echo "no stack protector"
    grep -qE '__[a-z]+_chk(@|$)' <<<"$symbols" || echo "no checked buffers (_FORTIFY_SOURCE)"
    grep -q endbr64 <<<"$code" || echo "no landing pads (-fcf-protection)"
}

[ -x "$program" ] || { echo "no $program"; exit 1; }
found=$(examine "$program")
[ -z "$found" ] || { sed "s|^|$program: |" <<<"$found"; exit 1; }

# Each is missed where it is left out.
plant() { # EXPECTED FLAG…
    local expected=$1 said
    shift
    printf '#include <stdio.h>\n#include <string.h>\nint main(int c, char **v)\n{\n%s\n}\n' \
        'char a[64]; strcpy(a, v[c - 1]); return puts(a);' >"$tidy_work/planted.c"
    cc -O2 -w "$@" "$tidy_work/planted.c" -o "$tidy_work/planted"
    said=$(examine "$tidy_work/planted")
    grep -qF -- "$expected" <<<"$said" ||
        { echo "the check is blind: $* did not bring '$expected', but '$said'"; exit 1; }
}
plant 'not position independent' -no-pie -fno-pie
plant 'no RELRO' -Wl,-z,norelro
plant 'RELRO is not full' -Wl,-z,lazy
plant 'the stack is executable' -Wl,-z,execstack
plant 'where it was built' -Wl,-rpath,/tmp
plant 'no stack protector' -fno-stack-protector
plant 'no checked buffers' -U_FORTIFY_SOURCE
plant 'no landing pads' -fcf-protection=none
