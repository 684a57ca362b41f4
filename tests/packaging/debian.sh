# A Debian package: what cpack makes has what Debian wants, and works below a scratch root. Exit 77 where this is no Debian.
#   debian.sh SOURCE BUILD
. "$(dirname "$0")/common.sh"
for tool in dpkg-deb dpkg-shlibdeps make; do
  command -v "$tool" >/dev/null 2>&1 || { echo "no $tool here: skipped"; exit 77; }
done
cd "$work"
SOURCE_DATE_EPOCH=1700000000
export SOURCE_DATE_EPOCH
quietly cpack -G DEB --config "$2/CPackConfig.cmake" -B "$work/package"
package=$(echo "$work"/package/*.deb)
for field in 'Package: rnnc' 'Section: devel' 'Depends: .*libjansson-dev.*libc6 ' 'Description: compiler from'; do
  dpkg-deb --info "$package" | grep -q "^ $field" || { dpkg-deb --info "$package" >&2; fail "the package has no '$field'"; }
done
if command -v lintian >/dev/null 2>&1; then
  quietly lintian --allow-root --fail-on error "$package"
fi

quietly dpkg-deb -x "$package" root
usr=$work/root/usr
for file in bin/rnn share/doc/rnnc/copyright share/doc/rnnc/changelog.gz share/man/man1/rnnc.1.gz share/man/man1/rnn-train.1.gz \
  share/bash-completion/completions/rnnc share/zsh/vendor-completions/_rnnc share/fish/vendor_completions.d/rnn.fish; do
  [ -s "$usr/$file" ] || fail "the package has no $file"
done
gzip -dc "$usr/share/doc/rnnc/changelog.gz" | grep -q '14 Nov 2023' || fail "the changelog has another date"
for program in rnn rnnc; do
  if grep -aqF -e "$1" -e "$2" "$usr/bin/$program"; then fail "$program holds a path of where it was built"; fi
done
cp -r "$1/tests/packaging/consumer" consumer
PKG_CONFIG_PATH=$(dirname "$(find "$usr" -name rnnc.pc)")
export PKG_CONFIG_PATH
quietly make -C consumer CFLAGS=-O0
quietly consumer/save weights.safetensors 1
printf "1,-1,0,0,0,0,0,0\n0,0,0,0,0,0,0,0\n" >x.csv
quietly env CFLAGS=-O0 "$usr/bin/rnn" run consumer/elman.rnn -D n=8 --weights weights.safetensors --input x.csv --output h.csv
[ "$(wc -l <h.csv)" = 2 ] || fail "an unpacked rnn does not run a network"
