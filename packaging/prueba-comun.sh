# What both tries of the package need; sourced by them.

fail() { echo "FALLA: $*" >&2; exit 1; }

# What the package may have left: nothing but what was there before.
traces() {
  find /etc /srv /usr/bin /usr/lib/systemd /usr/share/man /usr/share/doc /usr/share/bash-completion /usr/share/zsh \
    /usr/share/fish /usr/share/licenses /var/lib/trozos /var/log/trozos -not -name '*-' 2>/dev/null | sort
  getent passwd trozos || true
  getent group trozos || true
}

# Fails, with the difference, unless the traces are what they were. Without /dev/fd, which a plain chroot has not.
nothing_left() {
  local now
  now=$(traces)
  [ "$1" = "$now" ] || {
    echo "$1" >/tmp/antes
    echo "$now" | diff /tmp/antes - >&2 || true
    rm /tmp/antes
    fail "the package left something behind"
  }
}

sum_of() { { sha256sum <"$1"; } 2>/dev/null; }

# Waits for a command to succeed: what is waited for, for how many seconds, the command.
until_ok() {
  local what=$1 seconds=$2 end
  shift 2
  end=$((SECONDS + seconds))
  until "$@"; do
    [ $SECONDS -lt $end ] || fail "not within $seconds s: $what"
    sleep 0.1
  done
}
