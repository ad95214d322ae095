#!/usr/bin/env bash
# Tries the Debian package under a real systemd: boots a Debian in a container of its own, installs the package there and
# runs a central and three secondaries as services. Looks at readiness, status, logs, a kill in the middle of a download,
# the watchdog, what the units forbid, a closed cluster, an upgrade, the stop, and what a purge leaves behind.
#
#   packaging/prueba-systemd.sh [--instalar] [PACKAGE]   builds it with packaging/deb.sh when none is given
#
# --instalar gets debootstrap and systemd-container by apt-get when they are not here. Needs root, a Debian or what comes
# of it, and two minutes. The container has no network. Its Debian is made once, in the folder BASE (target/debian unless
# said otherwise), and copied for each try; SUITE is which (bookworm).
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/prueba-comun.sh

# Everything below, up to `boot`, happens inside the container.

central=videocentral
secondaries=(videosecundario@{1,2,3})
all=("$central" "${secondaries[@]}")
film=/srv/trozos/videos1/pelicula.bin

shown() { systemctl show --value --property="$1" "$2"; }
status_has() { [[ "$(shown StatusText "$1")" = *$2* ]]; }
is_active() { [ "$(shown ActiveState "$1")" = active ]; }
has_restarted() { [ "$(shown NRestarts "$1")" -ge 1 ] && is_active "$1"; }
has_copy() { [ "$(sum_of "/srv/trozos/videos$1/pelicula.bin")" = "$(sum_of "$film")" ]; }
bytes_here() { [ "$(grep -o '"have_bytes":[0-9]*' "$1" 2>/dev/null | tail -n 1 | cut -d: -f2)" -gt "$2" ] 2>/dev/null; }

# Options of the central and of all secondaries, which start again with them.
configure() {
  echo "OPCIONES=\"--registro=info --registro-archivo=/var/log/trozos/central.log $1\"" >/etc/trozos/central.env
  echo "OPCIONES=\"--ip-central=127.0.0.1 $2\"" >/etc/trozos/secundario.env
  systemctl restart "${all[@]}"
}

# Downloads the film as a script does; more flags may follow.
download() {
  rm -rf /root/descargas
  videocliente descargar pelicula.bin --ip-central 127.0.0.1 --destino /root/descargas --estadisticas /root/stats "$@" \
    >/root/dicho
}
purge() { DEBIAN_FRONTEND=noninteractive apt-get purge --yes trozos >/dev/null 2>&1; }
is_whole() { [ "$(sum_of /root/descargas/pelicula.bin)" = "$(sum_of "$film")" ] || fail "the download is not the file"; }

try_start() {
  local unit n
  echo "== install"
  dpkg -i /trozos.deb >/dev/null
  for unit in "${all[@]}"; do
    ! is_active "$unit" || fail "installing started $unit"
  done
  systemd-analyze verify --man=no videocentral.service videosecundario@1.service
  echo "== start: three secondaries, a central; ready when systemctl returns"
  install -d -o trozos -g trozos /srv/trozos/videos1
  head -c 60000000 /dev/urandom >"$film"
  chown trozos:trozos "$film"
  systemctl enable --quiet "${all[@]}"
  configure "" ""
  for unit in "${all[@]}"; do
    is_active "$unit" || fail "$unit: $(systemctl status "$unit")"
    [ -n "$(shown StatusText "$unit")" ] || fail "$unit says nothing of itself"
    [ "$(shown User "$unit")" = trozos ] || fail "$unit does not run as trozos"
  done
  for n in 0 1 2 3; do
    : <"/dev/tcp/127.0.0.1/$((50000 + n))" || fail "nobody listens on port $((50000 + n))"
  done
  for n in 2 3; do until_ok "secondary $n has a copy" 60 has_copy "$n"; done
  until_ok "the central says that all is level" 30 status_has "$central" Sincronizado
  until_ok "a secondary says that it is enrolled" 30 status_has videosecundario@1 Inscrito
  systemctl status --no-pager "${all[@]}" | grep -E '^. video|Status:|Active:'
  download --silencioso
  is_whole
  videocentral secundarios | grep -q 127 || fail "videocentral secundarios: $(videocentral secundarios 2>&1)"
  videosecundario estado -n 1 --json | grep -q '"number": 1' || fail "no orders at a secondary"
}

