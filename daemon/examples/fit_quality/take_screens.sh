#!/bin/sh
# Takes pictures of real programs on a virtual screen, for measuring only: take_screens.sh OUTPUT [PHOTO]
# Needs: xvfb xterm openbox x11-apps x11-xserver-utils imagemagick xdotool mousepad geany pcmanfm galculator lxterminal zenity xpdf
set -eu
output=$1 photo=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$output/text" "$output/screen"
home=$(mktemp -d)
export HOME="$home" NO_AT_BRIDGE=1
unset DBUS_SESSION_BUS_ADDRESS || true
count=0
children=

run() { "$@" >/dev/null 2>&1 & children="$children $!"; }
# shoot KIND NAME [WINDOW]: after a moment, the whole screen or one window.
shoot() {
    sleep 2
    count=$((count + 1))
    import -window "${3:-root}" "$output/$1/$(printf %03d $count)-$2.png" 2>/dev/null || true
}
close() { for child in $children; do kill "$child" 2>/dev/null || true; done; children=; sleep 0.5; }

for size in 1280x800 1920x1080 1024x768; do
    display=:$((70 + ${size%%x*} % 29))
    Xvfb "$display" -screen 0 "${size}x24" >/dev/null 2>&1 &
    server=$!
    export DISPLAY=$display
    sleep 2
    openbox >/dev/null 2>&1 &
    manager=$!
    for ground in '#204060' '#888888' '#e8e0d0'; do
        xsetroot -solid "$ground"
        shoot screen plain
        run xclock -geometry 200x200+900+40
        run xcalc -geometry +600+100
        run xterm -geometry 80x24+20+20 -e sh -c "ls -la /usr/lib; sleep 60"
        shoot screen three
        close
        run mousepad "$here/main.rs"
        shoot screen editor
        close
        run pcmanfm /usr/share
        shoot screen files
        run galculator
        shoot screen files-and-calculator
        close
        run zenity --question --text "Do you want to save the changes?"
        shoot screen question
        close
        run zenity --calendar
        run zenity --info --text "The file was saved."
        shoot screen calendar
        close
        [ -z "$photo" ] || { display -window root "$photo" 2>/dev/null || true; }
        [ -z "$photo" ] || { run xterm -geometry 90x30+100+60 -e sh -c "cat /etc/services; sleep 60"; shoot screen wallpaper; close; }
    done
    for colours in "-bg black -fg white" "-bg white -fg black" "-bg #002b36 -fg #93a1a1"; do
        for font in 9 12 18; do
            # shellcheck disable=SC2086 # one word for each option
            run xterm $colours -fa Monospace -fs $font -fullscreen -e sh -c "cat $here/fit.rs; sleep 60"
            shoot text terminal
            close
        done
    done
    run geany "$here/samples.rs"
    sleep 2
    shoot screen geany
    close
    run lxterminal --geometry=200x60 -e sh -c "ls -l /usr/bin; sleep 60"
    shoot text lxterminal
    close
    kill "$manager" "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
done
rm -rf "$home"
echo "$count pictures in $output"
