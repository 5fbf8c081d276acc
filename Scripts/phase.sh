# Sourced by the scripts beside it: progress with times, and commands that need root.

# phase TITLE COMMAND...: runs a step, says what it is and how long it took; the script ends if it fails.
phase() {
  local title=$1 began=$SECONDS status
  shift
  printf '==> %s\n' "$title"
  "$@" && status=0 || status=$?
  if [ "$status" -ne 0 ]; then
    printf 'error: %s failed with status %d after %d s\n' "$title" "$status" "$((SECONDS - began))" >&2
    exit "$status"
  fi
  printf '    %s: %d s\n' "$title" "$((SECONDS - began))"
}

# fail MESSAGE: says what went wrong and what to do, and ends the script.
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# as_root COMMAND...: needs to be root or to have sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -- "$@"
  else
    fail "'$*' needs root; run it as root, then run this again"
  fi
}

# apt_missing PACKAGE...: prints those that are not installed.
apt_missing() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done
}

# apt_install PACKAGE...: installs what is missing, and does nothing (and asks no server) when all is there.
apt_install() {
  local missing
  mapfile -t missing < <(apt_missing "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "no apt-get here; install by hand what gives: ${missing[*]}"
  echo "    installing ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  mapfile -t missing < <(apt_missing "$@")
  [ ${#missing[@]} -eq 0 ] || fail "not installed after all: ${missing[*]}"
}

# forget_modules SCRATCH: forgets what the build tools would wrongly go on believing in this folder. The compiler keeps
# what it knows of a C module when the module gets another header; SwiftPM keeps the list of source files of a package
# that another one depends on.
forget_modules() {
  local scratch=$1 list
  list=$(find Modules -path '*/include/*.h' | sort)
  if [ -d "$scratch" ] && [ "$(cat "$scratch/.headers" 2>/dev/null)" != "$list" ]; then
    find "$scratch" -name ModuleCache -type d -prune -exec rm -rf {} +
  fi
  mkdir -p "$scratch"
  printf '%s\n' "$list" >"$scratch/.headers"
  list=$(find Modules -name '*.swift' | sort)
  [ "$(cat "$scratch/.sources" 2>/dev/null)" = "$list" ] || rm -f "$scratch"/*.yaml
  printf '%s\n' "$list" >"$scratch/.sources"
}
