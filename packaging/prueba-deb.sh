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

fail() { echo "FALLA: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "installing needs root"

# What the package may have left: nothing but what was there before.
traces() {
  find /etc /srv /usr/bin /usr/lib/systemd /usr/share/man /usr/share/doc /usr/share/bash-completion /usr/share/zsh \
    /usr/share/fish /usr/share/licenses /var/lib/trozos /var/log/trozos -not -name '*-' 2>/dev/null | sort
  getent passwd trozos || true
  getent group trozos || true
}

# What runs a program as the services do, and becomes it, so that a signal reaches it.
as_service=(setpriv --reuid=trozos --regid=trozos --init-groups)
servers=()
trap '[ ${#servers[@]} = 0 ] || kill "${servers[@]}" 2>/dev/null' EXIT

sum_of() { { sha256sum <"$1"; } 2>/dev/null; }

# The number of the port in the line that every server starts with.
port_of() {
  local log=$1 port
  for _ in $(seq 300); do
    port=$(grep -oEm1 '127\.0\.0\.1:[0-9]+' "$log" | head -n 1 | cut -d: -f2) || true
    [ -z "$port" ] || { echo "$port"; return; }
    sleep 0.1
  done
  fail "it does not listen: $(cat "$log")"
}

# Everything that happens inside the system that the package is installed into.
try_package() {
  local package=$1 work before n server central sum
  work=$(mktemp -d)
  chmod 755 "$work"
  if dpkg-query -W trozos >/dev/null 2>&1; then fail "trozos is installed here already"; fi
  [ ! -e /srv/trozos ] || fail "/srv/trozos exists already"
  before=$(traces)

  echo "== install"
  dpkg -i "$package" >/dev/null
  for program in videocentral videosecundario videocliente videolocal; do
    "$program" --version
    [ -s "/usr/share/man/man1/$program.1.gz" ] || fail "$program has no manual page"
    bash -n "/usr/share/bash-completion/completions/$program"
  done
  getent passwd trozos >/dev/null || fail "the user was not made"
  [ "$(dpkg-query -W -f='${Conffiles}\n' trozos | grep -c /etc/)" = 4 ] || fail "not all of /etc is configuration"
  if command -v systemd-analyze >/dev/null; then
    systemd-analyze verify videocentral.service videosecundario@1.service
  fi

  echo "== central, three secondaries, a download"
  install -d -o trozos -g trozos /srv/trozos/videos1
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
  for n in 2 3; do
    for _ in $(seq 600); do
      [ "$(sum_of "/srv/trozos/videos$n/pelicula.bin")" = "$sum" ] && break
      sleep 0.1
    done
    [ "$(sum_of "/srv/trozos/videos$n/pelicula.bin")" = "$sum" ] || fail "secondary $n has no copy: $(cat "$work/$n")"
  done
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
  rm -rf "$work"
  diff <(echo "$before") <(traces) || fail "the package left something behind"
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
  chroot "$ROOT" /bin/bash -euo pipefail -c "$(declare -f fail traces sum_of port_of try_package)
    $(declare -p as_service servers)
    $(trap -p EXIT)
    try_package /tmp/trozos.deb"
  rm -f "$ROOT/tmp/trozos.deb"
fi