try_logs() {
  echo "== reload, logrotate: the log goes on in a new file"
  local log=/var/log/trozos/central.log pid
  pid=$(shown MainPID "$central")
  mv "$log" "$log.old"
  systemctl reload "$central"
  until_ok "a new log after reload" 10 test -s "$log"
  logrotate --force /etc/logrotate.d/trozos
  [ -s "$log.1" ] || fail "logrotate did not rotate"
  until_ok "a new log after logrotate" 10 test -s "$log"
  [ "$(shown MainPID "$central")" = "$pid" ] || fail "a reload started the central again"
  is_active "$central" || fail "a reload stopped the central"
}

try_kill() {
  echo "== SIGKILL to secondary 2 in the middle of a download"
  local client
  configure "" --limite-subida=4MB/s
  until_ok "all is level again" 60 status_has "$central" Sincronizado
  download --progreso json &
  client=$!
  until_ok "10 MB of the download" 60 bytes_here /root/dicho 10000000
  systemctl kill --signal=KILL videosecundario@2
  kill -0 "$client" || fail "the download was over too soon"
  wait "$client" || fail "the download: $(tail -n 1 /root/dicho)"
  is_whole
  until_ok "secondary 2 runs again" 30 has_restarted videosecundario@2
  until_ok "secondary 2 is level" 30 status_has "$central" Sincronizado
}

try_watchdog() {
  echo "== SIGSTOP to the central: the watchdog (WatchdogSec=$(shown WatchdogUSec "$central"))"
  local began=$SECONDS
  systemctl kill --signal=STOP "$central"
  until_ok "the central runs again" 90 has_restarted "$central"
  echo "systemd started it again after $((SECONDS - began)) s"
  journalctl --quiet --unit="$central" --grep='Watchdog timeout' >/dev/null || fail "it was not the watchdog"
  until_ok "all is level again" 60 status_has "$central" Sincronizado
  if find / -xdev -name 'core*' -user trozos -type f | grep .; then fail "a core was left, with all secrets in it"; fi
  download --silencioso
  is_whole
}

# A shell command in the files that a service sees, as root: what it cannot do there, nobody can.
within() { nsenter --target="$(shown MainPID "$1")" --mount sh -c "$2" 2>/dev/null; }

