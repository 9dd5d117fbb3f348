# A screen without a monitor, on which programs are shown, for take_screens.sh and take_desktops.sh, which read this file.
# shellcheck shell=sh disable=SC2154 # they set "output"
mkdir -p "$output/text" "$output/screen"
home=$(mktemp -d)
export HOME="$home" NO_AT_BRIDGE=1
unset DBUS_SESSION_BUS_ADDRESS || true
count=0
children=

# switch_on SIZE MANAGER: a screen of that size, and the manager of its windows.
switch_on() {
    display=:$((40 + ${1%%x*} % 29))
    Xvfb "$display" -screen 0 "${1}x24" >/dev/null 2>&1 &
    server=$!
    export DISPLAY=$display
    sleep 2
    "$2" >/dev/null 2>&1 &
    manager=$!
}
begin() { "$@" >/dev/null 2>&1 & children="$children $!"; }
close() { for child in $children; do kill "$child" 2>/dev/null || true; done; children=; sleep 0.5; }
switch_off() { kill "$manager" "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
end() { rm -rf "$home"; echo "$count pictures in $output"; }
