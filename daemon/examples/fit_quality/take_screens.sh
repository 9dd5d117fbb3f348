#!/bin/sh
# Takes pictures of real programs on a virtual screen, for measuring only: take_screens.sh OUTPUT [PHOTO]
# Needs: xvfb xterm openbox x11-apps x11-xserver-utils imagemagick xdotool mousepad geany pcmanfm galculator lxterminal zenity xpdf
set -eu
output=$1 photo=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/virtual_screen.sh"

# shoot KIND NAME [WINDOW]: after a moment, the whole screen or one window.
shoot() {
    sleep 2
    count=$((count + 1))
    import -window "${3:-root}" "$output/$1/$(printf %03d $count)-$2.png" 2>/dev/null || true
}

for size in 1280x800 1920x1080 1024x768; do
    switch_on "$size" openbox
    for ground in '#204060' '#888888' '#e8e0d0'; do
        xsetroot -solid "$ground"
        shoot screen plain
        begin xclock -geometry 200x200+900+40
        begin xcalc -geometry +600+100
        begin xterm -geometry 80x24+20+20 -e sh -c "ls -la /usr/lib; sleep 60"
        shoot screen three
        close
        begin mousepad "$here/main.rs"
        shoot screen editor
        close
        begin pcmanfm /usr/share
        shoot screen files
        begin galculator
        shoot screen files-and-calculator
        close
        begin zenity --question --text "Do you want to save the changes?"
        shoot screen question
        close
        begin zenity --calendar
        begin zenity --info --text "The file was saved."
        shoot screen calendar
        close
        [ -z "$photo" ] || { display -window root "$photo" 2>/dev/null || true; }
        [ -z "$photo" ] || { begin xterm -geometry 90x30+100+60 -e sh -c "cat /etc/services; sleep 60"; shoot screen wallpaper; close; }
    done
    for colours in "-bg black -fg white" "-bg white -fg black" "-bg #002b36 -fg #93a1a1"; do
        for font in 9 12 18; do
            # shellcheck disable=SC2086 # one word for each option
            begin xterm $colours -fa Monospace -fs $font -fullscreen -e sh -c "cat $here/fit.rs; sleep 60"
            shoot text terminal
            close
        done
    done
    begin geany "$here/samples.rs"
    sleep 2
    shoot screen geany
    close
    begin lxterminal --geometry=200x60 -e sh -c "ls -l /usr/bin; sleep 60"
    shoot text lxterminal
    close
    switch_off
done
end
