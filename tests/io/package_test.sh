# package: the Debian package has what it must and nothing else. With DAYBOOK_FULL=1, as root and with
# debootstrap, it is installed into a bare Debian 12, used, and purged.
set -euo pipefail
build=${DAYBOOK_BUILD:?}
. "${DAYBOOK_SOURCE:?}/tests/support/expect.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/daybook-package.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

expect 0 '.deb generated' cpack -G DEB -B "$work" --config "$build/CPackConfig.cmake"
package=$(echo "$work"/daybook_*.deb)

expect 0 'Package: daybook' dpkg-deb -I "$package"
for library in adduser libc6 libcsv3 libfyaml0 libjansson4 libjemalloc2 libpq5 libssl3 liburing2; do
    expect_said "$library"
done
expect_not_said 'Pre-Depends'

# Name, owner, mode of all that is not a folder.
dpkg-deb -c "$package" | awk '$1 !~ /^d/ { print $6, $2, $1 }' >"$work/list"
cat >"$work/wanted" <<'END'
./usr/bin/daybook root/root -rwxr-xr-x
./usr/lib/systemd/system/daybook@.service root/root -rw-r--r--
./usr/lib/systemd/system/daybook@.timer root/root -rw-r--r--
./usr/share/bash-completion/completions/daybook root/root -rw-r--r--
./usr/share/daybook/banks/pooled-available.yaml root/root -rw-r--r--
./usr/share/daybook/banks/pooled-received.yaml root/root -rw-r--r--
./usr/share/daybook/banks/rest-idempotency-key.yaml root/root -rw-r--r--
./usr/share/daybook/seccomp.json root/root -rw-r--r--
./usr/share/doc/daybook/README.md root/root -rw-r--r--
./usr/share/doc/daybook/bank-profiles.md root/root -rw-r--r--
./usr/share/doc/daybook/changelog.Debian.gz root/root -rw-r--r--
./usr/share/doc/daybook/copyright root/root -rw-r--r--
./usr/share/doc/daybook/examples/cron.d/daybook root/root -rw-r--r--
./usr/share/doc/daybook/examples/daybook.yaml root/root -rw-r--r--
./usr/share/doc/daybook/examples/kubernetes/README.md root/root -rw-r--r--
./usr/share/doc/daybook/examples/kubernetes/configmap.yaml root/root -rw-r--r--
./usr/share/doc/daybook/examples/kubernetes/cronjob.yaml root/root -rw-r--r--
./usr/share/doc/daybook/examples/kubernetes/seccomp.json root/root -rw-r--r--
./usr/share/doc/daybook/examples/kubernetes/secret.yaml root/root -rw-r--r--
./usr/share/doc/daybook/examples/secrets.conf root/root -rw-r--r--
./usr/share/doc/daybook/runbook.md root/root -rw-r--r--
./usr/share/man/man1/daybook.1.gz root/root -rw-r--r--
./usr/share/zsh/vendor-completions/_daybook root/root -rw-r--r--
END
expect 0 '' diff <(sort "$work/wanted") <(sort "$work/list")

mkdir "$work/tree" "$work/control"
dpkg-deb -x "$package" "$work/tree"
dpkg-deb -e "$package" "$work/control"
expect 0 'daybook 0.' "$work/tree/usr/bin/daybook" --version
for script in postinst postrm; do
    expect 0 '' sh -n "$work/control/$script"
done
# The one with failpoints says this word, and only that one.
expect 0 'FAILPOINT_LOG' grep -ao FAILPOINT_LOG "$build/daybook-failpoints"
expect 1 '' grep -ao FAILPOINT_LOG "$work/tree/usr/bin/daybook"
expect 1 '' grep -q debug_info <(file "$work/tree/usr/bin/daybook")
# The example is the program's own, and a configuration.
expect 0 '' diff <("$work/tree/usr/bin/daybook" init -) \
    "$work/tree/usr/share/doc/daybook/examples/daybook.yaml"

[ "${DAYBOOK_FULL:-}" = 1 ] && [ "$(id -u)" = 0 ] || expect_done

# ---- a bare Debian 12 ----

# The one that this machine is set to use.
mirror=$(find /etc/apt/sources.list /etc/apt/sources.list.d -name '*.list' -o -name '*.sources' 2>/dev/null |
    xargs sed -n 's/^deb [^h]*\(http[^ ]*\).*/\1/p; s/^URIs: *\(http[^ ]*\).*/\1/p' | head -n 1 || true)
expect 0 '' debootstrap --variant=minbase bookworm "$work/debian" "${mirror:?no mirror is configured}"
cp "$package" "$work/debian/"
bare() {
    chroot "$work/debian" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
        HOME=/root "$@"
}
expect 0 '' bare apt-get install -y -q --no-install-recommends "/$(basename "$package")"
expect 0 'ii  daybook' bare dpkg -l daybook
expect 0 'daybook 0.' bare daybook --version
expect 0 'daybook' bare getent passwd daybook
expect 0 '750 root daybook' bare stat -c '%a %U %G' /etc/daybook
expect 0 '700 daybook daybook' bare stat -c '%a %U %G' /var/lib/daybook
# There is no /proc in it, from which the program would know its place.
expect 0 '' bare daybook simulate --seed 7 --accounts 20 \
    --profile /usr/share/daybook/banks/rest-idempotency-key.yaml
expect 78 'no database is configured' bare daybook doctor
expect_said 'ok    io                 uring: '
expect 0 'is written' bare daybook init /etc/daybook/daybook.yaml
expect 69 'start Postgres' bare daybook doctor # its profile is found, and the rest is not there yet
expect_said 'rest-idempotency-key.yaml: '
expect 0 '' bare apt-get install -y -q --reinstall "/$(basename "$package")"
expect 0 '' bare apt-get purge -y -q daybook
expect 1 '' bare test -e /var/lib/daybook
expect 0 '' bare test -e /etc/daybook/daybook.yaml # a person's own stays
expect_done