try_hardening() {
  echo "== what the units forbid"
  local unit field
  for unit in "$central" videosecundario@1; do
    systemd-analyze security --no-pager --threshold=20 "$unit" | tail -n 1
    for field in NoNewPrivs:1 Seccomp:2 CapEff:0000000000000000 CapBnd:0000000000000000; do
      [ "$(sed -n "s/^${field%:*}:[[:space:]]*//p" "/proc/$(shown MainPID "$unit")/status")" = "${field#*:}" ] ||
        fail "$unit: not $field"
    done
    ! within "$unit" 'touch /usr/x || touch /etc/x || ls /root/stats || touch /root/x' || fail "$unit: not closed in"
    within "$unit" 'touch /var/lib/trozos/x && rm /var/lib/trozos/x' || fail "$unit: cannot write what is its own"
  done
  ! within "$central" 'touch /srv/trozos/x' || fail "the central can write to the served folders"
  within videosecundario@1 'touch /srv/trozos/x && rm /srv/trozos/x' || fail "a secondary cannot write its folder"
}

try_closed() {
  echo "== a closed cluster with TLS"
  local flags=(--tls-ca=/etc/trozos/ca.pem --clave-archivo=/etc/trozos/clave) servers clients
  videocentral certificados /root/grupo --nodo 127.0.0.1,localhost >/root/grupo.txt
  install -m 600 -o trozos -g trozos /root/grupo/clave /root/grupo/ca.pem /etc/trozos/
  install -m 600 -o trozos -g trozos /root/grupo/127.0.0.1.pem /etc/trozos/nodo.pem
  install -m 600 -o trozos -g trozos /root/grupo/127.0.0.1-clave.pem /etc/trozos/nodo-clave.pem
  servers="${flags[*]} --tls-cert=/etc/trozos/nodo.pem --tls-clave=/etc/trozos/nodo-clave.pem"
  clients=("${flags[@]}" --tls-cert=/root/grupo/cliente.pem --tls-clave=/root/grupo/cliente-clave.pem)
  configure "$servers" "$servers"
  until_ok "all is level" 60 status_has "$central" Sincronizado
  download --silencioso "${clients[@]}"
  is_whole
  if download --silencioso --espera-fuentes=1s 2>/dev/null; then fail "a client without a secret was let in"; fi
  configure "" ""
}

try_end() {
  local before=$1 unit pid file
  echo "== upgrade"
  pid=$(shown MainPID "$central")
  dpkg -i /trozos.deb >/dev/null
  [ "$(shown MainPID "$central")" != "$pid" ] || fail "the old central runs after an upgrade"
  for unit in "${all[@]}"; do is_active "$unit" || fail "$unit does not run after an upgrade"; done
  echo "== stop"
  systemctl stop "${all[@]}"
  for unit in "${all[@]}"; do
    [ "$(shown Result "$unit") $(shown ExecMainStatus "$unit")" = "success 0" ] || fail "$unit: $(systemctl status "$unit")"
  done
  for file in central secundario1 secundario2 secundario3; do
    grep -q '"stopped": "20' "/var/lib/trozos/$file.json" || fail "$file: its statistics do not tell of its stop"
  done
  if journalctl --quiet --grep='operation not permitted|read-only file system' -u "$central" -u 'videosecundario@*'; then
    fail "the units forbid something that the programs need"
  fi
  echo "== purge, while all run"
  systemctl start "${all[@]}"
  purge
  for unit in "${all[@]}"; do ! is_active "$unit" || fail "$unit runs after a purge"; done
  [ -s "$film" ] && [ -s /etc/trozos/clave ] || fail "a purge took people's files"
  rm -r /srv/trozos/videos? /etc/trozos/*
  dpkg -i /trozos.deb >/dev/null
  purge
  nothing_left "$before"
}

try_services() {
  local before
  before=$(traces)
  try_start
  try_logs
  try_kill
  try_watchdog
  try_hardening
  try_closed
  try_end "$before"
  echo "BIEN: arrancado, usado, matado, parado y quitado con systemd $(systemctl --version | awk 'NR == 1 { print $2 }')"
}

# Out of the container again.

# Boots the system in a folder; its process is in `container`.
boot() {
  local how=(--quiet --directory="$1" --machine="$name" --boot --private-network --link-journal=no --register=no --console=pipe)
  if [ -d /run/systemd/system ]; then
    systemd-nspawn "${how[@]}" </dev/null >"$work/console" 2>&1 &
  else
    # Without a systemd that would give it a place in the cgroups, it takes its own.
    (
      for tree in "${cgroups[@]}"; do
        mkdir -p "$tree/$name"
        echo "$BASHPID" >"$tree/$name/cgroup.procs"
      done
      exec systemd-nspawn "${how[@]}" --keep-unit </dev/null >"$work/console" 2>&1
    ) &
  fi
  container=$!
}

# A command inside, with nothing of this environment.
inside() {
  local first
  # Without a line's end.
  read -r first _ <"/proc/$container/task/$container/children" || [ -n "$first" ] || return 1
  nsenter --target="$first" --mount --uts --ipc --net --pid -- \
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 TROZOS_IDIOMA=es "$@"
}
has_booted() {
  kill -0 "$container" 2>/dev/null || fail "it does not boot: $(cat "$work/console")"
  inside systemctl is-active --quiet multi-user.target 2>/dev/null
}

clean_up() {
  local tree
  if [ -n "$container" ] && kill -TERM "$container" 2>/dev/null; then
    wait "$container" || true
  fi
  for tree in "${cgroups[@]}"; do
    [ ! -d "$tree/$name" ] || find "$tree/$name" -depth -type d -exec rmdir {} \;
  done
  rm -rf "$work"
}

install_tools=no
if [ "${1:-}" = --instalar ]; then
  install_tools=yes
  shift
fi
[ "$(id -u)" = 0 ] || fail "booting a container needs root"
missing=()
command -v debootstrap >/dev/null || missing+=(debootstrap)
command -v systemd-nspawn >/dev/null || missing+=(systemd-container)
if [ ${#missing[@]} -gt 0 ]; then
  [ $install_tools = yes ] || fail "not installed: ${missing[*]}; apt-get install them, or start this with --instalar"
  apt-get update -q >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
fi

package=${1:-$(packaging/deb.sh | tail -n 1)}
[ -f "$package" ] || fail "$package: no such package"
base=${BASE:-target/debian}
if [ ! -d "$base/etc" ]; then
  echo "== a Debian in $base" >&2
  debootstrap --variant=minbase --include=adduser,dbus,logrotate,systemd,systemd-sysv "${SUITE:-bookworm}" "$base.new" >&2
  mv "$base.new" "$base"
fi

name=trozos-prueba-$$
cgroups=()
for tree in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
  if [ ! -d /run/systemd/system ] && [ -e "$tree/cgroup.procs" ]; then cgroups+=("$tree"); fi
done
container=
work=$(mktemp -d "$base.XXXXXX")
trap clean_up EXIT
cp -a "$base" "$work/root"
cp "$package" "$work/root/trozos.deb"
boot "$work/root"
until_ok "the container boots" 120 has_booted
inside /bin/bash -euo pipefail -c "$(declare -f)
  $(declare -p central secondaries all film)
  try_services"
