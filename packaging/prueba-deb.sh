#!/usr/bin/env bash
# Tries the Debian package as somebody would use it: installs it, runs a central and three secondaries as the user of
# the services, downloads a file and compares its SHA-256, removes the package, and looks for what it left behind.
#
#   packaging/prueba-deb.sh [PACKAGE]        builds it with packaging/deb.sh when none is given
#   ROOT=/a/folder packaging/prueba-deb.sh   in a Debian in that folder, made with debootstrap if it is not there
#
# Without ROOT it is this machine where that happens. Needs root.
set -euo pipefail
cd "$(dirname "$0")/.."

. packaging/prueba-comun.sh
[ "$(id -u)" = 0 ] || fail "installing needs root"

# What runs a program as the services do, and becomes it, so that a signal reaches it.
as_service=(setpriv --reuid=trozos --regid=trozos --init-groups)
as_nobody=(setpriv --reuid=nobody --clear-groups)
servers=()
# `yes` while something is installed that was not there.
installed=no
work=

# Takes back what a try that failed left.
clean_up() {
  [ ${#servers[@]} = 0 ] || kill "${servers[@]}" 2>/dev/null || true
  if [ $installed = yes ]; then
    tail -n 20 "$work"/* >&2 || true
    rm -f /srv/trozos/videos?/pelicula.bin
    dpkg -P trozos >/dev/null
  fi
  rm -rf "$work" /run/trozos
}
trap clean_up EXIT

# The port in the line that every server starts with.
port_in() { grep -oEm1 '127\.0\.0\.1:[0-9]+' "$1" | head -n 1 | cut -d: -f2; }
port_of() {
  until_ok "it listens: $1" 30 port_in "$1" >/dev/null
  port_in "$1"
}
has_copy() { [ "$(sum_of "/srv/trozos/videos$1/pelicula.bin")" = "$(sum_of /srv/trozos/videos1/pelicula.bin)" ]; }

# Everything that happens inside the system that the package is installed into.
try_package() {
  local package=$1 before n server central sum
  work=$(mktemp -d)
  chmod 755 "$work"
  if dpkg-query -W trozos >/dev/null 2>&1; then fail "trozos is installed here already"; fi
  [ ! -e /srv/trozos ] || fail "/srv/trozos exists already"
  before=$(traces)

  echo "== install"
  # Lines of source code would make it three times as large.
  [ "$(stat -c %s "$package")" -lt 30000000 ] || fail "the package is too large: $(stat -c %s "$package") bytes"
  installed=yes
  dpkg -i "$package" >/dev/null
  for program in videocentral videosecundario videocliente videolocal; do
    "$program" --version
    zgrep -q '^.SH NAME' "/usr/share/man/man1/$program.1.gz" || fail "$program has no English manual page"
    zgrep -q '^.SH NOMBRE' "/usr/share/man/es/man1/$program.1.gz" || fail "$program has no Spanish manual page"
    bash -n "/usr/share/bash-completion/completions/$program"
    [ -s "/usr/share/zsh/vendor-completions/_$program" ] || fail "$program has no completion for zsh"
    [ -s "/usr/share/fish/vendor_completions.d/$program.fish" ] || fail "$program has no completion for fish"
  done
  [ -s /usr/share/doc/trozos/docs/schema/client-list.json ] || fail "the schemas are missing"
  getent passwd trozos >/dev/null || fail "the user was not made"
  [ "$(dpkg-query -W -f='${Conffiles}\n' trozos | grep -c /etc/)" = 4 ] || fail "not all of /etc is configuration"
  if command -v systemd-analyze >/dev/null; then
    systemd-analyze verify --man=no videocentral.service videosecundario@1.service
  fi

  echo "== central, three secondaries, a download"
  install -d -o trozos -g trozos /srv/trozos/videos1 /run/trozos
  # As systemd makes it for the services: where programs of this machine give them orders.
  export RUNTIME_DIRECTORY=/run/trozos
  head -c 50000000 /dev/urandom >/srv/trozos/videos1/pelicula.bin
  chown trozos:trozos /srv/trozos/videos1/pelicula.bin
  sum=$(sum_of /srv/trozos/videos1/pelicula.bin)
  "${as_service[@]}" videocentral --sin-consola --ip 127.0.0.1 --puerto 0 --estadisticas /var/lib/trozos >"$work/central" 2>&1 &
  servers+=($!)
  central=$(port_of "$work/central")
  for n in 1 2 3; do
    "${as_service[@]}" videosecundario --sin-consola --numero "$n" --ip 127.0.0.1 --puerto 0 --ip-central 127.0.0.1 \
      --puerto-central "$central" --estadisticas /var/lib/trozos --directorio "/srv/trozos/videos$n" >"$work/$n" 2>&1 &
    servers+=($!)
  done
  for n in 2 3; do until_ok "secondary $n has a copy" 60 has_copy "$n"; done
  echo "== orders of root"
  unset RUNTIME_DIRECTORY
  LANG=en_US.UTF-8 videocentral status | grep -q '^In service, in sync' || fail "the central does not answer orders"
  videosecundario -n 2 limite 20MB/s >/dev/null
  videosecundario -n 2 estado --json | grep -q '"upload_limit_bytes_per_s": 20000000' || fail "the limit was not set"
  videocentral DRENAR 3 >/dev/null
  videocentral secundarios --json | grep -q '"state": "draining"' || fail "secondary 3 is not drained"
  videocentral drenar 3 no >/dev/null
  if "${as_nobody[@]}" videocentral estado >/dev/null 2>&1; then fail "anybody can give orders"; fi

  printf 'VIDEO pelicula.bin\n' | (cd "$work" && videocliente --nombre prueba --ip-central 127.0.0.1 \
    --puerto-central "$central" --destino "$work/descargas" --estadisticas "$work/stats")
  [ "$(sum_of "$work/descargas/pelicula.bin")" = "$sum" ] || fail "the download is not the file"
  echo "SHA-256 igual: ${sum%% *}"
  kill "${servers[@]}"
  for server in "${servers[@]}"; do
    wait "$server" || fail "a server did not end well"
  done
  servers=()

  echo "== remove"
  dpkg -r trozos >/dev/null
  [ ! -e /usr/bin/videocentral ] || fail "the programs stayed"
  [ -e /etc/trozos/central.env ] || fail "removing took the configuration"
  dpkg -P trozos >/dev/null
  [ "$(sum_of /srv/trozos/videos1/pelicula.bin)" = "$sum" ] || fail "purging took people's files"
  dpkg -i "$package" >/dev/null
  rm /srv/trozos/videos?/pelicula.bin
  dpkg -P trozos >/dev/null
  installed=no
  rm -rf /run/trozos
  nothing_left "$before"
  echo "BIEN: instalado, usado y quitado sin dejar nada"
}

package=${1:-$(packaging/deb.sh | tail -n 1)}
[ -f "$package" ] || fail "$package: no such package"
package=$(realpath "$package")
if [ -z "${ROOT:-}" ]; then
  try_package "$package"
else
  if [ ! -d "$ROOT/etc" ]; then
    command -v debootstrap >/dev/null || fail "debootstrap is not installed"
    debootstrap --variant=minbase --include=adduser stable "$ROOT" >/dev/null
  fi
  cp "$package" "$ROOT/tmp/trozos.deb"
  chroot "$ROOT" /bin/bash -euo pipefail -c "$(declare -f)
    $(declare -p as_service as_nobody servers installed work)
    trap clean_up EXIT
    try_package /tmp/trozos.deb"
  rm -f "$ROOT/tmp/trozos.deb"
fi
